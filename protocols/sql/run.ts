/** One statement's result as it is sent: how much of it there is, and how much there may be. */
import {
  type Decision,
  type LimitDuty,
  type ResultLimit,
  tightestOf,
  untilBudgets,
} from '../../src/core/decision.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalSubject } from '../../src/core/gate.ts';
import type { StatementNumber } from '../../src/core/ids.ts';

/** Rows and bytes of one result so far, over all the pieces in which a portal or a cursor is read. */
export interface Counted {
  rows: number;
  bytes: number;
  /** Bounds that people have lifted, and the decision that set them. */
  lifted?: { readonly of: Decision; readonly duties: readonly LimitDuty[] };
}

/** One statement that runs: its record, its limits, and what it has sent so far. `Failure`: an error as the protocol has it. */
export interface SentRun<Failure> {
  /** Null where nothing is recorded under this run. */
  readonly number: StatementNumber | null;
  /** Null for an empty statement. */
  readonly facts: StatementFacts | null;
  readonly decision: Decision | null;
  readonly counted: Counted;
  readonly startedMs: number;
  /** Rows and bytes that `counted` had when this run began, so that its own share can be told. */
  readonly rowsBefore: number;
  readonly bytesBefore: number;
  /** How much its rules let it send, budgets apart; more than its decision says once somebody has lifted a bound. */
  bounds: ResultLimit;
  /** How much it may send before its budgets are asked for more. */
  limit: ResultLimit;
  /** Its rows are kept back until the result is known to be within its bounds, or approved. */
  keeps: boolean;
  /** Text and values, where somebody may be asked about its rows. */
  readonly subject: ApprovalSubject | null;
  /** Set when it goes over a limit: the rule's name. From then on its rows are dropped. */
  cutBy: string | null;
  /** What people have said of it, where they did not let it go on. */
  cutWhy: string | null;
  /** What the client reads instead of the server's error, when Sluice has made it fail. */
  failAs: Failure | null;
  /** The statement's text, where its errors may have to be held against it. */
  readonly text: Buffer | null;
}

/** The tightest of the bounds that nobody has lifted. */
export function limitOf(decision: Decision, { lifted }: Counted): ResultLimit {
  const { limit, limits } = decision.obligations;
  if (lifted?.of !== decision) return limit;
  return tightestOf(limits.filter((duty) => !lifted.duties.includes(duty)));
}

/** Whether its rows are kept back: nobody has lifted a bound of it yet. */
export function keepsRows(decision: Decision, { lifted }: Counted): boolean {
  const { limits } = decision.obligations;
  return limits.length > 0 && limits.some(({ hold }) => hold) && lifted?.of !== decision;
}

/** The bound that the run has reached. */
export function dutyAt({ decision, limit }: SentRun<unknown>, unit: 'rows' | 'bytes'): LimitDuty | null {
  const rule = unit === 'rows' ? limit.rowsRule : limit.bytesRule;
  return decision?.obligations.limits.find((duty) => duty.rule === rule && duty.unit === unit) ?? null;
}

/** It was approved: the run, and what is read of the same result later, goes on to the next bound. */
export function lift(run: SentRun<unknown>, duty: LimitDuty): void {
  const { counted, decision } = run;
  if (decision === null) return;
  const before = counted.lifted?.of === decision ? counted.lifted.duties : [];
  counted.lifted = { of: decision, duties: [...before, duty] };
  run.bounds = limitOf(decision, counted);
  run.limit = untilBudgets(run.bounds, decision.obligations.budgets, counted);
  run.keeps = false;
}

/** From here on the run's rows are dropped; its end, whatever it is, becomes an error for the client. */
export function markCut(run: SentRun<unknown>, stop: 'rows' | 'bytes' | 'masking'): void {
  const { limit } = run;
  if (stop === 'masking') run.cutBy = 'sluice/masking';
  else run.cutBy = (stop === 'rows' ? limit.rowsRule : limit.bytesRule) ?? 'limit';
  run.failAs = null;
}

/** What a client reads of a run that was cut. */
export function truncation({ limit, cutBy, cutWhy }: SentRun<unknown>): string {
  const most =
    cutBy === limit.rowsRule && limit.rows !== null ? `${limit.rows} rows` : `${limit.bytes} bytes`;
  const why = cutWhy === null ? '' : ` (${cutWhy})`;
  return `result truncated by rule "${cutBy}": it is limited to ${most}${why}`;
}

/** Rows and bytes that a session has sent: those of the run under way are counted while it runs. */
export function sentBy(
  total: { readonly rowsSent: number; readonly bytesSent: number },
  run: SentRun<unknown> | null,
): { readonly rows: number; readonly bytes: number } {
  if (run === null) return { rows: total.rowsSent, bytes: total.bytesSent };
  const { counted, rowsBefore, bytesBefore } = run;
  return {
    rows: total.rowsSent + counted.rows - rowsBefore,
    bytes: total.bytesSent + counted.bytes - bytesBefore,
  };
}
