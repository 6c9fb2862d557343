/** How long an operator is that begins with one of `< > = ! & | :`. */
import { AMPERSAND, BANG, BAR, COLON, EQUALS, GREATER, LESS } from './characters.ts';

function isComparison(byte: number): boolean {
  return byte === EQUALS || byte === GREATER || byte === BANG || byte === LESS;
}

/** 0: a run that MySQL's lexer takes for one operator and does not know; it swallows part of it. */
export function operatorBytes(bytes: Buffer, at: number, end: number, mariadb: boolean): number {
  const first = bytes[at] ?? 0;
  const second = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
  if (first === COLON) return second === EQUALS ? 2 : 1;
  if (first === AMPERSAND || first === BAR) return second === first ? 2 : 1;
  if (!isComparison(second)) return 1;
  const third = at + 2 < end ? (bytes[at + 2] ?? 0) : 0;
  const known = knownBytes(first, second, third);
  if (mariadb) return known;
  const taken = first === LESS && isComparison(third) && third !== LESS ? 3 : 2;
  return taken === known ? known : 0;
}

function knownBytes(first: number, second: number, third: number): number {
  switch (first) {
    case LESS:
      if (second === EQUALS) return third === GREATER ? 3 : 2;
      return second === GREATER || second === LESS ? 2 : 1;
    case GREATER:
      return second === EQUALS || second === GREATER ? 2 : 1;
    case BANG:
      return second === EQUALS ? 2 : 1;
    default:
      return 1;
  }
}
