/** From what was resolved to a run: what it counts, what it may go over, which names it changes. */
import type { Decision, Denial, JudgedStatement } from '../../src/core/decision.ts';
import { hasEffect } from '../../src/core/effects.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { StatementNumber } from '../../src/core/ids.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { definesObjects, type Link } from './link.ts';
import { maskingOf, NO_MASKING } from './masking.ts';
import type { NameChange, Results, Run } from './replies.ts';
import type { Resolved } from './resolve.ts';
import type { Cursor, Prepared } from './statements.ts';

/** One statement about to be sent. */
export interface Plan {
  readonly facts: StatementFacts;
  readonly decision: Decision;
  readonly rowsMax: number | null;
  readonly names: NameChange | null;
}

/** `facts` are those of the statement as it stands, `resolved` of what it runs. */
export function planOf(
  link: Link,
  facts: StatementFacts,
  resolved: Extract<Resolved, { resolved: 'runs' }>,
  clearance: Clearance,
  text: Buffer,
): Plan {
  const { decision, rowsMax } = resolved;
  return { facts: resolved.facts, decision, rowsMax, names: nameChange(link, facts, clearance, text) };
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

/** `plan` null: an empty statement. `text`: kept only where the statement's errors are held against it. */
export function runOf(link: Link, plan: Plan | null, number: StatementNumber, text: Buffer): Run {
  const masks = plan?.decision.obligations.masks ?? null;
  return {
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
  const { number, facts, decision, counted, rowsMax, masking } = cursor;
  return {
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

/** All statements of a text are read before the first has run: none may change what a later one means. */
export function batchDenial(link: Link, statements: readonly JudgedStatement[]): Denial | null {
  if (statements.length < 2) return null;
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

const NAMING: ReadonlySet<StatementFacts['act']['act']> = new Set(['prepare', 'deallocate', 'use', 'kill']);

const BATCH_RULE = 'sluice/batch-reading';
const BATCH_DENIAL: Denial = {
  sqlstate: '42501',
  message: `denied by rule "${BATCH_RULE}": a statement of this text changes how those behind it are read`,
  detail: null,
  hint: 'Send them one by one.',
  position: null,
  rule: BATCH_RULE,
  native: false,
};
