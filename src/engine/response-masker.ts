/** Responses of requests, masked: values at JSON paths, and whatever detectors find. Bytes in, bytes out. */
import { isUtf8 } from 'node:buffer';
import { ByteSink } from '../bytes/index.ts';
import { CELL_OUTCOME, type CellMask } from '../core/masks.ts';
import type { ResponseMasks } from '../core/requests.ts';
import {
  compileJsonPath,
  isRefused,
  type JsonDocument,
  JsonEdits,
  type JsonLimits,
  type JsonPath,
  PLAIN_JSON,
  scanJson,
} from '../json/index.ts';
import { type DecodedMasker, holdsEncoded, maskEncoded, maskEncodedIn } from './encoded-texts.ts';
import type { ResponseCells, ResultMasks } from './result-masks.ts';

const NULL = Buffer.from('null');
const NOTHING: ReadonlySet<number> = new Set();

export class ResponseMasker {
  readonly #paths: readonly { readonly path: JsonPath; readonly cell: CellMask }[];
  readonly #inJson: CellMask | null;
  readonly #inText: CellMask | null;
  readonly #limits: JsonLimits;
  /** For values in another spelling; null: no detector looks for any. */
  readonly #decoded: DecodedMasker | null;

  constructor(cells: ResponseCells, bytesMax: number) {
    this.#paths = cells.paths.flatMap(({ path, cell }) => {
      const compiled = compileJsonPath(path);
      return compiled === null ? [] : [{ path: compiled, cell }];
    });
    this.#inJson = cells.inJson;
    this.#inText = cells.inText;
    this.#limits = { ...PLAIN_JSON, bytesMax };
    const { inText } = cells;
    const text = (bytes: Buffer) => (inText === null ? bytes : masked(inText, bytes));
    this.#decoded =
      inText === null ? null : { text, bytes: (bytes) => (isUtf8(bytes) ? text(bytes) : bytes) };
  }

  /** Whether values are masked by where they are: then only JSON can be masked. */
  get needsJson(): boolean {
    return this.#paths.length > 0;
  }

  /** One JSON document, white space around it included. Null: it cannot be read, so nothing of it may be passed. */
  json(bytes: Buffer): Buffer | null {
    const byPath = this.#paths.length === 0 ? bytes : this.#byPath(bytes);
    if (byPath === null || this.#inJson === null) return byPath;
    return masked(this.#inJson, this.#decodedJson(byPath));
  }

  /** What is written in another spelling; what cannot be read as JSON is as good as text. */
  #decodedJson(bytes: Buffer): Buffer {
    if (this.#decoded === null || !holdsEncoded(bytes)) return bytes;
    const document = scanJson(bytes, 0, bytes.length, this.#limits);
    if (isRefused(document)) return this.#decodedText(bytes);
    const edits = maskEncodedIn(document, NOTHING, this.#decoded);
    return edits.isEmpty ? bytes : edits.apply(0, bytes.length);
  }

  #decodedText(bytes: Buffer): Buffer {
    if (this.#decoded === null || !holdsEncoded(bytes) || !isUtf8(bytes)) return bytes;
    const text = bytes.toString('utf8');
    const shown = maskEncoded(text, this.#decoded);
    return shown === text ? bytes : Buffer.from(shown);
  }

  #byPath(bytes: Buffer): Buffer | null {
    const document = scanJson(bytes, 0, bytes.length, this.#limits);
    if (isRefused(document)) return null;
    const edits = new JsonEdits(document);
    for (const { path, cell } of this.#paths)
      for (const node of path.find(document)) maskNode(document, node, cell, edits);
    return edits.isEmpty ? bytes : edits.apply(0, bytes.length);
  }

  /** Text that is no JSON. Null: it cannot be masked. */
  text(bytes: Buffer): Buffer | null {
    if (this.needsJson) return null;
    return this.#inText === null ? bytes : masked(this.#inText, this.#decodedText(bytes));
  }

  /** The same for what only detectors look at, such as header fields. */
  detected(text: string): string {
    if (this.#inText === null) return text;
    const shown = this.#decoded === null ? text : maskEncoded(text, this.#decoded);
    const bytes = Buffer.from(
      shown === text ? text : shown.replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent),
      'latin1',
    );
    return masked(this.#inText, bytes).toString('latin1');
  }
}

function maskNode(document: JsonDocument, node: number, cell: CellMask, edits: JsonEdits): void {
  if (document.kind(node) === 'null') {
    if (cell.ofNull !== null) edits.replace(node, cell.ofNull);
    return;
  }
  const out = new ByteSink(64);
  const outcome = cell.mask(document.source, document.start(node), document.end(node), out);
  if (outcome === CELL_OUTCOME.kept) return;
  edits.replace(node, outcome === CELL_OUTCOME.written ? out.taken() : NULL);
}

function masked(cell: CellMask, bytes: Buffer): Buffer {
  const out = new ByteSink(bytes.length + 64);
  const outcome = cell.mask(bytes, 0, bytes.length, out);
  if (outcome === CELL_OUTCOME.kept) return bytes;
  return outcome === CELL_OUTCOME.written ? out.taken() : NULL;
}

/** What masks come to for a listener, made once for each set of them. */
export class ResponseMaskers {
  readonly #masks: ResultMasks;
  readonly #bytesMax: number;
  readonly #made = new WeakMap<ResponseMasks, ResponseMasker>();

  /** `bytesMax`: of one document, line or event. */
  constructor(masks: ResultMasks, bytesMax: number) {
    this.#masks = masks;
    this.#bytesMax = bytesMax;
  }

  for(masks: ResponseMasks): ResponseMasker {
    const known = this.#made.get(masks);
    if (known !== undefined) return known;
    const made = new ResponseMasker(this.#masks.forResponse(masks), this.#bytesMax);
    this.#made.set(masks, made);
    return made;
  }
}
