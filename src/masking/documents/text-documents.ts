/** JSON that stands in texts: a whole text, lines of it, or pieces between words (`Here are 3 rows: [{…}]`). */
import {
  CANONICAL_JSON,
  isRefused,
  type JsonDocument,
  type JsonFault,
  PLAIN_JSON,
  scanJson,
} from '../../json/index.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DEPTH_MAX = CANONICAL_JSON.depthMax;
/** How often a byte may be looked at, on the average: brackets within brackets that are no JSON are tried again. */
const PASSES_MAX = 16;
const WORK_MIN = 65_536;

/**
 * The documents in `bytes[start, end)`, in their order; none where it is only words. Null: something in it is JSON that can
 * be read in two ways, or it would take too long to tell.
 */
export function documentsIn(bytes: Buffer, start: number, end: number): readonly JsonDocument[] | null {
  const whole = scanJson(bytes, start, end, PLAIN_JSON);
  if (!isRefused(whole)) return [whole];
  if (!isWords(whole.refused)) return null;
  const found: JsonDocument[] = [];
  let work = Math.max(WORK_MIN, PASSES_MAX * (end - start));
  for (let at = nextOpening(bytes, start, end); at < end; ) {
    const { close, looked } = closingOf(bytes, at, end);
    work -= 2 * looked;
    if (work < 0) return null;
    const document = close === null ? null : scanJson(bytes, at, close, PLAIN_JSON);
    if (document !== null && isRefused(document) && !isWords(document.refused)) return null;
    const isDocument = document !== null && !isRefused(document);
    if (isDocument) found.push(document);
    at = nextOpening(bytes, isDocument && close !== null ? close : at + 1, end);
  }
  return found;
}

function isWords(refused: JsonFault): boolean {
  return refused === 'syntax' || refused === 'trailing' || refused === 'byte-order-mark';
}

function nextOpening(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) if (bytes[at] === 0x7b || bytes[at] === 0x5b) return at;
  return end;
}

/** Behind the bracket that closes the one at `from`; null: there is none, or what is between is no JSON. */
function closingOf(
  bytes: Buffer,
  from: number,
  end: number,
): { readonly close: number | null; readonly looked: number } {
  const open: number[] = [];
  let at = from;
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      at = endOfString(bytes, at + 1, end);
      if (at < 0) return { close: null, looked: -at - from };
    } else if (byte === 0x7b || byte === 0x5b) {
      if (open.push(byte + 2) > DEPTH_MAX || !begins(bytes, at, end)) break;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (open.pop() !== byte) break;
      if (open.length === 0) return { close: at + 1, looked: at + 1 - from };
    }
  }
  return { close: null, looked: at - from + 1 };
}

/** The closing quote; negative: where it turned out that it is no string of JSON, which has no line breaks. */
function endOfString(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < 0x20) return -at;
    if (byte === BACKSLASH) at++;
  }
  return -end;
}

/** Whether what follows a bracket can follow it in JSON: most brackets in words and programs are told by that. */
function begins(bytes: Buffer, opening: number, end: number): boolean {
  for (let at = opening + 1; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
    if (byte === QUOTE) return true;
    if (bytes[opening] === 0x7b) return byte === 0x7d;
    return byte === 0x5d || byte === 0x5b || byte === 0x7b || /[-\dtfn]/.test(String.fromCharCode(byte));
  }
  return false;
}
