/**
 * From the facts of a statement to what really runs: EXECUTE runs a prepared statement, FETCH reads a portal.
 * Those are looked up by name and decided on as if they stood there, under the policy of now.
 */
import type { Decision, Denial } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import type { ConstantArgument, StatementFacts } from '../../src/core/facts.ts';
import type { BoundParameter } from '../../src/core/gate.ts';
import { native } from '../sql/refusals.ts';
import type { Counted } from '../sql/run.ts';
import type { Link } from './link.ts';
import type { Portal, PreparedStatement } from './names.ts';
import { unsettled } from './unsettled.ts';

export type Resolved =
  | {
      readonly resolved: 'runs';
      readonly facts: StatementFacts;
      readonly decision: Decision;
      /** Where rows are counted: a cursor's own count, or a new one. */
      readonly counted: Counted;
      readonly rowsMax: number | null;
      /** The text that the names stand for; null where the statement itself runs. */
      readonly runs: Buffer | null;
      /** The portal that is read from. */
      readonly portal: Portal | null;
    }
  | { readonly resolved: 'denied'; readonly denial: Denial }
  | { readonly resolved: 'pending' }
  /** What it runs is known once what was sent so far is answered. */
  | { readonly resolved: 'uncertain' }
  | { readonly resolved: 'failed'; readonly error: ProxyError };

/** EXECUTE of an EXECUTE, FETCH from a portal that is a FETCH, and so on: possible on the server, needed by nobody. */
const DEPTH_MAX = 4;

/** Whether what runs is found by a name. */
export function isNamed(facts: StatementFacts): boolean {
  return facts.act.act === 'execute' || facts.act.act === 'fetch';
}

/** What runs when a statement of these facts does, one of `batchSize` in its message. `boundValue` gives the integer bound to a parameter, null if none. */
export function resolve(
  link: Link,
  facts: StatementFacts,
  decision: Decision | null,
  boundValue: (index: number) => number | null,
  batchSize: number,
  depth = 0,
): Resolved {
  switch (facts.act.act) {
    case 'execute':
      return depth < DEPTH_MAX
        ? resolveExecute(link, facts.act.name, facts.act.args, batchSize, depth)
        : { resolved: 'denied', denial: native('26000', 'prepared statements nested too deep') };
    case 'fetch':
      return depth < DEPTH_MAX
        ? resolveFetch(link, facts.act.name, batchSize, depth)
        : { resolved: 'denied', denial: native('55000', `portal "${facts.act.name}" cannot be run`) };
    default: {
      const rowsMax = facts.bound.kind === 'parameter' ? boundValue(facts.bound.index) : null;
      const own = decision ?? link.gate.decide(facts, rowsMax, batchSize);
      return settled(link, facts, own, { rows: 0, bytes: 0 }, rowsMax, null);
    }
  }
}

function settled(
  link: Link,
  facts: StatementFacts,
  decision: Decision,
  counted: Counted,
  rowsMax: number | null,
  portal: Portal | null,
): Resolved {
  if (decision.verdict !== 'deny') {
    const held = unsettled(link, facts, false);
    if (held === 'later') return { resolved: 'uncertain' };
    if (held !== null) return { resolved: 'denied', denial: held };
    return { resolved: 'runs', facts, decision, counted, rowsMax, portal, runs: portal?.text ?? null };
  }
  return { resolved: 'denied', denial: link.gate.denialOf(decision, facts) };
}

function resolveExecute(
  link: Link,
  name: string,
  args: readonly ConstantArgument[],
  batchSize: number,
  depth: number,
): Resolved {
  if (link.isUncertain('statement', name)) return { resolved: 'uncertain' };
  const statement = link.names.statement(name);
  if (statement === null)
    return { resolved: 'denied', denial: native('26000', `prepared statement "${name}" does not exist`) };
  const current = upToDate(link, statement);
  if (current.resolved !== 'statement') return current;
  const { facts } = current.statement;
  if (facts === null)
    return { resolved: 'denied', denial: native('26000', `prepared statement "${name}" is empty`) };
  const boundValue = (index: number) => {
    const value = args[index - 1];
    return typeof value === 'number' ? value : null;
  };
  const inner = resolve(link, facts, null, boundValue, batchSize, depth + 1);
  return inner.resolved === 'runs' ? { ...inner, runs: inner.runs ?? current.statement.text } : inner;
}

function resolveFetch(link: Link, name: string, batchSize: number, depth: number): Resolved {
  if (link.isUncertain('portal', name)) return { resolved: 'uncertain' };
  const portal = link.names.portal(name);
  if (portal === null)
    return { resolved: 'denied', denial: native('34000', `cursor "${name}" does not exist`) };
  // A portal may be bound to an EXECUTE or a FETCH: reading from it runs that.
  if (portal.facts !== null && isNamed(portal.facts))
    return resolve(link, portal.facts, null, () => portal.rowsMax, batchSize, depth + 1);
  const decision = decisionOf(link, portal);
  if (portal.facts === null || decision === null)
    return { resolved: 'denied', denial: native('XX000', 'unsupported portal strategy') };
  return settled(link, portal.facts, decision, portal.counted, portal.rowsMax, portal);
}

/** A portal's decision under the policy of now. */
export function decisionOf(link: Link, portal: Portal): Decision | null {
  if (portal.facts === null) return null;
  if (portal.decision === null || portal.stamp !== link.gate.stamp) {
    portal.decision = link.gate.decide(portal.facts, portal.rowsMax, 1);
    portal.stamp = link.gate.stamp;
  }
  return portal.decision;
}

export type UpToDate =
  | { readonly resolved: 'statement'; readonly statement: PreparedStatement }
  | Exclude<Resolved, { readonly resolved: 'runs' }>;

/** Names are looked up again when a prepared statement runs, so its text is judged again when they may have moved. */
export function upToDate(link: Link, statement: PreparedStatement): UpToDate {
  if (statement.stamp === link.gate.stamp) return { resolved: 'statement', statement };
  const answer = link.gate.judge(statement.text, 0, statement.text.length);
  switch (answer.outcome) {
    case 'pending':
      return { resolved: 'pending' };
    case 'failed':
      return { resolved: 'failed', error: answer.error };
    case 'denied':
      return { resolved: 'denied', denial: answer.denial };
    case 'clear': {
      const facts = answer.statements[statement.index]?.facts ?? null;
      const inner = facts?.act.act === 'prepare' ? facts.act.inner : facts;
      return {
        resolved: 'statement',
        statement: { ...statement, clearance: answer, facts: inner, stamp: link.gate.stamp },
      };
    }
  }
}

const INT8 = 20;
const INT2 = 21;
const INT4 = 23;

/** A bound parameter as a row count: null where it is NULL, no integer, or of a type not understood. */
export function integerParameter(parameter: BoundParameter | undefined, type: number): number | null {
  const bytes = parameter?.bytes ?? null;
  if (parameter === undefined || bytes === null) return null;
  if (!parameter.binary) {
    const text = bytes.length <= 20 ? bytes.toString('latin1').trim() : '';
    return /^\+?\d{1,15}$/.test(text) ? Number(text) : null;
  }
  // LIMIT takes a bigint, so that is what a parameter without a type is.
  if ((type === INT8 || type === 0) && bytes.length === 8)
    return nonNegative(Number(bytes.readBigInt64BE(0)));
  if (type === INT4 && bytes.length === 4) return nonNegative(bytes.readInt32BE(0));
  if (type === INT2 && bytes.length === 2) return nonNegative(bytes.readInt16BE(0));
  return null;
}

function nonNegative(value: number): number | null {
  return value >= 0 ? value : null;
}
