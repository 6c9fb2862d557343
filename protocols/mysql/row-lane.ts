/** Rows on their way through worker threads: where their cells are, and how they are put together again. */
import { ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import {
  type CellMasks,
  MASKED_KEPT,
  MASKED_NULL,
  type MaskedCells,
  type MaskLanePort,
  type MysqlResultField,
} from '../../src/core/masks.ts';
import type { LaneRows } from '../sql/row-lane.ts';
import { HEADER_BYTES } from './packet.ts';
import { NULL_AT, RowCells } from './row-cells.ts';
import { maskedColumns, packetEnd, RowSplicer } from './row-splicer.ts';

/** A row in a packet each. */
export class LanePackets implements LaneRows {
  readonly batchesMax = 8;
  readonly #masked: readonly number[];
  readonly #cells: RowCells;
  readonly #splicer: RowSplicer;
  /** By how many packets there are more in what was put together last. */
  grown = 0;

  constructor(masks: CellMasks, fields: readonly MysqlResultField[]) {
    this.#masked = maskedColumns(masks);
    this.#cells = new RowCells(fields);
    this.#splicer = new RowSplicer(new ByteSink(0), this.#cells);
  }

  addCells(bytes: Buffer, start: number, _end: number, port: MaskLanePort): number {
    const cells = this.#cells;
    const masked = this.#masked;
    const next = packetEnd(bytes, start);
    cells.read(bytes, start + HEADER_BYTES, next);
    for (let i = 0; i < masked.length; i++) {
      const n = masked[i] ?? 0;
      const value = cells.values[n] ?? NULL_AT;
      if (value === NULL_AT) port.addNull();
      else port.add(bytes, value, cells.starts[n + 1] ?? 0);
    }
    return next;
  }

  putTogether(rows: ByteSink, cells: MaskedCells, into: ByteSink): boolean {
    const splicer = this.#splicer;
    splicer.sink = into;
    splicer.begin(rows.bytes, 0);
    for (let at = 0; at < rows.at; ) {
      const next = packetEnd(rows.bytes, at);
      this.#row(rows, at, next, cells);
      at = next;
    }
    const changed = splicer.finish(0, rows.at);
    this.grown = changed ? splicer.grown : 0;
    return changed;
  }

  #row(rows: ByteSink, start: number, end: number, masked: MaskedCells): void {
    const splicer = this.#splicer;
    const columns = this.#masked;
    this.#cells.read(rows.bytes, start + HEADER_BYTES, end);
    splicer.row(start);
    for (let i = 0; i < columns.length; i++) {
      const n = columns[i] ?? 0;
      if (!masked.next()) throw new MalformedBytes('fewer masked cells than rows have');
      const { length } = masked;
      if (length === MASKED_KEPT) continue;
      if (length === MASKED_NULL) splicer.replaceByNull(n);
      else splicer.replace(n, masked.bytes, masked.start, masked.end);
    }
    splicer.endRow(end);
  }
}
