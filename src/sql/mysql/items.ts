/** Select lists, RETURNING's among them: columns named as the server names them, stars expanded. */
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, SelectItem } from './ast.ts';
import { gathered } from './carried.ts';
import { lookUp, rangesNamed } from './columns.ts';
import { expression } from './expression.ts';
import { visible } from './from.ts';
import { column, type Scope, type ScopeColumn, type Shape, wholeOf } from './scope.ts';
import { literalsIn } from './tree.ts';
import { Unreadable } from './unreadable.ts';

/**
 * `star` is what a bare `*` stands for. Items may name outputs before them, so these are put into the scope; `known`:
 * all of them, where they have been walked before.
 */
export function itemColumns(
  a: Analysis,
  items: readonly SelectItem[],
  scope: Scope,
  star: Shape,
  place: Place,
  known: readonly ScopeColumn[] | null = null,
): Shape {
  const columns: ScopeColumn[] = [];
  let open = false;
  let rest: Origins = NOWHERE;
  scope.clause = 'items';
  scope.outputs = known ?? columns;
  for (const item of items) {
    if (item.is === 'item') {
      columns.push(itemColumn(a, item, scope, place));
      continue;
    }
    const shape = starOf(a, item, scope, star);
    a.spend(shape.columns.length);
    if (columns.length + shape.columns.length > COLUMNS_MAX) throw new Unreadable('so many columns');
    for (const one of shape.columns) {
      a.uses.addColumns(one.origins, place);
      columns.push(one);
    }
    if (!shape.open) continue;
    a.uses.addColumns(shape.rest, place);
    open = true;
    rest = union(rest, shape.rest);
  }
  scope.clause = 'where';
  if (!open) return { columns, open: false, rest: NOWHERE };
  // With a star of unknown width, no column's place can be told.
  return { columns, open: true, rest: union(rest, wholeOf({ columns, open: false, rest: NOWHERE })) };
}

/** Servers have tables of 4,096 at most; stars of stars make ever more. */
const COLUMNS_MAX = 16_384;

type Item = Extract<SelectItem, { is: 'item' }>;
type Star = Extract<SelectItem, { is: 'star' }>;

function itemColumn(a: Analysis, item: Item, scope: Scope, place: Place): ScopeColumn {
  // Without an alias, the text of the expression is its name.
  if (item.alias === null) for (const literal of literalsIn(item.expression)) a.lookAt(literal.at);
  const [origins, carried] = gathered(a, () => expression(a, item.expression, scope, place));
  return column(item.name, origins, typeOf(a, item.expression, scope), carried);
}

/** Of a bare column, whose values come out as they are. */
function typeOf(a: Analysis, value: Expression, scope: Scope): string | null {
  return value.is === 'column' ? (lookUp(a, value, scope)?.column.type ?? null) : null;
}

function starOf(a: Analysis, item: Star, scope: Scope, star: Shape): Shape {
  if (item.table === null) return star;
  const ranges = rangesNamed(a, scope, item.table, item.schema);
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1) return visible(only);
  if (only === undefined) a.unresolved = true;
  let rest: Origins = only === undefined ? null : NOWHERE;
  for (const range of ranges) rest = union(rest, wholeOf(range));
  return { columns: [], open: true, rest };
}
