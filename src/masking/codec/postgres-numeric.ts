/** numeric on the wire (src/backend/utils/adt/numeric.c, numeric_send): digits in base 10,000. */
import { type DecimalValue, decimalFrom } from '../value.ts';

const NEGATIVE = 0x4000;
const GROUP_DIGITS = 4;
const FRACTION_DIGITS_MAX = 16_383;

export function decodeNumericBinary(source: Buffer, start: number, end: number): DecimalValue | null {
  if (end - start < 8) return null;
  const groups = source.readUInt16BE(start);
  const weight = source.readInt16BE(start + 2);
  const sign = source.readUInt16BE(start + 4);
  const scale = source.readUInt16BE(start + 6);
  if (end - start !== 8 + groups * 2 || (sign !== 0 && sign !== NEGATIVE)) return null;
  if (scale > FRACTION_DIGITS_MAX) return null;
  let integer = '';
  let fraction = '';
  for (let exponent = Math.max(weight, -1); exponent >= -Math.ceil(scale / GROUP_DIGITS); exponent--) {
    const index = weight - exponent;
    let group = 0;
    if (index >= 0 && index < groups) group = source.readUInt16BE(start + 8 + index * 2);
    if (group > 9999) return null;
    const digits = String(group).padStart(GROUP_DIGITS, '0');
    if (exponent >= 0) integer += digits;
    else fraction += digits;
  }
  return decimalFrom(sign === NEGATIVE, integer, fraction.slice(0, scale));
}

export function encodeNumericBinary(value: DecimalValue): Buffer {
  const integer = value.integer === '0' ? '' : value.integer;
  const left = integer.padStart(Math.ceil(integer.length / GROUP_DIGITS) * GROUP_DIGITS, '0');
  const right = value.fraction.padEnd(Math.ceil(value.fraction.length / GROUP_DIGITS) * GROUP_DIGITS, '0');
  const groups: number[] = [];
  for (let i = 0; i < left.length + right.length; i += GROUP_DIGITS) {
    groups.push(Number((left + right).slice(i, i + GROUP_DIGITS)));
  }
  let weight = left.length / GROUP_DIGITS - 1;
  // The server's own form has no zero groups at either end.
  const first = groups.findIndex((group) => group !== 0);
  const last = groups.findLastIndex((group) => group !== 0);
  const kept = first < 0 ? [] : groups.slice(first, last + 1);
  weight = first < 0 ? 0 : weight - first;
  const bytes = Buffer.alloc(8 + kept.length * 2);
  bytes.writeUInt16BE(kept.length, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(value.negative ? NEGATIVE : 0, 4);
  bytes.writeUInt16BE(value.fraction.length, 6);
  kept.forEach((group, i) => {
    bytes.writeUInt16BE(group, 8 + i * 2);
  });
  return bytes;
}
