/** INSERT, UPDATE, DELETE and MERGE, standing alone or inside WITH. */
import { effectSet } from '../../core/effects.ts';
import type { RowBound } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, items, node, nodes, struct, text, Unreadable } from './ast.ts';
import { isUniqueLookup } from './bounds.ts';
import { expression, optional } from './expression.ts';
import { fromClause, fromItem } from './from.ts';
import { analyzeQuery, type QueryResult, withClause } from './query.ts';
import { useNamedRelation, useRelation } from './relations.ts';
import { restricts, targetOf } from './restricts.ts';
import { NO_SHAPE, type Range, renamed, Scope, type Shape, wholeOf } from './scope.ts';
import { targetColumns } from './targets.ts';

const READ = effectSet('read');
const WRITE = effectSet('write');
const DELETE_EVERYTHING = effectSet('write', 'destroy');

export function analyzeChange(a: Analysis, change: AstNode, outer: Scope | null): QueryResult {
  const { body } = change;
  a.visited.add(body);
  const scope = new Scope(outer);
  withClause(a, body, scope);
  switch (change.tag) {
    case 'InsertStmt':
      return insert(a, body, scope);
    case 'UpdateStmt':
      return update(a, body, scope);
    case 'DeleteStmt':
      return remove(a, body, scope);
    case 'MergeStmt':
      return merge(a, body, scope);
    default:
      throw new Unreadable(`${change.tag} as a change of data`);
  }
}

/** The target as a range under its alias. */
function target(a: Analysis, body: JsonObject): Range {
  const relation = struct(body, 'relation');
  if (relation === null) throw new Unreadable('a change of no table');
  const range = useRelation(a, relation, WRITE);
  const alias = struct(relation, 'alias');
  const name = alias === null ? null : text(alias, 'aliasname');
  return name === null ? range : { ...range, alias: name, schema: null };
}

function assign(a: Analysis, range: Range, column: string): void {
  if (range.relation !== null) a.uses.addColumn({ ...named(range), column }, 'assignment');
}

function named(range: Range): { schema: string | null; table: string } {
  return { schema: range.relation?.schema ?? null, table: range.relation?.name ?? range.alias };
}

function insert(a: Analysis, body: JsonObject, scope: Scope): QueryResult {
  a.kinds.push('INSERT');
  const range = target(a, body);
  const columns = nodes(body, 'cols');
  for (const column of columns) {
    a.visited.add(column.body);
    assign(a, range, text(column.body, 'name') ?? '');
    for (const step of nodes(column.body, 'indirection'))
      if (step.tag !== 'String') expression(a, step, scope, 'assignment');
  }
  if (columns.length === 0) for (const column of range.columns) assign(a, range, column.name);
  if (columns.length === 0 && range.open) assign(a, range, '*');
  const source = node(body, 'selectStmt');
  const kinds = a.kinds.length;
  const result = source === null ? null : analyzeQuery(a, source, scope);
  // VALUES is part of INSERT's own syntax; a SELECT behind it is a statement of its own.
  if (source !== null && isPlainValues(source)) {
    a.kinds.length = kinds;
    if (!readsAnything(a)) a.effects &= ~READ;
  }
  if (result !== null) a.uses.addColumns(wholeOf(result.shape), 'source');
  onConflict(a, body, range, scope);
  const bound: RowBound = result === null ? { kind: 'rows', max: 1 } : result.bound;
  return returning(a, body, scope, [range], bound);
}

function isPlainValues(source: AstNode): boolean {
  return (
    source.tag === 'SelectStmt' &&
    source.body['valuesLists'] !== undefined &&
    source.body['withClause'] === undefined
  );
}

function readsAnything(a: Analysis): boolean {
  for (const use of a.uses.relations.values()) if ((use.effects & READ) !== 0) return true;
  return false;
}

function onConflict(a: Analysis, body: JsonObject, range: Range, outer: Scope): void {
  const clause = struct(body, 'onConflictClause');
  if (clause === null) return;
  const scope = new Scope(outer);
  scope.ranges.push(range, { ...range, alias: 'excluded', schema: null });
  const infer = struct(clause, 'infer');
  if (infer !== null) {
    for (const element of nodes(infer, 'indexElems')) {
      a.visited.add(element.body);
      const expr = node(element.body, 'expr');
      if (expr !== null) expression(a, expr, scope, 'filter');
    }
    optional(a, infer, 'whereClause', scope, 'filter');
  }
  if (text(clause, 'action') === 'ONCONFLICT_UPDATE') a.kinds.push('UPDATE');
  setClause(a, clause, range, scope);
  optional(a, clause, 'whereClause', scope, 'filter');
}

function setClause(a: Analysis, body: JsonObject, range: Range, scope: Scope): void {
  for (const item of nodes(body, 'targetList')) {
    a.visited.add(item.body);
    assign(a, range, text(item.body, 'name') ?? '');
    for (const step of nodes(item.body, 'indirection'))
      if (step.tag !== 'String') expression(a, step, scope, 'assignment');
    optional(a, item.body, 'val', scope, 'source');
  }
}

function update(a: Analysis, body: JsonObject, scope: Scope): QueryResult {
  a.kinds.push('UPDATE');
  const range = target(a, body);
  scope.ranges.push(range);
  fromClause(a, nodes(body, 'fromClause'), scope);
  setClause(a, body, range, scope);
  const where = node(body, 'whereClause');
  if (where !== null) expression(a, where, scope, 'filter');
  if (!restricts(a, where, targetOf(a, range))) a.unfiltered = true;
  return returning(a, body, scope, [...scope.ranges], boundOfChange(a, body, where));
}

function remove(a: Analysis, body: JsonObject, scope: Scope): QueryResult {
  a.kinds.push('DELETE');
  const range = target(a, body);
  scope.ranges.push(range);
  fromClause(a, nodes(body, 'usingClause'), scope);
  const where = node(body, 'whereClause');
  if (where !== null) expression(a, where, scope, 'filter');
  if (!restricts(a, where, targetOf(a, range))) {
    a.unfiltered = true;
    const relation = struct(body, 'relation');
    if (relation !== null) useRelation(a, relation, DELETE_EVERYTHING);
  }
  return returning(a, body, scope, [...scope.ranges], boundOfChange(a, body, where));
}

function boundOfChange(a: Analysis, body: JsonObject, where: AstNode | null): RowBound {
  const relation = struct(body, 'relation');
  if (where?.tag === 'CurrentOfExpr') return { kind: 'rows', max: 1 };
  const joins = items(body, 'fromClause').length + items(body, 'usingClause').length;
  const one = relation !== null && joins === 0 && isUniqueLookup(a, relation, where);
  return one ? { kind: 'rows', max: 1 } : { kind: 'unbounded' };
}

function merge(a: Analysis, body: JsonObject, scope: Scope): QueryResult {
  a.kinds.push('MERGE');
  const range = target(a, body);
  scope.ranges.push(range);
  const source = node(body, 'sourceRelation');
  if (source === null) throw new Unreadable('MERGE without a source');
  fromItem(a, source, scope);
  const join = node(body, 'joinCondition');
  if (join !== null) expression(a, join, scope, 'join');
  const filtered = restricts(a, join, targetOf(a, range));
  for (const clause of nodes(body, 'mergeWhenClauses')) mergeClause(a, clause.body, range, scope, filtered);
  return returning(a, body, scope, [...scope.ranges], { kind: 'unbounded' });
}

function mergeClause(a: Analysis, clause: JsonObject, range: Range, scope: Scope, filtered: boolean): void {
  a.visited.add(clause);
  const condition = node(clause, 'condition');
  if (condition !== null) expression(a, condition, scope, 'filter');
  const command = text(clause, 'commandType') ?? '';
  switch (command) {
    case 'CMD_INSERT':
      a.kinds.push('INSERT');
      break;
    case 'CMD_UPDATE':
      a.kinds.push('UPDATE');
      break;
    case 'CMD_DELETE':
      a.kinds.push('DELETE');
      break;
    case 'CMD_NOTHING':
      return;
    default:
      throw new Unreadable(`${command} in MERGE`);
  }
  setClause(a, clause, range, scope);
  for (const value of nodes(clause, 'values')) expression(a, value, scope, 'source');
  if (command === 'CMD_INSERT') return;
  // The rows that no row of the source matches may be all of them, whatever the condition that joins the two.
  const joined = filtered && text(clause, 'matchKind') !== 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE';
  if (joined || restricts(a, condition, targetOf(a, range))) return;
  a.unfiltered = true;
  if (command === 'CMD_DELETE' && range.relation !== null) {
    useNamedRelation(a, range.relation.schema, range.relation.name, DELETE_EVERYTHING, true);
  }
}

/** RETURNING, whose list stands in the statement itself before 18 and in a clause of its own since. */
function returning(
  a: Analysis,
  body: JsonObject,
  outer: Scope,
  ranges: readonly Range[],
  bound: RowBound,
): QueryResult {
  const clause = struct(body, 'returningClause');
  const list = clause === null ? nodes(body, 'returningList') : nodes(clause, 'exprs');
  if (list.length === 0) return { shape: NO_SHAPE, bound: { kind: 'none' } };
  a.effects |= READ;
  const scope = new Scope(outer);
  scope.ranges.push(...ranges);
  const [first] = ranges;
  if (first !== undefined) {
    for (const alias of oldAndNew(clause)) scope.ranges.push({ ...first, alias, schema: null });
  }
  const relation = struct(body, 'relation');
  if (relation !== null) useRelation(a, relation, READ);
  // Rules bring a RETURNING of their own.
  if (ranges.some((range) => isRewritten(a, range))) {
    targetColumns(a, list, scope, NO_SHAPE, 'output');
    return { shape: { columns: [], open: true, rest: null }, bound };
  }
  let star: Shape = NO_SHAPE;
  for (const range of ranges) {
    const own = renamed(range, []);
    star = {
      columns: [...star.columns, ...own.columns],
      open: star.open || own.open,
      rest: own.open ? own.rest : star.rest,
    };
  }
  return { shape: targetColumns(a, list, scope, star, 'output'), bound };
}

function isRewritten(a: Analysis, { relation }: Range): boolean {
  if (relation === null) return false;
  const { catalog } = a.reading;
  const named =
    relation.schema === null
      ? catalog.relationsNamed(relation.name)
      : [catalog.relation(relation.schema, relation.name)];
  return named.some((candidate) => candidate?.rewritten === true);
}

/** The names for the row before and after: `old` and `new`, unless RETURNING WITH renames them. */
function oldAndNew(clause: JsonObject | null): readonly string[] {
  const renamedTo =
    clause === null ? [] : nodes(clause, 'options').map((option) => text(option.body, 'value') ?? '');
  return ['old', 'new', ...renamedTo];
}
