import type { Cursor } from './cursor.ts';
import { parseName } from './names.ts';

/** USE | FORCE | IGNORE INDEX [FOR …] (names), as many as there are. */
export function parseIndexHints(c: Cursor): void {
  while (isHint(c)) {
    const use = c.word === 'USE';
    c.advance();
    c.advance();
    if (c.takeWord('FOR') && !c.takeWord('JOIN')) {
      if (!c.takeWord('ORDER')) c.expectWord('GROUP');
      c.expectWord('BY');
    }
    c.expectMark('(');
    if (!use || c.mark !== ')') parseIndexNames(c);
    c.expectMark(')');
  }
}

function isHint(c: Cursor): boolean {
  if (c.word !== 'USE' && c.word !== 'FORCE' && c.word !== 'IGNORE') return false;
  const next = c.wordAhead(1);
  return next === 'INDEX' || next === 'KEY';
}

function parseIndexNames(c: Cursor): void {
  do {
    if (!c.takeWord('PRIMARY')) parseName(c, 'the name of an index');
  } while (c.takeMark(','));
}
