/** From what was resolved to a run: what it counts, what it may go over, which names it changes. */
import {
  type Decision,
  type Denial,
  type JudgedStatement,
  NO_LIMIT,
  untilBudgets,
} from '../../src/core/decision.ts';
import { hasEffect } from '../../src/core/effects.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalSubject } from '../../src/core/gate.ts';
import type { StatementNumber } from '../../src/core/ids.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { keptForRows } from '../sql/approvals.ts';
import { keepsRows, limitOf } from '../sql/run.ts';
import { definesObjects, type Link } from './link.ts';
import { maskingOf, NO_MASKING } from './masking.ts';
import type { NameChange, Results, Run } from './replies.ts';
import type { Resolved } from './resolve.ts';
import { mayQuote } from './scrub.ts';
import type { Cursor, Prepared } from './statements.ts';

/** One statement about to be sent. */
export interface Plan {
  readonly facts: StatementFacts;
  readonly decision: Decision;
  readonly rowsMax: number | null;
  readonly names: NameChange | null;
  /** The text that a name stands for; null where the statement itself runs. */
  readonly runs: Buffer | null;
}

/** `facts` are those of the statement as it stands, `resolved` of what it runs. */
export function planOf(
  link: Link,
  facts: StatementFacts,
  resolved: Extract<Resolved, { resolved: 'runs' }>,
  clearance: Clearance,
  text: Buffer,
): Plan {
  const { decision, rowsMax, runs } = resolved;
  return { facts: resolved.facts, decision, rowsMax, runs, names: nameChange(link, facts, clearance, text) };
}

function nameChange(
  link: Link,
  facts: StatementFacts,
  clearance: Clearance,
  text: Buffer,
): NameChange | null {
  const { act } = facts;
  if (act.act === 'deallocate')
    return act.name === null ? { change: 'forget' } : { change: 'drop', name: act.name };
  if (act.act !== 'prepare') return facts.kind === 'PREPARE' ? { change: 'forget' } : null;
  const judged = {
    text: Buffer.from(text),
    clearance,
    facts: act.inner,
    stamp: link.gate.stamp,
    reading: link.reading,
  };
  return { change: 'set', name: act.name, judged };
}

const NOTHING_YET = { rows: 0, bytes: 0 };

/** `plan` null: an empty statement. The text is kept only where the statement's errors are held against it. */
export function runOf(link: Link, plan: Plan | null, number: StatementNumber, subject: ApprovalSubject): Run {
  const { text } = subject;
  const obligations = plan?.decision.obligations;
  const masks = obligations?.masks ?? null;
  const bounds = obligations?.limit ?? NO_LIMIT;
  return {
    bounds,
    limit: untilBudgets(bounds, obligations?.budgets ?? [], NOTHING_YET),
    keeps: obligations?.limits.some(({ hold }) => hold) ?? false,
    subject: plan === null ? null : keptForRows(plan.decision, subject),
    cutWhy: null,
    number,
    facts: plan?.facts ?? null,
    decision: plan?.decision ?? null,
    counted: { rows: 0, bytes: 0 },
    startedMs: link.engine.now(),
    rowsMax: plan?.rowsMax ?? null,
    rowsBefore: 0,
    bytesBefore: 0,
    cutBy: null,
    failAs: null,
    text: masks === null ? null : Buffer.from(text),
    masking: masks === null ? NO_MASKING : maskingOf(masks),
    severalResults: plan !== null && givesSeveral(plan.facts),
    names: plan?.names ?? null,
  };
}

/** More rows of a result that was begun before. */
export function runOfCursor(link: Link, prepared: Prepared, cursor: Cursor): Run {
  const { number, facts, decision, counted, rowsMax, masking, subject } = cursor;
  const bounds = limitOf(decision, counted);
  return {
    bounds,
    limit: untilBudgets(bounds, decision.obligations.budgets, counted),
    keeps: keepsRows(decision, counted),
    subject,
    cutWhy: null,
    number,
    facts,
    decision,
    counted,
    startedMs: link.engine.now(),
    rowsMax,
    rowsBefore: counted.rows,
    bytesBefore: counted.bytes,
    cutBy: null,
    failAs: null,
    text: prepared.judged.text,
    masking,
    severalResults: false,
    names: null,
  };
}

export function resultsOf(
  link: Link,
  runs: readonly Run[],
  binary: boolean,
  cursor: Prepared | null,
  isFetch: boolean,
): Results {
  return {
    of: 'results',
    runs,
    current: 0,
    resultsOfRun: 0,
    stage: isFetch ? 'rows' : 'first',
    columnsLeft: 0,
    fields: null,
    binary,
    cursor,
    isFetch,
    over: null,
    overSequence: 0,
    turn: link.turn,
  };
}

/** A procedure or a block gives a result for each of its queries, and its own OK behind them. */
function givesSeveral({ kind, effects }: StatementFacts): boolean {
  return SEVERAL.has(kind) || hasEffect(effects, 'dynamic');
}

const SEVERAL: ReadonlySet<string> = new Set([
  'CALL',
  'BEGIN NOT ATOMIC',
  'IF',
  'CASE',
  'LOOP',
  'REPEAT',
  'WHILE',
  'FOR',
]);

/**
 * All statements of a text are read before the first has run: none may change what a later one means, or be told by it
 * of masked values. Behind a statement that comes alone, its warnings are made to be forgotten.
 */
export function batchDenial(link: Link, statements: readonly JudgedStatement[], text: Buffer): Denial | null {
  if (statements.length < 2) return null;
  const mayWarn = statements
    .slice(0, -1)
    .some(({ decision: { obligations } }) => mayQuote(obligations.masks));
  if (mayWarn && TELLS_WARNINGS.test(text.toString('latin1'))) return WARNINGS_DENIAL;
  const moves = statements
    .slice(0, -1)
    .some(
      ({ facts }) =>
        facts.changesReading ||
        NAMING.has(facts.act.act) ||
        (link.gate.masksColumns && (definesObjects(facts) || facts.makesTemporary.length > 0)),
    );
  return moves || statements.some(({ facts }) => facts.act.act === 'kill') ? BATCH_DENIAL : null;
}

/** `SELECT @@warning_count`, `SHOW COUNT(*) ERRORS` and their like, and at worst a name that looks like one. */
const TELLS_WARNINGS = /warning_count|error_count|\bwarnings\b|\berrors\b|\bdiagnostics\b/i;

const NAMING: ReadonlySet<StatementFacts['act']['act']> = new Set(['prepare', 'deallocate', 'use', 'kill']);

function ofBatch(rule: string, what: string): Denial {
  const hint = 'Send them one by one.';
  const message = `denied by rule "${rule}": ${what}`;
  return { sqlstate: '42501', message, detail: null, hint, position: null, rule, native: false };
}

const BATCH_DENIAL = ofBatch(
  'sluice/batch-reading',
  'a statement of this text changes how those behind it are read',
);
const WARNINGS_DENIAL = ofBatch(
  'sluice/batch-warnings',
  'a statement of this text may warn of masked values, and one behind it tells of warnings',
);
