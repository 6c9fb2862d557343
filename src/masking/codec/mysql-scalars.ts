/**
 * Values of MySQL that are no text and no JSON. In the text protocol each is printed, except bits and bytes, which are
 * themselves; in the binary one, numbers and times have forms of their own, least byte first, and decimals are printed.
 */
import { baseOf, type CellFormat, type CellType, fitsInteger, type IntegerSize } from '../cell-type.ts';
import type { Value } from '../value.ts';
import { decodeNumericText, encodeNumericText, fitsNumeric } from './decimal.ts';
import {
  decodeDateBinary,
  decodeDateText,
  decodeTimeBinary,
  decodeTimestampBinary,
  decodeTimestampText,
  decodeTimeText,
  encodeDate,
  encodeTime,
  encodeTimestamp,
} from './mysql-datetime.ts';

/** Longer text than this is no number or time: decimals have 65 digits at most, doubles print with up to 320. */
const SHORT_BYTES_MAX = 512;
const YEAR_MIN = 1901n;
const YEAR_MAX = 2155n;

export function decodeMysql(
  source: Buffer,
  start: number,
  end: number,
  type: CellType,
  format: CellFormat,
): Value | null {
  const base = baseOf(type);
  if (base.kind === 'bytes') return { kind: 'bytes', bytes: Buffer.from(source.subarray(start, end)) };
  if (end - start > SHORT_BYTES_MAX) return null;
  switch (base.kind) {
    case 'bits':
      return decodeBits(source, start, end, base.bits);
    case 'numeric':
      return decodeNumericText(source.latin1Slice(start, end));
    default:
      return format === 'binary'
        ? decodeBinary(source, start, end, base)
        : decodeText(source.latin1Slice(start, end), base);
  }
}

function decodeText(text: string, base: CellType): Value | null {
  switch (base.kind) {
    case 'integer':
      return /^-?\d{1,20}$/.test(text) ? { kind: 'integer', value: BigInt(text) } : null;
    case 'year':
      return /^\d{4}$/.test(text) ? { kind: 'integer', value: BigInt(text) } : null;
    case 'float4':
    case 'float8':
      return /^-?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/.test(text) ? { kind: 'float', value: Number(text) } : null;
    case 'date':
      return decodeDateText(text);
    case 'timestamp':
      return decodeTimestampText(text);
    case 'time':
      return decodeTimeText(text);
    default:
      return null;
  }
}

function decodeBinary(source: Buffer, start: number, end: number, base: CellType): Value | null {
  const size = end - start;
  switch (base.kind) {
    case 'integer':
      return size === wireBytes(base.bits) ? readInteger(source, start, base) : null;
    case 'year':
      return size === 2 ? { kind: 'integer', value: BigInt(source.readUInt16LE(start)) } : null;
    case 'float4':
      return size === 4 ? finite(source.readFloatLE(start)) : null;
    case 'float8':
      return size === 8 ? finite(source.readDoubleLE(start)) : null;
    case 'date':
      return decodeDateBinary(source, start, end);
    case 'timestamp':
      return decodeTimestampBinary(source, start, end);
    case 'time':
      return decodeTimeBinary(source, start, end);
    default:
      return null;
  }
}

/** MEDIUMINT travels in four bytes, as INT does. */
function wireBytes(bits: number): number {
  return bits === 24 ? 4 : bits / 8;
}

function readInteger(source: Buffer, start: number, { bits, signed }: IntegerSize): Value {
  if (bits === 64) {
    const value = signed ? source.readBigInt64LE(start) : source.readBigUInt64LE(start);
    return { kind: 'integer', value };
  }
  const bytes = wireBytes(bits);
  const value = signed ? source.readIntLE(start, bytes) : source.readUIntLE(start, bytes);
  return { kind: 'integer', value: BigInt(value) };
}

function finite(value: number): Value | null {
  return Number.isFinite(value) ? { kind: 'float', value } : null;
}

/** BIT(n) has its bytes with the highest first, in both protocols. */
function decodeBits(source: Buffer, start: number, end: number, bits: number): Value | null {
  if (end - start !== Math.ceil(bits / 8) || end === start) return null;
  return { kind: 'integer', value: BigInt(`0x${source.toString('hex', start, end)}`) };
}

export function encodeMysql(value: Value, type: CellType, format: CellFormat): Buffer | null {
  const base = baseOf(type);
  const binary = format === 'binary';
  switch (base.kind) {
    case 'integer':
      return value.kind === 'integer' ? encodeInteger(value.value, base, binary) : null;
    case 'year':
      return value.kind === 'integer' ? encodeYear(value.value, binary) : null;
    case 'bits':
      return value.kind === 'integer' ? encodeBits(value.value, base.bits) : null;
    case 'numeric':
      if (value.kind !== 'decimal' || !fitsNumeric(value, base.precision, base.scale)) return null;
      return encodeNumericText(value);
    case 'float4':
    case 'float8':
      return value.kind === 'float' ? encodeFloat(value.value, base.kind === 'float4', binary) : null;
    case 'date':
      return value.kind === 'date' ? encodeDate(value.days, binary) : null;
    case 'timestamp':
      return value.kind === 'timestamp' ? encodeTimestamp(value.micros, binary) : null;
    case 'time':
      return value.kind === 'literal' ? encodeTime(value.text, binary) : null;
    case 'bytes':
      return value.kind === 'bytes' && value.bytes.length <= base.bytesMax ? value.bytes : null;
    default:
      return null;
  }
}

function encodeInteger(value: bigint, size: IntegerSize, binary: boolean): Buffer | null {
  if (!fitsInteger(value, size)) return null;
  if (!binary) return ascii(value.toString());
  const bytes = Buffer.alloc(wireBytes(size.bits));
  if (size.bits === 64) bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  else if (size.signed) bytes.writeIntLE(Number(value), 0, bytes.length);
  else bytes.writeUIntLE(Number(value), 0, bytes.length);
  return bytes;
}

function encodeYear(year: bigint, binary: boolean): Buffer | null {
  if (year !== 0n && (year < YEAR_MIN || year > YEAR_MAX)) return null;
  if (!binary) return ascii(year.toString().padStart(4, '0'));
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(Number(year));
  return bytes;
}

function encodeBits(value: bigint, bits: number): Buffer | null {
  if (!fitsInteger(value, { bits, signed: false })) return null;
  return Buffer.from(value.toString(16).padStart(Math.ceil(bits / 8) * 2, '0'), 'hex');
}

function encodeFloat(value: number, single: boolean, binary: boolean): Buffer | null {
  const held = single ? Math.fround(value) : value;
  if (!Number.isFinite(held)) return null;
  if (!binary) return ascii(String(Object.is(held, -0) ? 0 : held));
  const bytes = Buffer.alloc(single ? 4 : 8);
  if (single) bytes.writeFloatLE(held);
  else bytes.writeDoubleLE(held);
  return bytes;
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
