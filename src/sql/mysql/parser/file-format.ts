import type { Cursor } from './cursor.ts';

/** FIELDS and LINES of INTO OUTFILE and LOAD DATA. */
export function parseFileFormat(c: Cursor): void {
  if (c.takeWord('FIELDS') || c.takeWord('COLUMNS')) {
    let parts = 0;
    while (parseFieldPart(c)) parts++;
    if (parts === 0) c.refuse('TERMINATED, ENCLOSED or ESCAPED');
  }
  if (c.takeWord('LINES')) {
    let parts = 0;
    while (parseLinePart(c)) parts++;
    if (parts === 0) c.refuse('TERMINATED or STARTING');
  }
}

function parseFieldPart(c: Cursor): boolean {
  if (c.word === 'OPTIONALLY') {
    c.advance();
    c.expectWord('ENCLOSED');
  } else if (!c.takeWord('TERMINATED') && !c.takeWord('ENCLOSED') && !c.takeWord('ESCAPED')) return false;
  c.expectWord('BY');
  parseDelimiter(c);
  return true;
}

function parseLinePart(c: Cursor): boolean {
  if (!c.takeWord('TERMINATED') && !c.takeWord('STARTING')) return false;
  c.expectWord('BY');
  parseDelimiter(c);
  return true;
}

function parseDelimiter(c: Cursor): void {
  if (c.kind !== 'string' && c.kind !== 'hex' && c.kind !== 'bit') c.refuse('a string');
  c.advance();
}
