/**
 * A cell as text, for people who read a recording: values of the binary protocol are written as the text protocol has
 * them (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html).
 */
import type { MysqlResultField } from '../../src/core/masks.ts';
import type { ResponseCell } from '../../src/core/responses.ts';
import { TYPE } from './types.ts';

const UNSIGNED = 0x20;

/** In an encoding other than UTF-8, and in a BLOB, what is not text is given as bytes. */
export function textCell(value: Buffer): ResponseCell {
  const text = value.toString('utf8');
  // What cannot be decoded is replaced; a value may also have that character itself.
  const isText = !text.includes('\u{fffd}') || Buffer.from(text).equals(value);
  return isText ? text : { hex: value.toString('hex') };
}

export function binaryCell(value: Buffer, { type, flags, decimals }: MysqlResultField): ResponseCell {
  const unsigned = (flags & UNSIGNED) !== 0;
  switch (type) {
    case TYPE.Tiny:
      return String(unsigned ? value.readUInt8(0) : value.readInt8(0));
    case TYPE.Short:
    case TYPE.Year:
      return String(unsigned ? value.readUInt16LE(0) : value.readInt16LE(0));
    case TYPE.Long:
    case TYPE.Int24:
      return String(unsigned ? value.readUInt32LE(0) : value.readInt32LE(0));
    case TYPE.LongLong:
      return String(unsigned ? value.readBigUInt64LE(0) : value.readBigInt64LE(0));
    case TYPE.Float:
      return String(Number(value.readFloatLE(0).toPrecision(7)));
    case TYPE.Double:
      return String(value.readDoubleLE(0));
    case TYPE.Date:
    case TYPE.NewDate:
      return dateText(value);
    case TYPE.DateTime:
    case TYPE.Timestamp:
    case TYPE.DateTime2:
    case TYPE.Timestamp2: {
      const clock = value.length < 7 ? '00:00:00' : clockText(value[4] ?? 0, value, 5);
      return `${dateText(value)} ${clock}${fraction(value, 7, decimals)}`;
    }
    case TYPE.Time:
    case TYPE.Time2: {
      if (value.length < 8) return `00:00:00${fraction(value, 8, decimals)}`;
      const hours = value.readUInt32LE(1) * 24 + (value[5] ?? 0);
      return `${value[0] === 1 ? '-' : ''}${clockText(hours, value, 6)}${fraction(value, 8, decimals)}`;
    }
    default:
      return textCell(value);
  }
}

function dateText(value: Buffer): string {
  if (value.length < 4) return '0000-00-00';
  const year = String(value.readUInt16LE(0)).padStart(4, '0');
  return `${year}-${two(value[2] ?? 0)}-${two(value[3] ?? 0)}`;
}

function clockText(hours: number, value: Buffer, at: number): string {
  return `${two(hours)}:${two(value[at] ?? 0)}:${two(value[at + 1] ?? 0)}`;
}

/** Microseconds at `at`, with as many digits as the column has; a server leaves them out where they are 0. */
function fraction(value: Buffer, at: number, decimals: number): string {
  const digits = decimals > 6 ? 0 : decimals;
  const us = value.length >= at + 4 ? value.readUInt32LE(at) : 0;
  return digits === 0 ? '' : `.${String(us).padStart(6, '0').slice(0, digits)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
