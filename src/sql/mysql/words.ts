/** Words in upper case, made once for as many as fit: parsers ask for each several times. */
import { latin1 } from '../../bytes/latin1.ts';

const SLOTS = 4096;
const LENGTH_MAX = 32;

const slots: string[] = new Array<string>(SLOTS).fill('');

/** ASCII letters in upper case and no others: `ſelect` is not SELECT, whatever Unicode says. */
export function upperWord(bytes: Buffer, start: number, end: number): string {
  if (end - start > LENGTH_MAX) return upperAscii(latin1(bytes, start, end), bytes, start, end);
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + upperByte(bytes[at] ?? 0)) | 0;
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
  const kept = slots[slot] ?? '';
  if (isWord(kept, bytes, start, end)) return kept;
  const made = upperAscii(latin1(bytes, start, end), bytes, start, end);
  slots[slot] = made;
  return made;
}

const exactSlots: string[] = new Array<string>(SLOTS).fill('');

/** A name as it is written, made once while it is asked for again and again: by the parser, and text after text. */
export function writtenName(bytes: Buffer, start: number, end: number): string {
  if (end - start > LENGTH_MAX) return bytes.utf8Slice(start, end);
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
  const kept = exactSlots[slot] ?? '';
  if (isWritten(kept, bytes, start, end)) return kept;
  const made = bytes.utf8Slice(start, end);
  exactSlots[slot] = made;
  return made;
}

/** Names beyond ASCII are shorter than their bytes, so that none of them is taken for another. */
function isWritten(name: string, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80 || name.charCodeAt(at - start) !== byte) return false;
  }
  return true;
}

function upperByte(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}

function isWord(word: string, bytes: Buffer, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let at = start; at < end; at++) {
    const byte = upperByte(bytes[at] ?? 0);
    // Words with other letters are not kept under their bytes: they match none.
    if (byte >= 0x80 || word.charCodeAt(at - start) !== byte) return false;
  }
  return true;
}

function upperAscii(text: string, bytes: Buffer, start: number, end: number): string {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) >= 0x80) {
      return bytes.utf8Slice(start, end).replace(/[a-z]+/g, (letters) => letters.toUpperCase());
    }
  }
  return text.toUpperCase();
}
