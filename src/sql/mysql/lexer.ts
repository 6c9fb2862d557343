/**
 * One pass over a text, as the servers' own lexers read it (lex_one_token in sql_lex.cc of each): what the parser
 * reads, and what the cache key is made of. Every byte belongs to a token, a comment or the space between them.
 * What the two servers, two of their versions or two modes may read in two ways is refused, with what to write instead.
 *
 * It reads for a utf8mb4 client, which every session is.
 */
import type { ScannedLiterals } from '../facts-cache.ts';
import * as c from './characters.ts';
import { readComment } from './executable-comments.ts';
import { introducerKind } from './introducers.ts';
import { NameLexer } from './lexer-names.ts';
import { bitsEnd, hexEnd } from './numbers.ts';
import { operatorBytes } from './operators.ts';
import { Skeleton } from './skeleton.ts';
import { commentEnd, endsInQuote, found, lineEnd, spaceEnd, startsLineComment, stringEnd } from './spans.ts';
import { strayBytes } from './stray-bytes.ts';
import type { LexerMode } from './token.ts';
import {
  BIT,
  ESCAPED,
  HEX,
  INTRODUCER,
  NAME,
  NATIONAL,
  NULL_MARK,
  OPENED,
  OPERATOR,
  PARAMETER,
  STRING,
  WORD,
} from './token-store.ts';
import { upperWord } from './words.ts';

/** `at`: the byte of the text where reading stopped. `reason` says what stands there and what to write instead. */
export type ScanResult =
  | { readonly outcome: 'ok' }
  | { readonly outcome: 'unreadable'; readonly reason: string; readonly at: number };

const OK: ScanResult = { outcome: 'ok' };

/** Words behind which MySQL reads optimizer hints. */
const HINTABLE: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REPLACE']);
/** From here on MariaDB reads them too. */
const MARIADB_HINTS = 120_000;

const PLAIN_MODE: LexerMode = { flavour: 'mysql', version: 0, sqlMode: new Set() };

/** Its tokens are valid until the next `scan`, and only as long as the scanned bytes are. */
export class Lexer extends NameLexer implements ScannedLiterals {
  readonly #skeleton = new Skeleton();
  #skeletonMade = false;
  #mode: LexerMode = PLAIN_MODE;
  #hints = false;

  /** Reads `bytes[start, end)`. Offsets of tokens count from `start`. */
  scan(bytes: Buffer, start: number, end: number, mode: LexerMode): ScanResult {
    this.begin(bytes, start, end, mode);
    this.#mode = mode;
    this.mariadb = mode.flavour === 'mariadb';
    this.#hints = !this.mariadb || mode.version >= MARIADB_HINTS;
    this.ansi = mode.sqlMode.has('ANSI_QUOTES');
    this.openedFlag = 0;
    this.reason = null;
    this.#skeletonMade = false;
    if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf && start + 3 <= end) {
      this.refuse(start, 'a byte order mark begins the text: leave it out');
    } else this.#scanAll(start);
    if (this.reason === null && this.openedFlag !== 0) {
      this.refuse(end, 'an executable comment has no end: close it with */');
    }
    if (this.reason === null) {
      const at = strayBytes(this, bytes, start, end);
      if (at >= 0) this.refuse(at, "bytes are not UTF-8: write them as x'…' or behind _binary");
    }
    if (this.reason === null) return OK;
    this.count = 0;
    return { outcome: 'unreadable', reason: this.reason, at: this.reasonAt - start };
  }

  get literals(): number {
    return this.#made().literals;
  }

  get complete(): boolean {
    return this.#made().complete;
  }

  get literalStart(): Int32Array {
    return this.#made().literalStart;
  }

  get literalEnd(): Int32Array {
    return this.#made().literalEnd;
  }

  get literalSign(): Int32Array {
    return this.#made().literalSign;
  }

  skeleton(): string {
    return this.#made().skeleton();
  }

  /** Made when it is first asked for: texts within texts need none. */
  #made(): Skeleton {
    if (!this.#skeletonMade) this.#skeleton.make(this, this.bytes, this.origin, this.limit);
    this.#skeletonMade = true;
    return this.#skeleton;
  }

  #scanAll(at: number): void {
    const bytes = this.bytes;
    const end = this.limit;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      switch (c.STATE[byte]) {
        case c.STATE_SPACE:
          at++;
          break;
        case c.STATE_WORD:
          at = this.#word(at, byte);
          break;
        case c.STATE_DIGIT:
          at = this.number(at);
          break;
        case c.STATE_STRING:
          at = this.#string(at, at, byte, 0);
          break;
        case c.STATE_MARK:
          this.push(OPERATOR, at, at + 1, this.openedFlag);
          at++;
          break;
        case c.STATE_DOUBLE_QUOTE:
          at = this.ansi ? this.quotedName(at, at, byte, NAME) : this.#string(at, at, byte, 0);
          break;
        case c.STATE_BACKTICK:
          at = this.quotedName(at, at, byte, NAME);
          break;
        default:
          at = this.#rare(at, byte);
          break;
      }
    }
  }

  #rare(at: number, byte: number): number {
    switch (c.STATE[byte]) {
      case c.STATE_OPERATOR:
        return this.#comparison(at);
      case c.STATE_DOT:
        return this.dot(at);
      case c.STATE_AT:
        return this.variable(at);
      case c.STATE_HASH:
        return this.#line(at);
      case c.STATE_MINUS:
        if (startsLineComment(this.bytes, at, this.limit)) return this.#line(at);
        if (!this.mariadb && this.peek(at + 1) === c.GREATER) {
          return this.operator(at, this.peek(at + 2) === c.GREATER ? 3 : 2);
        }
        return this.operator(at, 1);
      case c.STATE_SLASH:
        return this.peek(at + 1) === c.STAR ? this.#comment(at) : this.operator(at, 1);
      case c.STATE_STAR:
        if (this.openedFlag === 0 || this.peek(at + 1) !== c.SLASH) return this.operator(at, 1);
        this.openedFlag = 0;
        return at + 2;
      case c.STATE_BACKSLASH:
        if (!this.mariadb || this.peek(at + 1) !== c.UPPER_N) {
          return this.refuse(at, 'a backslash stands outside of quotes');
        }
        this.push(WORD, at, at + 2, NULL_MARK | this.openedFlag);
        return at + 2;
      case c.STATE_PARAMETER:
        if (c.NAME_PART[this.peek(at + 1)] === 1) {
          return this.refuse(at, 'a parameter touches a name: put a space between them');
        }
        this.push(PARAMETER, at, at + 1, this.openedFlag);
        return at + 1;
      default:
        // mysqlslap sends the byte that ends its strings with the text, which ends there anyway.
        if (byte === 0 && at + 1 === this.limit) return this.limit;
        if (byte === 0) return this.refuse(at, 'a NUL byte stands outside of strings');
        return this.refuse(at, `the character ${printed(byte)} means nothing here`);
    }
  }

  #comparison(at: number): number {
    const length = operatorBytes(this.bytes, at, this.limit, this.mariadb);
    if (length > 0) return this.operator(at, length);
    return this.refuse(at, 'operators stand together that MySQL reads as one: put a space between them');
  }

  #word(at: number, first: number): number {
    const bytes = this.bytes;
    if (this.peek(at + 1) === c.QUOTE) {
      const lower = first | 0x20;
      if (lower === c.LOWER_N) return this.#string(at, at + 1, c.QUOTE, NATIONAL);
      if (lower === c.LOWER_X) return this.#quotedDigits(at, hexEnd(bytes, at + 2, this.limit), HEX);
      if (lower === c.LOWER_B) return this.#quotedDigits(at, bitsEnd(bytes, at + 2, this.limit), BIT);
    }
    const to = this.nameEnd(at);
    if (to < 0) return this.limit;
    const dotted = this.goesOn(to);
    let kind = dotted ? NAME : WORD;
    if (first === c.UNDERSCORE && introducerKind(bytes.latin1Slice(at + 1, to).toLowerCase()) !== undefined) {
      kind = INTRODUCER;
    }
    if (first === c.DOLLAR && !this.mariadb && bytes.subarray(at + 1, to).includes(c.DOLLAR)) {
      return this.refuse(at, 'MySQL reads $…$ as a quote: put the name in backticks');
    }
    this.push(kind, at, to, this.openedFlag);
    return dotted ? this.dotted(to) : to;
  }

  #quotedDigits(at: number, to: number, kind: number): number {
    if (this.peek(to) !== c.QUOTE || (kind === HEX && (to - at) % 2 !== 0)) {
      const what = kind === HEX ? 'an even number of hexadecimal digits' : 'zeros and ones';
      return this.refuse(at, `between the quotes must stand ${what}`);
    }
    this.push(kind, at, to + 1, this.openedFlag);
    return to + 1;
  }

  /** `open`: the opening quote. */
  #string(at: number, open: number, quote: number, flags: number): number {
    const to = stringEnd(this.bytes, open + 1, this.limit, quote, this.backslash);
    if (to < 0 || to > this.limit) return this.refuse(at, 'a string has no end: close its quote');
    const escaped = found.escapes ? ESCAPED : 0;
    if (this.lastKind === INTRODUCER && !this.#introduced(open + 1, to - 1)) return this.limit;
    this.push(STRING, at, to, flags | escaped | this.openedFlag);
    return to;
  }

  /** Whether a string of another character set has one reading. */
  #introduced(from: number, to: number): boolean {
    const name = this.bytes.latin1Slice(this.lastStart, this.lastEnd);
    const kind = introducerKind(name.slice(1).toLowerCase());
    if (kind === 'single') return true;
    let plain = kind === 'multibyte';
    for (let at = from; plain && at < to; at++) {
      const byte = this.bytes[at] ?? 0;
      if (byte >= 0x80 || byte === c.BACKSLASH) plain = false;
    }
    if (!plain) {
      this.refuse(from, `a string behind ${name} can be read in two ways: write it as x'…', or in utf8mb4`);
    }
    return plain;
  }

  #line(at: number): number {
    const to = lineEnd(this.bytes, at, this.limit);
    return to < 0 ? this.refuse(at, 'a comment holds a NUL byte') : to;
  }

  #comment(at: number): number {
    const bytes = this.bytes;
    const reading = readComment(bytes, at + 2, this.limit, this.#mode);
    switch (reading.is) {
      case 'open':
        this.openedFlag = OPENED;
        return reading.at;
      case 'unclear':
        return this.refuse(at, reading.reason);
      default: {
        const to = commentEnd(bytes, at + 2, this.limit, reading.is === 'skipped');
        if (to < 0) return this.refuse(at, 'a comment has no end: close it with */');
        return this.#isHint(at) ? this.#hint(at, to) : to;
      }
    }
  }

  #isHint(at: number): boolean {
    if (!this.#hints || this.peek(at + 2) !== c.PLUS || this.lastKind !== WORD) return false;
    if (spaceEnd(this.bytes, this.lastEnd, at) !== at) return false;
    return HINTABLE.has(upperWord(this.bytes, this.lastStart, this.lastEnd));
  }

  /** Hints have quotes and words of their own; a mark of a comment in them is read differently. */
  #hint(at: number, to: number): number {
    if (endsInQuote(this.bytes, at + 3, to - 2) || this.bytes.subarray(at + 3, to).includes('/*')) {
      return this.refuse(at, 'an optimizer hint holds the mark of a comment: leave it out');
    }
    this.pushHint(at + 3, to - 2);
    return to;
  }
}

function printed(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `0x${byte.toString(16).padStart(2, '0')}`;
}
