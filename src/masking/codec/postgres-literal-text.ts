/** Arrays, composites and ranges of Postgres in text: the structure copied, each part unquoted, masked and quoted again. */
import { ByteSink } from '../byte-sink.ts';
import type { CompoundKind, PartMasker } from './codec.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_ROUND = 0x28;
const CLOSE_ROUND = 0x29;
const OPEN_SQUARE = 0x5b;
const CLOSE_SQUARE = 0x5d;
const EQUALS = 0x3d;
const NULL_WORD = Buffer.from('NULL');
const EMPTY_WORD = Buffer.from('empty');

export function rewriteText(
  source: Buffer,
  start: number,
  end: number,
  kind: CompoundKind,
  delimiter: string,
  mask: PartMasker,
  out: ByteSink,
): boolean {
  const before = out.at;
  const walk = new LiteralWalk(source, start, end, delimiter.charCodeAt(0), mask, out);
  if (walk.value(kind) && walk.at === end) return true;
  out.at = before;
  return false;
}

class LiteralWalk {
  readonly #source: Buffer;
  readonly #end: number;
  readonly #delimiter: number;
  readonly #mask: PartMasker;
  readonly #out: ByteSink;
  readonly #part = new ByteSink(256);
  readonly #masked = new ByteSink(256);
  #quoted = false;
  at: number;

  constructor(
    source: Buffer,
    start: number,
    end: number,
    delimiter: number,
    mask: PartMasker,
    out: ByteSink,
  ) {
    this.#source = source;
    this.at = start;
    this.#end = end;
    this.#delimiter = delimiter;
    this.#mask = mask;
    this.#out = out;
  }

  value(kind: CompoundKind): boolean {
    switch (kind) {
      case 'array':
        return this.#array();
      case 'composite':
        return this.#composite();
      case 'range':
        return this.#range();
      case 'multirange':
        return this.#multirange();
    }
  }

  #peek(): number {
    return this.at < this.#end ? (this.#source[this.at] ?? -1) : -1;
  }

  #pass(): void {
    this.#out.u8(this.#source[this.at++] ?? 0);
  }

  /** `{a,"b",NULL}`, nested for further dimensions, behind `[2:3]=` where the lower bounds are not 1. */
  #array(): boolean {
    if (this.#peek() === OPEN_SQUARE) {
      const equals = this.#source.indexOf(EQUALS, this.at);
      if (equals < 0 || equals >= this.#end) return false;
      this.#out.copy(this.#source, this.at, equals + 1);
      this.at = equals + 1;
    }
    if (this.#peek() !== OPEN_BRACE) return false;
    let depth = 0;
    let expectValue = false;
    while (this.at < this.#end) {
      const byte = this.#peek();
      if (byte === OPEN_BRACE) {
        depth++;
        expectValue = true;
        this.#pass();
      } else if (byte === CLOSE_BRACE) {
        this.#pass();
        expectValue = false;
        if (--depth === 0) return true;
      } else if (byte === this.#delimiter) {
        this.#pass();
        expectValue = true;
      } else {
        if (!expectValue || !this.#takePart(CLOSE_BRACE, -1)) return false;
        expectValue = false;
        this.#writeElement();
      }
    }
    return false;
  }

  #writeElement(): void {
    const part = this.#part;
    const isNull = !this.#quoted && part.at === 4 && part.bytes.latin1Slice(0, 4).toUpperCase() === 'NULL';
    if (isNull || !this.#maskPart(0)) this.#out.copy(NULL_WORD, 0, 4);
    else this.#writeQuoted(true, false);
  }

  /** `(a,"b",)`: nothing between commas is NULL, `""` is an empty value. */
  #composite(): boolean {
    if (this.#peek() !== OPEN_ROUND) return false;
    this.#pass();
    for (let field = 0; ; field++) {
      if (!this.#takePart(CLOSE_ROUND, -1)) return false;
      const isNull = !this.#quoted && this.#part.at === 0;
      if (!isNull && this.#maskPart(field)) this.#writeQuoted(false, true);
      const byte = this.#peek();
      if (byte !== COMMA && byte !== CLOSE_ROUND) return false;
      this.#pass();
      if (byte === CLOSE_ROUND) return true;
    }
  }

  /** `[a,b)` or `empty`; a bound that is left out stays so. One that is masked to NULL makes the whole unreadable. */
  #range(): boolean {
    if (this.#end - this.at >= 5 && this.#source.compare(EMPTY_WORD, 0, 5, this.at, this.at + 5) === 0) {
      this.#out.copy(EMPTY_WORD, 0, 5);
      this.at += 5;
      return true;
    }
    const open = this.#peek();
    if (open !== OPEN_SQUARE && open !== OPEN_ROUND) return false;
    this.#pass();
    for (let bound = 0; bound < 2; bound++) {
      if (!this.#takePart(CLOSE_ROUND, CLOSE_SQUARE)) return false;
      if (this.#quoted || this.#part.at > 0) {
        if (!this.#maskPart(0)) return false;
        this.#writeQuoted(false, true);
      }
      const byte = this.#peek();
      if (bound === 0 ? byte !== COMMA : byte !== CLOSE_ROUND && byte !== CLOSE_SQUARE) return false;
      this.#pass();
    }
    return true;
  }

  #multirange(): boolean {
    if (this.#peek() !== OPEN_BRACE) return false;
    this.#pass();
    if (this.#peek() === CLOSE_BRACE) {
      this.#pass();
      return true;
    }
    for (;;) {
      if (!this.#range()) return false;
      const byte = this.#peek();
      if (byte !== COMMA && byte !== CLOSE_BRACE) return false;
      this.#pass();
      if (byte === CLOSE_BRACE) return true;
    }
  }

  /** Reads one part up to a delimiter or a closing byte, without its quotes; false where a quote stays open. */
  #takePart(close: number, otherClose: number): boolean {
    const part = this.#part;
    part.reset();
    this.#quoted = false;
    let inside = false;
    for (; this.at < this.#end; this.at++) {
      const byte = this.#source[this.at] ?? 0;
      if (byte === BACKSLASH) {
        if (++this.at >= this.#end) return false;
        part.u8(this.#source[this.at] ?? 0);
      } else if (byte === QUOTE) {
        // A doubled quote inside of quotes stands for itself in composites and ranges.
        if (inside && this.#source[this.at + 1] === QUOTE && this.at + 1 < this.#end) {
          part.u8(QUOTE);
          this.at++;
        } else {
          inside = !inside;
          this.#quoted = true;
        }
      } else if (!inside && (byte === this.#delimiter || byte === close || byte === otherClose)) {
        return true;
      } else {
        part.u8(byte);
      }
    }
    return false;
  }

  #maskPart(index: number): boolean {
    this.#masked.reset();
    return this.#mask(this.#part.bytes, 0, this.#part.at, index, this.#masked);
  }

  #writeQuoted(nullWord: boolean, doubled: boolean): void {
    const { bytes, at: size } = this.#masked;
    const out = this.#out;
    let plain = size > 0;
    if (nullWord && size === 4 && bytes.latin1Slice(0, 4).toUpperCase() === 'NULL') plain = false;
    for (let i = 0; plain && i < size; i++) plain = !this.#needsQuotes(bytes[i] ?? 0);
    if (plain) {
      out.copy(bytes, 0, size);
      return;
    }
    out.u8(QUOTE);
    for (let i = 0; i < size; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === QUOTE || byte === BACKSLASH) out.u8(doubled ? byte : BACKSLASH);
      out.u8(byte);
    }
    out.u8(QUOTE);
  }

  #needsQuotes(byte: number): boolean {
    return (
      byte <= 0x20 ||
      byte === this.#delimiter ||
      byte === COMMA ||
      byte === QUOTE ||
      byte === BACKSLASH ||
      byte === OPEN_BRACE ||
      byte === CLOSE_BRACE ||
      byte === OPEN_ROUND ||
      byte === CLOSE_ROUND ||
      byte === OPEN_SQUARE ||
      byte === CLOSE_SQUARE
    );
  }
}
