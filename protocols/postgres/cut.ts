/** A result that goes over its limit: upstream work is cancelled, the rest dropped, the client told. */
import { effectSet } from '../../src/core/effects.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { markCut, truncation } from '../sql/run.ts';
import { errorResponse, failureResponse } from './encode.ts';
import type { Link } from './link.ts';
import type { Run } from './replies.ts';

export function cut(link: Link, run: Run, stop: 'rows' | 'bytes' | 'masking'): void {
  markCut(run, stop);
  link.cutRun = run;
  link.cancel();
}

/** Rows could not be masked: none of those that are left may be seen. */
export function failMasking(link: Link, run: Run): void {
  cut(link, run, 'masking');
  run.failAs = failureResponse(new ProxyError('masking-failed'));
}

/** What the client reads at the end of a cut result. `completed`: what the cancellation came too late for. */
export function cutError(run: Run, completed: readonly Run[]): Buffer {
  if (run.failAs !== null) return run.failAs;
  return errorResponse({
    severity: 'ERROR',
    sqlstate: '54000',
    message: truncation(run),
    detail: completed.some(changesData)
      ? `${run.counted.rows} rows were sent. What was sent had completed before it could be cancelled: its changes stand.`
      : `${run.counted.rows} rows (${run.counted.bytes} bytes) were sent; the rest was not.`,
    hint: 'Ask for fewer rows: a narrower WHERE, a LIMIT, or an aggregate.',
    position: null,
  });
}

const CHANGES = effectSet('write', 'destroy', 'define');

function changesData(run: Run): boolean {
  return run.facts !== null && (run.facts.effects & CHANGES) !== 0;
}
