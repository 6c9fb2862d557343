/** Values in COPY's text and CSV formats, without and with their escapes (CopyAttributeOutText, …CSV in copyto.c). */
import type { CopyFormat } from '../../src/core/facts.ts';

type Written = Extract<CopyFormat, { kind: 'text' | 'csv' }>;

const BACKSLASH = 0x5c;
const UNESCAPED: ReadonlyMap<number, number> = new Map(
  [...'bfnrtv'].map((letter, n) => [letter.charCodeAt(0), [8, 12, 10, 13, 9, 11][n] ?? 0]),
);
const ESCAPED: ReadonlyMap<number, number> = new Map([...UNESCAPED].map(([letter, byte]) => [byte, letter]));

export function unescapeText(field: Buffer, format: Written): Buffer {
  return format.kind === 'csv' ? unquoted(field, format.quote, format.escape) : unescaped(field);
}

export function escapeText(value: Buffer, format: Written): Buffer {
  return format.kind === 'csv' ? quoted(value, format) : escaped(value, format.delimiter);
}

/** COPY TO writes no octal or hexadecimal escapes. */
function unescaped(field: Buffer): Buffer {
  if (!field.includes(BACKSLASH)) return field;
  const out: number[] = [];
  for (let at = 0; at < field.length; at++) {
    const byte = field[at] ?? 0;
    if (byte !== BACKSLASH) out.push(byte);
    else {
      const next = field[++at] ?? BACKSLASH;
      out.push(UNESCAPED.get(next) ?? next);
    }
  }
  return Buffer.from(out);
}

function escaped(value: Buffer, delimiter: string): Buffer {
  const separator = delimiter.charCodeAt(0);
  const out: number[] = [];
  for (const byte of value) {
    const letter = ESCAPED.get(byte);
    if (letter !== undefined) out.push(BACKSLASH, letter);
    else if (byte === BACKSLASH || byte === separator) out.push(BACKSLASH, byte);
    else out.push(byte);
  }
  return Buffer.from(out);
}

function unquoted(field: Buffer, quote: string, escapeWith: string): Buffer {
  const text = field.toString('latin1');
  if (!text.startsWith(quote)) return field;
  const last = text.length - 1;
  let out = '';
  for (let at = 1; at < last; at++) {
    const next = text[at + 1];
    if (text[at] === escapeWith && at + 1 < last && (next === quote || next === escapeWith)) at++;
    out += text[at];
  }
  return Buffer.from(out, 'latin1');
}

/** Quoted always: what is quoted is never taken for NULL, nor for the end of the data. */
function quoted(value: Buffer, { quote, escape: escapeWith }: { quote: string; escape: string }): Buffer {
  let out = quote;
  for (const character of value.toString('latin1')) {
    if (character === quote || character === escapeWith) out += escapeWith;
    out += character;
  }
  return Buffer.from(out + quote, 'latin1');
}
