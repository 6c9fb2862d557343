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

const ESCAPE = /\\(?:u([0-9a-f]{4}(?:\\u[0-9a-f]{4})*)|(["\\/bfnrt]))/gi;
const PERCENT = /%([0-9a-f]{2}(?:%[0-9a-f]{2})*)/gi;
/** Base64 in lines. */
const WRAPPED = /([\w+/-]{40,})[ \t\r\n]{1,4}(?=[\w+/-])/g;
const LONG_RUN = /[\w+/-]{64,}/g;
const LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
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
    const found = new CanaryStream(this.#patterns).find(bytes, 0, bytes.length);
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
  let text: string | null = null;
  if (bytes.includes('\\')) {
    text = bytes.toString('latin1');
    for (let round = 0; round < ESCAPED_ROUNDS_MAX; round++) {
      const decoded: string = text.replaceAll(ESCAPE, unescaped);
      if (decoded === text) break;
      text = decoded;
      yield Buffer.from(text, 'latin1');
      if (!text.includes('\\')) break;
    }
  }
  if (bytes.includes('%') || text?.includes('%') === true) {
    text ??= bytes.toString('latin1');
    for (let round = 0; round < PERCENT_ROUNDS_MAX; round++) {
      const decoded: string = text.replaceAll(PERCENT, (escapes: string) => bytesOfHex(escapes, '%'));
      if (decoded === text) break;
      text = decoded;
      yield Buffer.from(text, 'latin1');
    }
  }
  text ??= bytes.toString('latin1');
  const joined = text.replaceAll(WRAPPED, '$1');
  if (joined !== text) yield Buffer.from(joined, 'latin1');
  if (depth >= DEPTH_MAX) return;
  const decoded = [...joined.matchAll(LONG_RUN)].flatMap(([run]) => [Buffer.from(run, 'base64'), BETWEEN]);
  if (decoded.length > 0) yield* spellingsOf(Buffer.concat(decoded), depth + 1);
}

/** Bytes as Latin-1, as the text is that it stands in. */
function unescaped(_whole: string, units: string | undefined, letter: string | undefined): string {
  if (units === undefined) return LETTERS[letter ?? ''] ?? letter ?? '';
  const codes = units.split(/\\u/i).map((unit) => Number.parseInt(unit, 16));
  return Buffer.from(String.fromCharCode(...codes)).toString('latin1');
}

function bytesOfHex(escapes: string, between: string): string {
  return Buffer.from(escapes.replaceAll(between, ''), 'hex').toString('latin1');
}
