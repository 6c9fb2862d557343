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

export interface HitMasker {
  readonly scanner: Scanner;
  /** Writes the masked form of a hit; false: there is none. */
  maskText(source: Buffer, start: number, end: number, rule: number, out: ByteSink): boolean;
  /** The masked form of a JSON number, as one; null: there is none. */
  maskNumber(source: Buffer, start: number, end: number, rule: number): Buffer | null;
}

/** What takes the place of [start, end) stands in the editor's `written`, from `from` to `to`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
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
    out.copy(editor.written.bytes, edit.from, edit.to);
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
  /** One buffer for all edits: a buffer for each would cost more than what is written to it. */
  readonly written = new ByteSink(0);
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
    const before = this.edits.length;
    const isMasked = escaped ? this.#escapedString(start, end, isKey) : this.#plainString(start, end, isKey);
    if (isMasked) return;
    this.edits.length = before;
    this.#put(start - 1, end + 1, NULL_WORD);
  }

  #put(start: number, end: number, bytes: Buffer): void {
    const from = this.written.at;
    this.written.copy(bytes, 0, bytes.length);
    this.edits.push({ start, end, from, to: this.written.at });
  }

  number(start: number, end: number): void {
    const rule = this.#hitIn(start, end);
    if (rule < 0) return;
    this.#put(start, end, this.#masker.maskNumber(this.#source, start, end, rule) ?? ZERO);
  }

  /** The rule of the first hit that touches [start, end); -1 where none does. */
  #hitIn(start: number, end: number): number {
    const hits = this.#hits;
    while (this.#next < hits.count && hits.end(this.#next) <= start) this.#next++;
    return this.#next < hits.count && hits.start(this.#next) < end ? hits.rule(this.#next) : -1;
  }

  /** False: the string as a whole becomes null. */
  #plainString(start: number, end: number, isKey: boolean): boolean {
    const hits = this.#hits;
    for (let rule = this.#hitIn(start, end); rule >= 0; rule = this.#hitIn(start, end)) {
      // A hit that reaches into the next token is cut at this one's end, and goes on there.
      const from = Math.max(start, hits.start(this.#next));
      const to = Math.min(end, hits.end(this.#next));
      const at = this.written.at;
      if (!this.#mask(this.#source, from, to, rule, isKey)) return false;
      this.edits.push({ start: from, end: to, from: at, to: this.written.at });
      if (hits.end(this.#next) > end) break;
      this.#next++;
    }
    return true;
  }

  #escapedString(start: number, end: number, isKey: boolean): boolean {
    const { decoded, hits } = workspaceAt(this.#depth);
    const isMasked = this.#decodedString(start, end, isKey, decoded, hits);
    decoded.trim();
    return isMasked;
  }

  #decodedString(start: number, end: number, isKey: boolean, decoded: DecodedString, hits: Hits): boolean {
    const context = Math.min(CONTEXT_BYTES, start - this.#floor);
    decodeJsonString(this.#source, start, end, context, decoded);
    const { bytes, places, end: to } = decoded;
    hits.clear();
    this.#masker.scanner.scan(bytes, 0, context, to, hits);
    if (this.#depth < NESTING_MAX && looksLikeJson(bytes, context, to)) {
      const inner = new ByteSink(0);
      const outcome = editJson(this.#masker, bytes, context, to, hits, inner, this.#depth + 1);
      if (outcome === 'kept') return true;
      if (outcome === 'written') {
        const from = this.written.at;
        this.written.room(inner.at);
        writeJsonEscaped(inner.bytes, 0, inner.at, this.written);
        this.edits.push({ start, end, from, to: this.written.at });
        return true;
      }
    }
    for (let i = 0; i < hits.count; i++) {
      const from = this.written.at;
      if (!this.#mask(bytes, hits.start(i), hits.end(i), hits.rule(i), isKey)) return false;
      const [first, last] = [places[hits.start(i)] ?? start, places[hits.end(i)] ?? end];
      this.edits.push({ start: first, end: last, from, to: this.written.at });
    }
    return true;
  }

  /** Writes a masked part of a string, escaped; false: there is none. A name of a member cannot be null. */
  #mask(source: Buffer, start: number, end: number, rule: number, isKey: boolean): boolean {
    plain.reset();
    if (this.#masker.maskText(source, start, end, rule, plain)) {
      writeJsonEscaped(plain.bytes, 0, plain.at, this.written);
      return true;
    }
    if (isKey) this.written.copy(REDACTED, 0, REDACTED.length);
    return isKey;
  }
}

/** For a masked value before it is escaped; nothing is kept in it between two values. */
const plain = new ByteSink(256);
