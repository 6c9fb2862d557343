/** How a document is looked at, and what of it is read in a way of its own. */
import type { JsonDocument } from '../../json/index.ts';

const NONE = -1;

/** How a document is looked at. */
export interface DocumentView {
  /** Nodes at which paths begin; null: at the root. */
  readonly values: readonly number[] | null;
  /** Strings in whose JSON paths begin, beside those within `values`. */
  readonly texts: ReadonlySet<number>;
  /** Nodes that stay, with their names; whoever asks sees to them. */
  readonly kept: ReadonlySet<number>;
}

export const WHOLE: DocumentView = { values: null, texts: new Set(), kept: new Set() };
export const WITHOUT_PATHS: DocumentView = { values: [], texts: new Set(), kept: new Set() };

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What is not read where it stands: strings and names with escapes, and what is kept; in order. */
export function apart(document: JsonDocument, kept: ReadonlySet<number>): readonly Span[] {
  const spans: Span[] = [];
  for (const node of document.escaped) {
    if (document.isNameEscaped(node))
      spans.push({ start: document.nameStart(node), end: document.nameEnd(node) + 1 });
    if (document.isString(node) && document.isEscaped(node))
      spans.push({ start: document.start(node), end: document.end(node) });
  }
  if (kept.size === 0) return spans;
  for (const node of kept) {
    const nameStart = document.nameStart(node);
    spans.push({ start: nameStart === NONE ? document.start(node) : nameStart, end: document.end(node) });
  }
  return spans.sort((a, b) => a.start - b.start);
}

/** Whether a position lies in one of the values; there may be many of both. */
export function positionsWithin(
  document: JsonDocument,
  values: readonly number[],
): (position: number) => boolean {
  const sorted = values.toSorted((a, b) => a - b);
  const starts = sorted.map((node) => document.start(node));
  let furthest = 0;
  const ends = sorted.map((node) => {
    furthest = Math.max(furthest, document.end(node));
    return furthest;
  });
  return (position) => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (ends[low - 1] ?? 0) > position;
  };
}

export function isWithin(document: JsonDocument, node: number, kept: ReadonlySet<number>): boolean {
  if (kept.size === 0) return false;
  for (let up = node; up !== NONE; up = document.parent(up)) if (kept.has(up)) return true;
  return false;
}

/** Without brackets there is no JSON that has anything in it, but for a string that is all of a text. */
export function mayHoldJson(text: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = text[at];
    if (byte === 0x7b || byte === 0x5b) return true;
    if (byte === 0x22 && isBlank(text, start, at)) return true;
  }
  return false;
}

function isBlank(text: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((text[at] ?? 0) > 0x20) return false;
  return true;
}
