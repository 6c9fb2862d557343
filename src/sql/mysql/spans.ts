/** Where things end. All take absolute offsets, and give -1 where the text ends first. */
import {
  BACKSLASH,
  DOUBLE_QUOTE,
  isDigit,
  isSpace,
  MINUS,
  NAME_PART,
  NEWLINE,
  QUOTE,
  SLASH,
  STAR,
} from './characters.ts';

/** The end of a run of bytes that names are made of. */
export function nameEnd(bytes: Buffer, at: number, end: number): number {
  while (at < end && NAME_PART[bytes[at] ?? 0] === 1) at++;
  return at;
}

export function digitsEnd(bytes: Buffer, at: number, end: number): number {
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

export function spaceEnd(bytes: Buffer, at: number, end: number): number {
  while (at < end && isSpace(bytes[at])) at++;
  return at;
}

/** What `stringEnd` found besides the end: whether the value differs from the bytes between the quotes. */
export const found = { escapes: false };

/** Behind the closing quote of a string whose opening one is at `at - 1`. Sets `found.escapes`. */
export function stringEnd(bytes: Buffer, at: number, end: number, quote: number, backslash: boolean): number {
  found.escapes = false;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      if (bytes[at + 1] !== quote || at + 1 >= end) return at + 1;
      found.escapes = true;
      at += 2;
    } else if (byte === BACKSLASH && backslash) {
      found.escapes = true;
      at += 2;
    } else at++;
  }
  return -1;
}

/** Behind the closing quote of a name in backticks or double quotes. Sets `found.escapes`. -2: a NUL is in it. */
export function quotedNameEnd(bytes: Buffer, at: number, end: number, quote: number): number {
  found.escapes = false;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      if (bytes[at + 1] !== quote || at + 1 >= end) return at + 1;
      found.escapes = true;
      at += 2;
    } else if (byte === 0) return -2;
    else at++;
  }
  return -1;
}

/** `--` begins a comment before space, a control character or the end; else it is two signs. */
export function startsLineComment(bytes: Buffer, at: number, end: number): boolean {
  if (at + 1 >= end || bytes[at + 1] !== MINUS) return false;
  if (at + 2 >= end) return true;
  const next = bytes[at + 2] ?? 0;
  return next <= 0x20 || next === 0x7f;
}

/** The newline that ends a comment, or the end of the text. -2: a NUL is in it, at which the servers stop. */
export function lineEnd(bytes: Buffer, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at];
    if (byte === NEWLINE) return at;
    if (byte === 0) return -2;
    at++;
  }
  return end;
}

/** Behind the comment's closing mark; `at` is inside it. `nested`: one level of comments may stand in it. */
export function commentEnd(bytes: Buffer, at: number, end: number, nested: boolean): number {
  while (at + 1 < end) {
    const byte = bytes[at];
    const next = bytes[at + 1];
    if (byte === STAR && next === SLASH) return at + 2;
    if (nested && byte === SLASH && next === STAR) {
      at = commentEnd(bytes, at + 2, end, false);
      if (at < 0) return -1;
    } else at++;
  }
  return -1;
}

/** Whether the bytes hold a quote that is opened and not closed. */
export function endsInQuote(bytes: Buffer, at: number, end: number): boolean {
  let quote = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === QUOTE || byte === DOUBLE_QUOTE || byte === 0x60) quote = byte;
  }
  return quote !== 0;
}
