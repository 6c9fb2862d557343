/**
 * Prepared statements of one session, by the server's own ids: the text that was judged, what is known of its
 * parameters, and the cursor that its last execution has open. An id that is not here does not exist for the client.
 */
import type { Decision } from '../../src/core/decision.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalSubject } from '../../src/core/gate.ts';
import type { StatementNumber } from '../../src/core/ids.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import type { MysqlResultField } from '../../src/core/masks.ts';
import type { Counted } from '../sql/run.ts';
import type { ParameterType } from './parameters.ts';
import type { RunMasking } from './replies.ts';

/** A text that was judged, and the mode of the session in which the server has read it. */
export interface JudgedText {
  /** Bytes of its own: it is judged again when the gate's stamp has moved. */
  readonly text: Buffer;
  readonly clearance: Clearance;
  /** Null for an empty one. For SQL PREPARE, those of the statement inside. */
  readonly facts: StatementFacts | null;
  readonly stamp: number;
  /** A prepared statement keeps the database in which it was prepared, and on MariaDB the mode. */
  readonly reading: Reading;
}

/** How the server reads a text of this session. */
export interface Reading {
  readonly path: readonly string[] | null;
  readonly mode: string | null;
}

/** A result that is read piece by piece: what has been sent of it counts over all of them. */
export interface Cursor {
  readonly facts: StatementFacts;
  decision: Decision;
  stamp: number;
  readonly rowsMax: number | null;
  readonly number: StatementNumber;
  readonly counted: Counted;
  readonly fields: readonly MysqlResultField[];
  masking: RunMasking;
  /** What people have said yes to (`approvalKey`); null: nobody was asked. */
  approvedUnder: string | null;
  /** Text and values, while somebody may be asked about them. */
  readonly subject: ApprovalSubject | null;
}

export interface Prepared {
  readonly id: number;
  judged: JudgedText;
  readonly parameters: number;
  /** As they were bound last; an execution may leave them out. Null before the first one. */
  types: readonly ParameterType[] | null;
  /** Values that came ahead of the execution, by parameter. */
  readonly longData: Map<number, LongData>;
  cursor: Cursor | null;
}

export interface LongData {
  readonly pieces: Buffer[];
  bytes: number;
  /** More came than Sluice keeps: the statement cannot be run with it. */
  isTooLong: boolean;
}

export class Statements {
  readonly #byId = new Map<number, Prepared>();
  /** Those of SQL's PREPARE, by their names in lower case: the server compares them without regard to case. */
  readonly #byName = new Map<string, JudgedText>();

  /** What the last COM_STMT_PREPARE prepared; null where it was refused, or the statement is gone. */
  last: Prepared | null = null;

  get size(): number {
    return this.#byId.size + this.#byName.size;
  }

  byId(id: number): Prepared | null {
    return this.#byId.get(id) ?? null;
  }

  add(prepared: Prepared): void {
    this.#byId.set(prepared.id, prepared);
    this.last = prepared;
  }

  remove(id: number): void {
    this.#byId.delete(id);
    if (this.last?.id === id) this.last = null;
  }

  byName(name: string): JudgedText | null {
    return this.#byName.get(name.toLowerCase()) ?? null;
  }

  setName(name: string, judged: JudgedText): void {
    this.#byName.set(name.toLowerCase(), judged);
  }

  removeName(name: string): void {
    this.#byName.delete(name.toLowerCase());
  }

  /** It is not known any more what any of the names stands for. */
  forgetNames(): void {
    this.#byName.clear();
  }

  clear(): void {
    this.#byId.clear();
    this.#byName.clear();
    this.last = null;
  }

  /** A commit or rollback closes cursors; reading from one that is gone is the server's to refuse. */
  *all(): IterableIterator<Prepared> {
    yield* this.#byId.values();
  }
}
