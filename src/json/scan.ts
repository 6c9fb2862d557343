/** Bytes to a document, strictly and without recursion: what is given back is JSON that can be read in one way only. */
import { isUtf8 } from 'node:buffer';
import { JsonDocument } from './document.ts';
import { type JsonFault, type JsonLimits, type JsonRefusal, refusal } from './limits.ts';
import { foldName, nameHash, textOf } from './names.ts';
import {
  ARRAY,
  ESCAPED,
  FALSE,
  NAME_ESCAPED,
  NONE,
  NULL,
  NUMBER,
  OBJECT,
  STRING,
  Tape,
  TRUE,
} from './tape.ts';
import { BROKEN, hexUnit, scanNumber, scanString, scanWord, skipBlank } from './tokens.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A number without exponent that is no longer than this is no larger than a double holds. */
const SAFE_NUMBER_BYTES = 300;
/** Room to begin with: a node for each 32 bytes. */
const NODES_MIN = 32;
const NODES_MAX = 8_192;
const NODE_BYTES_SHIFT = 5;
/** Objects with fewer members are compared pair by pair. */
const FEW_MEMBERS = 24;

/** The document is valid for as long as the bytes of `source` in [start, end) do not change. */
export function scanJson(
  source: Buffer,
  start: number,
  end: number,
  limits: JsonLimits,
): JsonDocument | JsonRefusal {
  if (end - start > limits.bytesMax) return refusal('too-large', start, start);
  if (source[start] === 0xef && source[start + 1] === 0xbb && source[start + 2] === 0xbf)
    return refusal('byte-order-mark', start, start);
  if (!isUtf8(source.subarray(start, end))) return refusal('not-utf-8', start, start);
  const scan = new Scan(source, start, end, limits);
  const fault = scan.run();
  return fault === null ? new JsonDocument(source, scan.tape) : refusal(fault, Math.min(scan.at, end), start);
}

export function isRefused(read: JsonDocument | JsonRefusal): read is JsonRefusal {
  return 'refused' in read;
}

class Scan {
  readonly tape: Tape;
  at: number;
  readonly #source: Buffer;
  readonly #end: number;
  readonly #limits: JsonLimits;
  #parent = NONE;
  /** The last child of `#parent` so far. */
  #last = NONE;
  #depth = 0;

  constructor(source: Buffer, start: number, end: number, limits: JsonLimits) {
    this.tape = new Tape(Math.min(NODES_MAX, Math.max(NODES_MIN, (end - start) >> NODE_BYTES_SHIFT)));
    this.#source = source;
    this.at = start;
    this.#end = end;
    this.#limits = limits;
  }

  run(): JsonFault | null {
    const { tape } = this;
    for (;;) {
      const fault = this.#value();
      if (fault !== null) return fault;
      // What ends here is closed, up to where another value is due.
      for (;;) {
        this.#blank();
        if (this.#parent === NONE) return this.at === this.#end ? null : 'trailing';
        const byte = this.#peek();
        if (byte === 0x2c && this.#last !== NONE) {
          this.at++;
          break;
        }
        const isObject = tape.kind(this.#parent) === OBJECT;
        if (byte !== (isObject ? 0x7d : 0x5d)) {
          // The first value of a container has no comma before it.
          if (this.#last === NONE) break;
          return 'syntax';
        }
        this.at++;
        const closing = this.#close(isObject);
        if (closing !== null) return closing;
      }
    }
  }

  #close(isObject: boolean): JsonFault | null {
    const node = this.#parent;
    if (isObject) {
      const fault = this.#namesOf(node);
      if (fault !== null) return fault;
    }
    this.tape.setEnd(node, this.at);
    this.#last = node;
    this.#parent = this.tape.parent(node);
    this.#depth--;
    return null;
  }

  #peek(): number {
    return this.at < this.#end ? (this.#source[this.at] ?? -1) : -1;
  }

  #blank(): void {
    this.at = skipBlank(this.#source, this.at, this.#end);
  }

  /** One value with its name; of a container only the beginning. */
  #value(): JsonFault | null {
    const { tape } = this;
    let flags = 0;
    let nameStart = NONE;
    let nameEnd = NONE;
    let hash = 0;
    this.#blank();
    if (this.#parent !== NONE && tape.kind(this.#parent) === OBJECT) {
      if (this.#peek() !== QUOTE) return 'syntax';
      nameStart = this.at + 1;
      const found = scanString(this.#source, nameStart, this.#end);
      if (found === BROKEN) return 'syntax';
      nameEnd = found < 0 ? ~found : found;
      if (found < 0) {
        flags = NAME_ESCAPED;
        const fault = this.#escapes(nameStart, nameEnd);
        if (fault !== null) return fault;
      }
      hash = nameHash(this.#source, nameStart, nameEnd, found < 0);
      this.at = nameEnd + 1;
      this.#blank();
      if (this.#peek() !== 0x3a) return 'syntax';
      this.at++;
      this.#blank();
    }
    if (tape.count >= this.#limits.nodesMax) return 'too-many-values';
    const node = tape.add(flags, this.at, nameStart, nameEnd, hash, this.#parent);
    if (this.#last !== NONE) tape.setSibling(this.#last, node);
    this.#last = node;
    if (flags !== 0) tape.escaped.push(node);
    return this.#begin(node, flags);
  }

  #begin(node: number, flags: number): JsonFault | null {
    const { tape } = this;
    const byte = this.#peek();
    if (byte === 0x7b || byte === 0x5b) {
      if (++this.#depth > this.#limits.depthMax) return 'too-deep';
      tape.setFlags(node, flags | (byte === 0x7b ? OBJECT : ARRAY));
      this.#parent = node;
      this.#last = NONE;
      this.at++;
      return null;
    }
    if (byte === QUOTE) {
      const found = scanString(this.#source, this.at + 1, this.#end);
      if (found === BROKEN) return 'syntax';
      const close = found < 0 ? ~found : found;
      if (found < 0) {
        const fault = this.#escapes(this.at + 1, close);
        if (fault !== null) return fault;
        if (flags === 0) tape.escaped.push(node);
      }
      tape.setFlags(node, flags | STRING | (found < 0 ? ESCAPED : 0));
      this.at = close + 1;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      const stop = scanNumber(this.#source, this.at, this.#end);
      if (stop === BROKEN) return 'syntax';
      if (this.#limits.canonical && !this.#isInRange(stop)) return 'number-range';
      tape.setFlags(node, flags | NUMBER);
      this.at = stop;
    } else {
      const stop = scanWord(this.#source, this.at, this.#end);
      if (stop === BROKEN) return 'syntax';
      tape.setFlags(node, flags | (byte === 0x74 ? TRUE : byte === 0x66 ? FALSE : NULL));
      this.at = stop;
    }
    tape.setEnd(node, this.at);
    return null;
  }

  #isInRange(stop: number): boolean {
    const source = this.#source;
    if (stop - this.at <= SAFE_NUMBER_BYTES) {
      let plain = true;
      for (let i = this.at; i < stop; i++) if (((source[i] ?? 0) | 0x20) === 0x65) plain = false;
      if (plain) return true;
    }
    return Number.isFinite(Number(source.latin1Slice(this.at, stop)));
  }

  /** What an escaped string may not hold where it has to be read in one way. */
  #escapes(start: number, end: number): JsonFault | null {
    if (!this.#limits.canonical) return null;
    const source = this.#source;
    for (let i = start; i < end; i++) {
      if (source[i] !== BACKSLASH) continue;
      if (source[++i] !== 0x75) continue;
      const unit = hexUnit(source, i + 1);
      this.at = i - 1;
      if (unit === 0) return 'nul';
      i += 4;
      if (unit < 0xd800 || unit > 0xdfff) continue;
      if (unit > 0xdbff || source[i + 1] !== BACKSLASH || source[i + 2] !== 0x75) return 'lone-surrogate';
      const low = hexUnit(source, i + 3);
      if (low < 0xdc00 || low > 0xdfff) return 'lone-surrogate';
      i += 6;
    }
    return null;
  }

  /** Whether names of an object are equal or alike: those whose hashes are equal are looked at. */
  #namesOf(object: number): JsonFault | null {
    const { tape } = this;
    const first = tape.first(object);
    if (first === NONE || tape.sibling(first) === NONE) return null;
    const byHash = new Map<number, number[]>();
    let members = 0;
    for (let node = first; node !== NONE; node = tape.sibling(node)) members++;
    for (let node = first; node !== NONE; node = tape.sibling(node)) {
      const hash = tape.nameHash(node);
      if (members <= FEW_MEMBERS) {
        for (let other = first; other !== node; other = tape.sibling(other)) {
          const fault = tape.nameHash(other) === hash ? this.#alike(other, node) : null;
          if (fault !== null) return fault;
        }
        continue;
      }
      const others = byHash.get(hash);
      if (others === undefined) byHash.set(hash, [node]);
      else {
        for (const other of others) {
          const fault = this.#alike(other, node);
          if (fault !== null) return fault;
        }
        // Many names that only share a hash were chosen for that.
        if (others.push(node) > FEW_MEMBERS) return 'too-many-values';
      }
    }
    return null;
  }

  #alike(one: number, other: number): JsonFault | null {
    const [left, right] = [this.#name(one), this.#name(other)];
    if (left !== right && !(this.#limits.canonical && foldName(left) === foldName(right))) return null;
    this.at = this.tape.nameStart(other);
    return left === right ? 'duplicate-name' : 'similar-names';
  }

  #name(node: number): string {
    const { tape } = this;
    const escaped = (tape.flags(node) & NAME_ESCAPED) !== 0;
    return textOf(this.#source, tape.nameStart(node), tape.nameEnd(node), escaped);
  }
}
