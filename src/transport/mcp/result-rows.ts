/**
 * How many rows a result holds, and a result with fewer of them. Rows are the items of the largest array, or the members of
 * the largest object of objects, in structured content and in JSON that stands in texts, and lines of tables in other texts.
 * What several content blocks hold is added up; what stands in both structured content and a text counts once.
 */
import {
  isRefused,
  type JsonDocument,
  JsonEdits,
  jsonString,
  PLAIN_JSON,
  scanJson,
} from '../../json/index.ts';

const NONE = -1;
const ELLIPSIS = '…';

/** Rows in all of a result: structured content and blocks say the same thing twice. */
export function rowsOf(document: JsonDocument, result: number): number {
  const structured = document.member(result, 'structuredContent');
  const blocks = blocksOf(document, result).reduce((sum, block) => sum + rowsOfText(document, block), 0);
  return Math.max(structured === NONE ? 0 : rowsAt(document, structured), blocks);
}

/** Strings for a model: of content blocks, resources in them, and of what was read. */
function blocksOf(document: JsonDocument, result: number): readonly number[] {
  const texts: number[] = [];
  const add = (holder: number) => {
    const text = document.member(holder, 'text');
    if (document.isString(text)) texts.push(text);
  };
  for (const name of ['content', 'contents', 'messages']) {
    const list = document.member(result, name);
    if (list === NONE) continue;
    for (const item of document.children(list)) {
      add(item);
      add(document.member(item, 'resource'));
      const content = document.member(item, 'content');
      if (content === NONE) continue;
      add(content);
      for (const block of document.isArray(content) ? document.children(content) : []) add(block);
    }
  }
  return texts;
}

function rowsOfText(document: JsonDocument, node: number): number {
  return rowsOfPlainText(document.text(node) ?? '');
}

/** Rows of a text by itself: of JSON, or of a table in it. */
export function rowsOfPlainText(text: string): number {
  const bytes = Buffer.from(text);
  const inner = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  return isRefused(inner) ? tableRows(text) : rowsAt(inner, 0);
}

/** The size of the largest list of a document. */
export function listRows(document: JsonDocument): number {
  return rowsAt(document, 0);
}

/** The largest list at or below a node. */
function rowsAt(document: JsonDocument, from: number): number {
  let most = 0;
  const end = document.end(from);
  for (let node = from; node < document.count && document.start(node) < end; node++)
    if (isList(document, node)) most = Math.max(most, document.size(node));
  return most;
}

/** An array, or an object whose members are all containers: rows by their keys. */
function isList(document: JsonDocument, node: number): boolean {
  if (document.isArray(node)) return true;
  if (!document.isObject(node) || document.size(node) < 3) return false;
  for (const child of document.children(node))
    if (!document.isObject(child) && !document.isArray(child)) return false;
  return true;
}

const DELIMITERS = ['|', '\t', ',', ';'];

/** Lines that have the same delimiter as often as the line before, or that are JSON each: at least two of them. */
function tableRows(text: string): number {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const json = lines.filter((line) => /^\s*[[{].*[\]}]\s*$/.test(line)).length;
  const counts = DELIMITERS.map((delimiter) => {
    let rows = 0;
    let before = -1;
    for (const line of lines) {
      const cells = line.split(delimiter).length - 1;
      if (cells > 0 && cells === before) rows++;
      before = cells;
    }
    return rows;
  });
  return Math.max(json > 1 ? json : 0, ...counts);
}

/** How much of a result is kept. */
export interface Share {
  /** Rows of every list, and lines of tables. */
  readonly rows: number;
  /** Of texts that are no rows, between 0 and 1. */
  readonly text: number;
}

/** The result with at most so much of everything; still valid. `edits` are those of its document. */
export function cutResult(document: JsonDocument, result: number, share: Share, edits: JsonEdits): void {
  const structured = document.member(result, 'structuredContent');
  if (structured !== NONE) cutLists(document, structured, share.rows, edits);
  let left = share.rows;
  for (const node of blocksOf(document, result)) {
    const text = document.text(node) ?? '';
    const { cut, rows } = cutText(text, { ...share, rows: left });
    left = Math.max(0, left - rows);
    if (cut !== text) edits.replace(node, jsonString(cut));
  }
  for (const blob of blobsOf(document, result)) if (share.text < 1) edits.replace(blob, jsonString(''));
}

function blobsOf(document: JsonDocument, result: number): readonly number[] {
  const end = document.end(result);
  const blobs: number[] = [];
  for (let node = result; node < document.count && document.start(node) < end; node++) {
    const name = document.name(node);
    if ((name === 'blob' || name === 'data') && document.isString(node)) blobs.push(node);
  }
  return blobs;
}

/** Leaves so many items of every list, at most. */
export function cutLists(document: JsonDocument, from: number, rows: number, edits: JsonEdits): void {
  const end = document.end(from);
  for (let node = from; node < document.count && document.start(node) < end; node++) {
    if (!isList(document, node)) continue;
    let n = 0;
    for (const child of document.children(node)) if (n++ >= rows) edits.remove(child);
  }
}

function cutText(text: string, share: Share): { readonly cut: string; readonly rows: number } {
  const bytes = Buffer.from(text);
  const inner = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  if (!isRefused(inner)) {
    const edits = new JsonEdits(inner);
    cutLists(inner, 0, share.rows, edits);
    const rows = Math.min(share.rows, rowsAt(inner, 0));
    if (inner.isString(0) && share.text < 1)
      return { cut: jsonString(shortened(inner.text(0) ?? '', share.text)).toString(), rows };
    return edits.isEmpty ? { cut: text, rows } : { cut: edits.apply(0, bytes.length).toString(), rows };
  }
  const rows = tableRows(text);
  if (rows > 0 && rows > share.rows) return { cut: firstLines(text, share.rows), rows: share.rows };
  return share.text < 1 ? { cut: shortened(text, share.text), rows } : { cut: text, rows };
}

/** The lines up to where there are so many rows in them. */
function firstLines(text: string, rows: number): string {
  const lines = text.split('\n');
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tableRows(lines.slice(0, middle).join('\n')) <= rows) low = middle;
    else high = middle - 1;
  }
  return low === lines.length ? text : `${lines.slice(0, low).join('\n')}\n${ELLIPSIS}`;
}

function shortened(text: string, share: number): string {
  const characters = [...text];
  const kept = Math.floor(characters.length * share);
  return kept >= characters.length ? text : `${characters.slice(0, kept).join('')}${ELLIPSIS}`;
}
