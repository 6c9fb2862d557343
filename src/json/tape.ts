/** The nodes of a document, eight numbers each, in the order in which they begin. Node 0 is the root. */

export const NULL = 0;
export const TRUE = 1;
export const FALSE = 2;
export const NUMBER = 3;
export const STRING = 4;
export const ARRAY = 5;
export const OBJECT = 6;
export const KINDS = ['null', 'true', 'false', 'number', 'string', 'array', 'object'] as const;
export type JsonKind = (typeof KINDS)[number];

/** The string has escapes. */
export const ESCAPED = 0x10;
/** The member's name has escapes. */
export const NAME_ESCAPED = 0x20;
const KIND_MASK = 0x0f;

const STRIDE = 8;
const FLAGS_AT = 0;
const START_AT = 1;
const END_AT = 2;
const NAME_START_AT = 3;
const NAME_END_AT = 4;
const NAME_HASH_AT = 5;
const SIBLING_AT = 6;
const PARENT_AT = 7;

/** No node. */
export const NONE = -1;

/**
 * Small documents share an allocation: one of their own is outside of V8's heap, and costs more to make and to collect than
 * to fill. Who keeps a document keeps so much.
 */
const SHARED_BYTES = 16 * 1024;
let shared = new ArrayBuffer(0);
let sharedUsed = 0;

function cellsFor(nodes: number): Int32Array {
  const bytes = nodes * STRIDE * Int32Array.BYTES_PER_ELEMENT;
  if (bytes > SHARED_BYTES / 8) return new Int32Array(nodes * STRIDE);
  if (sharedUsed + bytes > shared.byteLength) {
    shared = new ArrayBuffer(SHARED_BYTES);
    sharedUsed = 0;
  }
  const cells = new Int32Array(shared, sharedUsed, nodes * STRIDE);
  sharedUsed += bytes;
  return cells;
}

export class Tape {
  #cells: Int32Array;
  count = 0;
  /** Nodes with escapes in their string or in their name, in order. */
  readonly escaped: number[] = [];

  constructor(nodes = 32) {
    this.#cells = cellsFor(nodes);
  }

  /** Begins a node; its end and its sibling are set later. Name positions are -1 where it is no member. */
  add(
    flags: number,
    start: number,
    nameStart: number,
    nameEnd: number,
    nameHash: number,
    parent: number,
  ): number {
    const node = this.count++;
    const at = node * STRIDE;
    if (at + STRIDE > this.#cells.length) {
      const grown = new Int32Array(this.#cells.length * 2);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    const cells = this.#cells;
    cells[at] = flags;
    cells[at + START_AT] = start;
    cells[at + NAME_START_AT] = nameStart;
    cells[at + NAME_END_AT] = nameEnd;
    cells[at + NAME_HASH_AT] = nameHash;
    cells[at + SIBLING_AT] = NONE;
    cells[at + PARENT_AT] = parent;
    return node;
  }

  setFlags(node: number, flags: number): void {
    this.#cells[node * STRIDE + FLAGS_AT] = flags;
  }

  setEnd(node: number, end: number): void {
    this.#cells[node * STRIDE + END_AT] = end;
  }

  setSibling(node: number, sibling: number): void {
    this.#cells[node * STRIDE + SIBLING_AT] = sibling;
  }

  flags(node: number): number {
    return this.#cells[node * STRIDE + FLAGS_AT] ?? 0;
  }

  kind(node: number): number {
    return this.flags(node) & KIND_MASK;
  }

  start(node: number): number {
    return this.#cells[node * STRIDE + START_AT] ?? 0;
  }

  end(node: number): number {
    return this.#cells[node * STRIDE + END_AT] ?? 0;
  }

  nameStart(node: number): number {
    return this.#cells[node * STRIDE + NAME_START_AT] ?? NONE;
  }

  nameEnd(node: number): number {
    return this.#cells[node * STRIDE + NAME_END_AT] ?? NONE;
  }

  nameHash(node: number): number {
    return this.#cells[node * STRIDE + NAME_HASH_AT] ?? 0;
  }

  sibling(node: number): number {
    return this.#cells[node * STRIDE + SIBLING_AT] ?? NONE;
  }

  parent(node: number): number {
    return this.#cells[node * STRIDE + PARENT_AT] ?? NONE;
  }

  /** The first member or item; NONE where there is none. Children follow their container at once. */
  first(node: number): number {
    return node + 1 < this.count && this.parent(node + 1) === node ? node + 1 : NONE;
  }
}
