/**
 * Rows with some of their cells replaced. What lies between two replaced cells is copied in one piece, also across
 * rows, so that rows which stay as they are cost next to nothing.
 */
import { type ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import type { CellMasks } from '../../src/core/masks.ts';
import { frameSize, HEADER_BYTES, int16At, int32At } from './frame.ts';

const COUNT_BYTES = 2;
export const LENGTH_BYTES = 4;
export const NULL_LENGTH = -1;
const NOTHING = Buffer.alloc(0);

/**
 * Where the cells of the row at `start` have their lengths, one after the other in `into`, and behind the last one
 * where the next row begins, which is given back. The whole row has to be in `bytes[start, end)`.
 */
export function readCells(bytes: Buffer, start: number, end: number, into: Int32Array): number {
  const next = start + frameSize(bytes, start);
  let at = start + HEADER_BYTES + COUNT_BYTES;
  if (next > end || at > next) throw new MalformedBytes('a row of wrong size');
  const columns = into.length - 1;
  const count = int16At(bytes, start + HEADER_BYTES);
  if (count !== columns) throw new MalformedBytes(`a row of ${count} cells`);
  for (let n = 0; n < columns; n++) {
    if (at + LENGTH_BYTES > next) throw new MalformedBytes('a cell past the end of its row');
    into[n] = at;
    const length = int32At(bytes, at);
    if (length < NULL_LENGTH) throw new MalformedBytes(`a cell of length ${length}`);
    at += LENGTH_BYTES + Math.max(length, 0);
  }
  if (at !== next) throw new MalformedBytes('cells that do not fill their row');
  into[columns] = at;
  return at;
}

/** The numbers of the columns that have a mask. */
export function maskedColumns(cells: CellMasks): readonly number[] {
  return cells.flatMap((cell, n) => (cell === null ? [] : [n]));
}

export class RowSplicer {
  /** Where the rows are written. */
  sink: ByteSink;
  #source: Buffer = NOTHING;
  /** Up to where the source has been copied. */
  #copied = 0;
  /** The row at hand, there and in the sink; below zero there: none of its cells has been replaced. */
  #row = 0;
  #rowAt = -1;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** Rows of `source` from `start` on follow. */
  begin(source: Buffer, start: number): void {
    this.#source = source;
    this.#copied = start;
  }

  /** The row at `start` comes next. */
  row(start: number): void {
    this.#row = start;
    this.#rowAt = -1;
  }

  /** The cell in `source[at, next)`, its length included, becomes `bytes[from, to)`. */
  replace(at: number, next: number, bytes: Buffer, from: number, to: number): void {
    this.#gap(at, next);
    this.sink.i32(to - from);
    this.sink.copy(bytes, from, to);
  }

  replaceByNull(at: number, next: number): void {
    this.#gap(at, next);
    this.sink.i32(NULL_LENGTH);
  }

  #gap(at: number, next: number): void {
    if (this.#rowAt < 0) this.#rowAt = this.sink.at + this.#row - this.#copied;
    this.sink.copy(this.#source, this.#copied, at);
    this.#copied = next;
  }

  /** The row at hand ends at `end`. */
  endRow(end: number): void {
    if (this.#rowAt < 0) return;
    const { sink } = this;
    sink.copy(this.#source, this.#copied, end);
    this.#copied = end;
    sink.setI32(this.#rowAt + 1, sink.at - this.#rowAt - 1);
  }

  /** No more rows: what is left up to `end` is copied. False: no cell was replaced, and nothing is in the sink. */
  finish(start: number, end: number): boolean {
    const changed = this.#copied !== start;
    if (changed) this.sink.copy(this.#source, this.#copied, end);
    this.#source = NOTHING;
    return changed;
  }
}
