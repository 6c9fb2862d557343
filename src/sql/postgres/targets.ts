/** Target lists: SELECT's and RETURNING's columns, named as the server names them, stars expanded. */
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import {
  type AstNode,
  asNode,
  items,
  names,
  node,
  nodes,
  stringOf,
  struct,
  text,
  Unreadable,
} from './ast.ts';
import { typeOfColumn } from './column-type.ts';
import { expression } from './expression.ts';
import { type Scope, type ScopeColumn, type Shape, wholeOf } from './scope.ts';

/** `star` is what a bare `*` stands for: the columns of FROM in order, those joined by USING once. */
export function targetColumns(
  a: Analysis,
  targets: readonly AstNode[],
  scope: Scope,
  star: Shape,
  place: Place,
): Shape {
  const columns: ScopeColumn[] = [];
  let open = false;
  let rest: Origins = NOWHERE;
  for (const target of targets) {
    if (target.tag !== 'ResTarget') throw new Unreadable(`${target.tag} in a target list`);
    a.visited.add(target.body);
    const value = node(target.body, 'val');
    if (value === null) throw new Unreadable('an empty target');
    const expanded = starOf(a, value, scope, star, place);
    if (expanded === null) {
      const origins = expression(a, value, scope, place);
      const type = typeOfColumn(value, scope);
      const name = text(target.body, 'name') ?? figureColumnName(value);
      columns.push(type === null ? { name, origins } : { name, origins, type });
    } else {
      columns.push(...expanded.columns);
      open ||= expanded.open;
      if (expanded.open) rest = union(rest, expanded.rest);
    }
  }
  if (!open) return { columns, open: false, rest: NOWHERE };
  // With a star of unknown width, no column's place can be told.
  return { columns: [], open: true, rest: union(rest, wholeOf({ columns, open: false, rest: NOWHERE })) };
}

/** The columns of `*`, `t.*` and `(row).*`; null where the target is no star. */
function starOf(a: Analysis, value: AstNode, scope: Scope, star: Shape, place: Place): Shape | null {
  if (value.tag === 'A_Indirection') {
    const last = items(value.body, 'indirection').at(-1);
    if (last === undefined || asNode(last).tag !== 'A_Star') return null;
    return { columns: [], open: true, rest: expression(a, value, scope, place) };
  }
  if (value.tag !== 'ColumnRef') return null;
  const fields = nodes(value.body, 'fields');
  if (fields.at(-1)?.tag !== 'A_Star') return null;
  a.visited.add(value.body);
  if (fields.length === 1) return recorded(a, star, place);
  const path = fields.slice(0, -1).map(stringOf);
  const ranges = scope.rangesNamed(path.at(-1) ?? '', path.length > 1 ? (path.at(-2) ?? null) : null);
  const range = ranges.length === 1 ? ranges[0] : undefined;
  if (range !== undefined) return recorded(a, range, place);
  return { columns: [], open: true, rest: expression(a, value, scope, place) };
}

function recorded(a: Analysis, shape: Shape, place: Place): Shape {
  a.spend(shape.columns.length);
  for (const column of shape.columns) a.uses.addColumns(column.origins, place);
  if (shape.open) a.uses.addColumns(shape.rest, place);
  return shape;
}

/** The name that the server gives a column without alias (FigureColname in parse_target.c), as far as it matters here. */
export function figureColumnName(value: AstNode): string {
  switch (value.tag) {
    case 'ColumnRef': {
      const last = nodes(value.body, 'fields').at(-1);
      return last?.tag === 'String' ? stringOf(last) : '?column?';
    }
    case 'A_Indirection': {
      const last = nodes(value.body, 'indirection').findLast((step) => step.tag === 'String');
      if (last !== undefined) return stringOf(last);
      const arg = node(value.body, 'arg');
      return arg === null ? '?column?' : figureColumnName(arg);
    }
    case 'FuncCall':
      return names(value.body, 'funcname').at(-1) ?? '?column?';
    case 'TypeCast':
      return castName(value);
    case 'CollateClause': {
      const arg = node(value.body, 'arg');
      return arg === null ? '?column?' : figureColumnName(arg);
    }
    case 'CaseExpr':
      return caseName(value);
    case 'SubLink':
      return subLinkName(value);
    case 'A_ArrayExpr':
      return 'array';
    case 'RowExpr':
      return 'row';
    case 'CoalesceExpr':
      return 'coalesce';
    case 'GroupingFunc':
      return 'grouping';
    case 'MinMaxExpr':
      return text(value.body, 'op') === 'IS_LEAST' ? 'least' : 'greatest';
    case 'SQLValueFunction':
      return (text(value.body, 'op') ?? '')
        .replace(/^SVFOP_/, '')
        .replace(/_N$/, '')
        .toLowerCase();
    default:
      return '?column?';
  }
}

function castName(value: AstNode): string {
  const arg = node(value.body, 'arg');
  const inner = arg === null ? '?column?' : figureColumnName(arg);
  if (inner !== '?column?') return inner;
  const typeName = struct(value.body, 'typeName');
  return typeName === null ? '?column?' : (names(typeName, 'names').at(-1) ?? '?column?');
}

function caseName(value: AstNode): string {
  const otherwise = node(value.body, 'defresult');
  const name = otherwise === null ? '?column?' : figureColumnName(otherwise);
  return name === '?column?' ? 'case' : name;
}

function subLinkName(value: AstNode): string {
  switch (text(value.body, 'subLinkType')) {
    case 'EXISTS_SUBLINK':
      return 'exists';
    case 'ARRAY_SUBLINK':
      return 'array';
    case 'EXPR_SUBLINK': {
      const query = node(value.body, 'subselect');
      const target = query === null ? undefined : nodes(query.body, 'targetList')[0];
      if (target === undefined) return '?column?';
      const named = text(target.body, 'name');
      const inner = node(target.body, 'val');
      return named ?? (inner === null ? '?column?' : figureColumnName(inner));
    }
    default:
      return '?column?';
  }
}
