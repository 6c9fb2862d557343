/** Numbers by the servers' rules, among them names that begin with digits: `1a`, `0xg`, `1e+`. */
import { DOT, isDigit, LOWER_B, LOWER_E, LOWER_X, MINUS, NAME_PART, PLUS, ZERO } from './characters.ts';
import { digitsEnd, nameEnd } from './spans.ts';

export type NumberKind = 'integer' | 'decimal' | 'float' | 'hex' | 'bit' | 'name';

/** What the last call of `numberEnd` or `fractionEnd` found. */
export const read: { kind: NumberKind } = { kind: 'integer' };

const LONGEST = '18446744073709551615';

function peek(bytes: Buffer, at: number, end: number): number {
  return at < end ? (bytes[at] ?? 0) : 0;
}

/** `at` is a digit. -1: an exponent without digits. Sets `read.kind`; a `name` may go on behind a dot. */
export function numberEnd(bytes: Buffer, at: number, end: number, mariadb: boolean): number {
  if (bytes[at] === ZERO) {
    const prefix = peek(bytes, at + 1, end);
    if (prefix === LOWER_X || prefix === LOWER_B) return prefixedEnd(bytes, at, end, prefix);
  }
  const to = digitsEnd(bytes, at, end);
  const next = peek(bytes, to, end);
  if (NAME_PART[next] === 1) {
    if ((next | 0x20) === LOWER_E) {
      const sign = peek(bytes, to + 1, end);
      const digits = sign === PLUS || sign === MINUS ? to + 2 : to + 1;
      if (isDigit(peek(bytes, digits, end))) {
        read.kind = 'float';
        return digitsEnd(bytes, digits, end);
      }
    }
    read.kind = 'name';
    return nameEnd(bytes, to, end);
  }
  // To MariaDB `1..2` is a range, to MySQL it is `1.` and `.2`.
  if (next !== DOT || (mariadb && peek(bytes, to + 1, end) === DOT)) {
    read.kind = isLonger(bytes, at, to) ? 'decimal' : 'integer';
    return to;
  }
  return fractionEnd(bytes, to + 1, end);
}

/** `at` is behind the dot. */
export function fractionEnd(bytes: Buffer, at: number, end: number): number {
  const to = digitsEnd(bytes, at, end);
  read.kind = 'decimal';
  if ((peek(bytes, to, end) | 0x20) !== LOWER_E) return to;
  const sign = peek(bytes, to + 1, end);
  const digits = sign === PLUS || sign === MINUS ? to + 2 : to + 1;
  if (!isDigit(peek(bytes, digits, end))) return -1;
  read.kind = 'float';
  return digitsEnd(bytes, digits, end);
}

function prefixedEnd(bytes: Buffer, at: number, end: number, prefix: number): number {
  const hex = prefix === LOWER_X;
  const to = hex ? hexEnd(bytes, at + 2, end) : bitsEnd(bytes, at + 2, end);
  if (to > at + 2 && NAME_PART[peek(bytes, to, end)] === 0) {
    read.kind = hex ? 'hex' : 'bit';
    return to;
  }
  read.kind = 'name';
  return nameEnd(bytes, to, end);
}

export function hexEnd(bytes: Buffer, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at] ?? 0;
    const letter = byte | 0x20;
    if (!isDigit(byte) && (letter < 0x61 || letter > 0x66)) break;
    at++;
  }
  return at;
}

export function bitsEnd(bytes: Buffer, at: number, end: number): number {
  while (at < end && (bytes[at] === ZERO || bytes[at] === ZERO + 1)) at++;
  return at;
}

/** Whether an integer has no room in 64 bits, so that it is a DECIMAL to the servers. */
function isLonger(bytes: Buffer, at: number, to: number): boolean {
  if (to - at < LONGEST.length) return false;
  while (at < to && bytes[at] === ZERO) at++;
  if (to - at !== LONGEST.length) return to - at > LONGEST.length;
  return bytes.latin1Slice(at, to) > LONGEST;
}
