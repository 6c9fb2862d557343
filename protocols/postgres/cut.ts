/** A result that goes over its limit: upstream work is cancelled, the rest dropped, the client told. */
import { errorResponse } from './encode.ts';
import type { Link } from './link.ts';
import type { Run } from './replies.ts';
import type { RowStop } from './rows.ts';

/** From here on the run's rows are dropped; its end, whatever it is, becomes an error for the client. */
export function cut(link: Link, run: Run, stop: RowStop): void {
  const limit = run.decision?.obligations.limit;
  run.cutBy = (stop === 'rows' ? limit?.rowsRule : limit?.bytesRule) ?? 'limit';
  run.failAs = null;
  link.cutRun = run;
  link.cancel();
}

/** What the client reads at the end of a cut result. `completed`: the cancellation came too late. */
export function cutError(run: Run, completed: boolean): Buffer {
  const limit = run.decision?.obligations.limit;
  const most =
    run.cutBy === limit?.rowsRule && limit?.rows !== null ? `${limit?.rows} rows` : `${limit?.bytes} bytes`;
  const changed = completed && run.facts !== null && run.facts.bound.kind !== 'none' && changesData(run);
  return errorResponse({
    severity: 'ERROR',
    sqlstate: '54000',
    message: `result truncated by rule "${run.cutBy}": it is limited to ${most}`,
    detail: changed
      ? `${run.counted.rows} rows were sent. The statement had completed before it could be cancelled: its changes stand.`
      : `${run.counted.rows} rows (${run.counted.bytes} bytes) were sent; the rest was not.`,
    hint: 'Ask for fewer rows: a narrower WHERE, a LIMIT, or an aggregate.',
    position: null,
  });
}

function changesData(run: Run): boolean {
  return run.facts?.kinds.some((kind) => /^(INSERT|UPDATE|DELETE|MERGE)$/.test(kind)) ?? false;
}
