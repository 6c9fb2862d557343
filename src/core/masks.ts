/** Masking in the words that policy, gate and protocols share. What a masker does to a value is masking's affair. */
import type { ByteSink } from '../bytes/index.ts';
import type { Json } from './json.ts';

/** A masker as the policy file names it under `with:`. */
export interface MaskerChoice {
  readonly masker: string;
  /** Undefined where it is written as a bare name. */
  readonly options: Json | undefined;
}

/** What happens to one output column. */
export interface ColumnMask extends MaskerChoice {
  /** How denials, explain and the journal name the mask: its columns as written. */
  readonly name: string;
  /** `mask`: NULL is masked as well, so that nobody sees which values are missing. */
  readonly nulls: 'keep' | 'mask';
  /** Nothing may be told of the value, not even how many elements it has. */
  readonly whole: boolean;
}

/** Values that are masked by what they look like, whatever their column. */
export interface DetectedMask extends ColumnMask {
  readonly detectors: readonly string[];
  /** RE2 regular expressions. */
  readonly patterns: readonly string[];
}

/** What is owed for the masked columns that a statement can reach. */
export interface MaskDuties {
  /** By position of the output column; null where the columns are not known, so that every one counts as unknown. */
  readonly outputs: readonly (ColumnMask | null)[] | null;
  /** For output columns whose origin is not known, or that the statement's text does not account for. */
  readonly unknown: ColumnMask | null;
  readonly detected: readonly DetectedMask[];
  /** Masked columns that it touches in any place, as `schema.table.column`: its errors and notices may quote them. */
  readonly touched: readonly string[];
  /** Parameters that have to be bound as texts, 1-based, and the mask that wants them so. */
  readonly texts: readonly { readonly index: number; readonly mask: string }[];
  /** A masked column is written: how many rows that has changed tells of what was in them. */
  readonly assigned: boolean;
}

/** One column of a result as the server describes it. */
export type ResultField = PostgresResultField | MysqlResultField;

export interface PostgresResultField {
  readonly dialect: 'postgres';
  readonly name: string;
  /** The base column it is taken from, by the server's own numbers; 0 where there is none. */
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly binary: boolean;
}

/** Of a ColumnDefinition41 packet. */
export interface MysqlResultField {
  readonly dialect: 'mysql';
  readonly name: string;
  /** The base column it is taken from; empty where there is none, or where a view or derived table hides it. */
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** Protocol::ColumnType. */
  readonly type: number;
  readonly flags: number;
  /** Collation id; 63 is binary. */
  readonly charset: number;
  /** Bytes that a value takes at most, as the server says. */
  readonly lengthMax: number;
  readonly decimals: number;
  /** It comes in a row of the binary protocol. */
  readonly binary: boolean;
}

/** What became of a cell. `kept`: its own bytes stand. `nulled`: it is NULL now. Nothing was written in either case. */
export const CELL_OUTCOME = { kept: 0, written: 1, nulled: 2 } as const;
export type CellOutcome = (typeof CELL_OUTCOME)[keyof typeof CELL_OUTCOME];

/** Masks the cells of one result column. Never throws: what cannot be decoded is NULL. */
export interface CellMask {
  /** What NULL becomes; null: it stays. */
  readonly ofNull: Buffer | null;
  /** Reads only `[start, end)`; writes the new bytes, without a length, behind what `out` holds. */
  mask(source: Buffer, start: number, end: number, out: ByteSink): CellOutcome;
}

/** By column; null: its cells pass as they are. */
export type CellMasks = readonly (CellMask | null)[];

/** Cells that were masked away from the event loop, one after the other. Throws where there are none left. */
export interface MaskedCells {
  /** Goes to the next cell; false behind the last one. */
  next(): boolean;
  /** Bytes of the cell at hand, which is `bytes[start, end)`; MASKED_NULL or MASKED_KEPT where it has none. */
  readonly length: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export const MASKED_NULL = -1;
/** The cell is as it was. */
export const MASKED_KEPT = -2;

/** One result's way through the worker threads. The cells of masked columns go in row by row, and come out in order. */
export interface MaskLanePort {
  add(source: Buffer, start: number, end: number): void;
  addNull(): void;
  /** What was added since the last `send` is enough for a batch. */
  readonly isFull: boolean;
  /** Sends what was added off. False: nothing more should be added before `drained`. */
  send(): boolean;
  /** Batches that have not come out yet. */
  readonly pending: number;
  close(): void;
}

export interface MaskLaneEvents {
  masked(cells: MaskedCells): void;
  drained(): void;
  /** The result is over; nothing of it that was not given out may be passed. */
  failed(): void;
}

/** How one result is masked. */
export interface ResultMasking {
  readonly cells: CellMasks;
  /** Null: there are no worker threads. */
  readonly openLane: ((events: MaskLaneEvents) => MaskLanePort) | null;
  /**
   * Whether the rows that are at hand, so many of so many bytes, and all after them are to go to worker threads. It
   * counts them as masked where they were read when not.
   */
  goesToWorkers(rows: number, bytes: number): boolean;
}
