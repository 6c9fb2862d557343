/**
 * Values that stand in texts in another spelling: percent-encoded, as in URLs (RFC 3986, 2.1), and Base64 or hexadecimal
 * digits (RFC 4648), bare or in data URLs (RFC 2397). What hides nothing stays as it is written.
 */
import { isUtf8 } from 'node:buffer';
import { jsonString } from '../../json/index.ts';
import { maskBlobBytes } from './blobs.ts';
import { maskRuns } from './encoded-runs.ts';
import type { SpanEdits } from './span-edits.ts';

/** Masks what was decoded; null: nothing of it may be shown. */
export interface DecodedMasker {
  text(text: Buffer, depth: number): Buffer | null;
}

const DATA_URL = /data:[^\s,"'<>]{0,200};base64,([\w+/=%-]+)/gi;
const ESCAPE = /%[0-9a-f]{2}/i;
const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
/** What was encoded more often than this is shown to nobody. */
const ROUNDS_MAX = 4;
/** Levels of nesting that one encoding counts for. */
const LEVELS = 2;
const PERCENT = 0x25;
const WITHHELD =
  '[withheld by Sluice: a mask applies to this, and it is encoded more often than is looked through]';

/** By byte: what ends a run, blanks, quotes and angle brackets. */
const ENDS = new Uint8Array(256).fill(1, 0, 0x21);
for (const byte of Buffer.from(`"'<>`)) ENDS[byte] = 1;

/** `inJson`: what is put there stands within a string of JSON. */
export function maskEncodings(
  masker: DecodedMasker,
  text: Buffer,
  start: number,
  end: number,
  inJson: boolean,
  edits: SpanEdits,
  depth: number,
): void {
  maskRuns(masker, text, start, end, edits, depth + LEVELS);
  if (indexIn(text, ';base64,', start, end) >= 0) dataUrls(masker, text, start, end, edits, depth + LEVELS);
  for (let at = indexIn(text, PERCENT, start, end); at >= 0; ) {
    const [from, to] = runAround(text, at, start, end);
    const run = text.utf8Slice(from, to);
    const shown = ESCAPE.test(run) ? maskedRun(masker, run, depth + LEVELS) : run;
    if (shown !== run) edits.put(from, to, inJson ? jsonString(shown).subarray(1, -1) : Buffer.from(shown));
    at = indexIn(text, PERCENT, to, end);
  }
}

function indexIn(text: Buffer, what: string | number, start: number, end: number): number {
  if (start >= end) return -1;
  const found = text.subarray(start, end).indexOf(what);
  return found < 0 ? -1 : start + found;
}

function runAround(text: Buffer, at: number, start: number, end: number): readonly [number, number] {
  let [from, to] = [at, at];
  while (from > start && ENDS[text[from - 1] ?? 0] === 0) from--;
  while (to < end && ENDS[text[to] ?? 0] === 0) to++;
  return [from, to];
}

/** The very text where nothing of it is masked. */
function maskedRun(masker: DecodedMasker, run: string, depth: number): string {
  let decoded = run;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = decoded;
    decoded = decodedOnce(before);
    if (decoded === before) return run;
    const bytes = Buffer.from(decoded);
    const masked = masker.text(bytes, depth);
    if (masked === null) return WITHHELD;
    // What is shown decoded must not end a line that it did not end before.
    if (!masked.equals(bytes)) return masked.toString('utf8').replaceAll(/\p{Cc}/gu, encodeURIComponent);
  }
  return decodedOnce(decoded) === decoded ? run : WITHHELD;
}

/** Escapes that are no UTF-8 stay: nobody reads a text in them. */
function decodedOnce(text: string): string {
  return text.replaceAll(ESCAPES, (escapes: string) => {
    const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex');
    return isUtf8(bytes) ? bytes.toString('utf8') : escapes;
  });
}

/** Binary data in them that is no picture and no sound is withheld, as it is in blobs. */
function dataUrls(
  masker: DecodedMasker,
  text: Buffer,
  start: number,
  end: number,
  edits: SpanEdits,
  depth: number,
): void {
  const written = text.latin1Slice(start, end);
  for (const found of written.matchAll(DATA_URL)) {
    const [whole, encoded = ''] = found;
    const bytes = Buffer.from(decodedOnce(encoded), 'base64');
    const masked = maskBlobBytes(bytes, (inner) => masker.text(inner, depth));
    if (masked === bytes) continue;
    const to = start + found.index + whole.length;
    edits.put(to - encoded.length, to, Buffer.from((masked ?? Buffer.from(WITHHELD)).toString('base64')));
  }
}
