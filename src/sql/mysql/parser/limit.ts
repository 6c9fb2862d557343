import type { Expression, Limit } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { literalHere } from './literals.ts';

/** LIMIT in all its forms, MariaDB's OFFSET … FETCH FIRST among them; null where none stands here. */
export function parseLimit(c: Cursor): Limit | null {
  if (c.takeWord('LIMIT')) return parseLimitClause(c);
  return c.mariadb && (c.word === 'OFFSET' || c.word === 'FETCH') ? parseFetch(c) : null;
}

function parseLimitClause(c: Cursor): Limit {
  if (c.word === 'ROWS' && c.mariadb) {
    return { count: null, offset: null, examined: parseExamined(c), withTies: false };
  }
  const first = parseCount(c);
  let count = first;
  let offset: Expression | null = null;
  if (c.takeMark(',')) {
    count = parseCount(c);
    offset = first;
  } else if (c.takeWord('OFFSET')) offset = parseCount(c);
  const examined = c.word === 'ROWS' && c.mariadb ? parseExamined(c) : null;
  return { count, offset, examined, withTies: false };
}

function parseExamined(c: Cursor): Expression {
  c.expectWords('ROWS', 'EXAMINED');
  return parseCount(c);
}

/** [OFFSET n ROWS] [FETCH FIRST [n] ROWS ONLY | WITH TIES]. */
function parseFetch(c: Cursor): Limit {
  let offset: Expression | null = null;
  if (c.takeWord('OFFSET')) {
    offset = parseCount(c);
    if (!c.takeWord('ROW')) c.expectWord('ROWS');
    if (c.word !== 'FETCH') return { count: null, offset, examined: null, withTies: false };
  }
  c.expectWord('FETCH');
  if (!c.takeWord('FIRST')) c.expectWord('NEXT');
  const count = c.word === 'ROW' || c.word === 'ROWS' ? ONE_ROW : parseCount(c);
  if (!c.takeWord('ROW')) c.expectWord('ROWS');
  const withTies = c.takeWords('WITH', 'TIES');
  if (!withTies) c.expectWord('ONLY');
  return { count, offset, examined: null, withTies };
}

/** FETCH FIRST ROW ONLY names no number. */
const ONE_ROW: Expression = { is: 'literal', literal: { kind: 'integer', text: '1' }, at: 0, end: 0 };

/** A number or a parameter: the grammars take no expression here. */
export function parseCount(c: Cursor): Expression {
  if (c.kind === 'parameter') {
    c.advance();
    return { is: 'parameter', index: c.parameters++ };
  }
  if (c.kind !== 'integer' && c.kind !== 'hex' && c.kind !== 'bit') c.refuse('a number of rows');
  return literalHere(c, { kind: c.kind, text: c.text });
}
