/**
 * Where a text may hold bytes that are not UTF-8: in the values that dumps have, behind _binary or in an INSERT. A
 * server finds the end of a string by its own bytes whatever else stands in it, so such a text has one reading.
 */
import { isUtf8 } from 'node:buffer';
import type { TokenStore } from './token-store.ts';

/** The place after which `bytes[start, end)` is not UTF-8 where it has to be; -1 if there is none. */
export function strayBytes(tokens: TokenStore, bytes: Buffer, start: number, end: number): number {
  if (isUtf8(bytes.subarray(start, end))) return -1;
  let from = start;
  let first = 0;
  for (let n = 0; n < tokens.count; n++) {
    if (isMark(tokens, n, ';')) first = n + 1;
    if (tokens.kind(n) !== 'string' || !(isBinary(tokens, n) || isInserted(tokens, n, first))) continue;
    if (!isUtf8(bytes.subarray(from, start + tokens.start(n)))) return from;
    from = start + tokens.end(n);
  }
  return isUtf8(bytes.subarray(from, end)) ? -1 : from;
}

function isBinary(tokens: TokenStore, n: number): boolean {
  return n > 0 && tokens.kind(n - 1) === 'introducer' && tokens.text(n - 1).toLowerCase() === '_binary';
}

/**
 * Whether a string is a value of INSERT or REPLACE, by its neighbours: mariadb-dump writes blobs as they are. No alias
 * stands there, and no text that would be run, whose bytes would matter to the facts.
 */
function isInserted(tokens: TokenStore, n: number, first: number): boolean {
  if (n === 0 || n + 1 >= tokens.count || !/^(?:insert|replace)$/i.test(tokens.text(first))) return false;
  const opens = isMark(tokens, n - 1, '(') || isMark(tokens, n - 1, ',');
  return opens && (isMark(tokens, n + 1, ')') || isMark(tokens, n + 1, ','));
}

function isMark(tokens: TokenStore, n: number, mark: string): boolean {
  return tokens.kind(n) === 'operator' && tokens.text(n) === mark;
}
