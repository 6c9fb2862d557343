/** Column references: which ranges, columns or functions a dotted name may stand for. */
import type { Place } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import { NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, asNode, items, node, nodes, stringOf, Unreadable } from './ast.ts';
import { choose } from './choosing.ts';
import { expression } from './expression.ts';
import { neverFailsAlone } from './fallible.ts';
import { callNamed } from './functions.ts';
import { columnOf, type Range, type Scope, wholeOf } from './scope.ts';

/** Columns that every table has; they say nothing of its data. */
export const SYSTEM_COLUMNS: ReadonlySet<string> = new Set([
  'ctid',
  'xmin',
  'xmax',
  'cmin',
  'cmax',
  'tableoid',
]);

/** `(expression).field`, `(expression).*` and subscripts. */
export function indirection(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  const arg = node(body, 'arg');
  if (arg === null) throw new Unreadable('a field of nothing');
  const steps = nodes(body, 'indirection');
  // Which element comes out tells of the subscript.
  let subscripts: Origins = NOWHERE;
  for (const step of steps)
    if (step.tag === 'A_Indices') subscripts = union(subscripts, expression(a, step, scope, place));
  const field = steps[0]?.tag === 'String' ? stringOf(steps[0]) : null;
  const range = field === null ? null : wholeRowRange(a, arg, scope);
  const column = range === null || field === null || range.open ? undefined : columnOf(range, field);
  if (column !== undefined) a.uses.addColumns(column, place);
  if (subscripts === null || subscripts.length > 0)
    choose(
      a,
      { by: subscripts, from: arg.tag === 'A_ArrayExpr' ? nodes(arg.body, 'elements') : [arg] },
      scope,
      place,
    );
  let origins = column ?? weaken(expression(a, arg, scope, place), 'computed');
  for (const step of column === undefined ? steps : steps.slice(1)) {
    if (step.tag === 'String') origins = functional(a, stringOf(step), origins, place, 'value');
  }
  if (column !== undefined && steps.length === 1) return column;
  return weaken(union(origins, subscripts), 'computed');
}

/** Functional notation: `x.f` is `f(x)` where x has no field f, for rows and scalars alike. */
function functional(
  a: Analysis,
  name: string,
  argument: Origins,
  place: Place,
  of: 'value' | 'row',
): Origins {
  const call = callNamed(a, null, name, true);
  const { catalog } = a.reading;
  // No built-in function takes rows of one table.
  const isBuiltin = of === 'value' && catalog.builtinFunction('pg_catalog', name) !== null;
  if (catalog.functionsNamed(name).length > 0 || (isBuiltin && !neverFailsAlone(name)))
    a.uses.mayFail(argument);
  if (call.keeps) a.uses.addColumns(argument, 'source');
  a.uses.addColumns(call.inside, place);
  return union(argument, call.inside);
}

/** The range that a bare name stands for as a whole row, where it is not a column. */
function wholeRowRange(a: Analysis, value: AstNode, scope: Scope): Range | null {
  if (value.tag !== 'ColumnRef') return null;
  const fields = nodes(value.body, 'fields');
  const only = fields.length === 1 ? fields[0] : undefined;
  if (only?.tag !== 'String') return null;
  const name = stringOf(only);
  if (lookUpColumn(scope, name) !== undefined) return null;
  const ranges = scope.rangesNamed(name, null);
  const range = ranges.length === 1 ? ranges[0] : undefined;
  if (range === undefined) return null;
  a.visited.add(value.body);
  a.scopes.set(value.body, scope);
  return range;
}

/** The ranges that a column reference may reach: those of the innermost scope that has such a column. */
export function rangesReached(a: Analysis, reference: AstNode): readonly Range[] {
  const scope = a.scopes.get(reference.body);
  if (scope === undefined) return [];
  const fields = items(reference.body, 'fields').map(asNode);
  const path = fields.slice(0, -1).map(stringOf);
  const named = path.length === 0 ? [] : rangesOf(scope, path);
  if (named.length > 0) return named;
  const last = fields.at(-1);
  if (path.length === 0 && last?.tag !== 'String') return scope.ranges;
  const name = path[0] ?? (last === undefined ? '' : stringOf(last));
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.ranges.filter((range) => mayHave(range, name));
    if (found.length > 0) return found;
  }
  return scope.rangesNamed(name, null);
}

function mayHave(range: Range, name: string): boolean {
  if (range.open || columnOf(range, name) !== undefined) return true;
  return SYSTEM_COLUMNS.has(name) && range.relation !== null;
}

export function columnReference(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  a.scopes.set(body, scope);
  const fields = items(body, 'fields').map(asNode);
  const last = fields.at(-1);
  if (last === undefined) throw new Unreadable('a column without a name');
  const path = fields.slice(0, -1).map(stringOf);
  if (last.tag === 'A_Star') {
    const ranges = path.length === 0 ? scope.ranges : rangesOf(scope, path);
    return recorded(a, wholeRow(ranges), place);
  }
  const name = stringOf(last);
  if (path.length === 0) {
    const origins = bareName(a, scope, name);
    // The server does not find it either, and says so.
    return origins === MISSING ? null : recorded(a, origins, place);
  }
  a.spend(scope.ranges.length);
  const ranges = rangesOf(scope, path);
  if (ranges.length === 0) {
    // `column.field` of a composite column, or `alias.column.field`.
    const found = bareName(a, scope, path[0] ?? '');
    const outer = functional(a, name, found === MISSING ? null : found, place, 'value');
    return recorded(a, weaken(outer, 'computed'), place);
  }
  let origins: Origins = NOWHERE;
  for (const range of ranges) origins = union(origins, columnOfRange(a, range, name, place));
  return recorded(a, origins, place);
}

function recorded(a: Analysis, origins: Origins, place: Place): Origins {
  a.uses.addColumns(origins, place);
  return origins;
}

/** `alias`, `schema.alias` or `database.schema.alias`. */
function rangesOf(scope: Scope, path: readonly string[]): readonly Range[] {
  const alias = path.at(-1) ?? '';
  return scope.rangesNamed(alias, path.length > 1 ? (path.at(-2) ?? null) : null);
}

function columnOfRange(a: Analysis, range: Range, name: string, place: Place): Origins {
  const origins = columnOf(range, name);
  if (origins !== undefined) return origins;
  if (SYSTEM_COLUMNS.has(name) && range.relation !== null) return NOWHERE;
  if (range.open) {
    const { relation } = range;
    const own: Origins =
      relation === null || range.rest === null
        ? range.rest
        : [{ schema: relation.schema, table: relation.name, column: name, how: 'copied' }];
    // Whether there is a column of that name is not known, so it may as well be a call.
    return functional(a, name, own, place, 'row');
  }
  return weaken(functional(a, name, wholeOf(range), place, 'row'), 'row');
}

/** A column of that name in any range of the innermost scope that has one; undefined where none has. */
export function lookUpColumn(scope: Scope, name: string): Origins | undefined {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    let origins: Origins | undefined;
    for (const range of at.ranges) {
      let found = columnOf(range, name);
      if (found === undefined && range.open) found = openColumn(range, name);
      if (found !== undefined) origins = origins === undefined ? found : union(origins, found);
    }
    if (origins !== undefined) return origins;
  }
  return undefined;
}

function openColumn(range: Range, name: string): Origins {
  const { relation } = range;
  if (relation === null || range.rest === null) return range.rest;
  return [{ schema: relation.schema, table: relation.name, column: name, how: 'copied' }];
}

const MISSING = Symbol('no column of that name');

function bareName(a: Analysis, scope: Scope, name: string): Origins | typeof MISSING {
  for (const range of scope.ranges) a.spend(1 + range.columns.length);
  const origins = lookUpColumn(scope, name);
  const ranges = scope.rangesNamed(name, null);
  // In an open range the name may be a column or the whole row of that alias: both are taken.
  if (origins !== undefined && (ranges.length === 0 || !scope.ranges.some((range) => range.open)))
    return origins;
  if (ranges.length > 0) return union(origins ?? NOWHERE, wholeRow(ranges));
  if (origins !== undefined) return origins;
  if (SYSTEM_COLUMNS.has(name)) return NOWHERE;
  a.unresolved = true;
  return MISSING;
}

function wholeRow(ranges: readonly Range[]): Origins {
  let origins: Origins = NOWHERE;
  for (const range of ranges) origins = union(origins, weaken(wholeOf(range), 'row'));
  return origins;
}
