/**
 * One pass over a statement's bytes, before the parser and on every cache miss. It finds the literals, writes
 * the statement without them (the skeleton, the key of the second cache level) and measures how deep and how
 * long its expressions are, so that what would cost the parser too much never reaches it.
 *
 * It reads as scan.l does with standard_conforming_strings on, which every session has (see reading.ts).
 * What it is not sure of stays in the skeleton: then two statements share no key, and nothing is wrong.
 * test/unit/sql/lexer-scanner.test.ts holds it against libpg-query's own scanner over the corpora.
 */
import { latin1 } from '../../bytes/latin1.ts';
import { CLASS, DIGIT, IDENT_PART, IDENT_START, OPERATOR, SPACE } from './characters.ts';
import { Complexity } from './complexity.ts';
import {
  digitsEnd,
  lineEnd,
  MINUS,
  QUOTE,
  quotedEnd,
  SLASH,
  STAR,
  signStandsAlone,
  startsComment,
  stringEnd,
} from './spans.ts';

/** Skeletons of longer texts, or of texts with more literals, are not made: such statements are rarely repeated. */
export const SKELETON_BYTES_MAX = 8 * 1024;
export const LITERALS_MAX = 1024;

const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const DOT = 0x2e;
const UNDERSCORE = 0x5f;

/** How far a run of operator characters is measured at once: a text of comments and pluses is one run for each. */
const OPERATOR_TRACKED_MAX = 1024;

/** Bytes that stand for a literal in a skeleton. UTF-8 never has them, so no statement's text can forge one. */
const MARK_INTEGER = 0xf8;
const MARK_DECIMAL = 0xf9;
const MARK_STRING = 0xfa;
const MARK_ESCAPE_STRING = 0xfb;
const MARK_DOLLAR_STRING = 0xfc;

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
        at = this.#literal(at, this.#closed(stringEnd(bytes, at + 1, end, false)), MARK_STRING, signBefore);
      else if (byte === DOUBLE_QUOTE)
        at = this.#copy(at, this.#closed(quotedEnd(bytes, at + 1, end, DOUBLE_QUOTE)));
      else if (byte === DOLLAR) at = this.#dollar(at);
      else if ((kind & OPERATOR) !== 0) {
        if (startsComment(bytes, at, end)) {
          at = this.#comment(at);
          sign = signBefore;
        } else {
          const next = this.#operator(at);
          if (bytes[next - 1] === MINUS && signStandsAlone(bytes, at, next)) sign = next - 1;
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
        if (first === 0x65)
          return this.#literal(at, this.#closed(stringEnd(bytes, to + 1, end, true)), MARK_ESCAPE_STRING, -1);
        if (first === 0x6e || first === 0x62 || first === 0x78) {
          return this.#copy(at, this.#closed(stringEnd(bytes, to + 1, end, false)));
        }
      }
      if (length === 1 && first === 0x75 && next === 0x26 && to + 1 < end) {
        const quote = bytes[to + 1];
        if (quote === QUOTE) return this.#copy(at, this.#closed(stringEnd(bytes, to + 2, end, false)));
        if (quote === DOUBLE_QUOTE)
          return this.#copy(at, this.#closed(quotedEnd(bytes, to + 2, end, DOUBLE_QUOTE)));
      }
    }
    this.complexity.word(bytes, at, length);
    return this.#copy(at, to);
  }

  /**
   * Only digits, a fraction and an exponent are taken out. What is glued to them is a word to servers before 15,
   * part of the number or an error to later ones; such a number stays.
   */
  #number(at: number, sign: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let to = digitsEnd(bytes, at, end);
    let mark = MARK_INTEGER;
    const isFraction = at > this.#origin && bytes[at - 1] === DOT;
    if (!isFraction && to < end && bytes[to] === DOT) {
      to++;
      mark = MARK_DECIMAL;
      if (to < end && bytes[to] === DOT) return this.#copy(at, to);
      to = digitsEnd(bytes, to, end);
    }
    if (to < end && ((bytes[to] ?? 0) | 0x20) === 0x65) {
      let exponent = to + 1;
      if (bytes[exponent] === 0x2b || bytes[exponent] === MINUS) exponent++;
      if (exponent < end && ((CLASS[bytes[exponent] ?? 0] ?? 0) & DIGIT) !== 0) {
        to = digitsEnd(bytes, exponent, end);
        mark = MARK_DECIMAL;
      }
    }
    const glued =
      (to < end && (((CLASS[bytes[to] ?? 0] ?? 0) & IDENT_PART) !== 0 || bytes[to] === DOT)) || isFraction;
    if (!glued) return this.#literal(at, to, mark, sign);
    return this.#copy(at, bytes[to] === UNDERSCORE ? this.#groupedEnd(to) : to);
  }

  /** The end of `1_000` or `1_000E+2` from its first underscore: one number since 16, of which nothing is taken out. */
  #groupedEnd(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let to = at;
    while (to < end && (bytes[to] === UNDERSCORE || ((CLASS[bytes[to] ?? 0] ?? 0) & DIGIT) !== 0)) to++;
    const signed =
      to + 2 < end &&
      ((bytes[to] ?? 0) | 0x20) === 0x65 &&
      (bytes[to + 1] === 0x2b || bytes[to + 1] === MINUS);
    return signed ? digitsEnd(bytes, to + 2, end) : to;
  }

  #dollar(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let to = at + 1;
    if (to < end && ((CLASS[bytes[to] ?? 0] ?? 0) & DIGIT) !== 0) {
      return this.#copy(at, digitsEnd(bytes, to, end));
    }
    while (to < end && bytes[to] !== DOLLAR && ((CLASS[bytes[to] ?? 0] ?? 0) & IDENT_PART) !== 0) to++;
    if (to >= end || bytes[to] !== DOLLAR) return this.#copy(at, at + 1);
    const delimiter = bytes.subarray(at, to + 1);
    const close = bytes.indexOf(delimiter, to + 1);
    if (close < 0 || close + delimiter.length > end) return this.#unterminated();
    return this.#literal(at, close + delimiter.length, MARK_DOLLAR_STRING, -1);
  }

  /** Comments leave a space in the skeleton: no fact depends on them, and tracing tools put a new id in each. */
  #comment(at: number): number {
    if (this.#writing) this.#skeleton[this.#out++] = 0x20;
    if (this.#bytes[at] === MINUS) return lineEnd(this.#bytes, at, this.#end);
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
    const measured = Math.min(this.#end, at + OPERATOR_TRACKED_MAX);
    let raw = at + 1;
    while (raw < measured && ((CLASS[bytes[raw] ?? 0] ?? 0) & OPERATOR) !== 0) raw++;
    if (raw - at > this.complexity.operatorBytes) this.complexity.operatorBytes = raw - at;
    let to = at + 1;
    while (to < raw && !startsComment(bytes, to, this.#end)) to++;
    this.complexity.link();
    return to;
  }

  #punctuation(at: number, byte: number): number {
    switch (byte) {
      case 0x5b: // [, and one of another subscript's behind it
        this.complexity.link();
        this.complexity.open();
        break;
      case 0x28: // (
        this.complexity.open();
        break;
      case 0x29: // )
      case 0x5d: // ]
        this.complexity.close();
        break;
      case 0x3b: // ;
        this.complexity.statements++;
        this.complexity.separate();
        break;
      case 0x2c: // ,
        this.complexity.separate();
        break;
      case 0x3a: // : of a cast
        this.complexity.link();
        break;
      default:
        // No statement that the server accepts has such a byte here; one could pass for the mark of a literal.
        if (byte < 0x20 || byte >= MARK_INTEGER) this.complete = false;
        break;
    }
    return this.#copy(at, at + 1);
  }

  /** `to`, or the end of the text where `to` says that it ends inside the token. */
  #closed(to: number): number {
    return to < 0 ? this.#unterminated() : to;
  }

  #unterminated(): number {
    this.complete = false;
    this.#writing = false;
    return this.#end;
  }
}
