/** Names in force at one point of a query: what FROM brings in, CTEs, output columns, and the scopes around it. */
import type { RelationName, RowBound } from '../../core/facts.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';
import type { WindowSpec } from './ast.ts';
import { type Carried, NOTHING_CARRIED } from './carried.ts';
import { foldName } from './fold-name.ts';

export interface ScopeColumn {
  readonly name: string;
  readonly origins: Origins;
  /** The type of a base column that comes here unchanged, as the catalog has it; null where it is not known. */
  readonly type: string | null;
  /** Not among what `*` stands for. */
  readonly hidden: boolean;
  /** What comes along with its value. */
  readonly carried: Carried;
}

/** The columns of a query or FROM item. `open`: there may be more, of origins `rest`, so that places are not known. */
export interface Shape {
  readonly columns: readonly ScopeColumn[];
  readonly open: boolean;
  readonly rest: Origins;
}

export const NO_SHAPE: Shape = { columns: [], open: false, rest: NOWHERE };
export const UNKNOWN_SHAPE: Shape = { columns: [], open: true, rest: null };

/** What one alias stands for. */
export interface Range extends Shape {
  readonly alias: string;
  /** The schema it can be qualified with; null for CTEs, subqueries and JSON_TABLE, and where it is not known. */
  readonly schema: string | null;
  /** The base relation, where there is just one; open column names belong to it. */
  readonly relation: RelationName | null;
}

/** A common table expression: its name hides relations of that name. */
export interface NamedQuery {
  readonly name: string;
  /** Null before it is known. */
  readonly shape: Shape | null;
  readonly bound: RowBound;
  /** What running it may come to. */
  readonly carried: Carried;
}

/** Where names in a scope are looked up now: the server's rules differ by clause. */
export type Clause = 'items' | 'where' | 'group' | 'having' | 'order';

export class Scope {
  readonly parent: Scope | null;
  readonly ranges: Range[] = [];
  readonly queries: NamedQuery[] = [];
  readonly windows = new Map<string, WindowSpec>();
  /** Output columns so far: HAVING, GROUP BY, ORDER BY and subqueries may use them by name. */
  outputs: readonly ScopeColumn[] = [];
  /** There are more, so that a number says nothing. */
  hasOpenOutputs = false;
  clause: Clause = 'where';
  /** Whether the select list has windows. */
  hasWindows = false;
  /** What VALUES(column) gives in ON DUPLICATE KEY UPDATE; null elsewhere, where it is NULL. */
  inserted: Shape | null = null;

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  /** The innermost CTE of that name. */
  namedQuery(matches: (name: string) => boolean): NamedQuery | null {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const found = scope.queries.findLast((query) => matches(query.name));
      if (found !== undefined) return found;
    }
    return null;
  }
}

/** A column of a shape by name, without regard to case; undefined where it has none of that name. */
export function columnOf(shape: Shape, name: string): ScopeColumn | undefined {
  let found: ScopeColumn | undefined;
  for (const column of shape.columns) {
    // Folding never changes how long a name is.
    if (column.name.length !== name.length) continue;
    if (column.name !== name && foldName(column.name) !== foldName(name)) continue;
    found = found === undefined ? column : eitherColumn(found, column);
  }
  return found;
}

/** One name that may stand for two columns. */
export function eitherColumn(left: ScopeColumn, right: ScopeColumn): ScopeColumn {
  return {
    name: left.name,
    origins: union(left.origins, right.origins),
    type: left.type === right.type ? left.type : null,
    hidden: left.hidden && right.hidden,
    carried: left.carried | right.carried,
  };
}

export function column(
  name: string,
  origins: Origins,
  type: string | null = null,
  carried: Carried = NOTHING_CARRIED,
): ScopeColumn {
  return { name, origins, type, hidden: false, carried };
}

/** Everything in a shape taken together. */
export function wholeOf(shape: Shape): Origins {
  let origins: Origins = shape.open ? shape.rest : NOWHERE;
  for (const { origins: own } of shape.columns) origins = union(origins, own);
  return origins;
}

/** The shape under other column names, as in `AS t(a, b)`. */
export function renamed(shape: Shape, names: readonly string[] | null): Shape {
  if (names === null) return shape;
  if (shape.open) {
    const rest = wholeOf(shape);
    return { columns: names.map((name) => column(name, rest)), open: false, rest: NOWHERE };
  }
  const columns = shape.columns.map((own, n) => ({ ...own, name: names[n] ?? own.name }));
  return { ...shape, columns };
}
