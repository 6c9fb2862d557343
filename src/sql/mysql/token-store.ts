/** The tokens of one text in arrays that the next text uses again; strings are made when asked for. */
import { latin1 } from '../../bytes/latin1.ts';
import { BACKTICK, DOUBLE_QUOTE, isSpace, OPEN, QUOTE } from './characters.ts';
import { unescaped } from './escapes.ts';
import { type LexerMode, TOKEN_KINDS, type TokenKind, type Tokens } from './token.ts';
import { upperWord, writtenName } from './words.ts';

const FIRST_CAPACITY = 4096;
/** Arrays that a larger text has needed are given up behind it. */
const KEPT_CAPACITY = 64 * 1024;

export const WORD = TOKEN_KINDS.indexOf('word');
export const NAME = TOKEN_KINDS.indexOf('name');
export const STRING = TOKEN_KINDS.indexOf('string');
export const INTRODUCER = TOKEN_KINDS.indexOf('introducer');
export const VARIABLE = TOKEN_KINDS.indexOf('variable');
export const OPERATOR = TOKEN_KINDS.indexOf('operator');
export const INTEGER = TOKEN_KINDS.indexOf('integer');
export const DECIMAL = TOKEN_KINDS.indexOf('decimal');
export const FLOAT = TOKEN_KINDS.indexOf('float');
export const HEX = TOKEN_KINDS.indexOf('hex');
export const BIT = TOKEN_KINDS.indexOf('bit');
export const PARAMETER = TOKEN_KINDS.indexOf('parameter');
export const SYSTEM = TOKEN_KINDS.indexOf('system');
const END = TOKEN_KINDS.indexOf('end');

/** The bytes between the quotes are not the value. */
export const ESCAPED = 1;
/** In an executable comment. */
export const OPENED = 2;
/** `\N`, which is NULL. */
export const NULL_MARK = 4;
/** n'…' */
export const NATIONAL = 8;

const NOTHING = Buffer.alloc(0);
const MARKS: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

interface HintSpan {
  readonly token: number;
  readonly start: number;
  readonly end: number;
}

export class TokenStore implements Tokens {
  count = 0;
  protected bytes: Buffer = NOTHING;
  protected origin = 0;
  protected limit = 0;
  protected backslash = true;
  protected ansi = false;
  #ignoreSpace = false;
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #flags = new Uint8Array(FIRST_CAPACITY);
  #starts = new Int32Array(FIRST_CAPACITY);
  #ends = new Int32Array(FIRST_CAPACITY);
  #hints: HintSpan[] = [];

  protected begin(bytes: Buffer, start: number, end: number, mode: LexerMode): void {
    this.bytes = bytes;
    this.origin = start;
    this.limit = end;
    this.count = 0;
    this.backslash = !mode.sqlMode.has('NO_BACKSLASH_ESCAPES');
    this.#ignoreSpace = mode.sqlMode.has('IGNORE_SPACE');
    if (this.#hints.length > 0) this.#hints = [];
    if (this.#kinds.length > KEPT_CAPACITY && end - start < KEPT_CAPACITY) this.#resize(FIRST_CAPACITY);
  }

  /** Offsets are those of the buffer. */
  protected push(kind: number, start: number, end: number, flags: number): void {
    const n = this.count;
    if (n === this.#kinds.length) this.#resize(n * 2);
    this.#kinds[n] = kind;
    this.#flags[n] = flags;
    this.#starts[n] = start;
    this.#ends[n] = end;
    this.count = n + 1;
  }

  protected pushHint(start: number, end: number): void {
    this.#hints.push({ token: this.count - 1, start, end });
  }

  /** Of the token pushed last; END where there is none. */
  protected get lastKind(): number {
    return this.count === 0 ? END : (this.#kinds[this.count - 1] ?? END);
  }

  protected get lastStart(): number {
    return this.#starts[this.count - 1] ?? 0;
  }

  protected get lastEnd(): number {
    return this.#ends[this.count - 1] ?? 0;
  }

  #resize(capacity: number): void {
    const kept = this.count;
    const kinds = new Uint8Array(capacity);
    const flags = new Uint8Array(capacity);
    const starts = new Int32Array(capacity);
    const ends = new Int32Array(capacity);
    kinds.set(this.#kinds.subarray(0, kept));
    flags.set(this.#flags.subarray(0, kept));
    starts.set(this.#starts.subarray(0, kept));
    ends.set(this.#ends.subarray(0, kept));
    this.#kinds = kinds;
    this.#flags = flags;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** The kind as a number: its place in TOKEN_KINDS. */
  kindCode(n: number): number {
    return n < this.count ? (this.#kinds[n] ?? END) : END;
  }

  kind(n: number): TokenKind {
    return TOKEN_KINDS[this.kindCode(n)] ?? 'end';
  }

  word(n: number): string {
    if (this.kindCode(n) !== WORD) return '';
    if (((this.#flags[n] ?? 0) & NULL_MARK) !== 0) return 'NULL';
    return upperWord(this.bytes, this.#starts[n] ?? 0, this.#ends[n] ?? 0);
  }

  text(n: number): string {
    const start = this.#starts[n] ?? 0;
    const end = this.#ends[n] ?? 0;
    switch (this.kindCode(n)) {
      case END:
        return '';
      case STRING:
        return this.#quoted(n, ((this.#flags[n] ?? 0) & NATIONAL) === 0 ? start : start + 1, end);
      case VARIABLE:
        return this.#quoted(n, start + 1, end);
      case NAME:
        return this.#quoted(n, start, end);
      case WORD:
        return writtenName(this.bytes, start, end);
      case OPERATOR:
        // Most are of one byte, and the parser asks for each of them several times.
        return end - start === 1 ? (MARKS[this.bytes[start] ?? 0] ?? '') : latin1(this.bytes, start, end);
      default:
        return latin1(this.bytes, start, end);
    }
  }

  /** The value of what may stand in quotes. */
  #quoted(n: number, start: number, end: number): string {
    const quote = this.bytes[start];
    if (start === end || (quote !== BACKTICK && quote !== QUOTE && quote !== DOUBLE_QUOTE)) {
      return this.bytes.utf8Slice(start, end);
    }
    if (((this.#flags[n] ?? 0) & ESCAPED) === 0) return this.bytes.utf8Slice(start + 1, end - 1);
    return unescaped(this.bytes, start + 1, end - 1, quote, this.backslash && !this.#isName(n, quote));
  }

  /** Whether a backslash is an ordinary character in it. */
  #isName(n: number, quote: number): boolean {
    const kind = this.kindCode(n);
    return (
      kind === NAME || (kind === VARIABLE && (quote === BACKTICK || (quote === DOUBLE_QUOTE && this.ansi)))
    );
  }

  start(n: number): number {
    return (n < this.count ? (this.#starts[n] ?? 0) : this.limit) - this.origin;
  }

  end(n: number): number {
    return (n < this.count ? (this.#ends[n] ?? 0) : this.limit) - this.origin;
  }

  spaced(n: number): boolean {
    const before = n === 0 ? 0 : this.end(n - 1);
    return this.start(n) > before;
  }

  calls(n: number): boolean {
    if (n + 1 >= this.count) return false;
    const to = this.#starts[n + 1] ?? 0;
    if (this.bytes[to] !== OPEN || this.kindCode(n + 1) !== OPERATOR) return false;
    let at = this.#ends[n] ?? 0;
    if (this.#ignoreSpace) while (at < to && isSpace(this.bytes[at])) at++;
    return at === to;
  }

  opened(n: number): boolean {
    return n < this.count && ((this.#flags[n] ?? 0) & OPENED) !== 0;
  }

  /** A string as n'…'. */
  isNational(n: number): boolean {
    return n < this.count && ((this.#flags[n] ?? 0) & NATIONAL) !== 0;
  }

  source(start: number, end: number): string {
    return this.bytes.utf8Slice(this.origin + start, this.origin + end);
  }

  hint(n: number): string | null {
    for (const hint of this.#hints) {
      if (hint.token === n) return this.bytes.utf8Slice(hint.start, hint.end);
    }
    return null;
  }
}
