/** Reads JSON (RFC 8259) by its bytes, strictly and without recursion, and tells where its strings and numbers are. */

import { BROKEN, scanNumber, scanString, scanWord, skipBlank } from '../../json/index.ts';

export interface JsonVisitor {
  /** [start, end) is the string without its quotes, escapes as written. */
  string(start: number, end: number, escaped: boolean, isKey: boolean): void;
  number(start: number, end: number): void;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** False where the bytes are no JSON; the visitor may have been called before that was seen. */
export function walkJson(source: Buffer, start: number, end: number, visitor: JsonVisitor): boolean {
  return new JsonWalk(source, start, end, visitor).run();
}

class JsonWalk {
  readonly #source: Buffer;
  readonly #end: number;
  readonly #visitor: JsonVisitor;
  /** One byte per level: the one that closes it. */
  #open = new Uint8Array(64);
  #depth = 0;
  #at: number;

  constructor(source: Buffer, start: number, end: number, visitor: JsonVisitor) {
    this.#source = source;
    this.#at = start;
    this.#end = end;
    this.#visitor = visitor;
  }

  run(): boolean {
    for (;;) {
      // Here a value is expected; an opening brace leads to the next one.
      this.#blank();
      const byte = this.#peek();
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        this.#push(byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY);
        this.#at++;
        this.#blank();
        if (this.#peek() !== this.#closing()) {
          if (byte === OPEN_OBJECT && !this.#key()) return false;
          continue;
        }
      } else if (!this.#scalar(byte)) {
        return false;
      }
      const next = this.#afterValue();
      if (next !== 'value') return next === 'end';
    }
  }

  /** Closes what ends here, and passes a comma. */
  #afterValue(): 'value' | 'end' | 'broken' {
    for (;;) {
      this.#blank();
      if (this.#depth === 0) return this.#at === this.#end ? 'end' : 'broken';
      const byte = this.#peek();
      if (byte === this.#closing()) {
        this.#depth--;
        this.#at++;
        continue;
      }
      if (byte !== COMMA) return 'broken';
      this.#at++;
      if (this.#closing() !== CLOSE_OBJECT) return 'value';
      this.#blank();
      return this.#key() ? 'value' : 'broken';
    }
  }

  #peek(): number {
    return this.#at < this.#end ? (this.#source[this.#at] ?? -1) : -1;
  }

  #closing(): number {
    return this.#depth === 0 ? -2 : (this.#open[this.#depth - 1] ?? -2);
  }

  #push(closing: number): void {
    if (this.#depth === this.#open.length) {
      const grown = new Uint8Array(this.#open.length * 2);
      grown.set(this.#open);
      this.#open = grown;
    }
    this.#open[this.#depth++] = closing;
  }

  #blank(): void {
    this.#at = skipBlank(this.#source, this.#at, this.#end);
  }

  #key(): boolean {
    if (this.#peek() !== QUOTE || !this.#string(true)) return false;
    this.#blank();
    if (this.#peek() !== COLON) return false;
    this.#at++;
    return true;
  }

  #scalar(byte: number): boolean {
    if (byte === QUOTE) return this.#string(false);
    if (byte === MINUS || (byte >= ZERO && byte <= 0x39)) return this.#number();
    const stop = scanWord(this.#source, this.#at, this.#end);
    if (stop === BROKEN) return false;
    this.#at = stop;
    return true;
  }

  #string(isKey: boolean): boolean {
    const start = this.#at + 1;
    const found = scanString(this.#source, start, this.#end);
    if (found === BROKEN) return false;
    const end = found < 0 ? ~found : found;
    this.#at = end + 1;
    this.#visitor.string(start, end, found < 0, isKey);
    return true;
  }

  #number(): boolean {
    const start = this.#at;
    const end = scanNumber(this.#source, start, this.#end);
    if (end === BROKEN) return false;
    this.#at = end;
    this.#visitor.number(start, end);
    return true;
  }
}
