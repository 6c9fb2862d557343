import type { JsonDocument } from './document.ts';
import { jsonString } from './write.ts';

const COMMA = Buffer.from(',');
const COLON = Buffer.from(':');
const NOTHING = Buffer.alloc(0);
const NONE = -1;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/**
 * Changes to a document, gathered first and then written in one pass; every other byte stays as it is. What lies inside
 * of something that is replaced or removed is gone with it.
 */
export class JsonEdits {
  readonly #document: JsonDocument;
  readonly #edits: Edit[] = [];
  readonly #removed = new Set<number>();
  readonly #added = new Map<number, Buffer[]>();

  constructor(document: JsonDocument) {
    this.#document = document;
  }

  get isEmpty(): boolean {
    return this.#edits.length === 0 && this.#removed.size === 0 && this.#added.size === 0;
  }

  /** Puts another value in the place of one; `bytes` are valid JSON. */
  replace(node: number, bytes: Buffer): void {
    this.replaceSpan(this.#document.start(node), this.#document.end(node), bytes);
  }

  /** The same for bytes inside of a value, such as a part of a string; `bytes` are escaped already. */
  replaceSpan(start: number, end: number, bytes: Buffer): void {
    this.#edits.push({ start, end, bytes });
  }

  /** Takes out a member with its name, or an item, and one comma with it. The root stays. */
  remove(node: number): void {
    if (this.#document.parent(node) !== NONE) this.#removed.add(node);
  }

  /** Puts a member behind the last one of an object. That it is no duplicate is for the caller to see to. */
  addMember(object: number, name: string, value: Buffer): void {
    this.#add(object, Buffer.concat([jsonString(name), COLON, value]));
  }

  /** Puts an item behind the last one of an array. */
  addItem(array: number, value: Buffer): void {
    this.#add(array, value);
  }

  #add(container: number, bytes: Buffer): void {
    const before = this.#added.get(container);
    if (before === undefined) this.#added.set(container, [bytes]);
    else before.push(bytes);
  }

  /** [start, end) of the source with the changes; by default from where the root begins to where it ends. */
  apply(start = this.#document.start(0), end = this.#document.end(0)): Buffer {
    const edits = [...this.#inContainers(), ...this.#edits];
    // The outer one of two that begin at the same place goes first, and swallows the other; what only inserts is before both.
    edits.sort((a, b) => a.start - b.start || insertsFirst(a, b) || b.end - a.end);
    const { source } = this.#document;
    const parts: Buffer[] = [];
    let at = start;
    for (const edit of edits) {
      if (edit.start < at) continue;
      parts.push(source.subarray(at, edit.start), edit.bytes);
      at = edit.end;
    }
    parts.push(source.subarray(at, end));
    return Buffer.concat(parts);
  }

  #inContainers(): readonly Edit[] {
    const document = this.#document;
    const containers = new Set([...this.#removed].map((node) => document.parent(node)));
    for (const container of this.#added.keys()) containers.add(container);
    return [...containers].flatMap((container) => this.#inContainer(container));
  }

  #inContainer(container: number): readonly Edit[] {
    const document = this.#document;
    const edits: Edit[] = [];
    let kept = NONE;
    let runStart = NONE;
    let runEnd = NONE;
    const startOf = (node: number) =>
      document.nameStart(node) === NONE ? document.start(node) : document.nameStart(node);
    for (const child of document.children(container)) {
      if (this.#removed.has(child)) {
        // Behind one that stays, its comma goes; before the first that stays, the comma of the last removed.
        if (runStart === NONE) runStart = kept === NONE ? startOf(child) : document.end(kept);
        runEnd = document.end(child);
        continue;
      }
      if (runStart !== NONE)
        edits.push({ start: runStart, end: kept === NONE ? startOf(child) : runEnd, bytes: NOTHING });
      runStart = NONE;
      kept = child;
    }
    if (runStart !== NONE) edits.push({ start: runStart, end: runEnd, bytes: NOTHING });
    const added = this.#added.get(container);
    if (added !== undefined) {
      const at = kept === NONE ? document.start(container) + 1 : document.end(kept);
      const bytes = added.flatMap((one, n) => (n > 0 || kept !== NONE ? [COMMA, one] : [one]));
      edits.push({ start: at, end: at, bytes: Buffer.concat(bytes) });
    }
    return edits;
  }
}

function insertsFirst(a: Edit, b: Edit): number {
  return Number(b.start === b.end) - Number(a.start === a.end);
}
