/**
 * From the facts of a statement to what really runs: SQL's EXECUTE runs a prepared statement, which is looked up by its
 * name and decided on as if it stood there, under the policy of now.
 */
import type { Decision, Denial } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import type { ConstantArgument, StatementFacts } from '../../src/core/facts.ts';
import { unknownStatement } from './deny.ts';
import type { Link } from './link.ts';
import type { JudgedText } from './statements.ts';

export type Resolved =
  | {
      readonly resolved: 'runs';
      readonly facts: StatementFacts;
      readonly decision: Decision;
      readonly rowsMax: number | null;
      /** The text that a name stands for; null where the statement itself runs. */
      readonly runs: Buffer | null;
    }
  | Unresolved;

export type Unresolved =
  | { readonly resolved: 'denied'; readonly denial: Denial }
  | { readonly resolved: 'pending' }
  | { readonly resolved: 'failed'; readonly error: ProxyError };

/** What runs when a statement of these facts does, one of `batchSize` in its text. `boundValue` gives the integer bound to a parameter, null if none. */
export function resolve(
  link: Link,
  facts: StatementFacts,
  decision: Decision | null,
  boundValue: (index: number) => number | null,
  batchSize: number,
): Resolved {
  if (facts.act.act === 'execute') return resolveExecute(link, facts.act.name, facts.act.args, batchSize);
  const rowsMax = facts.bound.kind === 'parameter' ? boundValue(facts.bound.index) : null;
  const own = decision ?? link.gate.decide(facts, rowsMax, batchSize);
  if (own.verdict === 'deny') return { resolved: 'denied', denial: link.gate.denialOf(own, facts) };
  return { resolved: 'runs', facts, decision: own, rowsMax, runs: null };
}

function resolveExecute(
  link: Link,
  name: string,
  args: readonly ConstantArgument[],
  batchSize: number,
): Resolved {
  const named = link.statements.byName(name);
  if (named === null) return { resolved: 'denied', denial: unknownStatement(name, 'EXECUTE') };
  const current = upToDate(link, named);
  if (current.resolved !== 'judged') return current;
  const { facts } = current.judged;
  // The server does not prepare an EXECUTE.
  if (facts === null || facts.act.act === 'execute')
    return { resolved: 'denied', denial: unknownStatement(name, 'EXECUTE') };
  link.statements.setName(name, current.judged);
  const boundValue = (index: number) => {
    const value = args[index - 1];
    return typeof value === 'number' ? value : null;
  };
  const inner = resolve(link, facts, null, boundValue, batchSize);
  // Of what type a variable is, or an expression, is not followed.
  const denial =
    inner.resolved === 'runs' ? wantsText(inner.decision, (index) => args[index - 1] === null) : null;
  if (denial !== null) return { resolved: 'denied', denial };
  return inner.resolved === 'runs' ? { ...inner, runs: current.judged.text } : inner;
}

/**
 * What is refused since a parameter is not bound as a text, null where none is: compared with a number, a text is read
 * as far as it looks like one, and 123 equals '123-45-6789'. `isText`: of a parameter, by its number from 1.
 */
export function wantsText({ obligations }: Decision, isText: (index: number) => boolean): Denial | null {
  const other = obligations.masks?.texts.find(({ index }) => !isText(index));
  if (other === undefined) return null;
  const rule = `mask ${other.mask}`;
  return {
    sqlstate: '42501',
    message: `denied by rule "${rule}": parameter ${other.index} is compared with a masked column, so it has to be bound as a text`,
    detail: null,
    hint: null,
    position: null,
    rule,
    native: false,
  };
}

export type UpToDate = { readonly resolved: 'judged'; readonly judged: JudgedText } | Unresolved;

/**
 * The server reads a prepared statement again when what it names has changed: in the database of then, and MariaDB in the
 * mode of then. MySQL does so in the mode of now, so that the statement has to read the same in both.
 */
export function upToDate(link: Link, judged: JudgedText): UpToDate {
  if (judged.stamp === link.gate.stamp) return { resolved: 'judged', judged };
  const { mode } = judged.reading;
  const before = readIn(link, judged, mode);
  if (before.resolved !== 'judged' || link.flavour !== 'mysql' || mode === link.reading.mode) return before;
  if (quotesAnew(before.judged, link.reading.mode)) return { resolved: 'denied', denial: OTHER_MODE };
  const now = readIn(link, judged, link.reading.mode);
  if (now.resolved !== 'judged') return now;
  const isSame = JSON.stringify(before.judged.facts) === JSON.stringify(now.judged.facts);
  const { judged: read } = before;
  return isSame
    ? { resolved: 'judged', judged: { ...read, stamp: link.gate.stamp } }
    : { resolved: 'denied', denial: OTHER_MODE };
}

/**
 * Whether the text inside of a SQL PREPARE cannot be had from the whole of it any more: the server keeps it as the
 * escapes of then made it.
 */
function quotesAnew({ clearance, reading, text }: JudgedText, mode: string | null): boolean {
  if (clearance.statements[0]?.facts.act.act !== 'prepare' || !text.includes('\\')) return false;
  return keepsBackslashes(reading.mode) !== keepsBackslashes(mode);
}

function keepsBackslashes(mode: string | null): boolean | null {
  return mode === null ? null : mode.includes('NO_BACKSLASH_ESCAPES');
}

/** Judges the text as one in the database in which it was prepared, and in that mode. */
function readIn(link: Link, judged: JudgedText, mode: string | null): UpToDate {
  const { path } = judged.reading;
  const moved = path?.[0] !== link.reading.path?.[0] || mode !== link.reading.mode;
  if (moved) setReading(link, { path, mode });
  const answer = link.gate.judge(judged.text, 0, judged.text.length);
  if (moved) setReading(link, link.reading);
  switch (answer.outcome) {
    case 'pending':
      return { resolved: 'pending' };
    case 'failed':
      return { resolved: 'failed', error: answer.error };
    case 'denied':
      return { resolved: 'denied', denial: answer.denial };
    case 'clear': {
      const own = answer.statements[0]?.facts ?? null;
      const facts = own?.act.act === 'prepare' ? own.act.inner : own;
      return {
        resolved: 'judged',
        judged: { ...judged, clearance: answer, facts, stamp: link.gate.stamp },
      };
    }
  }
}

const OTHER_MODE: Denial = {
  sqlstate: '42501',
  message:
    'denied by rule "sluice/prepared-in-another-mode": in the sql_mode of now the statement reads otherwise than when it was prepared',
  detail: null,
  hint: 'Prepare it again.',
  position: null,
  rule: 'sluice/prepared-in-another-mode',
  native: false,
};

function setReading(link: Link, { path, mode }: JudgedText['reading']): void {
  link.gate.setPath(path);
  link.gate.setMode(mode);
}
