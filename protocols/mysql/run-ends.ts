/** How statements that were sent end: what is counted, recorded, and remembered of them. */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { definesObjects, type Link } from './link.ts';
import type { Reply, Results, Run } from './replies.ts';
import { mayQuote } from './scrub.ts';

/** The run's statement has gone through. */
export function succeed(link: Link, run: Run, affected: bigint): void {
  const { names, facts } = run;
  if (names?.change === 'set') link.statements.setName(names.name, names.judged);
  else if (names?.change === 'drop') link.statements.removeName(names.name);
  else if (names?.change === 'forget') link.statements.forgetNames();
  const rows = run.counted.rows - run.rowsBefore;
  finish(link, run, `${facts?.kind ?? ''} ${rows > 0 ? rows : affected}`, null);
}

/** A statement has ended, one way or the other: what it sent is counted and told to the journal. */
export function finish(link: Link, run: Run, tag: string | null, sqlstate: string | null): void {
  const rows = run.counted.rows - run.rowsBefore;
  const bytes = run.counted.bytes - run.bytesBefore;
  link.rowsSent += rows;
  link.bytesSent += bytes;
  const { facts } = run;
  if (facts !== null) {
    // A statement that fails may have done a part: of several tables to drop, one.
    if (definesObjects(facts)) link.gate.definitionsChanged();
    // A PREPARE of a name takes away what it stood for, whatever comes of it.
    if (sqlstate !== null && run.names?.change === 'set') link.statements.removeName(run.names.name);
    if (sqlstate !== null && run.names?.change === 'forget') link.statements.forgetNames();
    const duties = run.decision?.obligations.masks ?? null;
    if (mayQuote(duties)) {
      link.warnings = duties;
      if (sqlstate !== null) link.ask('forget-warnings');
    } else if (facts.relations.length > 0) link.warnings = null;
  }
  link.tape?.ended(run, link.reply);
  const ms = link.engine.now() - run.startedMs;
  link.gate.finish(run.number, { tag, sqlstate, rows, bytes, ms, cutBy: run.cutBy });
}

/** Results that are under way are over, for the reason that an error gives. */
export function fail(link: Link, results: Results, sqlstate: string): void {
  const run = results.runs[results.current];
  if (run !== undefined) finish(link, run, null, sqlstate);
  if (results.isFetch && results.cursor !== null) results.cursor.cursor = null;
}

/** The server has sent what it did not owe. */
export function unexpected(what: string, reply: Reply | null): Error {
  const stage = reply?.of === 'results' ? ` (${reply.stage})` : '';
  return new MalformedBytes(`${what} where ${reply?.of ?? 'nothing'}${stage} was expected`);
}
