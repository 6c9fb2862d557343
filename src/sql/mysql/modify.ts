/** INSERT, REPLACE, UPDATE, DELETE and LOAD. */
import { effectSet } from '../../core/effects.ts';
import type { RowBound } from '../../core/facts.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Assignment, Expression, FromItem, SelectItem, Statement, TableName } from './ast.ts';
import { boundOf, isUniqueLookup } from './bounds.ts';
import { lookUp } from './columns.ts';
import { expression } from './expression.ts';
import { fromClause, visible } from './from.ts';
import { itemColumns } from './items.ts';
import { lookAtLimit, ordering } from './ordering.ts';
import { analyzeQuery } from './query.ts';
import { useRelation } from './relations.ts';
import { restrictsRows } from './restricts.ts';
import { column, columnOf, NO_SHAPE, type Range, Scope, type Shape, wholeOf } from './scope.ts';
import { noteHints } from './settings.ts';
import { NO_ACT, plain, type StatementResult } from './statement.ts';
import { withClause } from './with.ts';

type Insert = Extract<Statement, { is: 'insert' }>;
type Update = Extract<Statement, { is: 'update' }>;
type Delete = Extract<Statement, { is: 'delete' }>;
type Load = Extract<Statement, { is: 'load' }>;

const READ = effectSet('read');
const WRITE = effectSet('write');
const DELETE_EVERYTHING = effectSet('write', 'destroy');
const COPY_IN = effectSet('write', 'copy-in');

/** A column of the target is written, and so is that of a table beneath it, where the target is a view. */
function assign(a: Analysis, range: Range, name: string): void {
  const own = columnOf(range, name);
  const table = { schema: range.relation?.schema ?? null, table: range.relation?.name ?? range.alias };
  a.uses.addColumn({ ...table, column: own?.name ?? name }, 'assignment');
  for (const origin of own?.origins ?? []) {
    if (origin.how === 'copied') a.uses.addColumn(origin, 'assignment');
  }
}

export function insert(a: Analysis, statement: Insert): StatementResult {
  const { verb, table, source } = statement;
  a.kinds.push(verb);
  noteHints(a, statement.hints);
  const scope = new Scope(null);
  withClause(a, statement.with, scope);
  const range = useRelation(a, table, WRITE);
  const listed = statement.columns?.map(({ name }) => name) ?? visible(range).columns.map(({ name }) => name);
  for (const name of listed) assign(a, range, name);
  if (statement.columns === null && range.open) assign(a, range, '*');
  const inserted = 'query' in source ? fromQuery(a, source.query, scope) : fromRows(a, source, range, scope);
  a.uses.addColumns(wholeOf(inserted.shape), 'source');
  onDuplicate(a, statement, range, listed, inserted);
  return returning(a, verb, statement.returning, [range], [table], inserted.bound);
}

/** What is put in: columns by position, their number of rows, and what ON DUPLICATE KEY UPDATE can see of it. */
interface Inserted {
  readonly shape: Shape;
  readonly bound: RowBound;
  readonly scope: Scope;
}

type Rows = Exclude<Insert['source'], { readonly query: unknown }>;

function fromQuery(
  a: Analysis,
  query: Extract<Insert['source'], { readonly query: unknown }>['query'],
  outer: Scope,
): Inserted {
  return analyzeQuery(a, query, outer);
}

/** A value may name columns before it: what they hold of the same row. */
function fromRows(a: Analysis, source: Rows, range: Range, outer: Scope): Inserted {
  for (const at of source.literals) a.seeLiteral(at);
  const scope = new Scope(outer);
  scope.ranges.push(range);
  const origins: Origins[] = [];
  for (const row of source.rows) {
    row.forEach((value, n) => {
      const before = n < origins.length ? (origins[n] ?? null) : NOWHERE;
      origins[n] = union(before, expression(a, value, scope, 'source'));
    });
  }
  const columns = origins.map((own, n) => column(`${n}`, own));
  return {
    shape: { columns, open: false, rest: NOWHERE },
    bound: { kind: 'rows', max: source.rows.length + source.plain },
    scope: outer,
  };
}

function onDuplicate(
  a: Analysis,
  statement: Insert,
  range: Range,
  listed: readonly string[],
  inserted: Inserted,
): void {
  if (statement.onDuplicate.length === 0) return;
  a.kinds.push('UPDATE');
  const scope = new Scope(inserted.scope);
  scope.ranges.push(range);
  const { shape } = inserted;
  const whole = wholeOf(shape);
  const names = listed.map((name, n) =>
    column(name, shape.open ? whole : (shape.columns[n]?.origins ?? whole)),
  );
  scope.inserted = { columns: names, open: range.open, rest: whole };
  const { rowAlias } = statement;
  if (rowAlias !== null) {
    const columns = names.map((own, n) => ({ ...own, name: rowAlias.columns?.[n] ?? own.name }));
    scope.ranges.push({
      columns,
      open: range.open && rowAlias.columns === null,
      rest: whole,
      alias: rowAlias.name,
      schema: null,
      relation: null,
    });
  }
  for (const { column: set, value } of statement.onDuplicate) {
    assign(a, range, set.name);
    expression(a, value, scope, 'source');
  }
}

/** A table that a change writes to, as a range and as the name that stands for it. */
interface Target {
  readonly range: Range;
  readonly table: TableName;
}

export function update(a: Analysis, statement: Update): StatementResult {
  a.kinds.push('UPDATE');
  noteHints(a, statement.hints);
  const scope = new Scope(null);
  withClause(a, statement.with, scope);
  const only = singleTarget(a, statement.from, scope);
  if (only === null) fromClause(a, statement.from, scope);
  const targets = only === null ? assignedTargets(a, statement, scope) : [only];
  for (const { column: set } of statement.assignments) {
    for (const range of lookUp(a, set, scope)?.ranges ?? targets.map((target) => target.range)) {
      assign(a, range, set.name);
    }
  }
  assignValues(a, statement.assignments, scope);
  const unrestricted = narrowed(a, statement, scope, targets);
  if (unrestricted.length > 0) a.unfiltered = true;
  return returning(
    a,
    'UPDATE',
    statement.returning,
    scope.ranges,
    targets.map(({ table }) => table),
    boundOfChange(a, statement),
  );
}

function assignValues(a: Analysis, assignments: readonly Assignment[], scope: Scope): void {
  for (const { value } of assignments) expression(a, value, scope, 'source');
}

/** The one table of a change without joins, which is written and not read. */
function singleTarget(a: Analysis, from: FromItem, scope: Scope): Target | null {
  if (from.is !== 'table') return null;
  const named = useRelation(a, from.table, WRITE);
  const range = from.alias === null ? named : { ...named, alias: from.alias };
  scope.ranges.push(range);
  return { range, table: from.table };
}

/** Of several tables, those whose columns are set. Where that cannot be told, all of them. */
function assignedTargets(a: Analysis, statement: Update, scope: Scope): readonly Target[] {
  const tables = tablesIn(statement.from);
  const set = new Set<Range>();
  for (const assignment of statement.assignments) {
    const ranges = lookUp(a, assignment.column, scope)?.ranges ?? scope.ranges;
    for (const range of ranges) set.add(range);
  }
  const targets = [...set].flatMap((range) => {
    const named = tables.find((from) => a.sameTableName(from.alias ?? from.table.name, range.alias));
    return named === undefined ? [] : [{ range, table: named.table }];
  });
  for (const { table } of targets) useRelation(a, table, WRITE);
  return targets;
}

type FromTable = Extract<FromItem, { is: 'table' }>;

function tablesIn(from: FromItem): readonly FromTable[] {
  if (from.is === 'join') return [...tablesIn(from.left), ...tablesIn(from.right)];
  return from.is === 'table' ? [from] : [];
}

export function remove(a: Analysis, statement: Delete): StatementResult {
  a.kinds.push('DELETE');
  noteHints(a, statement.hints);
  const scope = new Scope(null);
  withClause(a, statement.with, scope);
  const only = statement.targets === null ? singleTarget(a, statement.from, scope) : null;
  if (only === null) fromClause(a, statement.from, scope);
  const targets = only === null ? namedTargets(a, statement, scope) : [only];
  const unrestricted = narrowed(a, statement, scope, targets);
  for (const { table } of unrestricted) useRelation(a, table, DELETE_EVERYTHING);
  if (unrestricted.length > 0) a.unfiltered = true;
  return returning(
    a,
    'DELETE',
    statement.returning,
    scope.ranges,
    targets.map(({ table }) => table),
    boundOfChange(a, statement),
  );
}

/** Targets are named by alias, or as the tables of FROM are. */
function namedTargets(a: Analysis, { targets, from }: Delete, scope: Scope): readonly Target[] {
  const tables = tablesIn(from);
  return (targets ?? tables.map(({ table }) => table)).map((target) => {
    const named = tables.find(({ table, alias }) => {
      if (!a.sameTableName(alias ?? table.name, target.name)) return false;
      return target.schema === null || target.schema === (table.schema ?? a.reading.schema);
    });
    const table = named?.table ?? target;
    const written = useRelation(a, table, WRITE);
    const alias = named?.alias ?? table.name;
    const range = scope.ranges.find((candidate) => a.sameTableName(candidate.alias, alias));
    return { range: range ?? written, table };
  });
}

/** WHERE, ORDER BY and LIMIT; gives the targets of which they let every row through. */
function narrowed(
  a: Analysis,
  statement: Update | Delete,
  scope: Scope,
  targets: readonly Target[],
): readonly Target[] {
  const { where, from } = statement;
  if (where !== null) expression(a, where, scope, 'filter');
  ordering(a, statement.orderBy, scope, 'order');
  if (statement.limit !== null) lookAtLimit(a, statement.limit, scope);
  return targets.filter(({ range }) => !restrictsRows(a, from, where, range));
}

function boundOfChange(a: Analysis, { from, where, limit }: Update | Delete): RowBound {
  const bound = boundOf(a, limit);
  if (bound.kind !== 'unbounded') return bound;
  return isUniqueLookup(a, from, where) ? { kind: 'rows', max: 1 } : bound;
}

/** RETURNING reads what it returns of its target. */
function returning(
  a: Analysis,
  kind: string,
  items: readonly SelectItem[] | null,
  ranges: readonly Range[],
  tables: readonly TableName[],
  bound: RowBound,
): StatementResult {
  if (items === null) return plain(kind);
  a.effects |= READ;
  for (const table of tables) useRelation(a, table, READ);
  const scope = new Scope(null);
  scope.ranges.push(...ranges);
  let star: Shape = NO_SHAPE;
  for (const range of ranges) {
    const { columns, open, rest } = visible(range);
    star = {
      columns: [...star.columns, ...columns],
      open: star.open || open,
      rest: union(star.rest, open ? rest : NOWHERE),
    };
  }
  return { kind, act: NO_ACT, bound, shape: itemColumns(a, items, scope, star, 'output') };
}

/** LOAD DATA and LOAD XML. LOCAL takes the client's file, all others the server's. */
export function load(a: Analysis, statement: Load): StatementResult {
  a.effects |= COPY_IN;
  if (!statement.local) a.addEffects('file');
  const range = useRelation(a, statement.table, COPY_IN);
  const scope = new Scope(null);
  scope.ranges.push(range);
  const listed = statement.columns.filter((one) => one.is === 'column');
  for (const { name } of listed) assign(a, range, name);
  if (statement.columns.length === 0) for (const { name } of range.columns) assign(a, range, name);
  if (range.open) assign(a, range, '*');
  for (const { column: set, value } of statement.assignments) {
    assign(a, range, set.name);
    expression(a, value, scope, 'source');
  }
  if (statement.columns.some((one: Expression) => one.is === 'user-variable')) a.addEffects('session');
  return plain(statement.xml ? 'LOAD XML' : 'LOAD DATA');
}
