/**
 * Canaries in texts that are encoded, as answers of requests are: escapes of JSON, also of JSON within JSON, percent-encoding
 * (RFC 3986, 2.1), Base64 (RFC 4648, 4 and 5) and hexadecimal. What is escaped is decoded; of Base64 and hexadecimal the
 * encoded values themselves are looked for, wherever in a text they begin, and long runs are decoded as well.
 */

import { CanaryPatterns, CanaryStream } from './canaries.ts';

/** A shorter piece of Base64 would be found in any longer one sooner or later. */
const PIECE_CHARACTERS_MIN = 8;
/** Of all values and their encoded forms: each byte of them takes a KiB of the automaton. */
const PATTERN_BYTES_MAX = 65_536;
/** JSON inside of a string of JSON, and so on; the same of percent-encoding. */
const ESCAPED_ROUNDS_MAX = 8;
const PERCENT_ROUNDS_MAX = 5;
/** Base64 within Base64. */
const DEPTH_MAX = 3;

const PERCENT = /%([0-9a-f]{2}(?:%[0-9a-f]{2})*)/gi;
/** Lines of Base64 have 64 or 76 characters. */
const LINE_MIN = 40;
const BLANKS_MAX = 4;
/** Shorter runs are words most of the time, and the pieces above are found in them. */
const DECODED_MIN = 64;
/** Up to so many patterns the platform's own search is faster than the automaton. */
const SEARCHED_MAX = 64;
const BACKSLASH = 0x5c;
const LETTERS: ReadonlyMap<number, number> = new Map(
  ['b\b', 'f\f', 'n\n', 'r\r', 't\t', '""', '\\\\', '//'].map((pair) => [
    pair.charCodeAt(0),
    pair.charCodeAt(1),
  ]),
);
/** Of either alphabet. */
const BASE64 = new Uint8Array(256);
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_')
  BASE64[letter.charCodeAt(0)] = 1;
/** In no UTF-8, so in no canary. */
const BETWEEN = Buffer.from([0xff]);

/** What is looked for, made once for all that is looked through. */
export class SpelledCanaries {
  readonly #patterns: CanaryPatterns;
  /** Of each pattern the number of its value. */
  readonly #values: readonly number[];

  constructor(values: readonly string[]) {
    const numbers = new Map<string, number>();
    let bytes = 0;
    const add = (text: string, number: number) => {
      if (numbers.has(text)) return;
      numbers.set(text, number);
      bytes += Buffer.byteLength(text);
    };
    for (const [n, value] of values.entries()) add(value, n);
    for (const [n, value] of values.entries()) {
      if (bytes > PATTERN_BYTES_MAX) break;
      for (const piece of encodedPieces(value)) add(piece, n);
    }
    this.#patterns = new CanaryPatterns([...numbers.keys()]);
    this.#values = [...numbers.values()];
  }

  /** The number of a value that is in the bytes; -1: none is. */
  find(bytes: Buffer): number {
    const { patterns } = this.#patterns;
    const found =
      patterns.length <= SEARCHED_MAX
        ? patterns.findIndex((pattern) => bytes.includes(pattern))
        : new CanaryStream(this.#patterns).find(bytes, 0, bytes.length);
    return found === -1 ? -1 : (this.#values[found] ?? -1);
  }
}

function encodedPieces(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  const pieces = [hex, hex.toUpperCase()];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url');
    // Characters that depend on what stands beside the value are left out: each has six bits.
    const piece = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (piece.length < PIECE_CHARACTERS_MIN) continue;
    pieces.push(piece, piece.replaceAll('-', '+').replaceAll('_', '/'));
  }
  return pieces;
}

/** The bytes, and what they are without each way of encoding. Nothing is yielded twice for what is not encoded. */
export function* spellingsOf(bytes: Buffer, depth = 0): Generator<Buffer> {
  yield bytes;
  let plain = bytes;
  for (let round = 0; round < ESCAPED_ROUNDS_MAX && plain.includes(BACKSLASH); round++) {
    const decoded = withoutEscapes(plain);
    if (decoded.length === plain.length) break;
    plain = decoded;
    yield plain;
  }
  for (let round = 0; round < PERCENT_ROUNDS_MAX && plain.includes('%'); round++) {
    const text = plain.toString('latin1');
    const decoded = text.replaceAll(PERCENT, (escapes: string) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('latin1'),
    );
    if (decoded === text) break;
    plain = Buffer.from(decoded, 'latin1');
    yield plain;
  }
  const held: Buffer[] = [];
  for (const { start, end, isWrapped } of runsOf(plain)) {
    const text = plain.toString('latin1', start, end).replaceAll(/[ \t\r\n]/g, '');
    if (isWrapped) yield Buffer.from(text, 'latin1');
    if (depth < DEPTH_MAX) held.push(Buffer.from(text, 'base64'), BETWEEN);
  }
  if (held.length > 0) yield* spellingsOf(Buffer.concat(held), depth + 1);
}

/** JSON's escapes (RFC 8259, 7), wherever they stand; as many bytes where there are none. */
function withoutEscapes(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let to = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== BACKSLASH) {
      out[to++] = byte;
      continue;
    }
    const letter = LETTERS.get(bytes[at + 1] ?? 0);
    if (letter !== undefined) {
      out[to++] = letter;
      at++;
      continue;
    }
    const unit = unitAt(bytes, at);
    if (unit === -1) {
      out[to++] = byte;
      continue;
    }
    at += 5;
    const next = unit >= 0xd800 && unit < 0xdc00 ? unitAt(bytes, at + 1) : -1;
    const isPair = next >= 0xdc00 && next < 0xe000;
    if (isPair) at += 6;
    to += out.write(isPair ? String.fromCharCode(unit, next) : String.fromCharCode(unit), to);
  }
  return out.subarray(0, to);
}

/** Of `\uXXXX` at a place; -1: it is none. */
function unitAt(bytes: Buffer, at: number): number {
  if (bytes[at] !== BACKSLASH || ((bytes[at + 1] ?? 0) | 0x20) !== 0x75) return -1;
  const digits = bytes.toString('latin1', at + 2, at + 6);
  return /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
}

interface Run {
  readonly start: number;
  readonly end: number;
  /** It goes over several lines. */
  readonly isWrapped: boolean;
}

/** Long runs of Base64's characters, each with the lines that follow it. */
function* runsOf(bytes: Buffer): Generator<Run> {
  for (let at = 0; at < bytes.length; at++) {
    if (BASE64[bytes[at] ?? 0] === 0) continue;
    const start = at;
    let lineStart = at;
    let end = at;
    for (;;) {
      while (BASE64[bytes[at] ?? 0] === 1) at++;
      end = at;
      const next = end - lineStart < LINE_MIN ? at : afterBlanks(bytes, at);
      if (next === at) break;
      lineStart = at = next;
    }
    if (end - start >= DECODED_MIN) yield { start, end, isWrapped: lineStart > start };
  }
}

/** Where the next line begins; the same place: what follows is no line of Base64. */
function afterBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (at - from <= BLANKS_MAX && /[ \t\r\n]/.test(String.fromCharCode(bytes[at] ?? 0))) at++;
  return at - from <= BLANKS_MAX && BASE64[bytes[at] ?? 0] === 1 ? at : from;
}
