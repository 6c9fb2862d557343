/** How statements that were sent end: what is confirmed, taken back, counted and recorded. */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { definesObjects, type Link } from './link.ts';
import type { Expectation, Run } from './replies.ts';

/** The server ignores everything up to Sync: none of it has happened. */
export function skipToSync(link: Link): void {
  for (let next = link.replies.first(); next !== null && next.of !== 'sync'; next = link.replies.first()) {
    link.replies.shift();
    revoke(link, next);
  }
  link.copyIn = false;
  link.settleCopy();
  if (link.replies.size > 0) return;
  link.skipping = true;
  link.executedSinceSync = false;
}

/** A statement that was sent has completed. */
export function succeed(link: Link, run: Run, tag: string): void {
  for (const change of run.changes) link.names.confirm(change);
  // What was sent before it may have ended a transaction in the meantime.
  if (run.facts !== null && definesObjects(run.facts)) link.definitionsMoved = true;
  finish(link, run, tag, null);
}

/** A statement has ended, one way or the other: what it sent is counted and told to the journal. */
export function finish(link: Link, run: Run, tag: string | null, sqlstate: string | null): void {
  if (sqlstate !== null) revokeRun(link, run);
  const rows = run.counted.rows - run.rowsBefore;
  const bytes = run.counted.bytes - run.bytesBefore;
  link.rowsSent += rows;
  link.bytesSent += bytes;
  link.copyIn = false;
  link.settleCopy();
  if (link.cutRun === run) link.cutRun = null;
  link.runEndedMs = link.engine.now();
  if (run.number === null) return;
  link.tape?.ended(run);
  const ms = link.engine.now() - run.startedMs;
  link.gate.finish(run.number, { tag, sqlstate, rows, bytes, ms, cutBy: run.cutBy });
}

/** Its changes of names do not happen. */
export function revokeRun(link: Link, run: Run): void {
  for (const change of run.changes) link.names.revoke(change);
}

/** What was announced with a message that never ran is taken back. */
export function revoke(link: Link, expectation: Expectation): void {
  switch (expectation.of) {
    case 'parse':
    case 'bind':
    case 'close':
    case 'poison':
    case 'owed':
      if (expectation.change !== null) link.names.revoke(expectation.change);
      return;
    case 'execute':
      for (const change of expectation.run.changes) link.names.revoke(change);
      return;
    case 'query':
      if (expectation.change !== null) link.names.revoke(expectation.change);
      for (const run of expectation.runs) for (const change of run.changes) link.names.revoke(change);
      return;
    default:
      return;
  }
}

/** The server has sent what it did not owe. */
export function unexpected(what: string, first: Expectation | null): Error {
  return new MalformedBytes(`${what} where ${first?.of ?? 'nothing'} was expected`);
}
