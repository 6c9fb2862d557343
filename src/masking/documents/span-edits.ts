/** Changes to bytes, gathered in any order and written in one pass; every other byte stays as it is. */
import { type JsonDocument, type JsonRefusal, PLAIN_JSON, scanJson } from '../../json/index.ts';
import { ByteSink } from '../byte-sink.ts';

/** What takes the place of [start, end) stands in `SpanEdits.written`, from `from` to `to`. */
export interface SpanEdit {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

export class SpanEdits {
  /** One buffer for all edits: a buffer for each would cost more than what is written to it. */
  readonly written = new ByteSink(0);
  readonly #list: SpanEdit[] = [];
  #ordered: readonly SpanEdit[] | null = null;

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  put(start: number, end: number, bytes: Buffer): void {
    const from = this.written.at;
    this.written.copy(bytes, 0, bytes.length);
    this.add(start, end, from);
  }

  /** For what has been put into `written` since it was at `from`. */
  add(start: number, end: number, from: number): void {
    this.#ordered = null;
    this.#list.push({ start, end, from, to: this.written.at });
  }

  /**
   * In order and without overlaps. The outer one of two that begin at the same place swallows the other; what reaches
   * behind the end of one before it goes away without anything in its place.
   */
  ordered(): readonly SpanEdit[] {
    if (this.#ordered !== null) return this.#ordered;
    this.#list.sort((a, b) => a.start - b.start || b.end - a.end);
    const found: SpanEdit[] = [];
    let at = -1;
    for (const edit of this.#list) {
      if (edit.start >= at) found.push(edit);
      else if (edit.end > at) found.push({ start: at, end: edit.end, from: 0, to: 0 });
      else continue;
      at = edit.end;
    }
    this.#ordered = found;
    return found;
  }

  /** A document with the changes, or why it cannot be read any more. */
  applyTo(document: JsonDocument): JsonDocument | JsonRefusal {
    const bytes = this.apply(document.source, document.start(0), document.end(0));
    const patches = this.ordered().map(({ start, end, from, to }) => ({ start, end, size: to - from }));
    return document.patched(patches, bytes) ?? scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  }

  /** [start, end) of the source with the changes. */
  apply(source: Buffer, start: number, end: number): Buffer {
    const out = new ByteSink(end - start + this.written.at);
    let at = start;
    for (const edit of this.ordered()) {
      out.copy(source, at, edit.start);
      out.copy(this.written.bytes, edit.from, edit.to);
      at = edit.end;
    }
    out.copy(source, at, end);
    // Of its own, and seldom much longer than what was written: nobody else's bytes lie in it.
    return out.bytes.subarray(0, out.at);
  }
}
