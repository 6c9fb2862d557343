import type { ByteSink } from '../byte-sink.ts';

const STAR = 0x2a;
/** What only separates parts of a value and says nothing itself: kept where the form of a value is kept. */
const SEPARATORS = Buffer.from(' -./,():+@_');
const IS_SEPARATOR = new Uint8Array(256);
for (const byte of SEPARATORS) IS_SEPARATOR[byte] = 1;

export const REDACTED = '[redacted]';

export function isSeparator(byte: number): boolean {
  return IS_SEPARATOR[byte] === 1;
}

/** The length of the UTF-8 sequence at `at`; 1 where the bytes are no UTF-8, which `wellFormedAt` tells apart. */
export function characterBytes(source: Buffer, at: number, end: number): number {
  const lead = source[at] ?? 0;
  let size = 1;
  if (lead >= 0xf0 && lead <= 0xf4) size = 4;
  else if (lead >= 0xe0) size = 3;
  else if (lead >= 0xc2) size = 2;
  if (lead < 0x80 || lead > 0xf4 || at + size > end) return 1;
  for (let i = 1; i < size; i++) if (((source[at + i] ?? 0) & 0xc0) !== 0x80) return 1;
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  const next = source[at + 1] ?? 0;
  if ((lead === 0xe0 && next < 0xa0) || (lead === 0xed && next > 0x9f)) return 1;
  if ((lead === 0xf0 && next < 0x90) || (lead === 0xf4 && next > 0x8f)) return 1;
  return size;
}

/** How many characters are not separators. */
export function countCharacters(source: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; ) {
    const byte = source[at] ?? 0;
    if (byte < 0x80) {
      if (IS_SEPARATOR[byte] === 0) count++;
      at++;
    } else {
      count++;
      at += characterBytes(source, at, end);
    }
  }
  return count;
}

/**
 * Writes the value in its form, with `*` for every character that is no separator, except those whose number (from 0)
 * is in [shownFrom, shownTo). Never longer than the value, in characters and in bytes.
 */
export function writeStarred(
  source: Buffer,
  start: number,
  end: number,
  shownFrom: number,
  shownTo: number,
  out: ByteSink,
): void {
  out.room(end - start);
  const bytes = out.bytes;
  let to = out.at;
  let index = 0;
  for (let at = start; at < end; ) {
    const byte = source[at] ?? 0;
    if (byte < 0x80) {
      if (IS_SEPARATOR[byte] === 1) bytes[to++] = byte;
      else {
        bytes[to++] = index >= shownFrom && index < shownTo ? byte : STAR;
        index++;
      }
      at++;
      continue;
    }
    const size = characterBytes(source, at, end);
    if (size > 1 && index >= shownFrom && index < shownTo) {
      for (let i = 0; i < size; i++) bytes[to++] = source[at + i] ?? 0;
    } else {
      bytes[to++] = STAR;
    }
    index++;
    at += size;
  }
  out.at = to;
}

/** `[redacted]`, or stars where that is longer than the column. */
export function redactedText(charactersMax: number | null): string {
  return charactersMax !== null && charactersMax < REDACTED.length ? '*'.repeat(charactersMax) : REDACTED;
}

/** Writes ASCII text if the column can hold it. */
export function writeWithin(text: string, out: ByteSink, charactersMax: number | null): boolean {
  if (charactersMax !== null && [...text].length > charactersMax) return false;
  out.text(text);
  return true;
}

/** Bytes that do not continue a UTF-8 sequence: as many as there are characters. */
export function countCodePoints(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) count++;
  return count;
}

/** Whether UTF-8 text has more characters than a column holds. */
export function isLonger(bytes: Buffer, start: number, end: number, charactersMax: number): boolean {
  return end - start > charactersMax && countCodePoints(bytes, start, end) > charactersMax;
}
