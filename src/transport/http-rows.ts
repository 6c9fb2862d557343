/**
 * Rows of answers of HTTP, where a limit or a budget counts them: items of lists in JSON, lines of NDJSON, records of CSV,
 * events of a stream. An answer of data whose rows cannot be told is not passed.
 */
import { type BodyKind, readMediaType } from '../../protocols/http/index.ts';
import type { RequestRun } from '../engine/request-run.ts';
import {
  compileJsonPath,
  isRefused,
  type JsonDocument,
  JsonEdits,
  type JsonPath,
  PLAIN_JSON,
  scanJson,
} from '../json/index.ts';
import { cutLists, listRows, rowsOfPlainText } from './mcp/result-rows.ts';

const LF = 0x0a;
const QUOTE = 0x22;
/** What is no data, whatever stands in it: nobody reads a table by it. */
const NO_DATA =
  /^(?:image|audio|video|font)\/|^text\/(?:html|css|javascript)$|^application\/(?:pdf|javascript|x-javascript|ecmascript|wasm)$/;

/** `document`: it is counted by all of it. `pieces`: by lines or events. `none`: it has no rows. `unknown`: nobody can tell. */
export type Countable = 'document' | 'pieces' | 'none' | 'unknown';

export interface CutRows {
  readonly bytes: Buffer;
  readonly rows: number;
}

export class AnswerRows {
  readonly how: Countable;
  readonly #kind: BodyKind;
  readonly #paths: readonly JsonPath[];
  readonly #hasHeader: boolean;
  readonly #jsonMax: number;

  private constructor(kind: BodyKind, contentType: string | null, items: readonly string[], jsonMax: number) {
    this.#kind = kind;
    this.#paths = items.flatMap((item) => compileJsonPath(item) ?? []);
    this.#hasHeader = !/;\s*header\s*=\s*"?absent/i.test(contentType ?? '');
    this.#jsonMax = jsonMax;
    this.how = countable(kind, contentType);
  }

  /** Null: nothing counts the rows of this answer. */
  static of(
    run: Pick<RequestRun, 'limit' | 'decision'>,
    kind: BodyKind,
    contentType: string | null,
    jsonMax: number,
  ): AnswerRows | null {
    if (run.limit.rows === null) return null;
    return new AnswerRows(kind, contentType, run.decision.items, jsonMax);
  }

  /** Rows of a whole body; null: nobody can tell. */
  count(bytes: Buffer): number | null {
    if (this.#kind === 'csv') return Math.max(0, recordEnds(bytes).length - (this.#hasHeader ? 1 : 0));
    if (this.#kind === 'text') return rowsOfPlainText(bytes.toString('utf8'));
    if (bytes.length === 0) return 0;
    const document = this.#json(bytes);
    return document === null ? null : this.#rowsOf(document);
  }

  /** Rows of a line of NDJSON or of the data of an event: one, or as many as a list in it has. */
  piece(data: Buffer): number {
    const open = data.find((byte) => byte !== 0x20 && byte !== 0x09);
    if (open !== 0x5b && (open !== 0x7b || this.#paths.length === 0)) return 1;
    const document = this.#json(data);
    if (document === null) return 1;
    const found = this.#found(document);
    return Math.max(1, found > 0 ? found : document.isArray(0) ? document.size(0) : 1);
  }

  /** The first rows of a body that has more, valid as it was; null: it cannot be made shorter. */
  cut(bytes: Buffer, rows: number): CutRows | null {
    if (this.#kind === 'csv') {
      const ends = recordEnds(bytes);
      const kept = rows + (this.#hasHeader ? 1 : 0);
      return { bytes: bytes.subarray(0, kept === 0 ? 0 : (ends[kept - 1] ?? bytes.length)), rows };
    }
    const document = this.#kind === 'json' ? this.#json(bytes) : null;
    if (document === null) return null;
    const edits = new JsonEdits(document);
    if (this.#found(document) === 0) cutLists(document, 0, rows, edits);
    else
      for (const path of this.#paths) for (const node of path.find(document).slice(rows)) edits.remove(node);
    return { bytes: edits.apply(0, bytes.length), rows };
  }

  #json(bytes: Buffer): JsonDocument | null {
    const document = scanJson(bytes, 0, bytes.length, { ...PLAIN_JSON, bytesMax: this.#jsonMax });
    return isRefused(document) ? null : document;
  }

  /** Where a path finds nothing the answer is not of the shape that was meant: it counts as any other. */
  #rowsOf(document: JsonDocument): number {
    const found = this.#found(document);
    return found > 0 ? found : listRows(document);
  }

  #found(document: JsonDocument): number {
    return Math.max(0, ...this.#paths.map((path) => path.find(document).length));
  }
}

function countable(kind: BodyKind, contentType: string | null): Countable {
  switch (kind) {
    case 'json':
    case 'csv':
      return 'document';
    case 'ndjson':
    case 'sse':
      return 'pieces';
    case 'none':
      return 'none';
    default: {
      const type = readMediaType(contentType ?? '')?.type ?? '';
      if (NO_DATA.test(type)) return 'none';
      return type === 'text/plain' || type === 'text/markdown' ? 'document' : 'unknown';
    }
  }
}

/** Behind each record (RFC 4180, 2): line breaks within quotes are none. Blank lines are no records. */
function recordEnds(bytes: Buffer): readonly number[] {
  const ends: number[] = [];
  let isQuoted = false;
  let isBlank = true;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    if (byte === LF && !isQuoted) {
      if (!isBlank) ends.push(at + 1);
      isBlank = true;
    } else if (byte !== 0x0d) isBlank = false;
  }
  if (!isBlank) ends.push(bytes.length);
  return ends;
}
