/** Where the cells of a row lie, in the text and in the binary protocol. */
import { MalformedBytes } from '../../src/bytes/index.ts';
import type { MysqlResultField } from '../../src/core/masks.ts';
import { type Width, widthOf } from './types.ts';

export const NULL_BYTE = 0xfb;
const SHORT_MAX = 0xfb;
/** Bit 0 and 1 of the NULL bitmap of a binary row stand for nothing. */
const BITMAP_OFFSET = 2;

export class RowCells {
  readonly binary: boolean;
  readonly count: number;
  /** Where each cell begins, its length included, and behind the last one the end of the row. */
  readonly starts: Int32Array;
  /** Where its value begins; NULL_AT for NULL. */
  readonly values: Int32Array;
  readonly widths: readonly Width[];

  /** Throws where a type is not known: where its cells end cannot be told. */
  constructor(fields: readonly MysqlResultField[]) {
    this.count = fields.length;
    this.binary = fields[0]?.binary ?? false;
    this.starts = new Int32Array(fields.length + 1);
    this.values = new Int32Array(fields.length);
    this.widths = fields.map(({ type }) => {
      const width = this.binary ? widthOf(type) : 'string';
      if (width === null) throw new MalformedBytes(`a column of type ${type}`);
      return width;
    });
  }

  /** The payload of a row, all of it. */
  read(bytes: Buffer, start: number, end: number): void {
    if (this.binary) this.#readBinary(bytes, start, end);
    else this.#readText(bytes, start, end);
  }

  #readText(bytes: Buffer, start: number, end: number): void {
    const { starts, values, count } = this;
    let at = start;
    for (let n = 0; n < count; n++) {
      if (at >= end) throw new MalformedBytes('a row with too few cells');
      starts[n] = at;
      if (bytes[at] === NULL_BYTE) {
        values[n] = NULL_AT;
        at++;
        continue;
      }
      at = this.#string(bytes, at, end, n);
    }
    if (at !== end) throw new MalformedBytes('cells that do not fill their row');
    starts[count] = end;
  }

  #readBinary(bytes: Buffer, start: number, end: number): void {
    const { starts, values, count, widths } = this;
    const bitmap = start + 1;
    let at = bitmap + bitmapBytes(count);
    if (bytes[start] !== 0 || at > end) throw new MalformedBytes('a row without its bitmap');
    for (let n = 0; n < count; n++) {
      starts[n] = at;
      const bit = n + BITMAP_OFFSET;
      const width = widths[n] ?? 0;
      if (((bytes[bitmap + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0) values[n] = NULL_AT;
      else if (width === 'string') at = this.#string(bytes, at, end, n);
      else if (width === 'temporal') {
        values[n] = at + 1;
        at += 1 + (bytes[at] ?? 0);
      } else {
        values[n] = at;
        at += width;
      }
      if (at > end) throw new MalformedBytes('a cell past the end of its row');
    }
    if (at !== end) throw new MalformedBytes('cells that do not fill their row');
    starts[count] = end;
  }

  /** A length-encoded string at `at`; gives where it ends. */
  #string(bytes: Buffer, at: number, end: number, n: number): number {
    const first = bytes[at] ?? 0;
    let value = at + 1;
    let length = first;
    if (first >= SHORT_MAX) {
      const size = first === 0xfc ? 2 : first === 0xfd ? 3 : first === 0xfe ? 8 : 0;
      value += size;
      if (size === 0 || value > end) throw new MalformedBytes('a cell without a length');
      length = size === 8 ? Number(bytes.readBigUInt64LE(at + 1)) : bytes.readUIntLE(at + 1, size);
    }
    if (length > end - value) throw new MalformedBytes('a cell past the end of its row');
    this.values[n] = value;
    return value + length;
  }
}

export const NULL_AT = -1;

export function bitmapBytes(columns: number): number {
  return (columns + 7 + BITMAP_OFFSET) >> 3;
}

/** Where in the bitmap, and which bit of it, says that a column is NULL. */
export function nullBit(column: number): { readonly byte: number; readonly mask: number } {
  const bit = column + BITMAP_OFFSET;
  return { byte: bit >> 3, mask: 1 << (bit & 7) };
}
