/** Decisions on requests, by the same rules and in the same way as those on SQL. */
import { type Decision, type LimitDuty, type Obligations, tightestOf } from '../core/decision.ts';
import type { PathMask, RequestDecision, RequestFacts, ResponseMasks } from '../core/requests.ts';
import type { Mask } from './mask.ts';
import { recordOf } from './record-schema.ts';
import type { Rule } from './rule.ts';

/** What is masked in responses; null: nothing. */
export function responseMasksOf(masks: readonly Mask[]): ResponseMasks | null {
  const paths = masks.flatMap((mask): readonly PathMask[] =>
    mask.paths.length === 0 ? [] : [{ ...mask.toColumn(false), paths: mask.paths }],
  );
  const detected = masks
    .filter(({ detectors, patterns }) => detectors.length + patterns.length > 0)
    .map((mask) => ({ ...mask.toColumn(false), detectors: mask.detectors, patterns: mask.patterns }));
  return paths.length + detected.length === 0 ? null : { paths, detected };
}

/** What a policy gives to decide on requests by. */
export interface RequestTerms {
  readonly rules: readonly Rule[];
  readonly response: ResponseMasks | null;
  readonly byDefault: 'allow' | 'deny';
  readonly observing: boolean;
  readonly version: string;
}

/** Pure: the same request in the same context always gets the same decision. */
export function decideRequest(terms: RequestTerms, facts: RequestFacts): RequestDecision {
  const matched = terms.rules.filter(
    ({ action, requests }) => action.kind !== 'allow' && requests.speaksOf(facts, 'some'),
  );
  // Most requests are what no rule speaks of: what is decided on them is the same for all.
  if (matched.length > 0 || terms.byDefault !== 'allow') return decideBy(terms, facts, matched);
  const known = UNMATCHED.get(terms);
  if (known !== undefined) return known;
  const decision = decideBy(terms, facts, matched);
  UNMATCHED.set(terms, decision);
  return decision;
}

const UNMATCHED = new WeakMap<RequestTerms, RequestDecision>();

function decideBy(terms: RequestTerms, facts: RequestFacts, matched: readonly Rule[]): RequestDecision {
  const enforced = matched.filter(({ observe }) => !observe);
  const watched = matched.filter(({ observe }) => observe).map(({ name }) => name);
  const names = matched.map(({ name }) => name);
  const bounding = enforced.flatMap(({ name, action }) =>
    action.kind === 'limit' ? [{ name, ...action }] : [],
  );
  const items = bounding.flatMap(({ items: item }) => (item === null ? [] : [item]));
  const truncating = bounding.flatMap(({ name, truncates }) => (truncates ? [name] : []));
  const settle = (
    verdict: Decision['verdict'],
    rule: string | null,
    message: string | null,
    rules: readonly string[] = names,
    observed: readonly string[] = watched,
  ): RequestDecision => ({
    verdict,
    rule,
    message,
    rules,
    observed,
    // What is denied by default may be shown filtered all the same, as lists of MCP are.
    obligations: { ...obligationsOf(verdict === 'deny' ? [] : enforced), record: recordOf(enforced) },
    policyVersion: terms.version,
    response: verdict === 'deny' || terms.observing ? null : terms.response,
    items,
    truncating,
  });
  const denying = enforced.find(({ action }) => action.kind === 'deny');
  if (denying !== undefined) return settle('deny', denying.name, denying.message);
  const approving = enforced.find(({ action }) => action.kind === 'approve');
  if (approving !== undefined) return settle('approve', approving.name, approving.message);
  if (terms.byDefault === 'allow') return settle('allow', null, null);
  const allowing = terms.rules.find(
    ({ action, requests }) => action.kind === 'allow' && requests.speaksOf(facts, 'every'),
  );
  if (allowing !== undefined) return settle('allow', allowing.name, null, [...names, allowing.name]);
  if (terms.observing) return settle('allow', null, null, names, [...watched, DEFAULT]);
  return settle('deny', DEFAULT, `no rule allows ${describe(facts)}`);
}

const DEFAULT = 'default';

function obligationsOf(rules: readonly Rule[]): Omit<Obligations, 'record'> {
  const limits: readonly LimitDuty[] = rules.flatMap(({ action }) =>
    action.kind === 'limit' ? action.limits : [],
  );
  const approvals = rules.flatMap(({ action }) => (action.kind === 'approve' ? [action.approval] : []));
  // Budgets of tables and columns are of SQL alone.
  const budgets = rules.flatMap(({ action }) =>
    action.kind === 'budget' && (action.budget.per === 'user' || action.budget.per === 'group')
      ? [{ ...action.budget, objects: [] }]
      : [],
  );
  const rates = rules.flatMap(({ action }) => (action.kind === 'rate' ? [action.rate] : []));
  return {
    limit: tightestOf(limits),
    limits,
    approvals,
    budgets,
    rates,
    masks: null,
  };
}

function describe(facts: RequestFacts): string {
  if (facts.about === 'http') return `${facts.method} ${facts.path}`;
  const named = facts.tool ?? facts.resource ?? facts.prompt;
  return named === null ? facts.method : `${facts.method} ${named}`;
}
