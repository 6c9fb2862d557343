import type { StatementFacts } from './facts.ts';
import type { MaskDuties } from './masks.ts';
import type { RecordDuty } from './responses.ts';

export type Verdict = 'allow' | 'deny' | 'approve';

/** Rows and bytes of one result; null means no limit. Bytes are those of the rows' frames on the wire. */
export interface ResultLimit {
  readonly rows: number | null;
  readonly rowsRule: string | null;
  readonly bytes: number | null;
  readonly bytesRule: string | null;
}

export const NO_LIMIT: ResultLimit = { rows: null, rowsRule: null, bytes: null, bytesRule: null };

/** Whose yes a rule asks for, and what becomes of it. */
export interface ApprovalDuty {
  readonly rule: string;
  /** Groups whose members may decide. */
  readonly by: readonly string[];
  /** How many of them have to agree, counted as distinct people. */
  readonly approvers: number;
  readonly withinMs: number;
  /** For how long a yes serves for the same statement again; null: once. */
  readonly windowMs: number | null;
  /** Whether whoever asks has to say why, in a comment of the statement. */
  readonly needsReason: boolean;
  /** How long the client waits; null: as its protocol can. */
  readonly waitMs: number | null;
}

/** One bound of one rule on a result. */
export interface LimitDuty {
  readonly rule: string;
  readonly unit: 'rows' | 'bytes';
  readonly max: number;
  /** Null: what goes over is cut. Otherwise the result pauses there until it is decided on. */
  readonly approval: ApprovalDuty | null;
  /** No row leaves before the result is known to be within the bound, or approved. */
  readonly hold: boolean;
}

/** What one rule lets be taken within a sliding window; at least one of the three is a number. */
export interface BudgetDuty {
  readonly rule: string;
  /** Who or what has an account of its own. */
  readonly per: 'user' | 'group' | 'table' | 'column';
  readonly windowMs: number;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly statements: number | null;
  /** Null: what goes over is refused, or cut. Otherwise rows beyond it wait until somebody has decided on them. */
  readonly approval: ApprovalDuty | null;
  /** Of `per: group`: the groups that the rule is about; null: every one of the principal's. */
  readonly groups: readonly string[] | null;
  /** Of `per: table` and `per: column`: those that the statement is about, in full. */
  readonly objects: readonly string[];
}

/** How many statements may run one after the other, refilled evenly over `everyMs`. */
export interface RateDuty {
  readonly rule: string;
  readonly per: 'user' | 'group';
  readonly statements: number;
  readonly everyMs: number;
  /** How many may come at once. */
  readonly burst: number;
  readonly groups: readonly string[] | null;
}

/** Duties attached to a verdict that the session carries out. */
export interface Obligations {
  /** The tightest of `limits`. */
  readonly limit: ResultLimit;
  readonly limits: readonly LimitDuty[];
  /** All of them have to be met before it runs. */
  readonly approvals: readonly ApprovalDuty[];
  readonly budgets: readonly BudgetDuty[];
  readonly rates: readonly RateDuty[];
  /** Null: nothing that it reads or returns is masked. */
  readonly masks: MaskDuties | null;
  /** What rules say of recording its response; `unsaid`: nothing, so that the configuration decides. */
  readonly record: RecordDuty | 'off' | 'unsaid';
}

/** The tightest bound of rows and of bytes. Of equal ones that which cuts goes first: nobody can lift it. */
export function tightestOf(limits: readonly LimitDuty[]): ResultLimit {
  let limit = NO_LIMIT;
  for (const one of limits) {
    const [max, of] = one.unit === 'rows' ? [limit.rows, limit.rowsRule] : [limit.bytes, limit.bytesRule];
    const standing = limits.find(({ rule, unit }) => rule === of && unit === one.unit);
    const isTighter =
      max === null ||
      one.max < max ||
      (one.max === max && one.approval === null && standing?.approval !== null);
    if (!isTighter) continue;
    if (one.unit === 'rows') limit = { ...limit, rows: one.max, rowsRule: one.rule };
    else limit = { ...limit, bytes: one.max, bytesRule: one.rule };
  }
  return limit;
}

/**
 * What a result may send before its budgets are asked for more: nothing, of what a budget counts. `counted` is what it
 * has sent by now.
 */
export function untilBudgets(
  bounds: ResultLimit,
  budgets: readonly BudgetDuty[],
  counted: { readonly rows: number; readonly bytes: number },
): ResultLimit {
  let limit = bounds;
  for (const { rule, rows, bytes } of budgets) {
    if (rows !== null && (bounds.rows === null || counted.rows < bounds.rows))
      limit = { ...limit, rows: counted.rows, rowsRule: rule };
    if (bytes !== null && (bounds.bytes === null || counted.bytes < bounds.bytes))
      limit = { ...limit, bytes: counted.bytes, bytesRule: rule };
  }
  return limit;
}

/** Whether it is a budget that a run has to ask, and not a bound of its own that it has reached. */
export function waitsForBudgets(
  { bounds, limit }: { readonly bounds: ResultLimit; readonly limit: ResultLimit },
  unit: 'rows' | 'bytes',
): boolean {
  return bounds[unit] !== limit[unit];
}

/** Policy's whole answer on one statement. */
export interface Decision {
  readonly verdict: Verdict;
  /** The rule that settled the verdict; null when the file's default did. */
  readonly rule: string | null;
  /** What the rule's author wants the client to read. */
  readonly message: string | null;
  /** Every rule that matched, in file order. */
  readonly rules: readonly string[];
  /** Rules that matched in `mode: observe`: what they would have done. */
  readonly observed: readonly string[];
  readonly obligations: Obligations;
  readonly policyVersion: string;
}

export interface JudgedStatement {
  readonly facts: StatementFacts;
  readonly decision: Decision;
}

/** Why a statement does not pass, in terms that any protocol can put into its own error. */
export interface Denial {
  /** Five characters; ISO/IEC 9075 and PostgreSQL's Appendix A. */
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
  /** 1-based character position in the statement text, where one is known. */
  readonly position: number | null;
  readonly rule: string;
  /**
   * True where the server itself would have failed this statement: then the transaction is made to fail as
   * well, so that the client sees what it would have seen without Sluice.
   */
  readonly native: boolean;
}
