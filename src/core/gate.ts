/** What a protocol session may ask of policy, catalog and journal. The engine answers; sessions never see those. */
import type { CanaryPort } from './alerts.ts';
import type { Decision, Denial, JudgedStatement, LimitDuty, ResultLimit } from './decision.ts';
import type { ProxyError } from './errors.ts';
import type { StatementFacts, TemporaryTable } from './facts.ts';
import type { StatementNumber } from './ids.ts';
import type { Clearance, Judgement } from './judgement.ts';
import type { CellMasks, MaskDuties, ResultField, ResultMasking } from './masks.ts';
import type { ResponseRecorder } from './responses.ts';

/**
 * `pending`: the answer takes something that is not at hand (a worker's parse, a fresh catalog). The session
 * keeps the message, stops reading, and asks again when its `wake()` is called.
 */
export type SqlAnswer =
  | Judgement
  | { readonly outcome: 'pending' }
  | { readonly outcome: 'failed'; readonly error: ProxyError };

/** How a statement reached Sluice; part of its journal record. */
export type Via = 'query' | 'parse' | 'bind' | 'execute' | 'describe' | 'startup' | 'http' | 'mcp';

/** One parameter value as the client sent it; null is SQL NULL. `binary`: in the type's binary format. */
export interface BoundParameter {
  readonly bytes: Buffer | null;
  readonly binary: boolean;
}

export interface StatementEntry {
  readonly via: Via;
  /** The text as it came; copied by the callee. */
  readonly text: Buffer;
  readonly parameters: readonly BoundParameter[];
  /** The journal keeps only how long they are. */
  readonly hidesParameters: boolean;
  /** Ids of the approvals under which it runs. */
  readonly approvals?: readonly string[];
}

/** How a statement that ran came out. */
export interface RunResult {
  /** The command tag; null where it ended with an error. */
  readonly tag: string | null;
  readonly sqlstate: string | null;
  readonly rows: number;
  readonly bytes: number;
  readonly ms: number;
  /** Why the result was cut, by rule; null where it was not. */
  readonly cutBy: string | null;
}

/** A statement as far as somebody has to know it to decide on it. */
export interface ApprovalSubject {
  readonly text: Buffer;
  /** What really runs where the text only names it (EXECUTE, FETCH); null where the text itself does. */
  readonly runs: Buffer | null;
  readonly parameters: readonly BoundParameter[];
  /** The types that the client has given its parameters, by the database's own numbers. */
  readonly types: readonly number[];
  readonly hidesParameters: boolean;
}

/** What a client that waits for people is told, where its protocol can tell it. */
export interface ApprovalNotice {
  readonly id: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

/**
 * `granted`: it may run now, once; `approvals` are their ids, for its record. `pending`: the session keeps the message
 * and asks again when its `wake()` is called; `notices` are for the client, each given once.
 */
export type ApprovalAnswer =
  | { readonly answer: 'granted'; readonly approvals: readonly string[] }
  | { readonly answer: 'pending'; readonly notices: readonly ApprovalNotice[] }
  | { readonly answer: 'refused'; readonly denial: Denial }
  | { readonly answer: 'failed'; readonly error: ProxyError };

/** A run whose rows count against budgets. */
export interface SpendingRun {
  readonly facts: StatementFacts | null;
  readonly decision: Decision | null;
  readonly counted: { readonly rows: number; readonly bytes: number };
  /** What it may send, budgets apart. */
  readonly bounds: ResultLimit;
  /** What it may send before it has to ask again; set by the gate, at any time. */
  limit: ResultLimit;
}

/**
 * `granted`: its limit has been raised. `pending`: the session reads nothing more of the result and asks again when its
 * `wake()` is called. `over`: people may let it go on.
 */
export type SpendAnswer =
  | { readonly answer: 'granted' }
  | { readonly answer: 'pending' }
  | { readonly answer: 'over'; readonly duty: LimitDuty }
  | { readonly answer: 'refused'; readonly denial: Denial }
  | { readonly answer: 'failed'; readonly error: ProxyError };

/** A result that has reached a bound which people can lift. */
export interface PausedResult {
  readonly number: StatementNumber;
  readonly facts: StatementFacts;
  readonly decision: Decision;
  readonly duty: LimitDuty;
  readonly rows: number;
  readonly bytes: number;
}

export interface SpendingPort {
  /**
   * Asks whether budgets and rates let a message's statements run now. What it counts them by, it counts once for the
   * message, however often that is held and asked about again.
   */
  charge(judged: readonly JudgedStatement[]): Exclude<SpendAnswer, { readonly answer: 'over' }>;
  /** Asks its budgets for at least `needed` more rows or bytes of a run. */
  spend(run: SpendingRun, unit: 'rows' | 'bytes', needed: number): SpendAnswer;
  /** People have let the run go beyond the budget of that rule. */
  lift(run: SpendingRun, rule: string): void;
}

export interface SqlGate {
  /**
   * Another one when earlier answers may not hold any more: a new policy, catalog, search path or time of day. NaN,
   * which equals no stamp, while the catalog is known to be out of date.
   */
  readonly stamp: number;

  /** Whether the journal takes records; while it does not, nothing runs, not even what was admitted before. */
  readonly canRecord: boolean;

  /** Judges `bytes[start, end)`. Nothing is journaled: that is `admit`'s and `refuse`'s. */
  judge(bytes: Buffer, start: number, end: number): SqlAnswer;

  /** Decides on one statement again, with what is known of its bound now. `batchSize`: statements of its message. */
  decide(facts: StatementFacts, rowsMax: number | null, batchSize: number): Decision;

  /** What the client is told of a decision that denies. */
  denialOf(decision: Decision, facts: StatementFacts): Denial;

  /**
   * Asks for the approvals that the decisions on a message's statements ask for. `canTell`: its client can be told that
   * it is held; one that cannot gets an error at once, unless a rule says how long it waits.
   */
  approve(judged: readonly JudgedStatement[], subject: ApprovalSubject, canTell: boolean): ApprovalAnswer;

  /** Asks whether a result may go on past a bound. */
  approveResult(paused: PausedResult, subject: ApprovalSubject): ApprovalAnswer;

  /** Looks through what the server sends of rows; null: there is nothing to look for. */
  readonly canaries: CanaryPort | null;

  /** Budgets and rates. */
  readonly spending: SpendingPort;

  /** The client does not want what it waits for any more. */
  withdraw(): void;

  /** Journals that a statement passes. Its bytes may go upstream with this turn's write, not before. */
  admit(clearance: Clearance, entry: StatementEntry): StatementNumber;

  /** Journals that a statement does not pass. */
  refuse(denial: Denial, journalMembers: string, entry: StatementEntry): void;

  /** Journals how an admitted statement came out. */
  finish(number: StatementNumber, result: RunResult): void;

  /** Whether any response of this session may have to be recorded. */
  readonly recordsResponses: boolean;

  /** Takes down the response of a run that answers from now on; null: it is not recorded. */
  recordResponse(number: StatementNumber, decision: Decision | null): ResponseRecorder | null;

  /** Whether results of this session may pause until people have decided on them. */
  readonly pausesResults: boolean;

  /** Whether any mask holds for this session. */
  readonly hasMasks: boolean;

  /** Whether any mask names columns. */
  readonly masksColumns: boolean;

  /** What is done to the cells of a result that the server has described; null: they pass as they are. */
  maskResult(duties: MaskDuties | null, fields: readonly ResultField[]): ResultMasking | null;

  /** The same for COPY … TO STDOUT. */
  maskCopy(
    facts: StatementFacts,
    duties: MaskDuties | null,
    columns: number,
    binary: boolean,
  ): CellMasks | null;

  /** The search path that the session is known to have, or its one current database; null while it is not known. */
  setPath(path: readonly string[] | null): void;

  /** sql_mode as the server has told it; null while it is not known. Of no concern to servers without modes. */
  setMode(mode: string | null): void;

  /** The temporary tables that the session is known to have made. */
  setTemporary(tables: readonly TemporaryTable[]): void;

  /** Whether the transaction that is open has definitions that no reading of the catalog can see, or get past. */
  setUncommitted(uncommitted: boolean): void;

  /** A statement that defines or destroys objects has gone through and is committed. */
  definitionsChanged(): void;

  /** The session ends while such a statement is under way: whether it is carried out will not be known. */
  definitionsAbandoned(): void;
}
