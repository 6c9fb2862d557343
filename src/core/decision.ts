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

/** Duties attached to a verdict that the session carries out. */
export interface Obligations {
  readonly limit: ResultLimit;
  /** Null: nothing that it reads or returns is masked. */
  readonly masks: MaskDuties | null;
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
