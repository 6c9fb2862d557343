import type { OrderItem } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';

const NO_ORDER: readonly OrderItem[] = [];

export function parseOrderBy(c: Cursor): readonly OrderItem[] {
  if (c.word !== 'ORDER') return NO_ORDER;
  c.advance();
  c.expectWord('BY');
  return parseOrderItems(c);
}

export function parseOrderItems(c: Cursor): readonly OrderItem[] {
  const items: OrderItem[] = [];
  do {
    const by = parseExpression(c);
    const descending = c.takeWord('DESC');
    if (!descending) c.takeWord('ASC');
    items.push({ by, descending });
  } while (c.takeMark(','));
  return items;
}
