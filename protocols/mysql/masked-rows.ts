/** Rewrites rows: masked cells are replaced, everything else stays. Only whole rows come in. */
import { ByteSink } from '../../src/bytes/index.ts';
import { CELL_OUTCOME, type CellMask, type CellMasks, type MysqlResultField } from '../../src/core/masks.ts';
import { HEADER_BYTES } from './packet.ts';
import { NULL_AT, RowCells } from './row-cells.ts';
import { maskedColumns, packetEnd, RowSplicer, writePackets } from './row-splicer.ts';

/** Takes `bytes[start, end)` on its way to the client; there are `grown` packets more than there were. */
export type GiveOut = (bytes: Buffer, start: number, end: number, grown: number) => void;

export class RowMasker {
  readonly #masks: CellMasks;
  readonly #masked: readonly number[];
  readonly #cells: RowCells;
  readonly #splicer: RowSplicer;
  /** A cell is masked here first: most cells that detectors look at stay, and the gap before them need not be copied. */
  readonly #cell = new ByteSink(0);
  /**
   * By column: 1 where the cell before was masked, so that this one most likely is as well. Then it is written where it
   * is to stand, which saves a copy of it; where it stays after all, the gap before it was copied for nothing.
   */
  readonly #likely: Uint8Array;

  constructor(masks: CellMasks, fields: readonly MysqlResultField[]) {
    this.#masks = masks;
    this.#masked = maskedColumns(masks);
    this.#cells = new RowCells(fields);
    this.#likely = new Uint8Array(fields.length);
    this.#splicer = new RowSplicer(new ByteSink(0), this.#cells);
  }

  /** The rows that were given out before are sent: their memory is used again. */
  begin(): void {
    this.#splicer.sink.reset();
  }

  /**
   * Masks the rows in `bytes[start, end)`, a packet each, and gives them out: their own bytes where no cell changes.
   * They stay as they are until `begin`: to be called where nothing given out can be in use any more, since a leg that
   * is congested is not read for.
   */
  rewrite(bytes: Buffer, start: number, end: number, out: GiveOut): void {
    const splicer = this.#splicer;
    const from = splicer.sink.at;
    splicer.begin(bytes, start);
    for (let at = start; at < end; ) {
      const next = packetEnd(bytes, at);
      this.#row(bytes, at, next);
      at = next;
    }
    if (splicer.finish(start, end)) out(splicer.sink.bytes, from, splicer.sink.at, splicer.grown);
    else out(bytes, start, end, 0);
  }

  /** The same for one row that came in several packets, as `bytes[start, end)` without their headers. */
  rewriteLarge(
    bytes: Buffer,
    start: number,
    end: number,
    sequence: number,
    packets: number,
    out: GiveOut,
  ): void {
    const splicer = this.#splicer;
    const kept = splicer.sink;
    const sink = new ByteSink(end - start + HEADER_BYTES);
    splicer.sink = sink;
    // Its header would lie in front of it.
    const row = start - HEADER_BYTES;
    splicer.begin(bytes, row);
    this.#row(bytes, row, end);
    const changed = splicer.finish(row, end) && splicer.grown === 0;
    splicer.sink = kept;
    const payload = changed ? sink.bytes.subarray(HEADER_BYTES, sink.at) : bytes.subarray(start, end);
    if (splicer.grown > 0) {
      out(sink.bytes, 0, sink.at, splicer.grown + 1 - packets);
      return;
    }
    const written = new ByteSink(payload.length + HEADER_BYTES * (packets + 1));
    const count = writePackets(written, payload, payload.length, sequence);
    out(written.bytes, 0, written.at, count - packets);
  }

  #row(bytes: Buffer, start: number, end: number): void {
    const masked = this.#masked;
    const cells = this.#cells;
    cells.read(bytes, start + HEADER_BYTES, end);
    this.#splicer.row(start);
    for (let i = 0; i < masked.length; i++) {
      const n = masked[i] ?? 0;
      const mask = this.#masks[n];
      if (mask != null) this.#mask(mask, bytes, n);
    }
    this.#splicer.endRow(end);
  }

  #mask(mask: CellMask, bytes: Buffer, n: number): void {
    const value = this.#cells.values[n] ?? NULL_AT;
    if (value === NULL_AT) {
      if (mask.ofNull !== null) this.#splicer.replace(n, mask.ofNull, 0, mask.ofNull.length);
      return;
    }
    if (this.#likely[n] === 1 && this.#cells.widths[n] === 'string') this.#maskInPlace(mask, bytes, n, value);
    else this.#maskAside(mask, bytes, n, value);
  }

  #maskInPlace(mask: CellMask, bytes: Buffer, n: number, value: number): void {
    const splicer = this.#splicer;
    splicer.openString(n);
    const outcome = mask.mask(bytes, value, this.#cells.starts[n + 1] ?? 0, splicer.sink);
    if (outcome === CELL_OUTCOME.written) {
      splicer.closeString();
      return;
    }
    this.#likely[n] = 0;
    splicer.dropString();
    if (outcome === CELL_OUTCOME.nulled) splicer.replaceByNull(n);
  }

  #maskAside(mask: CellMask, bytes: Buffer, n: number, value: number): void {
    const masked = this.#cell;
    masked.reset();
    const outcome = mask.mask(bytes, value, this.#cells.starts[n + 1] ?? 0, masked);
    if (outcome === CELL_OUTCOME.written) {
      this.#likely[n] = 1;
      this.#splicer.replace(n, masked.bytes, 0, masked.at);
    } else if (outcome === CELL_OUTCOME.nulled) this.#splicer.replaceByNull(n);
  }
}
