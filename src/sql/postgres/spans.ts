/** Where the token that begins at a place ends, by the rules of scan.l. -1 where the text ends inside it. */
import { CLASS, DIGIT, NEWLINE, OPERATOR_SPECIAL, SPACE } from './characters.ts';

export const QUOTE = 0x27;
export const BACKSLASH = 0x5c;
export const MINUS = 0x2d;
export const SLASH = 0x2f;
export const STAR = 0x2a;

/** The end of a string whose opening quote is before `at`, continuation lines included. */
export function stringEnd(bytes: Buffer, at: number, end: number, escapes: boolean): number {
  let to = at;
  for (;;) {
    const closed = escapes ? escapeStringEnd(bytes, to, end) : quotedEnd(bytes, to, end, QUOTE);
    if (closed < 0) return -1;
    to = continuation(bytes, closed, end);
    if (to < 0) return closed;
  }
}

/** The end of what is closed by `quote`, a doubled one standing for itself. */
export function quotedEnd(bytes: Buffer, at: number, end: number, quote: number): number {
  for (let to = at; ; to++) {
    to = bytes.indexOf(quote, to);
    if (to < 0 || to >= end) return -1;
    if (to + 1 >= end || bytes[to + 1] !== quote) return to + 1;
    to++;
  }
}

function escapeStringEnd(bytes: Buffer, at: number, end: number): number {
  let to = at;
  while (to < end) {
    const byte = bytes[to];
    if (byte === BACKSLASH) to += 2;
    else if (byte !== QUOTE) to++;
    else if (to + 1 < end && bytes[to + 1] === QUOTE) to += 2;
    else return to + 1;
  }
  return -1;
}

/** After a closing quote: where the string goes on, which takes white space with a newline in it, else -1. */
function continuation(bytes: Buffer, at: number, end: number): number {
  let newline = false;
  let to = at;
  while (to < end) {
    const byte = bytes[to] ?? 0;
    const kind = CLASS[byte] ?? 0;
    if ((kind & SPACE) !== 0) {
      newline ||= (kind & NEWLINE) !== 0;
      to++;
    } else if (byte === MINUS && to + 1 < end && bytes[to + 1] === MINUS) to = lineEnd(bytes, to, end);
    else return byte === QUOTE && newline ? to + 1 : -1;
  }
  return -1;
}

export function lineEnd(bytes: Buffer, at: number, end: number): number {
  let to = at;
  while (to < end && ((CLASS[bytes[to] ?? 0] ?? 0) & NEWLINE) === 0) to++;
  return to;
}

export function digitsEnd(bytes: Buffer, at: number, end: number): number {
  let to = at;
  while (to < end && ((CLASS[bytes[to] ?? 0] ?? 0) & DIGIT) !== 0) to++;
  return to;
}

export function startsComment(bytes: Buffer, at: number, end: number): boolean {
  if (at + 1 >= end) return false;
  const byte = bytes[at];
  const next = bytes[at + 1];
  return (byte === MINUS && next === MINUS) || (byte === SLASH && next === STAR);
}

/** Whether an operator's last character, a minus, is a token of its own: scan.l gives back trailing signs. */
export function signStandsAlone(bytes: Buffer, from: number, to: number): boolean {
  if (to - from === 1) return true;
  for (let at = from; at < to; at++) {
    if (((CLASS[bytes[at] ?? 0] ?? 0) & OPERATOR_SPECIAL) !== 0) return false;
  }
  return true;
}
