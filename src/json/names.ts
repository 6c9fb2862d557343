/**
 * Names of members, as parsers compare them. Most compare bytes; Go's encoding/json and many that bind to fields leave
 * case aside, with Unicode's simple folding (`ſ` is `s`, the Kelvin sign is `k`); those that keep a name as a string of C
 * end it at NUL; people cannot tell full-width letters, invisible characters and control characters apart. Names that are
 * alike in any of these ways are *similar*.
 */
import { DecodedString, decodeJsonString } from './decode.ts';

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu;
const BEHIND_NUL = /\0.*$/s;

/** What similar names have in common. */
export function foldName(name: string): string {
  if (isPlain(name)) return name.toLowerCase();
  const whole = name.replace(BEHIND_NUL, '');
  // Upper case first: `ſ` and `ı` have a capital that they share with an ASCII letter, and no small one.
  return whole.normalize('NFKC').replaceAll(INVISIBLE, '').toUpperCase().toLowerCase().normalize('NFKC');
}

/** ASCII that can be seen, as nearly every name is. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7e || code < 0x20) return false;
  }
  return true;
}

const decoded = new DecodedString();

/** The text of the string whose inside is [start, end). */
export function textOf(source: Buffer, start: number, end: number, escaped: boolean): string {
  if (!escaped) return source.utf8Slice(start, end);
  decodeJsonString(source, start, end, 0, decoded);
  const text = decoded.bytes.utf8Slice(0, decoded.end);
  decoded.trim();
  return text;
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** The `nameHash` of a text; members are looked up by names that are ASCII, and need no bytes of their own for it. */
export function textHash(name: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < name.length; i++) {
    let code = name.charCodeAt(i);
    if (code > 0x7f) {
      const bytes = Buffer.from(name);
      return nameHash(bytes, 0, bytes.length, false);
    }
    if (code >= 0x41 && code <= 0x5a) code |= 0x20;
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return hash;
}

/** A number that similar names have in common, and few others do. */
export function nameHash(source: Buffer, start: number, end: number, escaped: boolean): number {
  let hash = FNV_OFFSET;
  if (!escaped) {
    let i = start;
    for (; i < end; i++) {
      let byte = source[i] ?? 0;
      if (byte > 0x7e) break;
      if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
      hash = Math.imul(hash ^ byte, FNV_PRIME);
    }
    if (i === end) return hash;
  }
  hash = FNV_OFFSET;
  const folded = Buffer.from(foldName(textOf(source, start, end, escaped)));
  for (const byte of folded) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash;
}
