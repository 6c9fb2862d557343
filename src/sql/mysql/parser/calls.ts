import type { Expression, FunctionCall, OrderItem } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseExpressions } from './expression.ts';
import { parseLimit } from './limit.ts';
import { parseStringValue } from './literals.ts';
import { isName } from './names.ts';
import { parseOrderBy } from './order.ts';
import { parseOver } from './window.ts';

const NO_ORDER: readonly OrderItem[] = [];

export function plainCall(name: string, args: readonly Expression[], at: number): FunctionCall {
  return call(name, { args, at });
}

export function call(name: string, parts: Partial<FunctionCall> & { readonly at: number }): FunctionCall {
  return {
    is: 'call',
    schema: parts.schema ?? null,
    name,
    args: parts.args ?? [],
    star: parts.star ?? false,
    distinct: parts.distinct ?? false,
    orderBy: parts.orderBy ?? NO_ORDER,
    limit: parts.limit ?? null,
    withinGroup: parts.withinGroup ?? NO_ORDER,
    over: parts.over ?? null,
    at: parts.at,
  };
}

/** Arguments in parentheses, none among them; the parenthesis stands here. */
export function parseArguments(c: Cursor): readonly Expression[] {
  c.expectMark('(');
  if (c.takeMark(')')) return [];
  const args = parseExpressions(c);
  c.expectMark(')');
  return args;
}

/** A function by name, whose arguments a loadable function may see named: `f(a AS b)`. */
export function parseNamedCall(c: Cursor, schema: string | null, name: string, at: number): FunctionCall {
  c.expectMark('(');
  const args: Expression[] = [];
  if (!c.takeMark(')')) {
    do {
      args.push(parseExpression(c));
      if (c.takeWord('AS') || isName(c) || c.kind === 'string') c.advance();
    } while (c.takeMark(','));
    c.expectMark(')');
  }
  return call(name, { schema, args, at, over: parseOver(c) });
}

/** COUNT, SUM, GROUP_CONCAT …: the name has been read, the parenthesis stands here. */
export function parseAggregate(c: Cursor, name: string, at: number): FunctionCall {
  c.expectMark('(');
  if (c.mark === '*' && name.toUpperCase() === 'COUNT') {
    c.advance();
    c.expectMark(')');
    return call(name, { star: true, at, over: parseOver(c) });
  }
  c.takeWord('ALL');
  const distinct = c.takeWord('DISTINCT');
  c.takeWord('ALL');
  const args = c.mark === ')' ? [] : parseExpressions(c);
  const orderBy = parseOrderBy(c);
  if (c.takeWord('SEPARATOR')) parseSeparator(c);
  const limit = c.word === 'LIMIT' ? parseLimit(c) : null;
  c.expectMark(')');
  return call(name, { args, distinct, orderBy, limit, at, over: parseOver(c) });
}

function parseSeparator(c: Cursor): void {
  if (c.kind === 'hex' || c.kind === 'bit') c.advance();
  else parseStringValue(c, 'a string');
}

/** LEAD, NTH_VALUE …: FROM FIRST and RESPECT NULLS before OVER. MariaDB's LAST_VALUE is a plain function too. */
export function parseWindowCall(c: Cursor, name: string, at: number): FunctionCall {
  const args = parseArguments(c);
  if (c.takeWord('FROM') && !c.takeWord('FIRST')) c.expectWord('LAST');
  if (c.word === 'RESPECT' || (c.word === 'IGNORE' && c.wordAhead(1) === 'NULLS')) {
    c.advance();
    c.expectWord('NULLS');
  }
  const plain = c.mariadb && name.toUpperCase() === 'LAST_VALUE';
  if (c.word !== 'OVER' && !plain) c.refuse('OVER');
  return call(name, { args, at, over: parseOver(c) });
}

/** PERCENTILE_CONT(x) WITHIN GROUP (ORDER BY y) OVER (…), and MEDIAN(x) OVER (…). */
export function parsePercentile(c: Cursor, name: string, at: number): FunctionCall {
  const args = parseArguments(c);
  let withinGroup = NO_ORDER;
  if (c.takeWord('WITHIN')) {
    c.expectWord('GROUP');
    c.expectMark('(');
    withinGroup = parseOrderBy(c);
    c.expectMark(')');
  }
  if (c.word !== 'OVER') c.refuse('OVER');
  return call(name, { args, withinGroup, at, over: parseOver(c) });
}
