/**
 * Rewrites DataRows: gaps are copied as they are, masked cells replaced. Only whole rows come in; where no cell of a
 * run of rows changes, its own bytes are given back.
 */
import { ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import { CELL_OUTCOME, type CellMask, type CellMasks, type CellOutcome } from '../../src/core/masks.ts';
import { HEADER_BYTES } from './frame.ts';

const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

/** Takes `bytes[start, end)` on its way to the client. */
export type GiveOut = (bytes: Buffer, start: number, end: number) => void;

export class RowMasker {
  readonly #cells: CellMasks;
  readonly #sink = new ByteSink(64 * 1024);
  /** Up to where the input has been copied, and where the row that is being written began in the sink. */
  #copied = 0;
  #rowStart = 0;

  constructor(cells: CellMasks) {
    this.#cells = cells;
  }

  /** The rows that were given out before are sent: their memory is used again. */
  begin(): void {
    this.#sink.reset();
  }

  /**
   * Masks the rows in `bytes[start, end)` and gives them out. They stay as they are until `begin`: to be called where
   * nothing given out can be in use any more, since a leg that is congested is not read for.
   */
  rewrite(bytes: Buffer, start: number, end: number, out: GiveOut): void {
    const sink = this.#sink;
    const from = sink.at;
    this.#copied = start;
    for (let at = start; at < end; ) {
      const size = bytes.readInt32BE(at + 1) + 1;
      if (size < HEADER_BYTES + COUNT_BYTES || at + size > end)
        throw new MalformedBytes('a row of wrong size');
      this.#row(bytes, at, at + size);
      at += size;
    }
    if (this.#copied === start) {
      out(bytes, start, end);
      return;
    }
    sink.copy(bytes, this.#copied, end);
    out(sink.bytes, from, sink.at);
  }

  #row(bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    const count = bytes.readInt16BE(start + HEADER_BYTES) & 0xffff;
    if (count !== this.#cells.length) throw new MalformedBytes(`a row of ${count} cells`);
    this.#rowStart = -1;
    let at = start + HEADER_BYTES + COUNT_BYTES;
    for (let n = 0; n < count; n++) {
      if (at + LENGTH_BYTES > end) throw new MalformedBytes('a cell past the end of its row');
      const length = bytes.readInt32BE(at);
      const next = at + LENGTH_BYTES + Math.max(length, 0);
      if (length < NULL_LENGTH || next > end) throw new MalformedBytes('a cell past the end of its row');
      const cell = this.#cells[n];
      if (cell != null && (length !== NULL_LENGTH || cell.ofNull !== null))
        this.#cell(bytes, start, at, next, cell);
      at = next;
    }
    if (at !== end) throw new MalformedBytes('bytes behind the last cell of a row');
    if (this.#rowStart < 0) return;
    sink.copy(bytes, this.#copied, end);
    this.#copied = end;
    sink.bytes.writeInt32BE(sink.at - this.#rowStart - 1, this.#rowStart + 1);
  }

  #cell(bytes: Buffer, rowStart: number, at: number, next: number, cell: CellMask): void {
    const sink = this.#sink;
    const before = { at: sink.at, copied: this.#copied, rowStart: this.#rowStart };
    if (this.#rowStart < 0) {
      // Rows before this one that stay as they are come along with the gap.
      sink.copy(bytes, this.#copied, rowStart);
      this.#rowStart = sink.at;
      this.#copied = rowStart;
    }
    sink.copy(bytes, this.#copied, at);
    const lengthAt = sink.at;
    sink.i32(NULL_LENGTH);
    const outcome = maskedOrNull(cell, bytes, at, next, sink);
    if (outcome === CELL_OUTCOME.kept) {
      sink.at = before.at;
      this.#copied = before.copied;
      this.#rowStart = before.rowStart;
      return;
    }
    if (outcome === CELL_OUTCOME.written) {
      sink.bytes.writeInt32BE(sink.at - lengthAt - LENGTH_BYTES, lengthAt);
    }
    this.#copied = next;
  }
}

function maskedOrNull(cell: CellMask, bytes: Buffer, at: number, next: number, sink: ByteSink): CellOutcome {
  if (bytes.readInt32BE(at) !== NULL_LENGTH) return cell.mask(bytes, at + LENGTH_BYTES, next, sink);
  if (cell.ofNull === null) return CELL_OUTCOME.kept;
  sink.copy(cell.ofNull, 0, cell.ofNull.length);
  return CELL_OUTCOME.written;
}
