/**
 * Messages for a model, masked: values by their place in structured content and in JSON that stands in texts, and whatever
 * detectors find anywhere. Edits are made in place; what is not masked leaves as it came, byte by byte (promise 10).
 */
import { ByteSink } from '../bytes/index.ts';
import { CELL_OUTCOME, type CellMask } from '../core/masks.ts';
import type { ResponseMasks } from '../core/requests.ts';
import {
  compileJsonPath,
  isRefused,
  type JsonDocument,
  JsonEdits,
  type JsonPath,
  PLAIN_JSON,
  scanJson,
} from '../json/index.ts';
import { holdsEncoded, maskEncodedIn, WITHHELD } from './encoded-texts.ts';
import { maskBlob, maskedBytes } from './message-blobs.ts';
import type { ResultMasks } from './result-masks.ts';
import { documentsIn } from './text-documents.ts';

const NONE = -1;
const NULL = Buffer.from('null');
/** JSON inside of a string of JSON, and so on. */
const NESTING_MAX = 8;

/** Where a message has something to read; whatever is not named is looked through by detectors all the same. */
export interface MessageSurfaces {
  /** Values that JSON paths begin at. */
  readonly values: readonly number[];
  /** Strings; paths begin at JSON that stands in them. */
  readonly texts: readonly number[];
  readonly blobs: readonly { readonly node: number }[];
  /** What stays as it is, with its name. */
  readonly tokens: readonly number[];
}

export class MessageMasker {
  readonly #paths: readonly { readonly path: JsonPath; readonly cell: CellMask }[];
  readonly #detector: CellMask | null;
  readonly #textDetector: CellMask | null;

  constructor(masks: ResultMasks, response: ResponseMasks) {
    const cells = masks.forResponse(response);
    this.#paths = cells.paths.flatMap(({ path, cell }) => {
      const compiled = compileJsonPath(path);
      return compiled === null ? [] : [{ path: compiled, cell }];
    });
    this.#detector = cells.inJson;
    this.#textDetector = cells.inText;
  }

  /**
   * The message as it may leave; the very document where nothing of it is masked. `surfacesOf` says where it has what: it
   * is asked again once something has been changed.
   */
  mask(document: JsonDocument, surfacesOf: (document: JsonDocument) => MessageSurfaces): JsonDocument {
    let surfaces = surfacesOf(document);
    let masked = document;
    const byPath = new JsonEdits(document);
    for (const { node } of surfaces.blobs) maskBlob(document, node, this, byPath);
    if (this.#paths.length > 0) {
      for (const node of surfaces.values) this.#atPaths(document, node, byPath, 0);
      for (const node of surfaces.texts) this.#inText(document, node, byPath, 0);
    }
    if (!byPath.isEmpty) {
      masked = changed(byPath);
      surfaces = surfacesOf(masked);
    }
    const decoded = this.#encoded(masked, surfaces);
    if (!decoded.isEmpty) {
      masked = changed(decoded);
      surfaces = surfacesOf(masked);
    }
    if (this.#detector === null) return masked;
    const blobs = surfaces.blobs.map(({ node }) => node);
    const detected = new Detection(masked, [...surfaces.tokens, ...blobs], this.#detector).edits();
    return detected.isEmpty ? masked : changed(detected);
  }

  /** Strings in which something is written in another spelling. */
  #encoded(document: JsonDocument, { tokens, blobs }: MessageSurfaces): JsonEdits {
    if (!holdsEncoded(document.source)) return new JsonEdits(document);
    const kept = new Set([...tokens, ...blobs.map(({ node }) => node)]);
    return maskEncodedIn(document, kept, {
      text: (text) => this.text(text),
      bytes: (bytes) => maskedBytes(bytes, this),
    });
  }

  /** A text that stands for itself, such as what a blob holds. Null: nothing of it may be shown. */
  text(text: Buffer): Buffer | null {
    let masked = text;
    if (this.#paths.length > 0) {
      const byPath = this.#documents(text, 0);
      if (byPath === null) return null;
      masked = byPath;
    }
    return this.#textDetector === null ? masked : cellOf(this.#textDetector, masked);
  }

  /** What paths find from `from` on, and in JSON inside of its strings. */
  #atPaths(document: JsonDocument, from: number, edits: JsonEdits, depth: number): void {
    for (const { path, cell } of this.#paths)
      for (const node of path.find(document, from)) maskNode(document, node, cell, edits);
    const end = document.end(from);
    for (let node = from; node < document.count && document.start(node) < end; node++)
      if (document.isString(node)) this.#inText(document, node, edits, depth);
  }

  #inText(document: JsonDocument, node: number, edits: JsonEdits, depth: number): void {
    if (!mayHoldJson(document, node)) return;
    const text = textBytes(document, node);
    const masked = this.#documents(text, depth + 1);
    if (masked === text) return;
    const shown = masked === null ? WITHHELD : masked.toString('utf8');
    edits.replace(node, Buffer.from(JSON.stringify(shown)));
  }

  /** The very text where nothing of it is masked. */
  #documents(text: Buffer, depth: number): Buffer | null {
    const documents = depth > NESTING_MAX ? null : documentsIn(text, 0, text.length);
    if (documents === null) return null;
    const parts: Buffer[] = [];
    let at = 0;
    for (const document of documents) {
      const edits = new JsonEdits(document);
      this.#atPaths(document, document.root, edits, depth);
      if (edits.isEmpty) continue;
      const [start, end] = [document.start(0), document.end(0)];
      parts.push(text.subarray(at, start), edits.apply(start, end));
      at = end;
    }
    if (parts.length === 0) return text;
    parts.push(text.subarray(at));
    return Buffer.concat(parts);
  }
}

/** By the engine's own reader, which is several times as fast for texts with many escapes. */
function textBytes(document: JsonDocument, node: number): Buffer {
  if (!document.isEscaped(node))
    return document.source.subarray(document.start(node) + 1, document.end(node) - 1);
  const text: unknown = JSON.parse(document.written(node));
  return Buffer.from(typeof text === 'string' ? text : '');
}

/** A string without brackets has no JSON in it that has members. */
function mayHoldJson(document: JsonDocument, node: number): boolean {
  const { source } = document;
  const [start, end] = [document.start(node), document.end(node)];
  for (let at = start; at < end; at++) {
    const byte = source[at];
    // An escape may stand for a bracket.
    if (byte === 0x7b || byte === 0x5b || (byte === 0x5c && source[at + 1] === 0x75)) return true;
  }
  return false;
}

function changed(edits: JsonEdits): JsonDocument {
  const bytes = edits.apply();
  const read = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  // Names that were masked may have become equal ones.
  if (isRefused(read)) throw new UnmaskableMessage(read.message);
  return read;
}

/** A message of which nothing may be shown, since what is left of it could be read in two ways. */
export class UnmaskableMessage extends Error {
  override readonly name = 'UnmaskableMessage';
}

/**
 * Detectors over a message apart from its tokens. What has none of them in it is masked in one go; around them each member
 * is masked with its name, since a name says what a value is.
 */
class Detection {
  readonly #document: JsonDocument;
  readonly #detector: CellMask;
  readonly #kept: ReadonlySet<number>;
  /** Containers of what is kept. */
  readonly #around = new Set<number>();
  readonly #edits: JsonEdits;

  constructor(document: JsonDocument, kept: readonly number[], detector: CellMask) {
    this.#document = document;
    this.#detector = detector;
    this.#edits = new JsonEdits(document);
    this.#kept = new Set(kept);
    for (const node of kept)
      for (let up = document.parent(node); up !== NONE && !this.#around.has(up); up = document.parent(up))
        this.#around.add(up);
  }

  edits(): JsonEdits {
    this.#visit(0);
    return this.#edits;
  }

  #visit(node: number): void {
    const document = this.#document;
    if (this.#kept.has(node)) return;
    if (this.#around.has(node)) {
      for (const child of document.children(node)) this.#visit(child);
      return;
    }
    const nameStart = document.nameStart(node);
    if (nameStart === NONE) {
      const found = this.#finds(document.start(node), document.end(node));
      if (found !== null) this.#edits.replaceSpan(document.start(node), document.end(node), found);
      return;
    }
    const end = document.end(node);
    const member = Buffer.concat([OPEN, document.source.subarray(nameStart, end), CLOSE]);
    const found = cellOf(this.#detector, member);
    if (found !== member) this.#edits.replaceSpan(nameStart, end, found.subarray(1, -1));
  }

  /** Null: nothing is masked. */
  #finds(start: number, end: number): Buffer | null {
    const out = new ByteSink(0);
    const outcome = this.#detector.mask(this.#document.source, start, end, out);
    if (outcome === CELL_OUTCOME.kept) return null;
    return outcome === CELL_OUTCOME.written ? out.taken() : NULL;
  }
}

const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');

function maskNode(document: JsonDocument, node: number, cell: CellMask, edits: JsonEdits): void {
  if (document.kind(node) === 'null') {
    if (cell.ofNull !== null) edits.replace(node, cell.ofNull);
    return;
  }
  value.reset();
  const outcome = cell.mask(document.source, document.start(node), document.end(node), value);
  if (outcome === CELL_OUTCOME.kept) return;
  // Small, many, and for no other thread: copies may share their memory.
  const bytes = outcome === CELL_OUTCOME.written ? Buffer.from(value.bytes.subarray(0, value.at)) : NULL;
  edits.replace(node, bytes);
}

/** For one value that is masked; nothing is kept in it between two. */
const value = new ByteSink(256);

/** The very bytes where nothing is masked. */
function cellOf(cell: CellMask, bytes: Buffer): Buffer {
  const out = new ByteSink(0);
  const outcome = cell.mask(bytes, 0, bytes.length, out);
  if (outcome === CELL_OUTCOME.kept) return bytes;
  return outcome === CELL_OUTCOME.written ? out.taken() : NULL;
}
