/** Scalar values of Postgres, in text (as the types' output functions print them) and binary (as their send functions do). */
import { baseOf, type CellFormat, type CellType } from '../cell-type.ts';
import { formatUuid, type Value } from '../value.ts';
import { decodeNumericText, encodeNumericText, fitsNumeric } from './decimal.ts';
import {
  decodeDateBinary,
  decodeDateText,
  decodeTimestampBinary,
  decodeTimestampText,
  encodeDate,
  encodeTimestamp,
} from './postgres-datetime.ts';
import { encodeLiteral } from './postgres-literals.ts';
import { decodeNumericBinary, encodeNumericBinary } from './postgres-numeric.ts';

/** Longer text than this is no value of a type that is decoded here, except numeric and bytea. */
const SHORT_BYTES_MAX = 128;

export function decodeScalar(
  source: Buffer,
  start: number,
  end: number,
  type: CellType,
  format: CellFormat,
): Value | null {
  return format === 'binary' ? decodeBinary(source, start, end, type) : decodeText(source, start, end, type);
}

function decodeText(source: Buffer, start: number, end: number, type: CellType): Value | null {
  const base = baseOf(type);
  if (base.kind === 'bytea') return byteaText(source, start, end);
  if (base.kind !== 'numeric' && end - start > SHORT_BYTES_MAX) return null;
  const text = source.latin1Slice(start, end);
  switch (base.kind) {
    case 'bool':
      return text === 't' || text === 'f' ? { kind: 'bool', value: text === 't' } : null;
    case 'int2':
    case 'int4':
    case 'int8':
      return /^-?\d{1,19}$/.test(text) ? { kind: 'integer', value: BigInt(text) } : null;
    case 'numeric':
      return decodeNumericText(text);
    case 'float4':
    case 'float8':
      return /^-?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/.test(text) ? { kind: 'float', value: Number(text) } : null;
    case 'date':
      return decodeDateText(text);
    case 'timestamp':
    case 'timestamptz':
      return decodeTimestampText(text);
    case 'uuid':
      return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text)
        ? { kind: 'uuid', bytes: Buffer.from(text.replaceAll('-', ''), 'hex') }
        : null;
    case 'time':
    case 'timetz':
    case 'interval':
    case 'inet':
    case 'cidr':
    case 'macaddr':
    case 'macaddr8':
      return { kind: 'literal', text };
    default:
      return null;
  }
}

function decodeBinary(source: Buffer, start: number, end: number, type: CellType): Value | null {
  const size = end - start;
  const base = baseOf(type);
  switch (base.kind) {
    case 'bool':
      return size === 1 ? { kind: 'bool', value: source[start] !== 0 } : null;
    case 'int2':
      return size === 2 ? { kind: 'integer', value: BigInt(source.readInt16BE(start)) } : null;
    case 'int4':
      return size === 4 ? { kind: 'integer', value: BigInt(source.readInt32BE(start)) } : null;
    case 'int8':
      return size === 8 ? { kind: 'integer', value: source.readBigInt64BE(start) } : null;
    case 'numeric':
      return decodeNumericBinary(source, start, end);
    case 'float4':
      return size === 4 ? finite(source.readFloatBE(start)) : null;
    case 'float8':
      return size === 8 ? finite(source.readDoubleBE(start)) : null;
    case 'date':
      return decodeDateBinary(source, start, end);
    case 'timestamp':
    case 'timestamptz':
      return decodeTimestampBinary(source, start, end);
    case 'uuid':
      return size === 16 ? { kind: 'uuid', bytes: Buffer.from(source.subarray(start, end)) } : null;
    case 'bytea':
      return { kind: 'bytes', bytes: Buffer.from(source.subarray(start, end)) };
    default:
      return null;
  }
}

function finite(value: number): Value | null {
  return Number.isFinite(value) ? { kind: 'float', value } : null;
}

/** `\x…`, or the older escape form of `bytea_output = escape`. */
function byteaText(source: Buffer, start: number, end: number): Value | null {
  if (source[start] === 0x5c && source[start + 1] === 0x78) {
    const bytes = Buffer.from(source.latin1Slice(start + 2, end), 'hex');
    return bytes.length * 2 === end - start - 2 ? { kind: 'bytes', bytes } : null;
  }
  const bytes: number[] = [];
  for (let i = start; i < end; i++) {
    const byte = source[i] ?? 0;
    if (byte !== 0x5c) bytes.push(byte);
    else if (source[i + 1] === 0x5c && i + 1 < end) {
      bytes.push(0x5c);
      i++;
    } else {
      const octal = source.latin1Slice(i + 1, Math.min(i + 4, end));
      if (!/^[0-3][0-7]{2}$/.test(octal)) return null;
      bytes.push(Number.parseInt(octal, 8));
      i += 3;
    }
  }
  return { kind: 'bytes', bytes: Buffer.from(bytes) };
}

const INTEGER_BITS = { int2: 16, int4: 32, int8: 64 } as const;

export function encodeScalar(value: Value, type: CellType, format: CellFormat): Buffer | null {
  const base = baseOf(type);
  const binary = format === 'binary';
  switch (base.kind) {
    case 'bool':
      if (value.kind !== 'bool') return null;
      return binary ? Buffer.from([value.value ? 1 : 0]) : ascii(value.value ? 't' : 'f');
    case 'int2':
    case 'int4':
    case 'int8':
      return value.kind === 'integer' ? encodeInteger(value.value, INTEGER_BITS[base.kind], binary) : null;
    case 'numeric':
      if (value.kind !== 'decimal' || !fitsNumeric(value, base.precision, base.scale)) return null;
      return binary ? encodeNumericBinary(value) : encodeNumericText(value);
    case 'float4':
    case 'float8':
      return value.kind === 'float' ? encodeFloat(value.value, base.kind === 'float4', binary) : null;
    case 'date':
      return value.kind === 'date' ? encodeDate(value.days, binary) : null;
    case 'timestamp':
    case 'timestamptz':
      if (value.kind !== 'timestamp') return null;
      return encodeTimestamp(value.micros, base.kind === 'timestamptz', binary);
    case 'uuid':
      if (value.kind !== 'uuid') return null;
      return binary ? value.bytes : ascii(formatUuid(value.bytes));
    case 'bytea':
      if (value.kind !== 'bytes') return null;
      return binary ? value.bytes : ascii(`\\x${value.bytes.toString('hex')}`);
    case 'time':
    case 'timetz':
    case 'interval':
    case 'inet':
    case 'cidr':
    case 'macaddr':
    case 'macaddr8': {
      // The text goes through the binary form as well, which checks it.
      const encoded = value.kind === 'literal' ? encodeLiteral(value.text, base.kind) : null;
      return value.kind !== 'literal' || encoded === null || binary ? encoded : ascii(value.text);
    }
    default:
      return null;
  }
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function encodeInteger(value: bigint, bits: 16 | 32 | 64, binary: boolean): Buffer | null {
  if (BigInt.asIntN(bits, value) !== value) return null;
  if (!binary) return ascii(value.toString());
  const bytes = Buffer.alloc(bits / 8);
  if (bits === 64) bytes.writeBigInt64BE(value);
  else bytes.writeIntBE(Number(value), 0, bits / 8);
  return bytes;
}

function encodeFloat(value: number, single: boolean, binary: boolean): Buffer | null {
  const held = single ? Math.fround(value) : value;
  if (!Number.isFinite(held)) return null;
  if (!binary) return ascii(String(Object.is(held, -0) ? 0 : held));
  const bytes = Buffer.alloc(single ? 4 : 8);
  if (single) bytes.writeFloatBE(held);
  else bytes.writeDoubleBE(held);
  return bytes;
}
