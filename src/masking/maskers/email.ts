import { baseOf } from '../cell-type.ts';
import { type Masker, plainDefinition } from '../masker.ts';
import { characterBytes, redactedText } from './characters.ts';

const AT = 0x40;
const DOT = 0x2e;
const HIDDEN = Buffer.from('***');

const masker: Masker = {
  monotone: false,
  opaque: false,
  text(source, start, end, out, charactersMax) {
    const at = addressSplit(source, start, end);
    const first = at < 0 ? 0 : characterBytes(source, start, at);
    const shown = at - start > first && isPlain(source[start] ?? 0, first) ? first : 0;
    if (at < 0 || (charactersMax !== null && shown + HIDDEN.length + (end - at) > charactersMax)) {
      out.text(redactedText(charactersMax));
      return true;
    }
    out.copy(source, start, start + shown);
    out.copy(HIDDEN, 0, HIDDEN.length);
    out.copy(source, at, end);
    return true;
  },
  value: () => null,
  problem(type) {
    const { kind } = baseOf(type);
    return kind === 'text' || kind === 'json' || kind === 'jsonb' ? null : 'it only works on text';
  },
};

function isPlain(byte: number, size: number): boolean {
  return size > 1 || (byte > 0x20 && byte < 0x7f);
}

/** Where the `@` of an address is, or -1: one `@`, something before it, a domain with a dot behind it. */
function addressSplit(source: Buffer, start: number, end: number): number {
  let at = -1;
  let dots = 0;
  for (let i = start; i < end; ) {
    const byte = source[i] ?? 0;
    if (byte <= 0x20 || byte === 0x7f) return -1;
    if (byte >= 0x80) {
      const size = characterBytes(source, i, end);
      if (size === 1) return -1;
      i += size;
      continue;
    }
    if (byte === AT) {
      if (at >= 0) return -1;
      at = i;
    } else if (at >= 0) {
      if (byte === DOT) dots++;
      else if (!isHostByte(byte)) return -1;
    }
    i++;
  }
  return at > start && dots > 0 && source[end - 1] !== DOT ? at : -1;
}

function isHostByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}

/** `a***@example.com`; what is no single address is redacted. */
export const email = plainDefinition(
  'email',
  'the first character and the domain of an e-mail address; [redacted] for anything else',
  masker,
);
