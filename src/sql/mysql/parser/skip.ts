import type { Cursor } from './cursor.ts';

/** Passes over everything up to the semicolon or the end: the arguments of statements of which no fact says more. */
export function skipRest(c: Cursor): void {
  while (!c.isEnd) c.advance();
}

/** Passes over a pair of parentheses and what they hold; the opening one stands here. */
export function skipParentheses(c: Cursor): void {
  c.expectMark('(');
  let depth = 1;
  while (depth > 0) {
    if (c.isEnd) c.refuse("')'");
    if (c.mark === '(') depth++;
    else if (c.mark === ')') depth--;
    c.advance();
  }
}
