/**
 * Rows with some of their cells replaced. What lies between two replaced cells is copied in one piece, also across
 * rows, so that rows which stay as they are cost next to nothing.
 */
import type { ByteSink } from '../../src/bytes/index.ts';
import type { CellMasks } from '../../src/core/masks.ts';
import { HEADER_BYTES, lengthAt, PACKET_PAYLOAD_MAX, writeHeader } from './packet.ts';
import { NULL_AT, NULL_BYTE, nullBit, type RowCells } from './row-cells.ts';

const NOTHING = Buffer.alloc(0);
/** Year, month, day, hour, minute, second and microseconds; of TIME with days and a sign. */
const TEMPORAL_BYTES_MAX = 12;

/** The numbers of the columns that have a mask. */
export function maskedColumns(cells: CellMasks): readonly number[] {
  return cells.flatMap((cell, n) => (cell === null ? [] : [n]));
}

/** Where the packet at `start` ends. */
export function packetEnd(bytes: Buffer, start: number): number {
  return start + HEADER_BYTES + lengthAt(bytes, start);
}

export class RowSplicer {
  /** Where the rows are written. */
  sink: ByteSink;
  readonly #cells: RowCells;
  #source: Buffer = NOTHING;
  /** Up to where the source has been copied. */
  #copied = 0;
  /** The row at hand, there and in the sink; below zero there: none of its cells has been replaced. */
  #row = 0;
  #rowAt = -1;
  /** Packets that rows have grown by, since they have got over the size of one. */
  #grown = 0;
  /** Where the value of the open cell begins in the sink, and what stood here before it was opened. */
  #value = 0;
  #before = { at: 0, copied: 0, rowAt: 0 };

  constructor(sink: ByteSink, cells: RowCells) {
    this.sink = sink;
    this.#cells = cells;
  }

  /** Rows of `source` from `start` on follow. */
  begin(source: Buffer, start: number): void {
    this.#source = source;
    this.#copied = start;
    this.#grown = 0;
  }

  /** The row whose packet begins at `start` comes next; its cells have been read. */
  row(start: number): void {
    this.#row = start;
    this.#rowAt = -1;
    if (this.#grown > 0) this.#gap(start + HEADER_BYTES, start + HEADER_BYTES);
  }

  /** Cell `n` becomes `bytes[from, to)`, or NULL where those cannot be a value of its type. */
  replace(n: number, bytes: Buffer, from: number, to: number): void {
    const cells = this.#cells;
    const width = cells.widths[n] ?? 0;
    const size = to - from;
    if (typeof width === 'number' ? size !== width : width === 'temporal' && size > TEMPORAL_BYTES_MAX) {
      this.replaceByNull(n);
      return;
    }
    this.#gap(cells.starts[n] ?? 0, cells.starts[n + 1] ?? 0);
    if (width === 'string') this.#length(size);
    else if (width === 'temporal') this.sink.u8(size);
    this.sink.copy(bytes, from, to);
    if (cells.binary && cells.values[n] === NULL_AT) this.#setNull(n, false);
  }

  /**
   * Cell `n`, a string that is not NULL, is written to the sink itself: what comes behind what that holds now is its
   * value. One of `closeString` and `dropString` follows.
   */
  openString(n: number): void {
    const { sink } = this;
    const cells = this.#cells;
    const before = this.#before;
    before.at = sink.at;
    before.copied = this.#copied;
    before.rowAt = this.#rowAt;
    this.#gap(cells.starts[n] ?? 0, cells.starts[n + 1] ?? 0);
    // Nearly every length takes one byte.
    sink.u8(0);
    this.#value = sink.at;
  }

  closeString(): void {
    const { sink } = this;
    const size = sink.at - this.#value;
    if (size < NULL_BYTE) {
      sink.bytes[this.#value - 1] = size;
      return;
    }
    const value = sink.taken(this.#value);
    sink.at = this.#value - 1;
    this.#length(size);
    sink.copy(value, 0, size);
  }

  /** The cell stays as it is; nothing has become of it. */
  dropString(): void {
    const { at, copied, rowAt } = this.#before;
    this.sink.at = at;
    this.#copied = copied;
    this.#rowAt = rowAt;
  }

  replaceByNull(n: number): void {
    const cells = this.#cells;
    if (cells.values[n] === NULL_AT) return;
    this.#gap(cells.starts[n] ?? 0, cells.starts[n + 1] ?? 0);
    if (cells.binary) this.#setNull(n, true);
    else this.sink.u8(NULL_BYTE);
  }

  #setNull(n: number, isNull: boolean): void {
    const { byte, mask } = nullBit(n);
    const at = this.#rowAt + HEADER_BYTES + 1 + byte;
    const before = this.sink.bytes[at] ?? 0;
    this.sink.bytes[at] = isNull ? before | mask : before & ~mask;
  }

  #length(size: number): void {
    const { sink } = this;
    if (size < NULL_BYTE) sink.u8(size);
    else if (size <= 0xffff) {
      sink.u8(0xfc);
      this.#bytesOf(size, 2);
    } else if (size <= 0xffffff) {
      sink.u8(0xfd);
      this.#bytesOf(size, 3);
    } else {
      sink.u8(0xfe);
      this.#bytesOf(size, 8);
    }
  }

  #bytesOf(value: number, count: number): void {
    let left = value;
    for (let n = 0; n < count; n++, left = Math.floor(left / 256)) this.sink.u8(left & 0xff);
  }

  #gap(at: number, next: number): void {
    if (this.#rowAt < 0) this.#rowAt = this.sink.at + this.#row - this.#copied;
    this.sink.copy(this.#source, this.#copied, at);
    this.#copied = next;
  }

  /**
   * The row at hand ends at `end`. What is behind its last replaced cell is copied with what the next row begins with:
   * a copy costs as much as masking a cell does (`node bench/micro/mysql-rows.ts`).
   */
  endRow(end: number): void {
    if (this.#rowAt < 0) return;
    const { sink } = this;
    const length = sink.at - this.#rowAt - HEADER_BYTES + end - this.#copied;
    const sequence = ((sink.bytes[this.#rowAt + 3] ?? 0) + this.#grown) & 0xff;
    if (length < PACKET_PAYLOAD_MAX) {
      writeHeader(sink.bytes, this.#rowAt, length, sequence);
      return;
    }
    sink.copy(this.#source, this.#copied, end);
    this.#copied = end;
    this.#divide(length, sequence);
  }

  /** The row at hand has got too large for one packet. */
  #divide(length: number, sequence: number): void {
    const { sink } = this;
    const payload = Buffer.from(sink.bytes.subarray(this.#rowAt + HEADER_BYTES, sink.at));
    sink.at = this.#rowAt;
    this.#grown += writePackets(sink, payload, length, sequence) - 1;
  }

  /** No more rows: what is left up to `end` is copied. False: no cell was replaced, and nothing is in the sink. */
  finish(start: number, end: number): boolean {
    const changed = this.#copied !== start;
    if (changed) this.sink.copy(this.#source, this.#copied, end);
    this.#source = NOTHING;
    return changed;
  }

  /** By how many packets there are more now, since `begin`. */
  get grown(): number {
    return this.#grown;
  }
}

/** Writes a payload in as many packets as it takes, and gives their number. */
export function writePackets(sink: ByteSink, payload: Buffer, length: number, sequence: number): number {
  let packets = 0;
  for (let from = 0; ; from += PACKET_PAYLOAD_MAX) {
    const size = Math.min(PACKET_PAYLOAD_MAX, length - from);
    sink.room(HEADER_BYTES + size);
    writeHeader(sink.bytes, sink.at, size, (sequence + packets) & 0xff);
    sink.at += HEADER_BYTES;
    sink.copy(payload, from, from + size);
    packets++;
    if (size < PACKET_PAYLOAD_MAX) return packets;
  }
}
