/** Which bytes are what; tables, since a look-up costs less than comparisons. */
export const DIGIT = 1;
export const UPPER = 2;
export const LOWER = 4;
export const HEX = 8;
export const DASH = 16;
export const UNDERSCORE = 32;
/** `+` and `/`, of base64. */
export const PLUS_SLASH = 64;
export const DOT = 128;

export const LETTER = UPPER | LOWER;
export const ALNUM = DIGIT | LETTER;

export const KIND = new Uint8Array(256);
for (let i = 0; i < 10; i++) KIND[0x30 + i] = DIGIT | HEX;
for (let i = 0; i < 26; i++) {
  KIND[0x41 + i] = i < 6 ? UPPER | HEX : UPPER;
  KIND[0x61 + i] = i < 6 ? LOWER | HEX : LOWER;
}
KIND[0x2d] = DASH;
KIND[0x5f] = UNDERSCORE;
KIND[0x2b] = PLUS_SLASH;
KIND[0x2f] = PLUS_SLASH;
KIND[0x2e] = DOT;

/** The kind of the byte at `at`; 0 outside of [start, end). */
export function kindAt(source: Uint8Array, at: number, start: number, end: number): number {
  return at < start || at >= end ? 0 : (KIND[source[at] ?? 0] ?? 0);
}

/** Where the run of bytes of these kinds that begins at `at` ends. */
export function runEnd(source: Uint8Array, at: number, end: number, kinds: number): number {
  while (at < end && ((KIND[source[at] ?? 0] ?? 0) & kinds) !== 0) at++;
  return at;
}
