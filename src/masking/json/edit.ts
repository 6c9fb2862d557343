import { DecodedString, decodeJsonString, writeJsonEscaped } from '../../json/index.ts';
import { ByteSink } from '../byte-sink.ts';
import { Hits } from '../detectors/hits.ts';
import type { Scanner } from '../detectors/scanner.ts';
import { type JsonVisitor, walkJson } from './walk.ts';

/** JSON inside of a string of JSON, and so on: deeper than this it is masked as plain text. */
const NESTING_MAX = 8;
/** What stands before a string is read as context for it, so far. */
const CONTEXT_BYTES = 28;
const REDACTED = Buffer.from('[redacted]');
const NULL_WORD = Buffer.from('null');
const ZERO = Buffer.from('0');
const NO_EDITS: readonly Edit[] = [];

export interface HitMasker {
  readonly scanner: Scanner;
  /** Writes the masked form of a hit; false: there is none. */
  maskText(source: Buffer, start: number, end: number, rule: number, out: ByteSink): boolean;
  /** The masked form of a JSON number, as one; null: there is none. */
  maskNumber(source: Buffer, start: number, end: number, rule: number): Buffer | null;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

export type EditOutcome = 'kept' | 'written' | 'not-json';

/**
 * Masks what is found in the strings (names of members too) and numbers of JSON. A string stays a string and a number a
 * number; nothing else changes by a byte. `hits` are those of the raw bytes: they hold for all strings without escapes.
 */
export function editJson(
  masker: HitMasker,
  source: Buffer,
  start: number,
  end: number,
  hits: Hits,
  out: ByteSink,
  depth = 0,
): EditOutcome {
  const editor = new JsonEditor(masker, source, start, hits, depth);
  if (!walkJson(source, start, end, editor)) return 'not-json';
  if (editor.edits.length === 0) return 'kept';
  let at = start;
  for (const edit of editor.edits) {
    out.copy(source, at, edit.start);
    out.copy(edit.bytes, 0, edit.bytes.length);
    at = edit.end;
  }
  out.copy(source, at, end);
  return 'written';
}

/** Whether text can be JSON that has strings in it. */
export function looksLikeJson(source: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = source[i] ?? 0;
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue;
    return byte === 0x7b || byte === 0x5b || byte === 0x22;
  }
  return false;
}

export function hasBackslash(source: Buffer, start: number, end: number): boolean {
  // Not `indexOf` on the whole: that would read to the end of the chunk for every cell in it.
  if (end - start > 64) return source.subarray(start, end).includes(0x5c);
  for (let i = start; i < end; i++) if (source[i] === 0x5c) return true;
  return false;
}

interface Workspace {
  readonly decoded: DecodedString;
  readonly hits: Hits;
}

/** One for each level of JSON inside of JSON: an outer level waits while an inner one works. */
const workspaces: Workspace[] = [];

function workspaceAt(depth: number): Workspace {
  const known = workspaces[depth];
  if (known !== undefined) return known;
  const made = { decoded: new DecodedString(), hits: new Hits() };
  workspaces[depth] = made;
  return made;
}

class JsonEditor implements JsonVisitor {
  readonly edits: Edit[] = [];
  readonly #masker: HitMasker;
  readonly #source: Buffer;
  readonly #floor: number;
  readonly #hits: Hits;
  readonly #depth: number;
  #next = 0;

  constructor(masker: HitMasker, source: Buffer, floor: number, hits: Hits, depth: number) {
    this.#masker = masker;
    this.#source = source;
    this.#floor = floor;
    this.#hits = hits;
    this.#depth = depth;
  }

  string(start: number, end: number, escaped: boolean, isKey: boolean): void {
    const edits = escaped ? this.#escapedString(start, end, isKey) : this.#plainString(start, end, isKey);
    if (edits === null) this.edits.push({ start: start - 1, end: end + 1, bytes: NULL_WORD });
    else this.edits.push(...edits);
  }

  number(start: number, end: number): void {
    const rule = this.#hitIn(start, end);
    if (rule < 0) return;
    this.edits.push({ start, end, bytes: this.#masker.maskNumber(this.#source, start, end, rule) ?? ZERO });
  }

  /** The rule of the first hit that touches [start, end); -1 where none does. */
  #hitIn(start: number, end: number): number {
    const hits = this.#hits;
    while (this.#next < hits.count && hits.end(this.#next) <= start) this.#next++;
    return this.#next < hits.count && hits.start(this.#next) < end ? hits.rule(this.#next) : -1;
  }

  /** Null: the string as a whole becomes null. */
  #plainString(start: number, end: number, isKey: boolean): readonly Edit[] | null {
    const hits = this.#hits;
    if (this.#hitIn(start, end) < 0) return NO_EDITS;
    const edits: Edit[] = [];
    for (let rule = this.#hitIn(start, end); rule >= 0; rule = this.#hitIn(start, end)) {
      // A hit that reaches into the next token is cut at this one's end, and goes on there.
      const from = Math.max(start, hits.start(this.#next));
      const to = Math.min(end, hits.end(this.#next));
      const bytes = this.#masked(this.#source, from, to, rule, isKey);
      if (bytes === null) return null;
      edits.push({ start: from, end: to, bytes });
      if (hits.end(this.#next) > end) break;
      this.#next++;
    }
    return edits;
  }

  #escapedString(start: number, end: number, isKey: boolean): readonly Edit[] | null {
    const from = Math.min(CONTEXT_BYTES, start - this.#floor);
    const { decoded, hits } = workspaceAt(this.#depth);
    decodeJsonString(this.#source, start, end, from, decoded);
    const { bytes, places, end: to } = decoded;
    hits.clear();
    this.#masker.scanner.scan(bytes, 0, from, to, hits);
    if (this.#depth < NESTING_MAX && looksLikeJson(bytes, from, to)) {
      const inner = new ByteSink((to - from) * 2);
      const outcome = editJson(this.#masker, bytes, from, to, hits, inner, this.#depth + 1);
      if (outcome === 'kept') return NO_EDITS;
      if (outcome === 'written') return [{ start, end, bytes: escapedBytes(inner.bytes, 0, inner.at) }];
    }
    if (hits.count === 0) return NO_EDITS;
    const edits: Edit[] = [];
    for (let i = 0; i < hits.count; i++) {
      const masked = this.#masked(bytes, hits.start(i), hits.end(i), hits.rule(i), isKey);
      if (masked === null) return null;
      edits.push({ start: places[hits.start(i)] ?? start, end: places[hits.end(i)] ?? end, bytes: masked });
    }
    return edits;
  }

  /** A masked part of a string, escaped. A name of a member cannot be null. */
  #masked(source: Buffer, start: number, end: number, rule: number, isKey: boolean): Buffer | null {
    const plain = new ByteSink(64);
    if (this.#masker.maskText(source, start, end, rule, plain)) return escapedBytes(plain.bytes, 0, plain.at);
    return isKey ? REDACTED : null;
  }
}

function escapedBytes(bytes: Buffer, start: number, end: number): Buffer {
  const out = new ByteSink((end - start) * 2 + 16);
  writeJsonEscaped(bytes, start, end, out);
  return out.taken();
}
