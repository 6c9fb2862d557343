/** The part of the lexer that reads names, numbers, variables and dots. */
import * as c from './characters.ts';
import { fractionEnd, numberEnd, read } from './numbers.ts';
import { found, nameEnd, quotedNameEnd, stringEnd } from './spans.ts';
import {
  BIT,
  DECIMAL,
  ESCAPED,
  FLOAT,
  HEX,
  INTEGER,
  NAME,
  OPERATOR,
  SYSTEM,
  TokenStore,
  VARIABLE,
  WORD,
} from './token-store.ts';

const NUMBER_KINDS = { integer: INTEGER, decimal: DECIMAL, float: FLOAT, hex: HEX, bit: BIT, name: NAME };

export class NameLexer extends TokenStore {
  protected mariadb = false;
  /** OPENED while in an executable comment, else 0. */
  protected openedFlag = 0;
  /** What is wrong and where; reading has stopped there. */
  protected reason: string | null = null;
  protected reasonAt = 0;

  /** Past the end there is nothing, as in the servers' buffers. */
  protected peek(at: number): number {
    return at < this.limit ? (this.bytes[at] ?? 0) : 0;
  }

  protected refuse(at: number, reason: string): number {
    this.reason = `${reason} (byte ${at - this.origin + 1} of the text)`;
    this.reasonAt = at;
    return this.limit;
  }

  protected operator(at: number, length: number): number {
    this.push(OPERATOR, at, at + length, this.openedFlag);
    return at + length;
  }

  /** -1, and a reason, where a character beyond U+FFFF is in it. */
  protected nameEnd(at: number): number {
    const to = nameEnd(this.bytes, at, this.limit);
    return this.fits(at, to) ? to : -1;
  }

  /** The servers put a question mark for characters of four bytes in names, so that they name something else. */
  protected fits(at: number, to: number): boolean {
    for (let byte = at; byte < to; byte++) {
      const first = this.bytes[byte] ?? 0;
      // Bytes above these are no UTF-8, which is found when all has been read.
      if (first >= c.FOUR_BYTES && first <= c.FOUR_BYTES_LAST) {
        this.refuse(byte, 'a name has a character beyond U+FFFF, for which servers put a question mark');
        return false;
      }
    }
    return true;
  }

  /** Whether a dot and a name follow directly: then what stands before and behind it are names, keywords or not. */
  protected goesOn(at: number): boolean {
    return this.peek(at) === c.DOT && c.NAME_PART[this.peek(at + 1)] === 1;
  }

  /** `at` is a dot with a name behind it. */
  protected dotted(at: number): number {
    for (;;) {
      this.push(OPERATOR, at, at + 1, this.openedFlag);
      const to = this.nameEnd(at + 1);
      if (to < 0) return this.limit;
      this.push(NAME, at + 1, to, this.openedFlag);
      if (!this.goesOn(to)) return to;
      at = to;
    }
  }

  protected dot(at: number): number {
    const next = this.peek(at + 1);
    if (c.isDigit(next)) return this.numberDone(at, fractionEnd(this.bytes, at + 1, this.limit));
    if (c.NAME_PART[next] === 1) return this.dotted(at);
    return this.operator(at, this.mariadb && next === c.DOT ? 2 : 1);
  }

  protected number(at: number): number {
    return this.numberDone(at, numberEnd(this.bytes, at, this.limit, this.mariadb));
  }

  protected numberDone(at: number, to: number): number {
    if (to < 0) return this.refuse(at, 'a number has an exponent without digits');
    if (read.kind === 'name' && !this.fits(at, to)) return this.limit;
    this.push(NUMBER_KINDS[read.kind], at, to, this.openedFlag);
    return read.kind === 'name' && this.goesOn(to) ? this.dotted(to) : to;
  }

  protected quotedName(at: number, open: number, quote: number, kind: number): number {
    const to = quotedNameEnd(this.bytes, open + 1, this.limit, quote);
    if (to < 0) {
      const what = to === -2 ? 'a quoted name holds a NUL byte' : 'a quoted name has no end: close its quote';
      return this.refuse(at, what);
    }
    const escaped = found.escapes ? ESCAPED : 0;
    if (!this.fits(open, to)) return this.limit;
    this.push(kind, at, to, escaped | this.openedFlag);
    return to;
  }

  protected variable(at: number): number {
    const next = this.peek(at + 1);
    if (next === c.AT) return this.system(at);
    if (next === c.BACKTICK || (next === c.DOUBLE_QUOTE && this.ansi)) {
      return this.quotedName(at, at + 1, next, VARIABLE);
    }
    if (next === c.QUOTE || next === c.DOUBLE_QUOTE) {
      const to = stringEnd(this.bytes, at + 2, this.limit, next, this.backslash);
      if (to < 0 || to > this.limit) return this.refuse(at, 'a string has no end: close its quote');
      const escaped = found.escapes ? ESCAPED : 0;
      if (!this.fits(at, to)) return this.limit;
      this.push(VARIABLE, at, to, escaped | this.openedFlag);
      return to;
    }
    // There may be none: `u@` is an account of no host.
    let to = at + 1;
    while (c.NAME_PART[this.peek(to)] === 1 || this.peek(to) === c.DOT) to++;
    if (!this.fits(at, to)) return this.limit;
    this.push(VARIABLE, at, to, this.openedFlag);
    return to;
  }

  /** `@@` and its first word, which may be GLOBAL, SESSION or LOCAL even with a dot behind it. */
  protected system(at: number): number {
    const to = this.nameEnd(at + 2);
    if (to < 0) return this.limit;
    if (to === at + 2 && this.peek(to) !== c.BACKTICK) {
      return this.refuse(at, 'two at-signs have no name directly behind them');
    }
    this.push(SYSTEM, at, at + 2, this.openedFlag);
    if (to === at + 2) return to;
    this.push(WORD, at + 2, to, this.openedFlag);
    return this.goesOn(to) ? this.dotted(to) : to;
  }
}
