/**
 * Rewrites the rows of COPY … TO STDOUT, in text, CSV and binary
 * (https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9). The data is a stream of bytes: a row may
 * begin in one CopyData and end in another.
 */
import { ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import type { CopyFormat } from '../../src/core/facts.ts';
import { CELL_OUTCOME, type CellMask, type CellMasks, type CellOutcome } from '../../src/core/masks.ts';
import { escapeText, unescapeText } from './copy-escapes.ts';
import { frameSize, HEADER_BYTES } from './frame.ts';
import { BACKEND } from './messages.ts';

type ReadableFormat = Exclude<CopyFormat, { kind: 'unknown' }>;

const NEWLINE = 0x0a;
/** `PGCOPY\n\377\r\n\0`, flags, and the length of an extension. */
const BINARY_HEADER_BYTES = 19;
const BINARY_END = -1;

export class CopyMasker {
  readonly #format: ReadableFormat;
  readonly #cells: CellMasks;
  readonly #rowBytesMax: number;
  readonly #sink = new ByteSink(64 * 1024);
  readonly #cell = new ByteSink();
  readonly #delimiter: Buffer;
  readonly #nullText: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #headerLeft: boolean;

  /** `rowBytesMax`: a row is held whole, and one that is larger is not masked but refused. */
  constructor(format: ReadableFormat, cells: CellMasks, rowBytesMax: number) {
    this.#format = format;
    this.#cells = cells;
    this.#rowBytesMax = rowBytesMax;
    this.#delimiter = Buffer.from(format.kind === 'binary' ? '' : format.delimiter);
    this.#nullText = Buffer.from(format.kind === 'binary' ? '' : format.nullText);
    this.#headerLeft = format.kind === 'binary' || format.header;
  }

  /** Whether the last row has ended; asked when the data has. */
  get isComplete(): boolean {
    return this.#held.length === 0;
  }

  /** Whole CopyData messages, one behind the other. */
  rewriteFrames(bytes: Buffer, start: number, end: number): Buffer {
    const written: Buffer[] = [];
    for (let at = start; at < end; ) {
      const next = at + frameSize(bytes, at);
      written.push(this.rewrite(bytes, at + HEADER_BYTES, next));
      at = next;
    }
    return written.length === 1 && written[0] !== undefined ? written[0] : Buffer.concat(written);
  }

  /** The data of one CopyData; gives whole rows, each as a CopyData of its own. The result is the caller's. */
  rewrite(bytes: Buffer, start: number, end: number): Buffer {
    const data =
      this.#held.length === 0
        ? bytes.subarray(start, end)
        : Buffer.concat([this.#held, bytes.subarray(start, end)]);
    this.#sink.reset();
    let at = 0;
    for (let next = this.#rowEnd(data, at); next >= 0; next = this.#rowEnd(data, at)) {
      this.#frame(data, at, next);
      at = next;
      if (at === data.length) break;
    }
    if (data.length - at > this.#rowBytesMax) throw new MalformedBytes('a COPY row too large to be masked');
    this.#held = Buffer.from(data.subarray(at));
    return this.#sink.taken();
  }

  #frame(data: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    sink.u8(BACKEND.CopyData);
    const lengthAt = sink.at;
    sink.i32(0);
    if (this.#headerLeft) {
      this.#headerLeft = false;
      sink.copy(data, start, end);
    } else if (this.#format.kind === 'binary') this.#binaryRow(data, start, end);
    else this.#textRow(data, start, end - 1, this.#format);
    sink.bytes.writeInt32BE(sink.at - lengthAt, lengthAt);
  }

  /** Where the row that begins at `at` ends; -1 while that is not here. */
  #rowEnd(data: Buffer, at: number): number {
    switch (this.#format.kind) {
      case 'text': {
        // A newline in a value is written as \n.
        const newline = data.indexOf(NEWLINE, at);
        return newline < 0 ? -1 : newline + 1;
      }
      case 'csv':
        return this.#csvRowEnd(data, at, this.#format.quote.charCodeAt(0), this.#format.escape.charCodeAt(0));
      case 'binary':
        return this.#binaryRowEnd(data, at);
    }
  }

  #csvRowEnd(data: Buffer, at: number, quote: number, escapeWith: number): number {
    let quoted = false;
    for (let n = at; n < data.length; n++) {
      const byte = data[n];
      if (quoted && byte === escapeWith && escapeWith !== quote) n++;
      else if (byte === quote) quoted = !quoted;
      else if (byte === NEWLINE && !quoted) return n + 1;
    }
    return -1;
  }

  #binaryRowEnd(data: Buffer, at: number): number {
    if (this.#headerLeft) {
      if (data.length - at < BINARY_HEADER_BYTES) return -1;
      const size = BINARY_HEADER_BYTES + data.readInt32BE(at + BINARY_HEADER_BYTES - 4);
      return data.length - at < size ? -1 : at + size;
    }
    if (data.length - at < 2) return -1;
    const count = data.readInt16BE(at);
    let to = at + 2;
    for (let n = 0; n < count; n++) {
      if (data.length - to < 4) return -1;
      const length = data.readInt32BE(to);
      if (length < -1) throw new MalformedBytes('a COPY field of negative length');
      to += 4 + Math.max(length, 0);
    }
    return to > data.length ? -1 : to;
  }

  #binaryRow(data: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    const count = data.readInt16BE(start);
    if (count === BINARY_END) {
      sink.copy(data, start, end);
      return;
    }
    this.#expectColumns(count);
    sink.copy(data, start, start + 2);
    let at = start + 2;
    for (let n = 0; n < count; n++) {
      const length = data.readInt32BE(at);
      const next = at + 4 + Math.max(length, 0);
      const cell = this.#cells[n] ?? null;
      const lengthAt = sink.at;
      sink.i32(-1);
      const outcome = this.#binaryCell(data, at, next, length < 0, cell);
      if (outcome === CELL_OUTCOME.kept) {
        sink.at = lengthAt;
        sink.copy(data, at, next);
      } else if (outcome === CELL_OUTCOME.written) {
        sink.bytes.writeInt32BE(sink.at - lengthAt - 4, lengthAt);
      }
      at = next;
    }
  }

  #binaryCell(data: Buffer, at: number, next: number, isNull: boolean, cell: CellMask | null): CellOutcome {
    if (cell === null || (isNull && cell.ofNull === null)) return CELL_OUTCOME.kept;
    if (!isNull) return cell.mask(data, at + 4, next, this.#sink);
    if (cell.ofNull !== null) this.#sink.copy(cell.ofNull, 0, cell.ofNull.length);
    return CELL_OUTCOME.written;
  }

  #expectColumns(count: number): void {
    if (count !== this.#cells.length) throw new MalformedBytes(`a COPY row of ${count} columns`);
  }

  #textRow(
    data: Buffer,
    start: number,
    end: number,
    format: Exclude<ReadableFormat, { kind: 'binary' }>,
  ): void {
    const sink = this.#sink;
    let at = start;
    let n = 0;
    for (;;) {
      const next =
        format.kind === 'csv' ? this.#csvFieldEnd(data, at, end, format) : this.#fieldEnd(data, at, end);
      const cell = this.#cells[n] ?? null;
      const isNull = this.#isNull(data, at, next);
      if (cell === null || (isNull && cell.ofNull === null)) sink.copy(data, at, next);
      else if (isNull && cell.ofNull !== null) this.#textValue(cell.ofNull, format);
      else this.#textCell(data, at, next, cell, format);
      n++;
      if (next >= end) break;
      sink.copy(this.#delimiter, 0, this.#delimiter.length);
      at = next + this.#delimiter.length;
    }
    this.#expectColumns(n);
    sink.u8(NEWLINE);
  }

  #fieldEnd(data: Buffer, at: number, end: number): number {
    // The delimiter in a value is written with a backslash before it.
    for (let n = at; n < end; n++) {
      if (data[n] === 0x5c) n++;
      else if (data[n] === this.#delimiter[0]) return n;
    }
    return end;
  }

  #csvFieldEnd(data: Buffer, at: number, end: number, format: { quote: string; escape: string }): number {
    const quote = format.quote.charCodeAt(0);
    const escapeWith = format.escape.charCodeAt(0);
    let quoted = false;
    for (let n = at; n < end; n++) {
      if (quoted && data[n] === escapeWith && escapeWith !== quote) n++;
      else if (data[n] === quote) quoted = !quoted;
      else if (!quoted && data[n] === this.#delimiter[0]) return n;
    }
    return end;
  }

  #isNull(data: Buffer, at: number, end: number): boolean {
    return (
      end - at === this.#nullText.length &&
      data.compare(this.#nullText, 0, this.#nullText.length, at, end) === 0
    );
  }

  #textCell(
    data: Buffer,
    at: number,
    end: number,
    cell: CellMask,
    format: Exclude<ReadableFormat, { kind: 'binary' }>,
  ): void {
    const value = unescapeText(data.subarray(at, end), format);
    const masked = this.#cell;
    masked.reset();
    switch (cell.mask(value, 0, value.length, masked)) {
      case CELL_OUTCOME.kept:
        this.#sink.copy(data, at, end);
        return;
      case CELL_OUTCOME.nulled:
        this.#sink.copy(this.#nullText, 0, this.#nullText.length);
        return;
      case CELL_OUTCOME.written: {
        this.#textValue(masked.taken(), format);
      }
    }
  }

  #textValue(value: Buffer, format: Exclude<ReadableFormat, { kind: 'binary' }>): void {
    const written = escapeText(value, format);
    this.#sink.copy(written, 0, written.length);
  }
}
