/** Rewrites DataRows: masked cells are replaced, everything else stays. Only whole rows come in. */
import { ByteSink } from '../../src/bytes/index.ts';
import { CELL_OUTCOME, type CellMask, type CellMasks } from '../../src/core/masks.ts';
import { int32At } from './frame.ts';
import { LENGTH_BYTES, maskedColumns, NULL_LENGTH, RowSplicer, readCells } from './row-splicer.ts';

/** Takes `bytes[start, end)` on its way to the client. */
export type GiveOut = (bytes: Buffer, start: number, end: number) => void;

export class RowMasker {
  readonly #cells: CellMasks;
  readonly #masked: readonly number[];
  readonly #lengthsAt: Int32Array;
  readonly #splicer = new RowSplicer(new ByteSink(0));
  /** A cell is masked here first: most cells that detectors look at stay, and the gap before them need not be copied. */
  readonly #cell = new ByteSink(0);

  constructor(cells: CellMasks) {
    this.#cells = cells;
    this.#masked = maskedColumns(cells);
    this.#lengthsAt = new Int32Array(cells.length + 1);
  }

  /** The rows that were given out before are sent: their memory is used again. */
  begin(): void {
    this.#splicer.sink.reset();
  }

  /**
   * Masks the rows in `bytes[start, end)` and gives them out: their own bytes where no cell changes. They stay as they
   * are until `begin`: to be called where nothing given out can be in use any more, since a leg that is congested is
   * not read for.
   */
  rewrite(bytes: Buffer, start: number, end: number, out: GiveOut): void {
    const splicer = this.#splicer;
    const from = splicer.sink.at;
    splicer.begin(bytes, start);
    for (let at = start; at < end; ) at = this.#row(bytes, at, end);
    if (splicer.finish(start, end)) out(splicer.sink.bytes, from, splicer.sink.at);
    else out(bytes, start, end);
  }

  /** Gives where the next row begins. */
  #row(bytes: Buffer, start: number, end: number): number {
    const lengthsAt = this.#lengthsAt;
    const masked = this.#masked;
    const next = readCells(bytes, start, end, lengthsAt);
    this.#splicer.row(start);
    for (let i = 0; i < masked.length; i++) {
      const n = masked[i] ?? 0;
      const cell = this.#cells[n];
      if (cell != null) this.#mask(cell, bytes, lengthsAt[n] ?? 0, lengthsAt[n + 1] ?? 0);
    }
    this.#splicer.endRow(next);
    return next;
  }

  #mask(cell: CellMask, bytes: Buffer, at: number, next: number): void {
    const masked = this.#cell;
    if (int32At(bytes, at) === NULL_LENGTH) {
      if (cell.ofNull !== null) this.#splicer.replace(at, next, cell.ofNull, 0, cell.ofNull.length);
      return;
    }
    masked.reset();
    const outcome = cell.mask(bytes, at + LENGTH_BYTES, next, masked);
    if (outcome === CELL_OUTCOME.written) this.#splicer.replace(at, next, masked.bytes, 0, masked.at);
    else if (outcome === CELL_OUTCOME.nulled) this.#splicer.replaceByNull(at, next);
  }
}
