/**
 * A policy in force. All matching rules apply; the strongest verdict wins (deny over approve over allow), limits
 * combine to the tightest, and of several rules that ask for approval all have to be met. Under `default: deny` every part of a statement has to be covered by some allow rule, as with
 * GRANT: one rule may speak for what is read and another for what is written.
 */
import { createHash } from 'node:crypto';
import type { AlertDuty } from '../core/alerts.ts';
import { type BudgetDuty, type Decision, type LimitDuty, tightestOf } from '../core/decision.ts';
import { EFFECTS, effectSet } from '../core/effects.ts';
import { accessOf, type StatementFacts } from '../core/facts.ts';
import type { MaskDuties } from '../core/masks.ts';
import type { SessionContext } from '../core/principal.ts';
import type { RequestDecision, RequestFacts, ResponseMasks } from '../core/requests.ts';
import { type LocatedDocument, readYaml } from '../core/yaml-document.ts';
import { AlertRule } from './alerts.ts';
import { BASELINE_TEXT, baselineRules } from './baseline.ts';
import type { Mask } from './mask.ts';
import { type MaskDenial, MaskJudge, masksOf } from './masks.ts';
import type { Judged } from './matcher.ts';
import { recordOf } from './record-schema.ts';
import { decideRequest, type RequestTerms, responseMasksOf } from './request-decision.ts';
import { type Part, Rule } from './rule.ts';
import { type PolicyDocument, policySchema } from './schema.ts';

/** Which rules apply to one session at one time; sessions of like principals share it. */
export interface PolicyContext {
  /** Never used again for another set of rules, over reloads too. */
  readonly id: number;
  readonly rules: readonly Rule[];
  readonly masks: MaskJudge;
  /** What is masked in responses of requests; null: nothing. */
  readonly response: ResponseMasks | null;
  /** Milliseconds since the epoch at which it must be asked for anew. */
  readonly validUntilMs: number;
  /** What somebody should hear of. */
  readonly alerts: readonly AlertDuty[];
}

export const DEFAULT_RULE = 'default';
const MINUTE_MS = 60_000;
let nextContextId = 1;

export class Policy {
  /** Names exactly this text and baseline: `sha256:` and 64 hexadecimal digits. */
  readonly version: string;
  readonly document: PolicyDocument;
  readonly rules: readonly Rule[];
  readonly masks: readonly Mask[];
  readonly alerts: readonly AlertRule[];
  /** All of them, whoever may be exempt. */
  readonly everyMask: MaskJudge;
  readonly #contexts = new Map<string, PolicyContext>();
  readonly #terms = new WeakMap<PolicyContext, RequestTerms>();
  readonly #timed: boolean;

  constructor(document: PolicyDocument, text: string) {
    const observe = document.mode === 'observe';
    const baseline = baselineRules()
      .filter(({ name }) => document.baseline[name] !== 'off')
      .map(({ rule }) => new Rule(rule, observe));
    this.document = document;
    this.rules = [...baseline, ...document.rules.map((rule) => new Rule(rule, observe))];
    this.masks = masksOf(document);
    this.alerts = document.alerts.map((alert) => new AlertRule(alert));
    this.everyMask = new MaskJudge(this.masks.filter(({ isOfSql }) => isOfSql));
    this.#timed = [...this.rules, ...this.masks, ...this.alerts].some(({ timed }) => timed);
    this.version = `sha256:${createHash('sha256').update(BASELINE_TEXT).update('\0').update(text).digest('hex')}`;
  }

  /** Whether it only records what it would do. */
  get isObserving(): boolean {
    return this.document.mode === 'observe';
  }

  contextFor(session: SessionContext, atMs: number): PolicyContext {
    const at = new Date(atMs);
    const rules = this.rules.filter((rule) => rule.appliesTo(session, at));
    const masks = this.masks.filter((mask) => mask.appliesTo(session, at));
    const alerts = this.alerts.filter((alert) => alert.appliesTo(session, at));
    const bits = [
      ...this.rules.map((rule) => rules.includes(rule)),
      ...this.masks.map((mask) => masks.includes(mask)),
      ...this.alerts.map((alert) => alerts.includes(alert)),
    ];
    const key = bits.map((bit) => (bit ? '1' : '0')).join('');
    const minute = this.#timed ? Math.floor(atMs / MINUTE_MS) : 0;
    const validUntilMs = this.#timed ? (minute + 1) * MINUTE_MS : Number.POSITIVE_INFINITY;
    const known = this.#contexts.get(key);
    if (known !== undefined && known.validUntilMs === validUntilMs) return known;
    const context: PolicyContext = {
      id: known?.id ?? nextContextId++,
      rules,
      masks: new MaskJudge(masks.filter(({ isOfSql }) => isOfSql)),
      alerts: alerts.map(({ duty }) => duty),
      response: responseMasksOf(masks),
      validUntilMs,
    };
    this.#contexts.set(key, context);
    return context;
  }

  /** Decides on one request. Pure, as `decide` is. */
  decideRequest(context: PolicyContext, facts: RequestFacts): RequestDecision {
    return decideRequest(this.#requestTerms(context), facts);
  }

  /** Made once for a context, so that what follows from them alone is too. */
  #requestTerms(context: PolicyContext): RequestTerms {
    const known = this.#terms.get(context);
    if (known !== undefined) return known;
    const { rules, response } = context;
    const { default: byDefault, mode } = this.document;
    const terms = { rules, response, byDefault, observing: mode === 'observe', version: this.version };
    this.#terms.set(context, terms);
    return terms;
  }

  /** Decides on one statement. Pure: the same statement in the same context always gets the same decision. */
  decide(context: PolicyContext, judged: Judged): Decision {
    const masked = this.#masked(context, judged.facts);
    const matched = context.rules.filter((rule) => rule.action.kind !== 'allow' && rule.matches(judged));
    const enforced = matched.filter((rule) => !rule.observe);
    const observed = [...matched.filter((rule) => rule.observe).map((rule) => rule.name), ...masked.observed];
    const limits = limitsOf(enforced);
    const limit = tightestOf(limits);
    const record = recordOf(enforced);
    const approvals = enforced.flatMap(({ action }) => (action.kind === 'approve' ? [action.approval] : []));
    const budgets = this.#budgets(enforced, judged.facts);
    const rates = enforced.flatMap(({ action }) => (action.kind === 'rate' ? [action.rate] : []));
    const names = matched.map((rule) => rule.name);
    const settle = (
      verdict: Decision['verdict'],
      rule: string | null,
      message: string | null,
      rules: readonly string[],
      watched: readonly string[] = observed,
    ): Decision => ({
      verdict,
      rule,
      message,
      rules,
      observed: watched,
      obligations:
        verdict === 'deny'
          ? { limit, limits, approvals: [], budgets: [], rates: [], masks: null, record: 'off' }
          : { limit, limits, approvals, budgets, rates, masks: masked.duties, record },
      policyVersion: this.version,
    });
    const denying = enforced.find((rule) => rule.action.kind === 'deny');
    if (denying !== undefined) return settle('deny', denying.name, denying.message, names);
    const { denial } = masked;
    if (denial !== null) {
      const rule = maskRuleName(denial.mask);
      return settle('deny', rule, denial.message, [...names, rule]);
    }
    const approving = enforced.find((rule) => rule.action.kind === 'approve');
    const pass = (rule: string | null, rules: readonly string[], watched = observed) =>
      approving === undefined
        ? settle('allow', rule, null, rules, watched)
        : settle('approve', approving.name, approving.message, rules, watched);
    if (this.document.default === 'allow') return pass(null, names);
    const coverage = coverageOf(context, judged);
    const all = [...new Set([...names, ...coverage.rules])];
    if (coverage.complete) return pass(coverage.rules[0] ?? null, all);
    if (this.document.mode === 'observe') return pass(null, all, [...observed, DEFAULT_RULE]);
    return settle('deny', DEFAULT_RULE, coverage.message, all);
  }

  #budgets(rules: readonly Rule[], facts: StatementFacts): readonly BudgetDuty[] {
    const ofBudgets = rules.filter(({ action }) => action.kind === 'budget');
    if (ofBudgets.length === 0) return [];
    // Who sees a masked column as it is takes of it as well.
    const masked = this.everyMask.duties(facts)?.touched ?? [];
    return ofBudgets.flatMap((rule) => rule.budgetFor(facts, masked) ?? []);
  }

  /** What masks ask of a statement; under `mode: observe` only what they would have denied. */
  #masked(
    context: PolicyContext,
    facts: StatementFacts,
  ): { denial: MaskDenial | null; duties: MaskDuties | null; observed: readonly string[] } {
    if (context.masks.isIdle) return NO_MASKS;
    const denial = context.masks.denial(facts);
    if (this.document.mode !== 'observe')
      return { denial, duties: context.masks.duties(facts), observed: [] };
    return { denial: null, duties: null, observed: denial === null ? [] : [maskRuleName(denial.mask)] };
  }
}

const NO_MASKS = { denial: null, duties: null, observed: [] };

/** How denials name a mask. */
export function maskRuleName(mask: string): string {
  return `mask ${mask}`;
}

/** Parses a policy file; throws ProblemsError with every problem in it. */
export function loadPolicy(
  file: string,
  text: string,
): { policy: Policy; source: LocatedDocument<PolicyDocument> } {
  const source = readYaml(file, text, policySchema);
  return { policy: new Policy(source.value, text), source };
}

function limitsOf(rules: readonly Rule[]): readonly LimitDuty[] {
  return rules.flatMap(({ action }) => (action.kind === 'limit' ? action.limits : []));
}

interface Coverage {
  readonly complete: boolean;
  readonly rules: readonly string[];
  readonly message: string | null;
}

function coverageOf(context: PolicyContext, judged: Judged): Coverage {
  // What needs approval is let pass by it: no second rule has to allow the same.
  const allowing = context.rules.filter(
    ({ action, observe }) => action.kind === 'allow' || (action.kind === 'approve' && !observe),
  );
  const used = new Set<string>();
  for (const part of partsOf(judged.facts)) {
    const rule = allowing.find((candidate) => candidate.covers(judged, part));
    if (rule === undefined)
      return { complete: false, rules: [...used], message: `no rule allows ${describe(part)}` };
    used.add(rule.name);
  }
  return { complete: true, rules: [...used], message: null };
}

const READ = effectSet('read');

/**
 * A statement as pairs of effect and relation. What a view reads, and what belongs to a parent, is the affair of
 * whoever allows the view or the parent; what a function changes behind a SELECT is not.
 */
export function partsOf(facts: StatementFacts): readonly Part[] {
  const parts: Part[] = [];
  let borne = 0;
  for (const relation of facts.relations) {
    for (const effect of EFFECTS) {
      const bit = effectSet(effect);
      if ((relation.effects & bit) === 0) continue;
      borne |= bit;
      const isItsMakers = relation.role === 'inherited' || (relation.role === 'view' && bit === READ);
      if (!isItsMakers) parts.push({ effect: bit, relation });
    }
  }
  for (const effect of EFFECTS) {
    const bit = effectSet(effect);
    if ((facts.effects & bit & ~borne) !== 0) parts.push({ effect: bit, relation: null });
  }
  return parts;
}

function describe(part: Part): string {
  const effect = EFFECTS.find((name) => effectSet(name) === part.effect) ?? 'this';
  if (part.relation === null) return `the effect "${effect}"`;
  const { schema, name } = part.relation;
  const where = `${schema === null ? '' : `${schema}.`}${name}`;
  return accessOf(part.relation) === 'read' ? `reading ${where}` : `"${effect}" on ${where}`;
}
