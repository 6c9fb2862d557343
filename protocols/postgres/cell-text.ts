/**
 * A cell as text, for people who read a recording. Binary values of the commonest types are written as their text
 * format has them; all others are given as bytes (src/backend/utils/adt, the functions that end in `send`).
 */
import type { ResponseCell } from '../../src/core/responses.ts';

const BOOL = 16;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const OID = 26;
const FLOAT4 = 700;
const FLOAT8 = 701;
const UUID = 2950;
const JSONB = 3802;
const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
/** text, name, char, json, xml, unknown, bpchar, varchar. */
const TEXTS: ReadonlySet<number> = new Set([25, 19, 18, 114, 142, 705, 1042, 1043]);
/** 2000-01-01, from which dates and times are counted. */
const EPOCH_MS = 946_684_800_000;
const DAY_MS = 86_400_000;

export function cellOf(
  bytes: Buffer,
  start: number,
  end: number,
  binary: boolean,
  typeOid: number,
): ResponseCell {
  const value = bytes.subarray(start, end);
  if (!binary || TEXTS.has(typeOid)) return textOrHex(value);
  return binaryText(value, typeOid) ?? { hex: value.toString('hex') };
}

/** In an encoding other than UTF-8, what is not ASCII is given as bytes. */
function textOrHex(value: Buffer): ResponseCell {
  const text = value.toString('utf8');
  // What cannot be decoded is replaced; a value may also have that character itself.
  const isText = !text.includes('\u{fffd}') || Buffer.from(text).equals(value);
  return isText ? text : { hex: value.toString('hex') };
}

function binaryText(value: Buffer, typeOid: number): string | null {
  switch (typeOid) {
    case BOOL:
      return value.length === 1 ? (value[0] === 0 ? 'f' : 't') : null;
    case INT2:
      return value.length === 2 ? String(value.readInt16BE(0)) : null;
    case INT4:
      return value.length === 4 ? String(value.readInt32BE(0)) : null;
    case OID:
      return value.length === 4 ? String(value.readUInt32BE(0)) : null;
    case INT8:
      return value.length === 8 ? String(value.readBigInt64BE(0)) : null;
    case FLOAT4:
      return value.length === 4 ? String(Number(value.readFloatBE(0).toPrecision(9))) : null;
    case FLOAT8:
      return value.length === 8 ? String(value.readDoubleBE(0)) : null;
    case UUID:
      return value.length === 16
        ? value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
        : null;
    case JSONB:
      return value[0] === 1 ? value.toString('utf8', 1) : null;
    case DATE:
      return value.length === 4 ? isoOf(value.readInt32BE(0) * DAY_MS, 10) : null;
    case TIMESTAMP:
    case TIMESTAMPTZ:
      return value.length === 8 ? timestamp(value.readBigInt64BE(0), typeOid === TIMESTAMPTZ) : null;
    default:
      return null;
  }
}

function isoOf(sinceEpochMs: number, length: number): string | null {
  const date = new Date(EPOCH_MS + sinceEpochMs);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return null;
  return date.toISOString().slice(0, length).replace('T', ' ');
}

/** Microseconds since 2000 (`integer_datetimes`, the only format since PostgreSQL 10). */
function timestamp(us: bigint, hasZone: boolean): string | null {
  const seconds = us / 1_000_000n - (us % 1_000_000n < 0n ? 1n : 0n);
  const fraction = us - seconds * 1_000_000n;
  const text = isoOf(Number(seconds) * 1000, 19);
  if (text === null) return null;
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return `${text}${digits}${hasZone ? '+00' : ''}`;
}
