/**
 * Documents of JSON and texts, masked where they stand: values at paths, and whatever detectors find. JSON that stands in
 * a text, a text that stands in JSON, and values in another spelling are read in turn, each of them once.
 */

import { isRefused, type JsonDocument, PLAIN_JSON, scanJson, writeJsonEscaped } from '../../json/index.ts';
import { ByteSink } from '../byte-sink.ts';
import type { DetectingText } from '../detect-text.ts';
import { Hits } from '../detectors/hits.ts';
import type { CompiledDocumentPlan } from './document-plan.ts';
import {
  apart,
  type DocumentView,
  isWithin,
  mayHoldJson,
  positionsWithin,
  WHOLE,
  WITHOUT_PATHS,
} from './document-view.ts';
import { maskEncodings } from './encodings.ts';
import { liftEdits, readEscaped } from './escaped-string.ts';
import { oddNumbers } from './odd-numbers.ts';
import { SpanEdits } from './span-edits.ts';
import { maskTables } from './tables.ts';
import { documentsIn } from './text-documents.ts';

const NONE = -1;
const NULL = Buffer.from('null');
const REDACTED = Buffer.from('[redacted]');
/** JSON inside of a string of JSON, and so on: deeper than this nothing is shown where it might hold something. */
const NESTING_MAX = 8;
/** What stands before a value is read as context for it, so far. */
const CONTEXT_BYTES = 28;

/** What takes the place of something that cannot be masked and must not be shown. */
export const WITHHELD =
  '[withheld by Sluice: a mask applies to this, and it cannot be read in one way only, so nothing of it is shown]';
const WITHHELD_STRING = Buffer.from(`"${WITHHELD}"`);

export class DocumentMasker {
  readonly plan: CompiledDocumentPlan;
  readonly #hits = new Hits();
  /** For a masked value before it is escaped; nothing is kept in it between two values. */
  readonly #plain = new ByteSink(256);

  constructor(plan: CompiledDocumentPlan) {
    this.plan = plan;
  }

  get hasPaths(): boolean {
    return this.plan.paths.length > 0;
  }

  /** A whole text. The very bytes where nothing of it is masked; null: nothing of it may be shown. */
  text(text: Buffer, depth = 0): Buffer | null {
    const edits = new SpanEdits();
    if (!this.textInto(text, 0, text.length, this.hasPaths, edits, depth)) return null;
    return edits.isEmpty ? text : edits.apply(text, 0, text.length);
  }

  /** A whole text in which no path begins; the very bytes where nothing of it is masked. */
  words(text: Buffer): Buffer {
    const edits = new SpanEdits();
    if (!this.textInto(text, 0, text.length, false, edits, 0)) return REDACTED;
    return edits.isEmpty ? text : edits.apply(text, 0, text.length);
  }

  /** A whole document, blanks around it included. The very bytes where nothing is masked; null: it cannot be read. */
  json(bytes: Buffer): Buffer | null {
    const document = scanJson(bytes, 0, bytes.length, { ...PLAIN_JSON, bytesMax: bytes.length });
    if (isRefused(document)) return null;
    const edits = new SpanEdits();
    this.documentInto(document, WHOLE, edits, 0);
    return edits.isEmpty ? bytes : edits.apply(bytes, 0, bytes.length);
  }

  /** False: nothing of it may be shown. */
  textInto(
    text: Buffer,
    start: number,
    end: number,
    withPaths: boolean,
    edits: SpanEdits,
    depth: number,
  ): boolean {
    if (depth > NESTING_MAX) return false;
    const documents = mayHoldJson(text, start, end) ? documentsIn(text, start, end) : [];
    if (documents === null) return !withPaths && this.#asCell(text, start, end, edits, depth);
    let at = start;
    const view = withPaths ? WHOLE : WITHOUT_PATHS;
    for (const document of documents) {
      this.#words(text, at, document.start(0), withPaths, edits, depth);
      this.documentInto(document, view, edits, depth);
      at = document.end(0);
    }
    this.#words(text, at, end, withPaths, edits, depth);
    return true;
  }

  /** Where only detectors look, JSON that could be read in two ways is read as cells are: every token of it counts. */
  #asCell(text: Buffer, start: number, end: number, edits: SpanEdits, depth: number): boolean {
    const written = new ByteSink(0);
    const outcome = this.plan.detecting?.text(text, start, end, null, written) ?? 'kept';
    if (outcome === 'null') return false;
    const shown = outcome === 'written' ? written.taken() : text.subarray(start, end);
    const inner = new SpanEdits();
    maskEncodings(this, shown, 0, shown.length, false, inner, depth);
    if (outcome === 'written' || !inner.isEmpty) edits.put(start, end, inner.apply(shown, 0, shown.length));
    return true;
  }

  /** Between documents. */
  #words(
    text: Buffer,
    start: number,
    end: number,
    withPaths: boolean,
    edits: SpanEdits,
    depth: number,
  ): void {
    if (end - start < WORDS_BYTES_MIN) return;
    if (withPaths) maskTables(text, start, end, this.plan.paths, edits);
    const { detecting } = this.plan;
    if (detecting !== null) {
      const hits = this.#hits;
      hits.clear();
      detecting.scanner.scan(text, Math.max(0, start - CONTEXT_BYTES), start, end, hits);
      for (let n = 0; n < hits.count; n++) {
        const from = edits.written.at;
        if (!detecting.maskText(text, hits.start(n), hits.end(n), hits.rule(n), edits.written)) {
          edits.written.at = from;
          edits.written.copy(REDACTED, 0, REDACTED.length);
        }
        edits.add(hits.start(n), hits.end(n), from);
      }
    }
    maskEncodings(this, text, start, end, false, edits, depth);
  }

  /** Adds what is masked in a document, in the places of the bytes that it stands in. */
  documentInto(document: JsonDocument, view: DocumentView, edits: SpanEdits, depth: number): void {
    const withPaths = this.#atPaths(document, view, edits);
    this.#look(document, view, edits, depth);
    for (const node of document.escaped) {
      if (!document.isString(node) || !document.isEscaped(node) || isWithin(document, node, view.kept))
        continue;
      this.#string(document, node, withPaths(node), edits, depth);
    }
    if (!this.plan.namelessPath) return;
    // Arrays without a quote in them need no escape to stand in a string.
    for (let node = 0; node < document.count; node++)
      if (document.isString(node) && !document.isEscaped(node) && withPaths(node))
        if (mayHoldJson(document.source, document.start(node) + 1, document.end(node) - 1))
          this.#string(document, node, true, edits, depth);
  }

  /** What paths find; and whether they begin anew in a string. */
  #atPaths(
    document: JsonDocument,
    { values, texts }: DocumentView,
    edits: SpanEdits,
  ): (node: number) => boolean {
    if (!this.hasPaths || values?.length === 0) return (node) => this.hasPaths && texts.has(node);
    const { source } = document;
    for (const from of values ?? [0]) {
      for (const { path, value } of this.plan.paths)
        for (const node of path.find(document, from))
          value.mask(source, document.start(node), document.end(node), document.kind(node) === 'null', edits);
    }
    if (values === null) return () => true;
    const isInValue = positionsWithin(document, values);
    return (node) => texts.has(node) || isInValue(document.start(node));
  }

  #string(document: JsonDocument, node: number, withPaths: boolean, edits: SpanEdits, depth: number): void {
    const { source } = document;
    const [start, end] = [document.start(node) + 1, document.end(node) - 1];
    const context = Math.min(CONTEXT_BYTES, start - document.start(0));
    const text = readEscaped(source, start, end, context);
    const inner = new SpanEdits();
    if (!this.textInto(text.bytes, text.start, text.bytes.length, withPaths, inner, depth + 1)) {
      edits.put(start - 1, end + 1, WITHHELD_STRING);
    } else if (!inner.isEmpty) liftEdits(inner, text, source, start, end, edits);
  }

  /** What detectors find in tokens and in other spellings; strings with escapes are read apart from the rest. */
  #look(document: JsonDocument, { kept }: DocumentView, edits: SpanEdits, depth: number): void {
    let at = document.start(0);
    for (const { start, end } of apart(document, kept)) {
      this.#stretch(document, at, start, edits, depth);
      at = Math.max(at, end);
    }
    this.#stretch(document, at, document.end(0), edits, depth);
    const { detecting } = this.plan;
    if (detecting === null) return;
    for (const node of document.escaped)
      if (document.isNameEscaped(node) && !isWithin(document, node, kept))
        this.#name(document, node, edits, depth);
    for (const { node, rule } of oddNumbers(document, detecting.scanner)) {
      const [start, end] = [document.start(node), document.end(node)];
      if (!isWithin(document, node, kept))
        edits.put(start, end, detecting.maskNumber(document.source, start, end, rule) ?? ZERO);
    }
  }

  #stretch(document: JsonDocument, start: number, end: number, edits: SpanEdits, depth: number): void {
    if (end - start < WORDS_BYTES_MIN) return;
    const { source } = document;
    const { detecting } = this.plan;
    if (detecting !== null) {
      const hits = this.#hits;
      hits.clear();
      detecting.scanner.scan(source, Math.max(document.start(0), start - CONTEXT_BYTES), start, end, hits);
      for (let n = 0; n < hits.count; n++)
        this.#tokens(detecting, document, hits.start(n), hits.end(n), hits.rule(n), edits);
    }
    maskEncodings(this, source, start, end, true, edits, depth);
  }

  /** The tokens that a hit touches: it is cut at the end of each, and goes on in the next. */
  #tokens(
    detecting: DetectingText,
    document: JsonDocument,
    start: number,
    end: number,
    rule: number,
    edits: SpanEdits,
  ): void {
    for (let node = document.nodeAt(start); node < document.count; node++) {
      const nameStart = document.nameStart(node);
      if ((nameStart === NONE ? document.start(node) : nameStart) >= end) return;
      if (nameStart !== NONE) {
        const [from, to] = [Math.max(start, nameStart + 1), Math.min(end, document.nameEnd(node))];
        if (from < to && !this.#part(detecting, document.source, from, to, rule, edits))
          edits.put(from, to, REDACTED);
      }
      const [first, last] = [document.start(node), document.end(node)];
      if (document.isNumber(node) && start < last && first < end)
        edits.put(first, last, detecting.maskNumber(document.source, first, last, rule) ?? ZERO);
      if (!document.isString(node)) continue;
      const [from, to] = [Math.max(start, first + 1), Math.min(end, last - 1)];
      if (from < to && !this.#part(detecting, document.source, from, to, rule, edits))
        edits.put(first, last, NULL);
    }
  }

  /** Masks a part of a string; false: it has no masked form. */
  #part(
    detecting: DetectingText,
    source: Buffer,
    start: number,
    end: number,
    rule: number,
    edits: SpanEdits,
  ): boolean {
    const plain = this.#plain;
    plain.reset();
    if (!detecting.maskText(source, start, end, rule, plain)) return false;
    const from = edits.written.at;
    writeJsonEscaped(plain.bytes, 0, plain.at, edits.written);
    edits.add(start, end, from);
    return true;
  }

  #name(document: JsonDocument, node: number, edits: SpanEdits, depth: number): void {
    const { source } = document;
    const [start, end] = [document.nameStart(node) + 1, document.nameEnd(node)];
    const text = readEscaped(source, start, end, 0);
    const inner = new SpanEdits();
    this.#words(text.bytes, 0, text.bytes.length, false, inner, depth);
    if (!inner.isEmpty) liftEdits(inner, text, source, start, end, edits);
  }
}

const ZERO = Buffer.from('0');
/** Nothing that is looked for is shorter. */
const WORDS_BYTES_MIN = 5;
