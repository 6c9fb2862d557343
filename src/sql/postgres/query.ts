/**
 * Queries: SELECT, VALUES, TABLE, set operations, WITH, and the data changes that may stand where a query does.
 * Gives each the columns of its result with their origins, and how many rows it can have.
 */
import { effectSet } from '../../core/effects.ts';
import type { RowBound } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import { isSubset, NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import {
  type AstNode,
  flag,
  integer,
  items,
  node,
  nodes,
  stringOf,
  struct,
  text,
  Unreadable,
} from './ast.ts';
import { boundOf, combinedBound, isSingleRow, sourceBound, UNBOUNDED } from './bounds.ts';
import { ROWS_FIELD } from './compact.ts';
import { expression, expressions, optional } from './expression.ts';
import { fromClause } from './from.ts';
import { analyzeChange } from './modify.ts';
import { ordering } from './ordering.ts';
import { tableWithEveryRow } from './restricts.ts';
import { type NamedQuery, renamed, Scope, type ScopeColumn, type Shape, wholeOf } from './scope.ts';
import { targetColumns } from './targets.ts';

export interface QueryResult {
  readonly shape: Shape;
  readonly bound: RowBound;
}

const READ = effectSet('read');

/** Analyzes a statement that may stand as a query or CTE; `outer` is the scope it may refer to. */
export function analyzeQuery(a: Analysis, query: AstNode, outer: Scope | null): QueryResult {
  return a.nested(() => {
    switch (query.tag) {
      case 'SelectStmt':
        return selectStatement(a, query.body, outer);
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        return analyzeChange(a, query, outer);
      default:
        throw new Unreadable(`${query.tag} as a query`);
    }
  });
}

export function selectStatement(a: Analysis, body: JsonObject, outer: Scope | null): QueryResult {
  a.visited.add(body);
  a.kinds.push('SELECT');
  a.effects |= READ;
  const scope = new Scope(outer);
  withClause(a, body, scope);
  if (text(body, 'op') !== null && text(body, 'op') !== 'SETOP_NONE') return setOperation(a, body, scope);
  if (body['valuesLists'] !== undefined) return valuesStatement(a, body, scope);
  return plainSelect(a, body, scope);
}

function plainSelect(a: Analysis, body: JsonObject, scope: Scope): QueryResult {
  const setsBefore = a.returnsSets;
  a.returnsSets = false;
  const star = fromClause(a, nodes(body, 'fromClause'), scope);
  optional(a, body, 'whereClause', scope, 'filter');
  const shape = targetColumns(a, nodes(body, 'targetList'), scope, star, 'output');
  const fromIsEmpty = items(body, 'fromClause').length === 0;
  const one = !a.returnsSets && (fromIsEmpty || isSingleRow(a, body, scope));
  const given: RowBound = one ? { kind: 'rows', max: 1 } : a.returnsSets ? UNBOUNDED : sourceBound(a, body);
  a.returnsSets ||= setsBefore;
  scope.outputs = shape.columns;
  groupAndWindow(a, body, scope, shape);
  ordering(a, nodes(body, 'sortClause'), scope, 'order');
  lockingClause(a, body);
  const bound = limitOf(a, body, scope);
  const everyRowOf = tableWithEveryRow(a, body, scope);
  return {
    shape: everyRowOf === null ? shape : { ...shape, everyRowOf },
    bound: bound.kind === 'unbounded' ? given : bound,
  };
}

function groupAndWindow(a: Analysis, body: JsonObject, scope: Scope, shape: Shape): void {
  const distinct = nodes(body, 'distinctClause');
  if (distinct.length === 0 && items(body, 'distinctClause').length > 0)
    a.uses.addColumns(wholeOf(shape), 'group', 'equality');
  ordering(a, distinct, scope, 'group');
  ordering(a, nodes(body, 'groupClause'), scope, 'group');
  optional(a, body, 'havingClause', scope, 'filter');
  expressions(a, nodes(body, 'windowClause'), scope, 'order');
}

/** LIMIT and OFFSET may hold any expression; only a plain LIMIT is a bound. */
function limitOf(a: Analysis, body: JsonObject, scope: Scope): RowBound {
  optional(a, body, 'limitCount', scope, 'filter');
  optional(a, body, 'limitOffset', scope, 'filter');
  return boundOf(a, body);
}

/** FOR UPDATE and FOR SHARE lock rows: the server refuses them in a read-only transaction, and so may a rule. */
function lockingClause(a: Analysis, body: JsonObject): void {
  const clauses = nodes(body, 'lockingClause');
  if (clauses.length === 0) return;
  const write = effectSet('write');
  a.effects |= write;
  for (const clause of clauses) {
    // The names are aliases of FROM; which relations those are is not followed, so all of them count as locked.
    for (const locked of nodes(clause.body, 'lockedRels')) a.visited.add(locked.body);
  }
  for (const use of a.uses.relations.values())
    if (use.role === 'direct') a.uses.addRelation(use, write, use.role, use.known);
}

function valuesStatement(a: Analysis, body: JsonObject, scope: Scope): QueryResult {
  const rows = nodes(body, 'valuesLists');
  const setsBefore = a.returnsSets;
  a.returnsSets = false;
  const origins: Origins[] = [];
  for (const row of rows) {
    nodes(row.body, 'items').forEach((value, n) => {
      const before = n < origins.length ? (origins[n] ?? null) : NOWHERE;
      origins[n] = union(before, expression(a, value, scope, 'output'));
    });
  }
  const columns = origins.map((own, n) => ({ name: `column${n + 1}`, origins: own }));
  const shape: Shape = { columns, open: false, rest: NOWHERE };
  scope.outputs = columns;
  ordering(a, nodes(body, 'sortClause'), scope, 'order');
  const bound = limitOf(a, body, scope);
  // A single row of VALUES in an INSERT may hold functions that return many.
  const many = a.returnsSets;
  a.returnsSets ||= setsBefore;
  if (many) return { shape, bound };
  return {
    shape,
    bound:
      bound.kind === 'unbounded' ? { kind: 'rows', max: integer(body, ROWS_FIELD) || rows.length } : bound,
  };
}

function setOperation(a: Analysis, body: JsonObject, scope: Scope): QueryResult {
  const left = struct(body, 'larg');
  const right = struct(body, 'rarg');
  if (left === null || right === null) throw new Unreadable('a set operation with one side');
  const { shape: leftShape, bound: leftBound } = a.nested(() => selectStatement(a, left, scope));
  const { shape: rightShape, bound: rightBound } = a.nested(() => selectStatement(a, right, scope));
  const op = text(body, 'op');
  // What stands behind EXCEPT takes rows away, and none of it comes out.
  const shape = op === 'SETOP_EXCEPT' ? leftShape : sideBySide(leftShape, rightShape);
  // UNION, INTERSECT and EXCEPT compare whole rows, ALL or not; UNION ALL does not.
  if (!(flag(body, 'all') && op === 'SETOP_UNION')) {
    a.uses.addColumns(wholeOf(leftShape), 'group', 'equality');
    a.uses.addColumns(wholeOf(rightShape), 'group', 'equality');
  }
  scope.outputs = shape.columns;
  ordering(a, nodes(body, 'sortClause'), scope, 'order');
  lockingClause(a, body);
  const bound = limitOf(a, body, scope);
  return { shape, bound: bound.kind === 'unbounded' ? combinedBound(op, leftBound, rightBound) : bound };
}

/** Columns by position; the names are the left side's. */
function sideBySide(left: Shape, right: Shape): Shape {
  if (left.open || right.open) {
    return { columns: [], open: true, rest: union(wholeOf(left), wholeOf(right)) };
  }
  const columns = left.columns.map((column, n) => ({
    name: column.name,
    origins: union(column.origins, n < right.columns.length ? (right.columns[n]?.origins ?? null) : null),
  }));
  return { columns, open: false, rest: NOWHERE };
}

/** Brings the CTEs of a statement into its scope, each seeing those before it; RECURSIVE ones see all. */
export function withClause(a: Analysis, body: JsonObject, scope: Scope): void {
  const clause = struct(body, 'withClause');
  if (clause === null) return;
  const recursive = flag(clause, 'recursive');
  const ctes = nodes(clause, 'ctes');
  // A recursive WITH lets a query refer to one that comes later; its columns are then not known yet.
  if (recursive)
    for (const cte of ctes) scope.queries.push({ name: cteName(cte), shape: OPEN, bound: UNBOUNDED });
  for (const cte of ctes) {
    a.visited.add(cte.body);
    const query = node(cte.body, 'ctequery');
    if (query === null) throw new Unreadable('a WITH query without a query');
    const aliases = nodes(cte.body, 'aliascolnames').map(stringOf);
    const { shape, bound } = recursive
      ? recursiveQuery(a, query, cteName(cte), aliases, scope)
      : renamedQuery(analyzeQuery(a, query, scope), aliases);
    scope.queries.push({ name: cteName(cte), shape: withSearchAndCycle(a, cte.body, shape, scope), bound });
  }
}

const OPEN: Shape = { columns: [], open: true, rest: null };

function cteName(cte: AstNode): string {
  return text(cte.body, 'ctename') ?? '';
}

function renamedQuery({ shape, bound }: QueryResult, names: readonly string[]): QueryResult {
  return { shape: renamed(shape, names), bound };
}

/**
 * Runs the query until its columns' origins, fed back through its own name, no longer grow. What it has of itself
 * counts as without bound; a LIMIT of the whole holds.
 */
function recursiveQuery(
  a: Analysis,
  query: AstNode,
  name: string,
  aliases: readonly string[],
  scope: Scope,
): QueryResult {
  const anchor = anchorOf(query);
  const inner = new Scope(scope);
  let shape: Shape;
  if (anchor === null) shape = renamed(analyzeQuery(a, query, scope).shape, aliases);
  else {
    withClause(a, query.body, inner);
    shape = renamed(a.nested(() => selectStatement(a, anchor, inner)).shape, aliases);
  }
  for (let round = 0; ; round++) {
    if (round > 64) return { shape: OPEN, bound: UNBOUNDED };
    const self = new Scope(scope);
    self.queries.push({ name, shape, bound: UNBOUNDED } satisfies NamedQuery);
    const { shape: next, bound } = renamedQuery(analyzeQuery(a, query, self), aliases);
    const settled =
      next.open === shape.open &&
      next.columns.length === shape.columns.length &&
      next.columns.every((column, n) => isSubset(column.origins, shape.columns[n]?.origins ?? NOWHERE));
    shape = next;
    if (settled) return { shape, bound };
  }
}

/** The non-recursive term: the left side of the topmost set operation. */
function anchorOf(query: AstNode): JsonObject | null {
  if (query.tag !== 'SelectStmt') return null;
  const op = text(query.body, 'op');
  return op === null || op === 'SETOP_NONE' ? null : struct(query.body, 'larg');
}

/** SEARCH and CYCLE add columns that are made of the query's own. */
function withSearchAndCycle(a: Analysis, cte: JsonObject, shape: Shape, scope: Scope): Shape {
  const added: ScopeColumn[] = [];
  const made = weaken(wholeOf(shape), 'computed');
  const search = struct(cte, 'search_clause');
  if (search !== null) added.push({ name: text(search, 'search_seq_column') ?? '', origins: made });
  const cycle = struct(cte, 'cycle_clause');
  if (cycle !== null) {
    const marks = union(
      optional(a, cycle, 'cycle_mark_value', scope, 'output'),
      optional(a, cycle, 'cycle_mark_default', scope, 'output'),
    );
    added.push({ name: text(cycle, 'cycle_mark_column') ?? '', origins: union(made, marks) });
    added.push({ name: text(cycle, 'cycle_path_column') ?? '', origins: made });
  }
  return added.length === 0 ? shape : { ...shape, columns: [...shape.columns, ...added] };
}
