/**
 * A result that goes over its limit: exactly the rows that are permitted arrive, then an error in the place of the
 * next. The server is told to stop; what it sends until it has is dropped, and so is whatever the same command would
 * still have given.
 */
import { effectSet } from '../../src/core/effects.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { markCut, truncation } from '../sql/run.ts';
import { failureError } from './deny.ts';
import { type ErrFields, errPacket } from './encode.ts';
import type { Link } from './link.ts';
import type { Results, Run } from './replies.ts';

/** `sequence`: what the client is to get next, in its own count. */
export function cut(
  link: Link,
  results: Results,
  run: Run,
  stop: 'rows' | 'bytes' | 'masking',
  sequence: number,
): void {
  markCut(run, stop);
  results.over = run;
  results.overSequence = sequence & 0xff;
  link.cancel();
}

/** Rows could not be masked: none of those that are left may be seen. */
export function failMasking(link: Link, results: Results, run: Run, sequence: number): void {
  cut(link, results, run, 'masking', sequence);
  run.failAs = failureError(new ProxyError('masking-failed'));
  // A cursor would go on behind the rows that were lost, as if there had been none.
  if (results.cursor !== null) results.cursor.cursor = null;
}

/** The command whose result was cut has come to its end at the server. */
export function tellCut(link: Link, results: Results, completed: boolean): void {
  const run = results.over;
  if (run !== null) link.toClient(errPacket(cutError(run, completed), results.overSequence));
}

/** `completed`: the cancellation came too late. */
function cutError(run: Run, completed: boolean): ErrFields {
  if (run.failAs !== null) return run.failAs;
  const stands = completed && run.facts !== null && (run.facts.effects & CHANGES) !== 0;
  return {
    // ER_QUERY_INTERRUPTED
    errno: 1317,
    sqlstate: '70100',
    message: `${truncation(run)}; ask for fewer rows${
      stands ? '; the statement had completed, and its changes stand' : ''
    }`,
  };
}

const CHANGES = effectSet('write', 'destroy', 'define');
