/** Values of strings and names from the bytes between their quotes. */
import { BACKSLASH } from './characters.ts';

const ESCAPED = new Map<number, number>([
  [0x30, 0x00],
  [0x5a, 0x1a],
  [0x62, 0x08],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);
const PERCENT = 0x25;
const UNDERSCORE = 0x5f;

/** `bytes[start, end)` stands between quotes. `\%` and `\_` keep their backslash, as LIKE wants it. */
export function unescaped(
  bytes: Buffer,
  start: number,
  end: number,
  quote: number,
  backslash: boolean,
): string {
  const value = Buffer.allocUnsafe(end - start);
  let out = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at++] ?? 0;
    if (byte === BACKSLASH && backslash && at < end) {
      const next = bytes[at++] ?? 0;
      if (next === PERCENT || next === UNDERSCORE) value[out++] = BACKSLASH;
      value[out++] = ESCAPED.get(next) ?? next;
    } else {
      value[out++] = byte;
      if (byte === quote) at++;
    }
  }
  return value.utf8Slice(0, out);
}
