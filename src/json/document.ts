import { foldName, textHash, textOf } from './names.ts';
import { type Patch, patchTape } from './patch.ts';
import {
  ARRAY,
  ESCAPED,
  type JsonKind,
  KINDS,
  NAME_ESCAPED,
  NONE,
  NUMBER,
  OBJECT,
  STRING,
  type Tape,
} from './tape.ts';

/**
 * A document that has been read: nodes by number, and where each is in the bytes. Nothing is decoded before it is asked
 * for. Valid for as long as the bytes are.
 */
export class JsonDocument {
  readonly source: Buffer;
  readonly #tape: Tape;

  constructor(source: Buffer, tape: Tape) {
    this.source = source;
    this.#tape = tape;
  }

  /** The same document with `bytes` in the place of its own, which differ by the patches alone. Null: see `patchTape`. */
  patched(patches: readonly Patch[], bytes: Buffer): JsonDocument | null {
    const tape = patchTape(this.#tape, patches, bytes);
    return tape === null ? null : new JsonDocument(bytes, tape);
  }

  get root(): number {
    return 0;
  }

  /** How many nodes there are; their numbers are those below it. */
  get count(): number {
    return this.#tape.count;
  }

  kind(node: number): JsonKind {
    return KINDS[this.#tape.kind(node)] ?? 'null';
  }

  isObject(node: number): boolean {
    return node !== NONE && this.#tape.kind(node) === OBJECT;
  }

  isArray(node: number): boolean {
    return node !== NONE && this.#tape.kind(node) === ARRAY;
  }

  isString(node: number): boolean {
    return node !== NONE && this.#tape.kind(node) === STRING;
  }

  isNumber(node: number): boolean {
    return node !== NONE && this.#tape.kind(node) === NUMBER;
  }

  /** The value's own bytes are [start, end); those of a string with its quotes. */
  start(node: number): number {
    return this.#tape.start(node);
  }

  end(node: number): number {
    return this.#tape.end(node);
  }

  /** Whether the string is written with escapes. */
  isEscaped(node: number): boolean {
    return (this.#tape.flags(node) & ESCAPED) !== 0;
  }

  /** Nodes whose string, or whose name, is written with escapes; in order. */
  get escaped(): readonly number[] {
    return this.#tape.escaped;
  }

  /** Whether the member's name is written with escapes. */
  isNameEscaped(node: number): boolean {
    return (this.#tape.flags(node) & NAME_ESCAPED) !== 0;
  }

  /** Where the member's name ends: the position of its closing quote; -1 where the node is no member. */
  nameEnd(node: number): number {
    return this.#tape.nameEnd(node);
  }

  /** The last node that begins, with its name, at or before a position in the source; the root if none does. */
  nodeAt(position: number): number {
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const nameStart = this.#tape.nameStart(middle);
      if ((nameStart === NONE ? this.#tape.start(middle) : nameStart) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The bytes of the value as they are written; a view. */
  bytes(node: number): Buffer {
    return this.source.subarray(this.start(node), this.end(node));
  }

  /** What is written, as text; the exact digits of a number. */
  written(node: number): string {
    return this.source.utf8Slice(this.start(node), this.end(node));
  }

  /** The text of a string, without quotes and escapes; null where the node is no string, or none at all. */
  text(node: number): string | null {
    if (!this.isString(node)) return null;
    return textOf(this.source, this.start(node) + 1, this.end(node) - 1, this.isEscaped(node));
  }

  parent(node: number): number {
    return this.#tape.parent(node);
  }

  /** The first member or item; -1 where there is none. */
  first(node: number): number {
    return this.#tape.first(node);
  }

  /** The next one in the same container; -1 behind the last. */
  next(node: number): number {
    return this.#tape.sibling(node);
  }

  *children(node: number): Generator<number> {
    for (let child = this.first(node); child !== NONE; child = this.next(child)) yield child;
  }

  size(node: number): number {
    let size = 0;
    for (let child = this.first(node); child !== NONE; child = this.next(child)) size++;
    return size;
  }

  /** Where the member's name begins, its quote included; -1 where the node is no member. */
  nameStart(node: number): number {
    const start = this.#tape.nameStart(node);
    return start === NONE ? NONE : start - 1;
  }

  /** The member's name; null where the node is no member. */
  name(node: number): string | null {
    const start = this.#tape.nameStart(node);
    if (start === NONE) return null;
    const escaped = (this.#tape.flags(node) & NAME_ESCAPED) !== 0;
    return textOf(this.source, start, this.#tape.nameEnd(node), escaped);
  }

  /** A number that similar names share, as `nameHash` makes it. */
  nameHash(node: number): number {
    return this.#tape.nameHash(node);
  }

  /** The member of exactly that name; -1 where there is none, or the node is no object. */
  member(node: number, name: string): number {
    if (!this.isObject(node)) return NONE;
    const hash = textHash(name);
    for (let child = this.first(node); child !== NONE; child = this.next(child))
      if (this.#tape.nameHash(child) === hash && this.name(child) === name) return child;
    return NONE;
  }

  /** The member whose name differs from `name` at most in case and form; -1 where there is none. */
  similarMember(node: number, name: string): number {
    if (!this.isObject(node)) return NONE;
    const folded = foldName(name);
    const hash = textHash(name);
    for (let child = this.first(node); child !== NONE; child = this.next(child)) {
      if (this.#tape.nameHash(child) === hash && foldName(this.name(child) ?? '') === folded) return child;
    }
    return NONE;
  }

  /** The n-th item; -1 where there is none, or the node is no array. */
  item(node: number, n: number): number {
    if (!this.isArray(node)) return NONE;
    let child = this.first(node);
    for (; child !== NONE && n > 0; n--) child = this.next(child);
    return child;
  }

  /** The node at a JSON Pointer (RFC 6901), such as `/items/0/name`; -1 where there is none. */
  at(pointer: string, from = 0): number {
    let node = from;
    for (const token of pointerTokens(pointer) ?? [null]) {
      if (node === NONE || token === null) return NONE;
      node = this.isArray(node) ? this.#itemAt(node, token) : this.member(node, token);
    }
    return node;
  }

  #itemAt(node: number, token: string): number {
    return /^(0|[1-9]\d{0,8})$/.test(token) ? this.item(node, Number(token)) : NONE;
  }

  /** Where a node is, as a JSON Pointer. */
  pointerOf(node: number): string {
    const parent = this.parent(node);
    if (parent === NONE) return '';
    const token = this.name(node)?.replaceAll('~', '~0').replaceAll('/', '~1') ?? this.#indexOf(parent, node);
    return `${this.pointerOf(parent)}/${token}`;
  }

  #indexOf(parent: number, node: number): number {
    let n = 0;
    for (let child = this.first(parent); child !== node && child !== NONE; child = this.next(child)) n++;
    return n;
  }
}

/** The reference tokens of a JSON Pointer (RFC 6901, 3 and 4); null where it is none. */
export function pointerTokens(pointer: string): readonly string[] | null {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
