import type { Expression, Statement } from '../ast.ts';
import { parseArguments } from './calls.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseLimit } from './limit.ts';
import { parseName, parseTableName } from './names.ts';

/** HANDLER t OPEN, READ, CLOSE. Under an alias a later READ would name another table than it reads: it is refused. */
export function parseHandler(c: Cursor): Statement {
  c.expectWord('HANDLER');
  const table = parseTableName(c);
  const plain = { is: 'handler', table, where: null, limit: null } as const;
  if (c.takeWord('OPEN')) return { ...plain, act: 'open' };
  if (c.takeWord('CLOSE')) return { ...plain, act: 'close' };
  c.expectWord('READ');
  if (!takePlace(c)) {
    if (!c.takeWord('PRIMARY')) parseName(c, 'the name of an index');
    if (!takePlace(c)) {
      if (!COMPARISONS.has(c.mark)) c.refuse('FIRST, NEXT or a comparison');
      c.advance();
      if (!parseArguments(c).every(isPlain)) c.refuse('constants');
    }
  }
  const where = c.takeWord('WHERE') ? parseExpression(c) : null;
  return { is: 'handler', table, act: 'read', where, limit: parseLimit(c) };
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<', '>', '<=', '>=']);
/** What an index is asked for holds no query and no call. */
function isPlain(value: Expression): boolean {
  return value.is === 'unary'
    ? isPlain(value.operand)
    : /^(?:literal|parameter|user-variable)$/.test(value.is);
}

const PLACES: ReadonlySet<string> = new Set(['FIRST', 'NEXT', 'PREV', 'LAST']);

function takePlace(c: Cursor): boolean {
  return c.takeOneOf(PLACES) !== '';
}
