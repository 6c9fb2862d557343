/** What an error of the server's means: it may be the client's own, one that Sluice has made, or one to be scrubbed. */
import { cutError } from './cut.ts';
import { readErrorResponse } from './decode.ts';
import { POISON_SQLSTATE, type Refused } from './deny.ts';
import { type Link, runOf } from './link.ts';
import { scrub } from './masking.ts';
import type { Expectation, Run, Sight } from './replies.ts';
import { finish, skipToSync, unexpected } from './run-ends.ts';

/** An ErrorResponse of the server's: whose it is, what becomes of the rest, and what the client reads. */
export function serverError(
  link: Link,
  first: Expectation | null,
  bytes: Buffer,
  start: number,
  end: number,
): Sight {
  const { severity, sqlstate } = readErrorResponse(bytes, start, end);
  if (severity === 'FATAL' || severity === 'PANIC') {
    link.serverEnds = true;
    const run = runOf(first);
    if (run !== null) finish(link, run, null, sqlstate);
    return 'pass';
  }
  switch (first?.of) {
    case 'query':
      return queryFailed(link, first, sqlstate, bytes, start, end);
    case 'poison-query':
      first.failed = true;
      return poisoned(link, first, sqlstate);
    case 'poison':
      if (first.change !== null) link.names.confirm(first.change);
      skipToSync(link);
      return poisoned(link, first, sqlstate);
    case 'sync':
      // The implicit transaction failed as it was committed.
      return toldOrScrubbed(link, scrub(null, link.maskDuties, true, bytes, start, end));
    case 'execute': {
      const { run } = first;
      finish(link, run, null, sqlstate);
      const told = replacement(run) ?? scrub(run, link.maskDuties, true, bytes, start, end);
      if (told !== null) link.toClient(told);
      skipToSync(link);
      return told === null ? 'pass' : 'drop';
    }
    case 'bind': {
      // Planning computes what is constant, and may read tables for it.
      const portal = first.change?.change === 'set-portal' ? first.change.portal : null;
      const duties = portal?.decision?.obligations.masks ?? link.maskDuties;
      skipToSync(link);
      return toldOrScrubbed(link, scrub(null, duties, true, bytes, start, end, portal?.text ?? null));
    }
    case 'parse':
    case 'close':
    case 'describe-statement':
    case 'describe-portal':
    case 'describe-masked':
      skipToSync(link);
      return 'pass';
    case 'probe-alone':
      // Names are read every way until the end of the next transaction asks again: not at once, or it never ends.
      link.readingMoved = true;
      link.gate.setPath(null);
      return 'drop';
    case 'probe-pipeline':
      // A cancel or a timeout has hit it in place of the client's own message, and failed their pipeline.
      link.readingStale = true;
      link.gate.setPath(null);
      skipToSync(link);
      return 'pass';
    default:
      throw unexpected('ErrorResponse', first);
  }
}

/** Where the server would have failed, too, it may have a reason that goes before ours: a failed transaction. */
function poisoned(link: Link, { error, native }: Refused, sqlstate: string): Sight {
  if (native === 'run' && sqlstate !== POISON_SQLSTATE) return 'pass';
  link.toClient(error);
  return 'drop';
}

function queryFailed(
  link: Link,
  first: Extract<Expectation, { of: 'query' }>,
  sqlstate: string,
  bytes: Buffer,
  start: number,
  end: number,
): Sight {
  if (first.failed) {
    first.undone = true;
    return 'drop';
  }
  first.failed = true;
  const run = first.runs[first.current];
  if (run === undefined) return 'pass';
  finish(link, run, null, sqlstate);
  const told = replacement(run) ?? scrub(run, link.maskDuties, true, bytes, start, end);
  if (told === null) return 'pass';
  link.toClient(told);
  return 'drop';
}

function replacement(run: Run): Buffer | null {
  return run.cutBy !== null ? cutError(run, []) : run.failAs;
}

/** The client reads the replacement, where there is one. */
export function toldOrScrubbed(link: Link, replacement: Buffer | null): Sight {
  if (replacement === null) return 'pass';
  link.toClient(replacement);
  return 'drop';
}
