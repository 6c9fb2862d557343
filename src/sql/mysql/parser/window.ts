import type { Expression, WindowSpec } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseExpressions } from './expression.ts';
import { parseUnit } from './interval.ts';
import { isName, parseName } from './names.ts';
import { parseOrderBy } from './order.ts';

/** OVER name, OVER (…); null where no OVER stands here. */
export function parseOver(c: Cursor): WindowSpec | string | null {
  if (!c.takeWord('OVER')) return null;
  return c.mark === '(' ? parseWindowSpec(c) : parseName(c, 'the name of a window');
}

/** `(base PARTITION BY … ORDER BY … ROWS BETWEEN … AND …)`. */
export function parseWindowSpec(c: Cursor): WindowSpec {
  c.expectMark('(');
  const base = isName(c) ? parseName(c, 'the name of a window') : null;
  let partitionBy: readonly Expression[] = [];
  if (c.takeWord('PARTITION')) {
    c.expectWord('BY');
    partitionBy = parseExpressions(c);
  }
  const orderBy = parseOrderBy(c);
  const frame = parseFrame(c);
  c.expectMark(')');
  return { base, partitionBy, orderBy, frame };
}

function parseFrame(c: Cursor): readonly Expression[] {
  const bounds: Expression[] = [];
  if (!c.takeWord('ROWS') && !c.takeWord('RANGE') && (c.mariadb || !c.takeWord('GROUPS'))) return bounds;
  if (c.takeWord('BETWEEN')) {
    parseBound(c, bounds);
    c.expectWord('AND');
  }
  parseBound(c, bounds);
  if (c.takeWord('EXCLUDE')) parseExclusion(c);
  return bounds;
}

function parseBound(c: Cursor, bounds: Expression[]): void {
  if (c.takeWords('CURRENT', 'ROW')) return;
  if (c.word === 'UNBOUNDED' && DIRECTIONS.has(c.wordAhead(1))) c.advance();
  else if (c.takeWord('INTERVAL')) {
    const value = parseExpression(c);
    bounds.push({ is: 'interval', value, unit: parseUnit(c) });
  } else bounds.push(parseExpression(c));
  if (c.takeOneOf(DIRECTIONS) === '') c.refuse('PRECEDING or FOLLOWING');
}

const DIRECTIONS: ReadonlySet<string> = new Set(['PRECEDING', 'FOLLOWING']);

function parseExclusion(c: Cursor): void {
  if (c.takeWords('CURRENT', 'ROW') || c.takeWords('NO', 'OTHERS')) return;
  if (!c.takeWord('GROUP') && !c.takeWord('TIES')) c.refuse('what to exclude');
}
