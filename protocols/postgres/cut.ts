/** A result that goes over its limit: upstream work is cancelled, the rest dropped, the client told. */
import { effectSet } from '../../src/core/effects.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { errorResponse, failureResponse } from './encode.ts';
import type { Link } from './link.ts';
import type { Run } from './replies.ts';
import type { RowStop } from './rows.ts';

/** From here on the run's rows are dropped; its end, whatever it is, becomes an error for the client. */
export function cut(link: Link, run: Run, stop: RowStop): void {
  const { limit } = run;
  run.cutBy = (stop === 'rows' ? limit.rowsRule : limit.bytesRule) ?? 'limit';
  run.failAs = null;
  link.cutRun = run;
  link.cancel();
}

/** Rows could not be masked: none of those that are left may be seen. */
export function failMasking(link: Link, run: Run): void {
  cut(link, run, 'other');
  run.cutBy = 'sluice/masking';
  run.failAs = failureResponse(new ProxyError('masking-failed'));
}

/** What the client reads at the end of a cut result. `completed`: what the cancellation came too late for. */
export function cutError(run: Run, completed: readonly Run[]): Buffer {
  if (run.failAs !== null) return run.failAs;
  const { limit } = run;
  const most =
    run.cutBy === limit.rowsRule && limit.rows !== null ? `${limit.rows} rows` : `${limit.bytes} bytes`;
  const why = run.cutWhy === null ? '' : ` (${run.cutWhy})`;
  return errorResponse({
    severity: 'ERROR',
    sqlstate: '54000',
    message: `result truncated by rule "${run.cutBy}": it is limited to ${most}${why}`,
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
