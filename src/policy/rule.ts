/** One rule, compiled: a test of the context, a test of the statement, and what it then says. */
import type { ApprovalDuty, BudgetDuty, LimitDuty, RateDuty } from '../core/decision.ts';
import { type EffectSet, effectSet } from '../core/effects.ts';
import type { RelationUse, StatementFacts } from '../core/facts.ts';
import type { SessionContext } from '../core/principal.ts';
import type { RecordDuty } from '../core/responses.ts';
import { approvalOf, limitsOf } from './approve-schema.ts';
import { type BudgetTerms, budgetOf, rateOf } from './budget-schema.ts';
import type { ContextTest, Judged, StatementTest } from './matcher.ts';
import { MATCHERS } from './matchers/index.ts';
import { compilePattern, matchesRelation, type NamePattern } from './pattern.ts';
import { recordDutyOf } from './record-schema.ts';
import { RequestRule } from './request-rules.ts';
import type { RuleDocument, WhenDocument } from './schema.ts';

export type RuleAction =
  | { readonly kind: 'deny' }
  | { readonly kind: 'allow' }
  | { readonly kind: 'approve'; readonly approval: ApprovalDuty }
  | {
      readonly kind: 'limit';
      readonly limits: readonly LimitDuty[];
      /** What counts as a row of JSON, and whether its first rows are left, over HTTP. */
      readonly items: string | null;
      readonly truncates: boolean;
    }
  | { readonly kind: 'record'; readonly record: RecordDuty | 'off' }
  | { readonly kind: 'budget'; readonly budget: BudgetTerms }
  | { readonly kind: 'rate'; readonly rate: RateDuty };

/** What one effect of a statement bears on: a relation, or nothing in particular. */
export interface Part {
  readonly effect: EffectSet;
  readonly relation: RelationUse | null;
}

/** Effects that belong to a statement as a whole and not to a relation of it. */
const UNTIED = effectSet('execute', 'file', 'network', 'session', 'dynamic', 'admin');

export class Rule {
  readonly name: string;
  readonly action: RuleAction;
  readonly message: string | null;
  readonly observe: boolean;
  /** Its answer changes with time alone. */
  readonly timed: boolean;
  /** What it says of requests. */
  readonly requests: RequestRule;
  readonly #context: readonly ContextTest[];
  readonly #statement: readonly StatementTest[];
  readonly #effects: EffectSet | null;
  readonly #tables: readonly NamePattern[] | null;

  constructor(document: RuleDocument, observe: boolean) {
    const { when } = document;
    this.name = document.name;
    this.message = document.message ?? null;
    this.observe = observe || document.mode === 'observe';
    this.action = actionOf(document);
    this.timed = when.at !== undefined;
    this.requests = new RequestRule(when);
    this.#context = contextTests(when);
    this.#statement = statementTests(when);
    this.#effects = when.effects === undefined ? null : effectSet(...when.effects);
    this.#tables = when.tables?.flatMap((pattern) => compilePattern(pattern, 2) ?? []) ?? null;
  }

  /** Whether it may pause a result. */
  get pauses(): boolean {
    const { action } = this;
    if (action.kind === 'budget') return true;
    return action.kind === 'limit' && action.limits.some(({ approval }) => approval !== null);
  }

  /** What its budget counts of a statement; null where there is none. `masked`: the columns that some mask is about. */
  budgetFor(facts: StatementFacts, masked: readonly string[]): BudgetDuty | null {
    const { action } = this;
    if (action.kind !== 'budget') return null;
    const { budget } = action;
    if (budget.per === 'column') return { ...budget, objects: masked };
    return { ...budget, objects: budget.per === 'table' ? this.#tablesIn(facts) : [] };
  }

  #tablesIn({ relations }: StatementFacts): readonly string[] {
    const meant = relations.filter(
      (use) => this.#tables === null || this.#tables.some((pattern) => matchesRelation(pattern, use, 'some')),
    );
    return [...new Set(meant.map(({ schema, name }) => (schema === null ? name : `${schema}.${name}`)))];
  }

  /** Whether it has responses recorded. */
  get records(): boolean {
    return this.action.kind === 'record' && this.action.record !== 'off' && !this.observe;
  }

  appliesTo(context: SessionContext, at: Date): boolean {
    return this.#context.every((test) => test(context, at));
  }

  /** Whether the statement may be what the rule is about; for every action but allow. */
  matches(judged: Judged): boolean {
    if (!this.requests.speaksOfSql) return false;
    if (!this.#statement.every((test) => test(judged, 'some'))) return false;
    return this.#effects === null || this.#tables === null || this.#bearsOnTables(judged);
  }

  /** Beside `tables`, `effects` asks what happens to those tables, not what else the statement does. */
  #bearsOnTables(judged: Judged): boolean {
    const wanted = this.#effects ?? 0;
    const tables = this.#tables ?? [];
    const touched = judged.facts.relations.filter((use) =>
      tables.some((pattern) => matchesRelation(pattern, use, 'some')),
    );
    if (touched.length === 0) return false;
    if (touched.some((use) => (use.effects & wanted) !== 0)) return true;
    return (judged.facts.effects & wanted & UNTIED) !== 0;
  }

  /** Whether an allow rule speaks for this part of the statement. */
  covers(judged: Judged, part: Part): boolean {
    if (!this.requests.speaksOfSql) return false;
    if (this.#effects !== null && (part.effect & ~this.#effects) !== 0) return false;
    const { relation } = part;
    if (this.#tables !== null && relation !== null) {
      if (!this.#tables.some((pattern) => matchesRelation(pattern, relation, 'every'))) return false;
    }
    return this.#untiedTests(judged);
  }

  #untiedTests(judged: Judged): boolean {
    return this.#statement.every((test) => tiedTests.has(test) || test(judged, 'every'));
  }
}

/** Tests of `effects` and `tables`, which an allow rule answers part by part instead. */
const tiedTests = new WeakSet<StatementTest>();

function actionOf(document: RuleDocument): RuleAction {
  const { then } = document;
  if (typeof then === 'string') return { kind: then };
  const groups = document.when.groups ?? null;
  if ('budget' in then) return { kind: 'budget', budget: budgetOf(document.name, then.budget, groups) };
  if ('rate' in then) return { kind: 'rate', rate: rateOf(document.name, then.rate, groups) };
  if ('approve' in then) return { kind: 'approve', approval: approvalOf(document.name, then.approve) };
  if ('record' in then) return { kind: 'record', record: recordDutyOf(then.record) };
  const { limit } = then;
  const limits = limitsOf(document.name, limit);
  return { kind: 'limit', limits, items: limit.items ?? null, truncates: limit.over === 'truncate' };
}

export function contextTests(
  when: Pick<WhenDocument, 'users' | 'groups' | 'listeners' | 'clients' | 'at'>,
): readonly ContextTest[] {
  const tests: ContextTest[] = [];
  if (when.users !== undefined) tests.push(MATCHERS.users.compile(when.users));
  if (when.groups !== undefined) tests.push(MATCHERS.groups.compile(when.groups));
  if (when.listeners !== undefined) tests.push(MATCHERS.listeners.compile(when.listeners));
  if (when.clients !== undefined) tests.push(MATCHERS.clients.compile(when.clients));
  if (when.at !== undefined) tests.push(MATCHERS.at.compile(when.at));
  return tests;
}

function statementTests(when: WhenDocument): readonly StatementTest[] {
  const tests: StatementTest[] = [];
  if (when.statements !== undefined) tests.push(MATCHERS.statements.compile(when.statements));
  if (when.columns !== undefined) tests.push(MATCHERS.columns.compile(when.columns));
  if (when.functions !== undefined) tests.push(MATCHERS.functions.compile(when.functions));
  if (when.settings !== undefined) tests.push(MATCHERS.settings.compile(when.settings));
  if (when.unbounded !== undefined) tests.push(MATCHERS.unbounded.compile(when.unbounded));
  if (when.unfiltered !== undefined) tests.push(MATCHERS.unfiltered.compile(when.unfiltered));
  if (when.batch !== undefined) tests.push(MATCHERS.batch.compile(when.batch));
  for (const tied of [
    when.effects === undefined ? null : MATCHERS.effects.compile(when.effects),
    when.tables === undefined ? null : MATCHERS.tables.compile(when.tables),
  ]) {
    if (tied === null) continue;
    tiedTests.add(tied);
    tests.push(tied);
  }
  return tests;
}
