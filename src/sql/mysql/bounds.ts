/** How many rows a query can give, as far as its own LIMIT or its shape says (DESIGN 3, bounds). */
import type { RowBound } from '../../core/facts.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, FromItem, Limit, Query, Select } from './ast.ts';
import { builtinFunction } from './builtin-functions.ts';
import type { MysqlColumn, MysqlTable } from './catalog-model.ts';
import { foldName } from './fold-name.ts';
import { namedQuery } from './from.ts';
import type { Scope } from './scope.ts';

export const UNBOUNDED: RowBound = { kind: 'unbounded' };

/** The bound of a query that has been analyzed, as those within it have; `scope` is that of its own FROM. */
export function boundOfQuery(a: Analysis, query: Query, scope: Scope): RowBound {
  const bound = boundOf(a, query.limit);
  // PROCEDURE ANALYSE makes rows of columns.
  if (bound.kind !== 'unbounded' || query.procedure !== null) return bound;
  const { body } = query;
  switch (body.is) {
    case 'select':
      return isSingleRow(a, body, scope) ? { kind: 'rows', max: 1 } : sourceBound(a, body, scope);
    case 'values':
      return { kind: 'rows', max: body.rows.length };
    case 'nested':
      return knownBound(a, body.query);
    case 'set-operation':
      return combinedBound(
        body.operator,
        body.operands.map((operand) => knownBound(a, operand)),
      );
    case 'table':
      return namedQuery(a, body.table, scope)?.bound ?? UNBOUNDED;
  }
}

function knownBound(a: Analysis, query: Query): RowBound {
  return a.bounds.get(query) ?? UNBOUNDED;
}

/** What the one query in FROM gives, whose rows can only become fewer; WITH ROLLUP adds some. */
function sourceBound(a: Analysis, { from, rollup }: Select, scope: Scope): RowBound {
  if (rollup || from === null) return UNBOUNDED;
  switch (from.is) {
    case 'derived':
      return knownBound(a, from.query);
    case 'table':
      return namedQuery(a, from.table, scope)?.bound ?? UNBOUNDED;
    default:
      return UNBOUNDED;
  }
}

function combinedBound(operator: 'union' | 'except' | 'intersect', bounds: readonly RowBound[]): RowBound {
  const [first = UNBOUNDED] = bounds;
  switch (operator) {
    case 'union': {
      let max = 0;
      for (const bound of bounds) {
        if (bound.kind !== 'rows') return UNBOUNDED;
        max += bound.max;
      }
      return { kind: 'rows', max };
    }
    case 'intersect':
      return bounds.find(({ kind }) => kind !== 'unbounded') ?? UNBOUNDED;
    case 'except':
      return first;
  }
}

/**
 * The bound that LIMIT or FETCH FIRST sets: a number, or a parameter (1-based, as protocols count). WITH TIES may
 * return more than it says, so it is none; ROWS EXAMINED bounds what is read.
 */
export function boundOf(a: Analysis, limit: Limit | null): RowBound {
  const count = limit?.count ?? null;
  if (count === null) return UNBOUNDED;
  const bound = countOf(a, count);
  return limit?.withTies === true ? UNBOUNDED : bound;
}

function countOf(a: Analysis, count: Expression): RowBound {
  if (count.is === 'parameter') return { kind: 'parameter', index: count.index + 1 };
  if (count.is !== 'literal' || count.literal.kind !== 'integer') return UNBOUNDED;
  a.lookAt(count.at);
  const rows = Number(count.literal.text);
  return rows >= 0 ? { kind: 'rows', max: rows } : UNBOUNDED;
}

/** One row at most: no table, an aggregate without grouping, or a whole unique key compared with single values. */
function isSingleRow(a: Analysis, select: Select, scope: Scope): boolean {
  if (
    select.groupBy.length === 0 &&
    select.items.some((item) => item.is === 'item' && hasAggregate(a, item.expression))
  )
    return true;
  const { from } = select;
  if (from === null || from.is === 'dual') return true;
  if (from.is !== 'table' || select.rollup) return false;
  if (namedQuery(a, from.table, scope) !== null) return false;
  return isUniqueLookup(a, from, select.where);
}

/** Whether an expression holds an aggregate, which makes one row of all where nothing is grouped. */
function hasAggregate(a: Analysis, value: Expression): boolean {
  switch (value.is) {
    case 'call': {
      if (value.over !== null) return false;
      if (value.schema === null) {
        const builtin = builtinFunction(a.reading.catalog.traits.flavour, value.name);
        if (builtin?.kind === 'aggregate') return true;
      }
      return value.args.some((arg) => hasAggregate(a, arg));
    }
    case 'collate':
    case 'cast':
    case 'unary':
    case 'is':
      return hasAggregate(a, value.operand);
    case 'operator':
      return value.operands.some((operand) => hasAggregate(a, operand));
    case 'comparison':
      return hasAggregate(a, value.left) || hasAggregate(a, value.right);
    case 'json-arrow':
      return hasAggregate(a, value.column);
    case 'row':
      return value.items.some((item) => hasAggregate(a, item));
    default:
      return false;
  }
}

/** Whether every column of a unique key of the table is set equal to something that is one value for all rows. */
export function isUniqueLookup(a: Analysis, from: FromItem, where: Expression | null): boolean {
  if (where === null || from.is !== 'table') return false;
  // Of a table with history, rows that are over keep their keys.
  if (from.history !== null) return false;
  const candidates = a.candidates(from.table.schema, from.table.name);
  const table = candidates.length === 1 ? (candidates[0]?.relation ?? null) : null;
  if (table === null) return false;
  const fixed = new Set<string>();
  equalities(where, table, fixed);
  return table.uniqueKeys.some((key) => key.length > 0 && key.every((name) => fixed.has(foldName(name))));
}

function equalities(condition: Expression, table: MysqlTable, into: Set<string>): void {
  if (condition.is === 'operator' && condition.operator === 'AND') {
    for (const operand of condition.operands) equalities(operand, table, into);
    return;
  }
  if (condition.is === 'row' && condition.items.length === 1) {
    for (const item of condition.items) equalities(item, table, into);
    return;
  }
  if (condition.is !== 'comparison' || condition.operator !== '=' || condition.quantifier !== null) return;
  const { left, right } = condition;
  const [column, value] = left.is === 'column' ? [left, right] : [right, left];
  if (column.is !== 'column') return;
  const folded = foldName(column.name);
  const own = table.columns.find((candidate) => foldName(candidate.name) === folded);
  if (own !== undefined && isOneValue(own, value)) into.add(folded);
}

/**
 * Whether only one value of the column can equal this one. Texts are compared with a number as numbers, so that 0
 * equals every text without digits: there only a text does, and a parameter may be a number.
 */
function isOneValue(column: MysqlColumn, value: Expression): boolean {
  const type = column.type.toLowerCase();
  if (
    /^(?:tinyint|smallint|mediumint|int|integer|bigint|serial|year|bit|decimal|numeric|boolean)\b/.test(type)
  ) {
    return value.is === 'parameter' || value.is === 'literal';
  }
  if (value.is !== 'literal') return false;
  return value.literal.kind === 'string' || value.literal.kind === 'temporal';
}
