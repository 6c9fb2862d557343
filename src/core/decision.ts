import type { StatementFacts } from './facts.ts';
import type { MaskDuties } from './masks.ts';

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

/** Duties attached to a verdict that the session carries out. */
export interface Obligations {
  /** The tightest of `limits`. */
  readonly limit: ResultLimit;
  readonly limits: readonly LimitDuty[];
  /** All of them have to be met before it runs. */
  readonly approvals: readonly ApprovalDuty[];
  /** Null: nothing that it reads or returns is masked. */
  readonly masks: MaskDuties | null;
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
