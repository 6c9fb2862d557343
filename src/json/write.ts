import { ByteSink } from '../bytes/index.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = '0123456789abcdef';

/** Writes UTF-8 bytes as the inside of a JSON string (RFC 8259, 7): only what has to be escaped is. */
export function writeJsonEscaped(source: Buffer, start: number, end: number, out: ByteSink): void {
  let from = start;
  for (let i = start; i < end; i++) {
    const byte = source[i] ?? 0;
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue;
    out.copy(source, from, i);
    from = i + 1;
    if (byte >= 0x20) {
      out.u8(BACKSLASH);
      out.u8(byte);
    } else out.text(`\\u00${HEX.charAt(byte >> 4)}${HEX.charAt(byte & 15)}`);
  }
  out.copy(source, from, end);
}

export function writeJsonString(source: Buffer, start: number, end: number, out: ByteSink): void {
  out.u8(QUOTE);
  writeJsonEscaped(source, start, end, out);
  out.u8(QUOTE);
}

/** A string of JSON, quotes included, of text or of its UTF-8 bytes. A lone surrogate becomes U+FFFD. */
export function jsonString(text: string | Buffer): Buffer {
  const plain = typeof text === 'string' ? Buffer.from(text) : text;
  // Room for the escapes that rows of JSON need within a string.
  const out = new ByteSink(plain.length + (plain.length >> 2) + 16);
  writeJsonString(plain, 0, plain.length, out);
  return out.taken();
}
