/** FROM: tables, joins, subqueries, JSON_TABLE, as ranges in a scope and as what `*` stands for. */
import { effectSet } from '../../core/effects.ts';
import { NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { FromItem, JsonTableColumn, TableName } from './ast.ts';
import { inFrom, meetQuery, NARROWS, NOTHING_CARRIED } from './carried.ts';
import { comparesWhole } from './compared.ts';
import { expression, expressions } from './expression.ts';
import { castNarrows } from './fallible.ts';
import { foldName } from './fold-name.ts';
import { analyzeQuery } from './query.ts';
import { useRelation } from './relations.ts';
import {
  column,
  columnOf,
  eitherColumn,
  type NamedQuery,
  NO_SHAPE,
  type Range,
  renamed,
  Scope,
  type ScopeColumn,
  type Shape,
  wholeOf,
} from './scope.ts';
import { knownShape } from './with.ts';

const READ = effectSet('read');

type Join = Extract<FromItem, { is: 'join' }>;

/** A part of FROM: what `*` stands for in it, and what can be named. */
interface Part {
  readonly shape: Shape;
  readonly ranges: readonly Range[];
}

/** Brings the ranges of FROM into the scope; gives what a bare `*` stands for. */
export function fromClause(a: Analysis, from: FromItem | null, scope: Scope): Shape {
  if (from === null) return NO_SHAPE;
  const { shape, ranges } = fromItem(a, from, scope, []);
  scope.ranges.push(...ranges);
  return shape;
}

/** `left`: what stands before it in the same FROM, which LATERAL and JSON_TABLE see. The scope has no ranges yet. */
function fromItem(a: Analysis, item: FromItem, scope: Scope, left: readonly Range[]): Part {
  return a.nested(() => {
    switch (item.is) {
      case 'table': {
        // FOR SYSTEM_TIME: which versions of the rows there are.
        if (item.history !== null) expressions(a, item.history, seeing(scope, left), 'filter');
        return alone(tableItem(a, item.table, item.alias, scope));
      }
      case 'derived': {
        const { shape } = analyzeQuery(a, item.query, item.lateral ? seeing(scope, left) : scope);
        return alone(derived(item.alias ?? '', renamed(inFrom(item.query, shape), item.columns)));
      }
      case 'json-table': {
        const seen = seeing(scope, left);
        const made = weaken(expressions(a, [item.document, item.path], seen, 'filter'), 'computed');
        a.returnsSets = true;
        const columns = jsonColumns(a, item.columns, made);
        return alone(derived(item.alias, { columns, open: false, rest: NOWHERE }));
      }
      case 'join':
        return joinItem(a, item, scope, left);
      case 'dual':
        return { shape: NO_SHAPE, ranges: [] };
    }
  });
}

function alone(range: Range): Part {
  return { shape: visible(range), ranges: [range] };
}

/** A range as `*` shows it. */
export function visible(shape: Shape): Shape {
  const { columns, open, rest } = shape;
  if (!columns.some(({ hidden }) => hidden)) return { columns, open, rest };
  return { columns: columns.filter(({ hidden }) => !hidden), open, rest };
}

/** The scope as an item of FROM sees it that may refer to those before it. */
function seeing(scope: Scope, ranges: readonly Range[]): Scope {
  const seen = new Scope(scope);
  seen.ranges.push(...ranges);
  return seen;
}

/** A range that is no base relation. */
function derived(alias: string, shape: Shape): Range {
  return { ...shape, alias, schema: null, relation: null };
}

function tableItem(a: Analysis, table: TableName, alias: string | null, scope: Scope): Range {
  const query = namedQuery(a, table, scope);
  if (query !== null) meetQuery(a, query);
  const range =
    query === null ? useRelation(a, table, READ) : derived(table.name, knownShape(table.name, query.shape));
  return alias === null ? range : { ...range, alias };
}

/** The WITH query that a name in FROM stands for, if it does. MariaDB compares their names without regard to case. */
export function namedQuery(a: Analysis, table: TableName, scope: Scope): NamedQuery | null {
  if (table.schema !== null) return null;
  const folded = a.reading.catalog.traits.flavour === 'mariadb' ? foldName(table.name) : null;
  return scope.namedQuery((name) =>
    folded === null ? a.sameTableName(name, table.name) : foldName(name) === folded,
  );
}

/** A right join is a left join with its sides changed, but for the order of the columns where none are merged. */
function joinItem(a: Analysis, join: Join, scope: Scope, before: readonly Range[]): Part {
  const left = fromItem(a, join.left, scope, before);
  const right = fromItem(a, join.right, scope, [...before, ...left.ranges]);
  const ranges = [...left.ranges, ...right.ranges];
  a.spend(left.shape.columns.length + right.shape.columns.length);
  if (join.on !== null) {
    const seen = seeing(scope, ranges);
    expression(a, join.on, seen, 'join');
  }
  if (!join.natural && join.using === null) return { shape: sideBySide(left.shape, right.shape), ranges };
  const [first, second] = join.kind === 'right' ? [right.shape, left.shape] : [left.shape, right.shape];
  return { shape: merged(a, join, first, second, ranges), ranges };
}

function sideBySide(left: Shape, right: Shape): Shape {
  return {
    columns: [...left.columns, ...right.columns],
    open: left.open || right.open,
    rest: union(left.rest, right.rest),
  };
}

/** NATURAL and USING: the columns that both have come first, in the order of the side that all rows come from. */
function merged(a: Analysis, join: Join, first: Shape, second: Shape, ranges: readonly Range[]): Shape {
  a.spend(first.columns.length * (second.columns.length + 1));
  const names = join.using === null ? common(first, second) : inOrder(join.using, first);
  const together = names.map((name): ScopeColumn => {
    const own = columnIn(first, name, ranges);
    const other = columnIn(second, name, ranges);
    const both = eitherColumn(own, other);
    a.uses.addColumns(both.origins, 'join', comparesWhole(own.type, other.type) ? 'equality' : 'anything');
    return both;
  });
  // Whether `*` has an invisible column that is merged depends on the server.
  const isUncertain = together.some(({ name }) => !isVisible(first, name) || !isVisible(second, name));
  const folded = new Set(names.map(foldName));
  const shape: Shape = {
    columns: [...together, ...without(first, folded), ...without(second, folded)],
    open: first.open || second.open || isUncertain,
    rest: union(union(first.rest, second.rest), isUncertain ? wholeOf(sideBySide(first, second)) : NOWHERE),
  };
  // Which columns they have in common is not known, so any of them may be compared.
  if (join.natural && shape.open) a.uses.addColumns(wholeOf(shape), 'join', 'anything');
  return shape;
}

/** An invisible column may be merged by name: it is then no part of `first`, but of a range. */
function columnIn(shape: Shape, name: string, ranges: readonly Range[]): ScopeColumn {
  const own = columnOf(shape, name);
  if (own !== undefined) return own;
  let found: ScopeColumn | undefined;
  for (const range of ranges) {
    const hidden = columnOf(range, name);
    if (hidden !== undefined) found = found === undefined ? hidden : eitherColumn(found, hidden);
  }
  return found ?? column(name, shape.open ? shape.rest : null);
}

function isVisible(shape: Shape, name: string): boolean {
  return columnOf(shape, name) !== undefined;
}

function common(first: Shape, second: Shape): readonly string[] {
  const names: string[] = [];
  for (const { name } of first.columns) {
    if (!names.includes(name) && columnOf(second, name) !== undefined) names.push(name);
  }
  return names;
}

function inOrder(using: readonly string[], first: Shape): readonly string[] {
  const place = new Map(first.columns.map(({ name }, n) => [foldName(name), n]));
  const last = first.columns.length;
  return [...using].sort(
    (left, right) => (place.get(foldName(left)) ?? last) - (place.get(foldName(right)) ?? last),
  );
}

function without(shape: Shape, names: ReadonlySet<string>): readonly ScopeColumn[] {
  return shape.columns.filter(({ name }) => !names.has(foldName(name)));
}

function jsonColumns(a: Analysis, columns: readonly JsonTableColumn[], made: Origins): ScopeColumn[] {
  const { flavour } = a.reading.catalog.traits;
  return columns.flatMap((one) => {
    if (one.is === 'nested') return jsonColumns(a, one.columns, made);
    const narrows = one.type !== null && castNarrows(flavour, one.type);
    return [column(one.name, made, null, narrows ? NARROWS : NOTHING_CARRIED)];
  });
}
