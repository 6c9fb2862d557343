/** The smallest parts of JSON (RFC 8259), read by their bytes and strictly. Nothing here looks behind `end`. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const U = 0x75;
/** By byte: what may stand behind a backslash. */
const ESCAPES = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrtu')) ESCAPES[byte] = 1;
/** By byte: what stands for itself in a string. */
const PLAIN = new Uint8Array(256).fill(1, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

export const BROKEN = 0;

/** The position behind the blanks that begin at `at`. */
export function skipBlank(source: Buffer, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = source[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return at;
}

/**
 * Where the string ends whose inside begins at `start`: the position of its closing quote; that position's complement
 * (`~`) if there is an escape in it; BROKEN if it is no string.
 */
export function scanString(source: Buffer, start: number, end: number): number {
  let escaped = false;
  for (let i = start; i < end; i++) {
    const byte = source[i] ?? 0;
    if (PLAIN[byte] === 1) continue;
    if (byte === QUOTE) return escaped ? ~i : i;
    if (byte !== BACKSLASH) return BROKEN;
    escaped = true;
    const kind = source[++i] ?? 0;
    if (i >= end || ESCAPES[kind] !== 1) return BROKEN;
    if (kind !== U) continue;
    if (i + 4 >= end || hexUnit(source, i + 1) < 0) return BROKEN;
    i += 4;
  }
  return BROKEN;
}

/** Four hexadecimal digits as a number; -1 where they are none. */
export function hexUnit(source: Buffer, at: number): number {
  let unit = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = source[i] ?? 0;
    const low = byte | 0x20;
    if (byte >= ZERO && byte <= 0x39) unit = unit * 16 + byte - ZERO;
    else if (low >= 0x61 && low <= 0x66) unit = unit * 16 + low - 0x61 + 10;
    else return -1;
  }
  return unit;
}

/** The position behind the number that begins at `at`; BROKEN if there is none. */
export function scanNumber(source: Buffer, at: number, end: number): number {
  if (source[at] === MINUS) at++;
  const whole = digits(source, at, end);
  if (whole === at || (source[at] === ZERO && whole > at + 1)) return BROKEN;
  at = whole;
  if (at < end && source[at] === 0x2e) {
    const fraction = digits(source, at + 1, end);
    if (fraction === at + 1) return BROKEN;
    at = fraction;
  }
  if (at < end && ((source[at] ?? 0) | 0x20) === 0x65) {
    const sign = source[at + 1];
    const from = sign === MINUS || sign === 0x2b ? at + 2 : at + 1;
    const exponent = digits(source, from, end);
    if (exponent === from) return BROKEN;
    at = exponent;
  }
  return at;
}

function digits(source: Buffer, at: number, end: number): number {
  while (at < end && (source[at] ?? 0) >= ZERO && (source[at] ?? 0) <= 0x39) at++;
  return at;
}

const WORDS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')] as const;

/** The position behind true, false or null; BROKEN if none of them begins at `at`. */
export function scanWord(source: Buffer, at: number, end: number): number {
  for (const word of WORDS) {
    const stop = at + word.length;
    if (stop <= end && source.compare(word, 0, word.length, at, stop) === 0) return stop;
  }
  return BROKEN;
}
