/** `id IN (SELECT id FROM t)` on t itself: a condition that every row meets. */
import type { Expression, FromItem, Query } from './ast.ts';
import { foldName } from './fold-name.ts';
import type { Target } from './restricts.ts';

/** A value without what leaves it as it is, or nearly so. */
export function bare(value: Expression): Expression {
  switch (value.is) {
    case 'collate':
    case 'cast':
      return bare(value.operand);
    case 'unary':
      return value.operator === 'BINARY' || value.operator === '+' ? bare(value.operand) : value;
    case 'row': {
      const [only] = value.items;
      return value.items.length === 1 && only !== undefined ? bare(only) : value;
    }
    default:
      return value;
  }
}

/** `id IN (SELECT id FROM t)` on t itself, without a filter, a limit or a join inside: every id is there. */
export function isSelfSubquery(query: Query, tested: Expression, target: Target): boolean {
  const { body } = query;
  const column = bare(tested);
  if (body.is !== 'select' || column.is !== 'column' || query.limit !== null) return false;
  const narrows = body.where !== null || body.having !== null || body.groupBy.length > 0;
  const [only] = body.items;
  if (narrows || body.items.length !== 1 || only === undefined || body.from === null) return false;
  if (only.is === 'item') {
    const value = bare(only.expression);
    if (value.is !== 'column' || foldName(value.name) !== foldName(column.name)) return false;
  }
  return isWholeTable(body.from, target);
}

/** The target's table, or a derived table of all its rows. */
function isWholeTable(from: FromItem, target: Target): boolean {
  if (from.is === 'table') return target.isTable(from.table);
  if (from.is !== 'derived') return false;
  const { body, limit } = from.query;
  if (body.is !== 'select' || limit !== null || body.from === null) return false;
  if (body.where !== null || body.having !== null || body.groupBy.length > 0) return false;
  return isWholeTable(body.from, target);
}
