/** DataRows on their way through worker threads: where their cells are, and how they are put together again. */
import { ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import {
  type CellMasks,
  MASKED_KEPT,
  MASKED_NULL,
  type MaskedCells,
  type MaskLanePort,
} from '../../src/core/masks.ts';
import type { LaneRows } from '../sql/row-lane.ts';
import { int32At } from './frame.ts';
import { LENGTH_BYTES, maskedColumns, NULL_LENGTH, RowSplicer, readCells } from './row-splicer.ts';

export class LaneDataRows implements LaneRows {
  readonly batchesMax = 4;
  readonly #masked: readonly number[];
  readonly #lengthsAt: Int32Array;
  readonly #splicer = new RowSplicer(new ByteSink(0));

  constructor(cells: CellMasks) {
    this.#masked = maskedColumns(cells);
    this.#lengthsAt = new Int32Array(cells.length + 1);
  }

  addCells(bytes: Buffer, start: number, end: number, port: MaskLanePort): number {
    const lengthsAt = this.#lengthsAt;
    const masked = this.#masked;
    const next = readCells(bytes, start, end, lengthsAt);
    for (let i = 0; i < masked.length; i++) {
      const n = masked[i] ?? 0;
      const at = lengthsAt[n] ?? 0;
      if (int32At(bytes, at) === NULL_LENGTH) port.addNull();
      else port.add(bytes, at + LENGTH_BYTES, lengthsAt[n + 1] ?? 0);
    }
    return next;
  }

  putTogether(rows: ByteSink, cells: MaskedCells, into: ByteSink): boolean {
    const splicer = this.#splicer;
    splicer.sink = into;
    splicer.begin(rows.bytes, 0);
    for (let at = 0; at < rows.at; ) at = this.#row(rows, at, cells);
    return splicer.finish(0, rows.at);
  }

  #row(rows: ByteSink, start: number, cells: MaskedCells): number {
    const splicer = this.#splicer;
    const lengthsAt = this.#lengthsAt;
    const masked = this.#masked;
    const next = readCells(rows.bytes, start, rows.at, lengthsAt);
    splicer.row(start);
    for (let i = 0; i < masked.length; i++) {
      const n = masked[i] ?? 0;
      if (!cells.next()) throw new MalformedBytes('fewer masked cells than rows have');
      const { length } = cells;
      if (length === MASKED_KEPT) continue;
      const at = lengthsAt[n] ?? 0;
      const end = lengthsAt[n + 1] ?? 0;
      if (length === MASKED_NULL) splicer.replaceByNull(at, end);
      else splicer.replace(at, end, cells.bytes, cells.start, cells.end);
    }
    splicer.endRow(next);
    return next;
  }
}
