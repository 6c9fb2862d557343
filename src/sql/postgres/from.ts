/** FROM: tables, joins, subqueries, functions and the rest, as ranges in a scope and as what `*` stands for. */
import { effectSet } from '../../core/effects.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import {
  type AstNode,
  asNode,
  flag,
  items,
  names,
  node,
  nodes,
  stringOf,
  struct,
  text,
  Unreadable,
} from './ast.ts';
import { expression, expressions, optional } from './expression.ts';
import { callFunction } from './functions.ts';
import { analyzeQuery } from './query.ts';
import { useRelation } from './relations.ts';
import { columnOf, type Range, renamed, Scope, type ScopeColumn, type Shape, wholeOf } from './scope.ts';
import { figureColumnName } from './targets.ts';

const READ = effectSet('read');

/** Adds every item's ranges to the scope; gives what a bare `*` stands for. */
export function fromClause(a: Analysis, list: readonly AstNode[], scope: Scope): Shape {
  const columns: ScopeColumn[] = [];
  let open = false;
  let rest: Origins = NOWHERE;
  for (const item of list) {
    const shape = fromItem(a, item, scope);
    a.spend(shape.columns.length + list.length);
    for (const column of shape.columns) columns.push(column);
    open ||= shape.open;
    rest = union(rest, shape.rest);
  }
  return { columns, open, rest };
}

export function fromItem(a: Analysis, item: AstNode, scope: Scope): Shape {
  return a.nested(() => {
    a.visited.add(item.body);
    switch (item.tag) {
      case 'RangeVar':
        return tableItem(a, item.body, scope);
      case 'JoinExpr':
        return joinItem(a, item.body, scope);
      case 'RangeSubselect':
        return subqueryItem(a, item.body, scope);
      case 'RangeFunction':
        return functionItem(a, item.body, scope);
      case 'RangeTableSample':
        return sampleItem(a, item.body, scope);
      case 'RangeTableFunc':
        return tableFunctionItem(a, item.body, scope);
      case 'JsonTable':
        return jsonTableItem(a, item.body, scope);
      default:
        throw new Unreadable(`${item.tag} in FROM`);
    }
  });
}

interface Alias {
  readonly name: string | null;
  readonly columns: readonly string[];
}

function aliasOf(body: JsonObject): Alias {
  const alias = struct(body, 'alias');
  if (alias === null) return { name: null, columns: [] };
  return { name: text(alias, 'aliasname'), columns: nodes(alias, 'colnames').map(stringOf) };
}

function addRange(scope: Scope, range: Range, alias: Alias): Shape {
  const shape = renamed(range, alias.columns);
  scope.ranges.push({
    ...shape,
    alias: alias.name ?? range.alias,
    schema: alias.name === null ? range.schema : null,
    relation: alias.columns.length === 0 ? range.relation : null,
  });
  return shape;
}

/** A range that is no base relation. */
function derived(name: string, shape: Shape): Range {
  return { ...shape, alias: name, schema: null, relation: null };
}

function tableItem(a: Analysis, body: JsonObject, scope: Scope): Shape {
  const name = text(body, 'relname') ?? '';
  const query = text(body, 'schemaname') === null ? scope.namedQuery(name) : null;
  const range = query === null ? useRelation(a, body, READ) : derived(name, query.shape);
  if (range.everyRowOf !== undefined) a.everyRowOf.set(body, range.everyRowOf);
  if (query !== null) a.bounds.set(body, query.bound);
  return addRange(scope, range, aliasOf(body));
}

function subqueryItem(a: Analysis, body: JsonObject, scope: Scope): Shape {
  const query = node(body, 'subquery');
  if (query === null) throw new Unreadable('a subquery without a query');
  const { shape, bound } = analyzeQuery(a, query, flag(body, 'lateral') ? scope : withoutRanges(scope));
  a.bounds.set(body, bound);
  if (shape.everyRowOf !== undefined) a.everyRowOf.set(body, shape.everyRowOf);
  const alias = aliasOf(body);
  return addRange(scope, derived(alias.name ?? '', shape), alias);
}

/** The scope as a subquery that is not LATERAL sees it: the CTEs, but not its neighbours in FROM. */
function withoutRanges(scope: Scope): Scope {
  const seen = new Scope(scope.parent);
  seen.queries.push(...scope.queries);
  return seen;
}

function joinItem(a: Analysis, body: JsonObject, scope: Scope): Shape {
  const leftNode = node(body, 'larg');
  const rightNode = node(body, 'rarg');
  if (leftNode === null || rightNode === null) throw new Unreadable('a join with one side');
  const before = scope.ranges.length;
  const left = fromItem(a, leftNode, scope);
  const right = fromItem(a, rightNode, scope);
  const using = flag(body, 'isNatural') ? commonColumns(left, right) : names(body, 'usingClause');
  optional(a, body, 'quals', scope, 'join');
  const merged: ScopeColumn[] = using.map((name) => {
    const origins = union(columnIn(left, name), columnIn(right, name));
    a.uses.addColumns(origins, 'join', 'equality');
    return { name, origins };
  });
  const natural = flag(body, 'isNatural') && (left.open || right.open);
  const shape: Shape = {
    columns: [...merged, ...without(left, using), ...without(right, using)],
    open: left.open || right.open,
    rest: union(left.rest, right.rest),
  };
  if (natural) a.uses.addColumns(wholeOf(shape), 'join');
  const usingAlias = struct(body, 'join_using_alias');
  if (usingAlias !== null) {
    const onlyMerged: Shape = { columns: merged, open: false, rest: NOWHERE };
    scope.ranges.push(derived(text(usingAlias, 'aliasname') ?? '', onlyMerged));
  }
  const alias = aliasOf(body);
  if (alias.name === null) return shape;
  scope.ranges.length = before;
  return addRange(scope, derived(alias.name, shape), alias);
}

function columnIn(shape: Shape, name: string): Origins {
  return columnOf(shape, name) ?? (shape.open ? shape.rest : NOWHERE);
}

function commonColumns(left: Shape, right: Shape): readonly string[] {
  const common: string[] = [];
  for (const { name } of left.columns) {
    if (!common.includes(name) && right.columns.some((column) => column.name === name)) common.push(name);
  }
  return common;
}

function without(shape: Shape, using: readonly string[]): readonly ScopeColumn[] {
  return using.length === 0 ? shape.columns : shape.columns.filter((column) => !using.includes(column.name));
}

/**
 * `f(…)`, `ROWS FROM (f(…), g(…))`, WITH ORDINALITY, and column definition lists. What goes into a function here
 * has a say in how many rows there are, as what stands in a filter has.
 */
function functionItem(a: Analysis, body: JsonObject, scope: Scope): Shape {
  const columns: ScopeColumn[] = [];
  let rest: Origins = NOWHERE;
  let only = '';
  a.returnsSets = true;
  const functions = nodes(body, 'functions');
  for (const entry of functions) {
    const [call, definitions] = items(entry.body, 'items');
    if (call === undefined) throw new Unreadable('a function in FROM without a call');
    const callNode = asNode(call);
    only = figureColumnName(callNode);
    const origins =
      callNode.tag === 'FuncCall'
        ? callFunction(a, callNode.body, scope, 'filter')
        : expression(a, callNode, scope, 'filter');
    rest = union(rest, weaken(origins, 'computed'));
    if (isObject(definitions) && definitions['List'] !== undefined) {
      for (const name of definedColumns(a, nodes(asNode(definitions).body, 'items')))
        columns.push({ name, origins });
    }
  }
  for (const name of definedColumns(a, nodes(body, 'coldeflist'))) columns.push({ name, origins: rest });
  const alias = aliasOf(body);
  const named = columns.length > 0;
  // Whether the result is one column or a row of many is not followed: any name may be one of its columns.
  if (!named) for (const name of [only, alias.name]) if (name !== null) columns.push({ name, origins: rest });
  const range = derived(alias.name ?? only, { columns: named ? columns : [], open: !named, rest });
  const shape = addRange(scope, range, alias);
  return named ? shape : { columns: [], open: true, rest };
}

function definedColumns(a: Analysis, definitions: readonly AstNode[]): readonly string[] {
  return definitions.map((definition) => {
    if (definition.tag !== 'ColumnDef') throw new Unreadable(`${definition.tag} in a column definition list`);
    a.visited.add(definition.body);
    const typeName = struct(definition.body, 'typeName');
    if (typeName !== null) a.visited.add(typeName);
    return text(definition.body, 'colname') ?? '';
  });
}

function sampleItem(a: Analysis, body: JsonObject, scope: Scope): Shape {
  const relation = node(body, 'relation');
  if (relation === null) throw new Unreadable('TABLESAMPLE of nothing');
  const shape = fromItem(a, relation, scope);
  expressions(a, nodes(body, 'args'), scope, 'filter');
  optional(a, body, 'repeatable', scope, 'filter');
  return shape;
}

/** XMLTABLE. */
function tableFunctionItem(a: Analysis, body: JsonObject, scope: Scope): Shape {
  let origins = union(
    optional(a, body, 'docexpr', scope, 'filter'),
    optional(a, body, 'rowexpr', scope, 'filter'),
  );
  origins = union(origins, expressions(a, nodes(body, 'namespaces'), scope, 'filter'));
  a.returnsSets = true;
  const columns = nodes(body, 'columns').map((column) => {
    const own = union(
      optional(a, column.body, 'colexpr', scope, 'filter'),
      optional(a, column.body, 'coldefexpr', scope, 'filter'),
    );
    return { name: text(column.body, 'colname') ?? '', origins: weaken(union(origins, own), 'computed') };
  });
  const alias = aliasOf(body);
  return addRange(scope, derived(alias.name ?? 'xmltable', { columns, open: false, rest: NOWHERE }), alias);
}

function jsonTableItem(a: Analysis, body: JsonObject, scope: Scope): Shape {
  const context = struct(body, 'context_item');
  if (context === null) throw new Unreadable('JSON_TABLE of nothing');
  let origins = expression(a, { tag: 'JsonValueExpr', body: context }, scope, 'filter');
  origins = union(origins, jsonPath(a, body, scope));
  origins = union(origins, expressions(a, nodes(body, 'passing'), scope, 'filter'));
  origins = union(origins, behavior(a, body, 'on_error', scope));
  a.returnsSets = true;
  const columns: ScopeColumn[] = [];
  jsonColumns(a, body, weaken(origins, 'computed'), scope, columns);
  const alias = aliasOf(body);
  return addRange(scope, derived(alias.name ?? 'json_table', { columns, open: false, rest: NOWHERE }), alias);
}

function jsonColumns(
  a: Analysis,
  body: JsonObject,
  origins: Origins,
  scope: Scope,
  into: ScopeColumn[],
): void {
  for (const column of nodes(body, 'columns')) {
    let own = union(origins, jsonPath(a, column.body, scope));
    own = union(own, behavior(a, column.body, 'on_empty', scope));
    own = union(own, behavior(a, column.body, 'on_error', scope));
    if (column.body['columns'] === undefined)
      into.push({ name: text(column.body, 'name') ?? '', origins: own });
    else a.nested(() => jsonColumns(a, column.body, own, scope, into));
  }
}

function jsonPath(a: Analysis, body: JsonObject, scope: Scope): Origins {
  const spec = struct(body, 'pathspec');
  return spec === null ? NOWHERE : optional(a, spec, 'string', scope, 'filter');
}

function behavior(a: Analysis, body: JsonObject, field: string, scope: Scope): Origins {
  const own = struct(body, field);
  return own === null ? NOWHERE : optional(a, own, 'expr', scope, 'filter');
}
