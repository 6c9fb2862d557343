/**
 * Base64, of either alphabet, and hexadecimal digits (RFC 4648) that stand bare in a text. A run is decoded only where
 * printable ASCII comes of it, at every place at which a value could begin: what stands before it may be glued to it.
 */
import { isUtf8 } from 'node:buffer';
import { isMedia } from './blobs.ts';
import type { DecodedMasker } from './encodings.ts';
import type { SpanEdits } from './span-edits.ts';

/** Nine bytes, in either spelling. */
const BASE64_MIN = 12;
const HEX_MIN = 18;
const QUAD = 4;
const PAIR = 2;
/** So much has to be printable for the rest to be decoded: of nothing shorter a detector makes anything. */
const QUADS_MIN = 2;
const PAIRS_MIN = 6;
const PRINTABLE_MIN = 9;
/** What is wrapped has full lines: 64 characters in PEM, 76 in MIME. */
const LINE_MIN = 40;
const EQUALS = 0x3d;
const CR = 0x0d;
const LF = 0x0a;
const WITHHELD = Buffer.from('[withheld by Sluice]');

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const OTHER = 0;
const IN_RUN = 1;
/** The first, second or third of four characters that stand for printable ASCII. */
const FIRST = 2;
const SECOND = 4;
const THIRD = 8;
/** The first of two hexadecimal digits that do; any hexadecimal digit. */
const HIGH = 16;
const HEX = 32;
const KIND = new Uint8Array(256);
for (const [bytes, from] of [
  [Buffer.from(ALPHABET), 0],
  [Buffer.from('+/'), 62],
  [Buffer.from('-_'), 62],
] as const) {
  bytes.forEach((byte, n) => {
    const sextet = from + n;
    const first = sextet >= 8 && sextet < 32 ? FIRST : 0;
    KIND[byte] = IN_RUN | first | ((sextet & 8) === 0 ? SECOND : 0) | ((sextet & 2) === 0 ? THIRD : 0);
  });
}
for (const byte of Buffer.from('0123456789abcdefABCDEF')) KIND[byte] = (KIND[byte] ?? 0) | HEX;
for (const byte of Buffer.from('234567')) KIND[byte] = (KIND[byte] ?? 0) | HIGH;

export function maskRuns(
  masker: DecodedMasker,
  text: Buffer,
  start: number,
  end: number,
  edits: SpanEdits,
  depth: number,
): void {
  // A run that is long enough stands on one of these places, wherever it begins.
  for (let place = start + BASE64_MIN - 1, after = start; place < end; place += BASE64_MIN) {
    if (KIND[text[place] ?? 0] === OTHER) continue;
    let from = place;
    while (from > after && KIND[text[from - 1] ?? 0] !== OTHER) from--;
    let at = runEnd(text, place, end);
    after = at;
    place = at;
    if (at - from < BASE64_MIN) continue;
    const lines = at - from < LINE_MIN ? null : wrapped(text, from, at, end);
    if (lines !== null) {
      at = lines.end;
      after = at;
      place = at;
      maskRun(masker, lines.characters, from, at, text, end, edits, depth);
    } else maskRun(masker, text.subarray(from, at), from, at, text, end, edits, depth);
  }
}

function runEnd(text: Buffer, at: number, end: number): number {
  while (at < end && KIND[text[at] ?? 0] !== OTHER) at++;
  return at;
}

/** Lines of the same length, but for the last one, which may be shorter. Null: there is only one. */
function wrapped(
  text: Buffer,
  start: number,
  first: number,
  end: number,
): { readonly characters: Buffer; readonly end: number } | null {
  const lines = [text.subarray(start, first)];
  const size = first - start;
  let at = first;
  for (;;) {
    const next = text[at] === CR && text[at + 1] === LF ? at + 2 : text[at] === LF ? at + 1 : at;
    if (next === at || next >= end) break;
    const stop = runEnd(text, next, Math.min(end, next + size));
    if (stop === next) break;
    lines.push(text.subarray(next, stop));
    at = stop;
    if (stop - next < size) break;
  }
  return lines.length === 1 ? null : { characters: Buffer.concat(lines), end: at };
}

/** `run`: its characters, without ends of lines; it is written at [start, end) of `text`, which goes on up to `textEnd`. */
function maskRun(
  masker: DecodedMasker,
  run: Buffer,
  start: number,
  end: number,
  text: Buffer,
  textEnd: number,
  edits: SpanEdits,
  depth: number,
): void {
  const hex = hexIn(masker, run, depth);
  if (hex !== null) {
    edits.put(start, end, hex);
    return;
  }
  let found: Buffer | null = null;
  for (let shift = 0; shift < QUAD; shift++) {
    if (!hasPrintableQuads(run, shift)) continue;
    const characters = run.latin1Slice(shift);
    const bytes = Buffer.from(characters, 'base64');
    if (shift === 0 && isMedia(bytes)) return;
    const masked = decodedMasked(masker, bytes, depth);
    if (masked === null) continue;
    // Two readings of one run, and something in both of them: none of it is shown.
    if (found !== null) {
      found = WITHHELD;
      break;
    }
    const encoded = masked.toString(/[-_]/.test(characters) ? 'base64url' : 'base64').replaceAll('=', '');
    found = Buffer.from(
      `${run.latin1Slice(0, shift)}${encoded}${paddingOf(shift + encoded.length, text[end])}`,
    );
  }
  if (found === null) return;
  let to = end;
  while (to < textEnd && text[to] === EQUALS && to < end + 2) to++;
  edits.put(start, to, found);
}

/** `next`: the byte behind the run. Padded as it was. */
function paddingOf(size: number, next: number | undefined): string {
  return next === EQUALS ? '='.repeat((QUAD - (size % QUAD)) % QUAD) : '';
}

function hasPrintableQuads(run: Buffer, shift: number): boolean {
  let quads = 0;
  for (let at = shift; at + 3 < run.length; at += QUAD) {
    const isPrintable =
      ((KIND[run[at] ?? 0] ?? 0) & FIRST) !== 0 &&
      ((KIND[run[at + 1] ?? 0] ?? 0) & SECOND) !== 0 &&
      ((KIND[run[at + 2] ?? 0] ?? 0) & THIRD) !== 0;
    quads = isPrintable ? quads + 1 : 0;
    if (quads === QUADS_MIN) return true;
  }
  return false;
}

/** The run with what is masked in its hexadecimal digits; null: nothing is. */
function hexIn(masker: DecodedMasker, run: Buffer, depth: number): Buffer | null {
  // `\x…` and `0x…`, as databases and programs write bytes.
  const prefix = run[0] === 0x30 && run[1] === 0x78 ? 2 : run[0] === 0x78 ? 1 : 0;
  let stop = prefix;
  while (stop < run.length && ((KIND[run[stop] ?? 0] ?? 0) & HEX) !== 0) stop++;
  if (stop - prefix < HEX_MIN) return null;
  for (let shift = 0; shift < PAIR; shift++) {
    const from = prefix + shift;
    if (!hasPrintablePairs(run, from, stop)) continue;
    const to = stop - ((stop - from) % PAIR);
    const masked = decodedMasked(masker, Buffer.from(run.latin1Slice(from, to), 'hex'), depth);
    if (masked === null) continue;
    return Buffer.concat([run.subarray(0, from), Buffer.from(masked.toString('hex')), run.subarray(to)]);
  }
  return null;
}

function hasPrintablePairs(run: Buffer, start: number, end: number): boolean {
  let pairs = 0;
  for (let at = start; at + 1 < end; at += PAIR) {
    pairs = ((KIND[run[at] ?? 0] ?? 0) & HIGH) === 0 ? 0 : pairs + 1;
    if (pairs === PAIRS_MIN) return true;
  }
  return false;
}

/** What was decoded with its texts masked; null: nothing of it is. */
function decodedMasked(masker: DecodedMasker, bytes: Buffer, depth: number): Buffer | null {
  if (isUtf8(bytes) && !bytes.includes(0)) {
    const masked = masker.text(bytes, depth);
    return masked === bytes ? null : (masked ?? WITHHELD);
  }
  const parts: Buffer[] = [];
  let taken = 0;
  for (let at = 0; at < bytes.length; at++) {
    const from = at;
    while (at < bytes.length && isPrintable(bytes[at] ?? 0)) at++;
    if (at - from < PRINTABLE_MIN) continue;
    const part = bytes.subarray(from, at);
    const masked = masker.text(part, depth);
    if (masked === part) continue;
    parts.push(bytes.subarray(taken, from), masked ?? WITHHELD);
    taken = at;
  }
  return parts.length === 0 ? null : Buffer.concat([...parts, bytes.subarray(taken)]);
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === LF || byte === CR;
}
