/** An explanation of a request for scripts: fields as those of a statement have them, where there is the same to say. */
import type { ApprovalDuty, LimitDuty } from '../core/decision.ts';
import type { RequestFacts } from '../core/requests.ts';
import { approvalJson, explanationJson } from './explanation-json.ts';
import type { SourcedGround } from './premises.ts';
import type { RequestExplanation } from './request-explanation.ts';

export interface MaskBrief {
  readonly name: string;
  readonly with: string;
}

/** `ground`: what SQL in arguments was read by; null where none was. */
export function requestExplanationJson(
  explained: RequestExplanation,
  ground: SourcedGround['ground'] | null,
): Record<string, unknown> {
  const { verdict, denial, refusal, decision, facts, sql, definition, notes, context } = explained;
  const { principal, listener, clientAddress } = context;
  return {
    verdict,
    rule: ruleOf(explained),
    rules: rulesOf(explained),
    observed: decision?.observed ?? [],
    message: denial?.message ?? refusal,
    detail: denial?.detail ?? null,
    hint: denial?.hint ?? null,
    policy: explained.policyVersion,
    user: principal.name,
    groups: principal.groups,
    listener,
    client: clientAddress,
    request: facts === null ? null : factsJson(facts),
    definition,
    limits: limitsOf(explained).map(limitJson),
    budgets: decision?.obligations.budgets ?? [],
    rates: decision?.obligations.rates ?? [],
    approvals: approvalsOf(explained).map(approvalJson),
    masks: masksIn(explained),
    sql: ground === null ? [] : sql.map((one) => explanationJson(one, { ground, warnings: [] })),
    notes,
  };
}

/** The rule that settles it; null: none has to. */
export function ruleOf({ denial, decision }: RequestExplanation): string | null {
  return denial?.rule ?? decision?.rule ?? null;
}

/** Every rule that matches, that which settles it as well where it is one on SQL or of Sluice's own. */
export function rulesOf({ denial, decision }: RequestExplanation): readonly string[] {
  return [...new Set([...(decision?.rules ?? []), ...(denial === null ? [] : [denial.rule])])];
}

/** What is masked in the answer, or looked for there. */
export function masksIn({ decision, verdict }: RequestExplanation): readonly MaskBrief[] {
  if (decision === null || verdict === 'deny') return [];
  const { response } = decision;
  return [...(response?.paths ?? []), ...(response?.detected ?? [])].map(({ name, masker }) => ({
    name,
    with: masker,
  }));
}

export function approvalsOf({ decision, verdict }: RequestExplanation): readonly ApprovalDuty[] {
  return verdict === 'approve' ? (decision?.obligations.approvals ?? []) : [];
}

export function limitsOf({ decision, verdict }: RequestExplanation): readonly LimitDuty[] {
  return verdict === 'deny' ? [] : (decision?.obligations.limits ?? []);
}

function limitJson({ rule, unit, max, approval, hold }: LimitDuty): Record<string, unknown> {
  return { rule, unit, max, hold, approval: approval === null ? null : approvalJson(approval) };
}

function factsJson(facts: RequestFacts): Record<string, unknown> {
  if (facts.about === 'http') {
    const { method, path, query } = facts;
    return { method, path, query };
  }
  const { method, tool, prompt, resource } = facts;
  return { method, tool, prompt, resource };
}
