/** Queries: SELECT, VALUES, TABLE, set operations, WITH. Gives each the columns of its result with their origins. */
import { effectSet } from '../../core/effects.ts';
import type { RowBound } from '../../core/facts.ts';
import { NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Query, QueryBody, Select } from './ast.ts';
import { boundOfQuery } from './bounds.ts';
import { narrowsOthers } from './carried.ts';
import { expression } from './expression.ts';
import { foldName } from './fold-name.ts';
import { fromClause } from './from.ts';
import { itemColumns } from './items.ts';
import { lookAtLimit, ordering } from './ordering.ts';
import { column, Scope, type ScopeColumn, type Shape, UNKNOWN_SHAPE, wholeOf } from './scope.ts';
import { noteHints } from './settings.ts';
import { withClause } from './with.ts';

export interface QueryResult {
  readonly shape: Shape;
  readonly bound: RowBound;
  /** The scope of its ORDER BY: of a SELECT, with the ranges of its FROM. */
  readonly scope: Scope;
}

const READ = effectSet('read');
const WRITE = effectSet('write');

/** Recursive WITHs and select lists with windows are walked more than once, within each other many times. */
const QUERY_UNITS = 2_000;

/** Analyzes a query; `outer` is the scope it may refer to. */
export function analyzeQuery(a: Analysis, query: Query, outer: Scope | null): QueryResult {
  a.queries++;
  return a.nested(() => {
    a.spend(QUERY_UNITS);
    a.kinds.push('SELECT');
    a.effects |= READ;
    const scope = new Scope(outer);
    withClause(a, query.with, scope);
    let shape = bodyShape(a, query.body, scope);
    scope.outputs = shape.columns;
    scope.hasOpenOutputs = shape.open;
    ordering(a, query.orderBy, scope, 'order');
    if (query.limit !== null) lookAtLimit(a, query.limit, scope);
    if (query.locks !== null) lockRows(a);
    if (query.procedure !== null) shape = analysed(a, shape);
    into(a, query, shape);
    const bound = boundOfQuery(a, query, scope);
    a.bounds.set(query, bound);
    return { shape, bound, scope };
  });
}

function bodyShape(a: Analysis, body: QueryBody, scope: Scope): Shape {
  switch (body.is) {
    case 'select':
      return selectShape(a, body, scope);
    case 'set-operation':
      return setOperation(a, body, scope);
    case 'values':
      return valuesShape(a, body, scope);
    case 'table': {
      const { table } = body;
      const from = { is: 'table', table, alias: null, partitions: [], history: null } as const;
      const star = fromClause(a, from, scope);
      const item = { is: 'star', schema: null, table: null, at: table.at } as const;
      return itemColumns(a, [item], scope, star, 'output');
    }
    case 'nested': {
      const inner = analyzeQuery(a, body.query, scope);
      scope.ranges.push(...inner.scope.ranges);
      return inner.shape;
    }
  }
}

function selectShape(a: Analysis, select: Select, scope: Scope): Shape {
  noteHints(a, select.hints);
  const star = fromClause(a, select.from, scope);
  if (select.where !== null) expression(a, select.where, scope, 'filter');
  for (const { name, spec } of select.windows) scope.windows.set(foldName(name), spec);
  const { unresolved } = a;
  const { comparesUnknown, storesUnknown } = a.uses;
  let shape = itemColumns(a, select.items, scope, star, 'output');
  if (scope.hasWindows && a.reading.catalog.traits.flavour === 'mariadb') {
    // Only now can windows name what comes after them: what was not found may be found.
    a.unresolved = unresolved;
    a.uses.comparesUnknown = comparesUnknown;
    a.uses.storesUnknown = storesUnknown;
    shape = itemColumns(a, select.items, scope, star, 'output', shape.columns);
  }
  scope.outputs = shape.columns;
  scope.hasOpenOutputs = shape.open;
  if (select.options.some((option) => /^DISTINCT(?:ROW)?$/.test(option)))
    a.uses.addColumns(wholeOf(shape), 'group', 'equality');
  ordering(a, select.groupBy, scope, 'group');
  for (const condition of [select.having, select.qualify]) {
    if (condition === null) continue;
    scope.clause = 'having';
    expression(a, condition, scope, 'filter');
    scope.clause = 'where';
  }
  return shape;
}

/** FOR UPDATE and FOR SHARE lock rows: the server refuses them in a read-only transaction, and so may a rule. */
function lockRows(a: Analysis): void {
  a.effects |= WRITE;
  // Which of the tables OF names is not followed, so all of them count as locked.
  for (const use of a.uses.relations.values()) {
    if (use.role === 'direct') a.uses.addRelation(use, WRITE, use.role, use.known);
  }
}

/** PROCEDURE ANALYSE gives the least and greatest values of each column, in columns of its own. */
function analysed(a: Analysis, shape: Shape): Shape {
  const rest = weaken(wholeOf(shape), 'computed');
  a.uses.addColumns(rest, 'output', 'anything');
  return { columns: [], open: true, rest };
}

/** INTO: what comes out goes into variables or a file of the server's. */
function into(a: Analysis, query: Query, shape: Shape): void {
  if (query.into === null) return;
  a.uses.addColumns(wholeOf(shape), 'source', 'anything');
  if (query.into.into !== 'variables') a.addEffects('file', 'copy-out');
}

type SetOperation = Extract<QueryBody, { is: 'set-operation' }>;
type Values = Extract<QueryBody, { is: 'values' }>;

function setOperation(a: Analysis, body: SetOperation, scope: Scope): Shape {
  const shapes = body.operands.map((operand) => analyzeQuery(a, operand, scope).shape);
  const [first = UNKNOWN_SHAPE, ...others] = shapes;
  const together = others.reduce(eitherRow, first);
  // All but UNION ALL compare whole rows.
  if (!(body.all && body.operator === 'union')) {
    for (const shape of shapes) a.uses.addColumns(wholeOf(shape), 'group', 'equality');
  }
  for (const { origins, carried } of together.columns) if (narrowsOthers(carried)) a.uses.mayFail(origins);
  // What stands behind EXCEPT takes rows away, and none of it comes out.
  if (body.operator === 'except') return first;
  return together;
}

/** Columns by position; the names are the first one's. */
function eitherRow(left: Shape, right: Shape): Shape {
  if (left.open || right.open) {
    return { columns: [], open: true, rest: union(wholeOf(left), wholeOf(right)) };
  }
  const columns = left.columns.map((one, n) => {
    const other = right.columns[n];
    const type = other?.type === one.type ? one.type : null;
    const origins = union(one.origins, other === undefined ? null : other.origins);
    return column(one.name, origins, type, one.carried | (other?.carried ?? 0));
  });
  return { columns, open: false, rest: NOWHERE };
}

/** MySQL counts the columns from 0; MariaDB names them by the first row's texts. */
function valuesShape(a: Analysis, body: Values, scope: Scope): Shape {
  const origins: Origins[] = [];
  for (const row of body.rows) {
    row.forEach((value, n) => {
      const before = n < origins.length ? (origins[n] ?? null) : NOWHERE;
      origins[n] = union(before, expression(a, value, scope, 'output'));
    });
  }
  const isMysql = a.reading.catalog.traits.flavour === 'mysql';
  const columns: ScopeColumn[] = origins.map((one, n) => {
    const first = body.rows[0]?.[n];
    const text = first?.is === 'literal' && 'text' in first.literal ? first.literal.text : '';
    if (!isMysql && first?.is === 'literal') a.lookAt(first.at);
    return column(isMysql ? `column_${n}` : text, one);
  });
  return { columns, open: false, rest: NOWHERE };
}
