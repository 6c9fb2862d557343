/**
 * One pass over a statement's bytes, before the parser and on every cache miss. It finds the literals, writes
 * the statement without them (the skeleton, the key of the second cache level) and measures how deep and how
 * long its expressions are, so that what would cost the parser too much never reaches it.
 *
 * It reads as scan.l does with standard_conforming_strings on, which every session has (see reading.ts).
 * What it is not sure of stays in the skeleton: then two statements share no key, and nothing is wrong.
 * test/unit/sql/lexer.test.ts holds it against libpg-query's own scanner over the corpora.
 */
import { latin1 } from '../../bytes/latin1.ts';
import {
  CLASS,
  DIGIT,
  IDENT_PART,
  IDENT_START,
  NEWLINE,
  OPERATOR,
  OPERATOR_SPECIAL,
  SPACE,
} from './characters.ts';
import { Complexity } from './complexity.ts';

/** Skeletons of longer texts, or of texts with more literals, are not made: such statements are rarely repeated. */
export const SKELETON_BYTES_MAX = 8 * 1024;
export const LITERALS_MAX = 1024;

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOLLAR = 0x24;
const MINUS = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;
const DOT = 0x2e;

/** Bytes that stand for a literal in a skeleton. No token begins with them, so no statement's text can forge one. */
const MARK_INTEGER = 1;
const MARK_DECIMAL = 2;
const MARK_STRING = 3;
const MARK_ESCAPE_STRING = 4;
const MARK_DOLLAR_STRING = 5;

export class Lexer {
  /** Offsets from the statement's start; valid until the next `scan`. */
  readonly literalStart = new Int32Array(LITERALS_MAX);
  readonly literalEnd = new Int32Array(LITERALS_MAX);
  /** Where the minus sign directly before the literal is, or -1; libpg-query puts a negative constant there. */
  readonly literalSign = new Int32Array(LITERALS_MAX);
  literals = 0;
  /** False where the text is too long, has too many literals, or ends inside a quote or comment. */
  complete = false;

  readonly complexity = new Complexity();

  readonly #skeleton = Buffer.allocUnsafeSlow(SKELETON_BYTES_MAX + 16);
  #bytes: Buffer = Buffer.alloc(0);
  #origin = 0;
  #end = 0;
  #out = 0;
  #writing = false;

  /** The statement with its literals taken out; meaningful when `complete`, valid until the next `scan`. */
  skeleton(): string {
    return latin1(this.#skeleton, 0, this.#out);
  }

  scan(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#origin = start;
    this.#end = end;
    this.#out = 0;
    this.#writing = end - start <= SKELETON_BYTES_MAX;
    this.literals = 0;
    this.complete = this.#writing;
    this.complexity.reset();
    let at = start;
    let sign = -1;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      const kind = CLASS[byte] ?? 0;
      const signBefore = sign;
      sign = -1;
      if ((kind & IDENT_START) !== 0) at = this.#word(at);
      else if ((kind & SPACE) !== 0) {
        at = this.#copy(at, at + 1);
        sign = signBefore;
      } else if ((kind & DIGIT) !== 0) at = this.#number(at, signBefore);
      else if (byte === QUOTE)
        at = this.#literal(at, this.#stringEnd(at + 1, false), MARK_STRING, signBefore);
      else if (byte === DOUBLE_QUOTE) at = this.#copy(at, this.#quotedEnd(at + 1, DOUBLE_QUOTE));
      else if (byte === DOLLAR) at = this.#dollar(at);
      else if ((kind & OPERATOR) !== 0) {
        if (this.#startsComment(at)) {
          at = this.#comment(at);
          sign = signBefore;
        } else {
          const next = this.#operator(at);
          if (bytes[next - 1] === MINUS && this.#signStandsAlone(at, next)) sign = next - 1;
          at = this.#copy(at, next);
        }
      } else at = this.#punctuation(at, byte);
    }
  }

  #copy(from: number, to: number): number {
    if (!this.#writing) return to;
    const bytes = this.#bytes;
    const skeleton = this.#skeleton;
    let out = this.#out;
    for (let at = from; at < to; at++) skeleton[out++] = bytes[at] ?? 0;
    this.#out = out;
    return to;
  }

  #literal(from: number, to: number, mark: number, sign: number): number {
    if (!this.#writing) return to;
    const n = this.literals;
    if (n === LITERALS_MAX) {
      this.complete = false;
      this.#writing = false;
      return to;
    }
    this.literalStart[n] = from - this.#origin;
    this.literalEnd[n] = to - this.#origin;
    this.literalSign[n] = sign < 0 ? -1 : sign - this.#origin;
    this.literals = n + 1;
    this.#skeleton[this.#out++] = mark;
    return to;
  }

  #word(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let to = at + 1;
    while (to < end && ((CLASS[bytes[to] ?? 0] ?? 0) & IDENT_PART) !== 0) to++;
    const length = to - at;
    if (to < end && length <= 2) {
      const next = bytes[to];
      const first = (bytes[at] ?? 0) | 0x20;
      if (length === 1 && next === QUOTE) {
        // E'…' has escapes; N'…', B'…' and X'…' are kept whole, since their kind is part of the reading.
        if (first === 0x65) return this.#literal(at, this.#stringEnd(to + 1, true), MARK_ESCAPE_STRING, -1);
        if (first === 0x6e || first === 0x62 || first === 0x78) {
          return this.#copy(at, this.#stringEnd(to + 1, false));
        }
      }
      if (length === 1 && first === 0x75 && next === 0x26 && to + 1 < end) {
        const quote = bytes[to + 1];
        if (quote === QUOTE) return this.#copy(at, this.#stringEnd(to + 2, false));
        if (quote === DOUBLE_QUOTE) return this.#copy(at, this.#quotedEnd(to + 2, DOUBLE_QUOTE));
      }
    }
    this.complexity.word(bytes, at, length);
    return this.#copy(at, to);
  }

  /** Only digits, a fraction and an exponent are taken out; anything glued to them is read differently by version. */
  #number(at: number, sign: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let to = this.#digitsEnd(at);
    let mark = MARK_INTEGER;
    if (to < end && bytes[to] === DOT) {
      to++;
      mark = MARK_DECIMAL;
      if (to < end && bytes[to] === DOT) return this.#copy(at, to);
      to = this.#digitsEnd(to);
    }
    if (to < end && ((bytes[to] ?? 0) | 0x20) === 0x65) {
      let exponent = to + 1;
      if (bytes[exponent] === 0x2b || bytes[exponent] === MINUS) exponent++;
      if (exponent < end && ((CLASS[bytes[exponent] ?? 0] ?? 0) & DIGIT) !== 0) {
        to = this.#digitsEnd(exponent);
        mark = MARK_DECIMAL;
      }
    }
    const glued =
      (to < end && (((CLASS[bytes[to] ?? 0] ?? 0) & IDENT_PART) !== 0 || bytes[to] === DOT)) ||
      (at > this.#origin && bytes[at - 1] === DOT);
    if (!glued) return this.#literal(at, to, mark, sign);
    while (to < end && ((CLASS[bytes[to] ?? 0] ?? 0) & IDENT_PART) !== 0) to++;
    return this.#copy(at, to);
  }

  #digitsEnd(at: number): number {
    let to = at;
    while (to < this.#end && ((CLASS[this.#bytes[to] ?? 0] ?? 0) & DIGIT) !== 0) to++;
    return to;
  }

  /** The end of a string whose opening quote is before `at`, continuation lines included. */
  #stringEnd(at: number, escapes: boolean): number {
    let to = escapes ? this.#escapeStringEnd(at) : this.#quotedEnd(at, QUOTE);
    for (;;) {
      const next = this.#continuation(to);
      if (next < 0) return to;
      to = escapes ? this.#escapeStringEnd(next) : this.#quotedEnd(next, QUOTE);
    }
  }

  #quotedEnd(at: number, quote: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    for (let to = at; ; to++) {
      to = bytes.indexOf(quote, to);
      if (to < 0 || to >= end) return this.#unterminated();
      if (to + 1 >= end || bytes[to + 1] !== quote) return to + 1;
      to++;
    }
  }

  #escapeStringEnd(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let to = at;
    while (to < end) {
      const byte = bytes[to];
      if (byte === BACKSLASH) to += 2;
      else if (byte !== QUOTE) to++;
      else if (to + 1 < end && bytes[to + 1] === QUOTE) to += 2;
      else return to + 1;
    }
    return this.#unterminated();
  }

  /** After a closing quote: where the string goes on, which takes white space with a newline in it, else -1. */
  #continuation(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let newline = false;
    let to = at;
    while (to < end) {
      const byte = bytes[to] ?? 0;
      const kind = CLASS[byte] ?? 0;
      if ((kind & SPACE) !== 0) {
        newline ||= (kind & NEWLINE) !== 0;
        to++;
      } else if (byte === MINUS && to + 1 < end && bytes[to + 1] === MINUS) to = this.#lineEnd(to);
      else return byte === QUOTE && newline ? to + 1 : -1;
    }
    return -1;
  }

  #dollar(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let to = at + 1;
    if (to < end && ((CLASS[bytes[to] ?? 0] ?? 0) & DIGIT) !== 0) {
      while (to < end && ((CLASS[bytes[to] ?? 0] ?? 0) & IDENT_PART) !== 0) to++;
      return this.#copy(at, to);
    }
    while (to < end && bytes[to] !== DOLLAR && ((CLASS[bytes[to] ?? 0] ?? 0) & IDENT_PART) !== 0) to++;
    if (to >= end || bytes[to] !== DOLLAR) return this.#copy(at, at + 1);
    const delimiter = bytes.subarray(at, to + 1);
    const close = bytes.indexOf(delimiter, to + 1);
    if (close < 0 || close + delimiter.length > end) return this.#unterminated();
    return this.#literal(at, close + delimiter.length, MARK_DOLLAR_STRING, -1);
  }

  #startsComment(at: number): boolean {
    if (at + 1 >= this.#end) return false;
    const byte = this.#bytes[at];
    const next = this.#bytes[at + 1];
    return (byte === MINUS && next === MINUS) || (byte === SLASH && next === STAR);
  }

  #lineEnd(at: number): number {
    const bytes = this.#bytes;
    let to = at;
    while (to < this.#end && ((CLASS[bytes[to] ?? 0] ?? 0) & NEWLINE) === 0) to++;
    return to;
  }

  /** Comments leave a space in the skeleton: no fact depends on them, and tracing tools put a new id in each. */
  #comment(at: number): number {
    if (this.#writing) this.#skeleton[this.#out++] = 0x20;
    if (this.#bytes[at] === MINUS) return this.#lineEnd(at);
    const bytes = this.#bytes;
    const end = this.#end;
    let nested = 1;
    let to = at + 2;
    while (to + 1 < end) {
      const byte = bytes[to];
      const next = bytes[to + 1];
      if (byte === SLASH && next === STAR) {
        nested++;
        if (nested > this.complexity.commentDepth) this.complexity.commentDepth = nested;
        to += 2;
      } else if (byte === STAR && next === SLASH) {
        to += 2;
        if (--nested === 0) return to;
      } else to++;
    }
    return this.#unterminated();
  }

  /** The end of a run of operator characters, which a comment cuts short. Counts it into the chain. */
  #operator(at: number): number {
    const bytes = this.#bytes;
    let raw = at + 1;
    while (raw < this.#end && ((CLASS[bytes[raw] ?? 0] ?? 0) & OPERATOR) !== 0) raw++;
    if (raw - at > this.complexity.operatorBytes) this.complexity.operatorBytes = raw - at;
    let to = at + 1;
    while (to < raw && !this.#startsComment(to)) to++;
    this.complexity.link();
    return to;
  }

  /** Whether the run's last character, a minus, is a token of its own: scan.l gives back trailing signs. */
  #signStandsAlone(from: number, to: number): boolean {
    if (to - from === 1) return true;
    for (let at = from; at < to; at++)
      if (((CLASS[this.#bytes[at] ?? 0] ?? 0) & OPERATOR_SPECIAL) !== 0) return false;
    return true;
  }

  #punctuation(at: number, byte: number): number {
    switch (byte) {
      case 0x28: // (
      case 0x5b: // [
        this.complexity.open();
        break;
      case 0x29: // )
      case 0x5d: // ]
        this.complexity.close();
        break;
      case 0x2c: // ,
      case 0x3b: // ;
        this.complexity.separate();
        break;
      case 0x3a: // : of a cast
        this.complexity.link();
        break;
      default:
        break;
    }
    return this.#copy(at, at + 1);
  }

  #unterminated(): number {
    this.complete = false;
    this.#writing = false;
    return this.#end;
  }
}
