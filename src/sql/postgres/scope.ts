/** Names in force at one point of a query: what FROM brings in, CTEs, and the scopes around it. */
import type { RelationName, RowBound } from '../../core/facts.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';

export interface ScopeColumn {
  readonly name: string;
  readonly origins: Origins;
  /** The type as the catalog has it, where every value is as its table or view holds it; else left out. */
  readonly type?: string;
}

/** The columns of a query or FROM item. `open`: there may be more, of origins `rest`. */
export interface Shape {
  readonly columns: readonly ScopeColumn[];
  readonly open: boolean;
  readonly rest: Origins;
  /** The table of which it has every row, once: nothing that is joined with it by its own columns is kept out. */
  readonly everyRowOf?: RelationName;
}

export const NO_SHAPE: Shape = { columns: [], open: false, rest: NOWHERE };

/** What one alias stands for. */
export interface Range extends Shape {
  readonly alias: string;
  /** The schema it can be qualified with; null for aliases, subqueries and functions. */
  readonly schema: string | null;
  /** The base relation, where there is just one; system columns and open column names belong to it. */
  readonly relation: RelationName | null;
}

/** A common table expression: its name hides relations of that name. */
export interface NamedQuery {
  readonly name: string;
  readonly shape: Shape;
  readonly bound: RowBound;
}

export class Scope {
  readonly parent: Scope | null;
  readonly ranges: Range[] = [];
  readonly queries: NamedQuery[] = [];
  /** Output columns by name: ORDER BY and GROUP BY may use them. */
  outputs: readonly ScopeColumn[] = [];

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  /** The innermost CTE of that name. */
  namedQuery(name: string): NamedQuery | null {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const found = scope.queries.findLast((query) => query.name === name);
      if (found !== undefined) return found;
    }
    return null;
  }

  /** Every range of that alias in the innermost scope that has one. */
  rangesNamed(alias: string, schema: string | null): readonly Range[] {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const found = scope.ranges.filter(
        (range) =>
          range.alias === alias && (schema === null || range.schema === schema || range.schema === null),
      );
      if (found.length > 0) return found;
    }
    return [];
  }
}

/** A column of a shape by name; undefined where it has none of that name. */
export function columnOf(shape: Shape, name: string): Origins | undefined {
  let origins: Origins | undefined;
  for (const column of shape.columns) {
    if (column.name === name)
      origins = origins === undefined ? column.origins : union(origins, column.origins);
  }
  return origins;
}

/** Everything in a shape taken together, as a whole-row reference reads it. */
export function wholeOf(shape: Shape): Origins {
  let origins: Origins = shape.open ? shape.rest : NOWHERE;
  for (const column of shape.columns) origins = union(origins, column.origins);
  return origins;
}

/** The shape under an alias's own column names, as in `AS t(a, b)`. */
export function renamed(shape: Shape, columnNames: readonly string[]): Shape {
  if (columnNames.length === 0) return shape;
  const columns = shape.columns.map((column, n) => ({ ...column, name: columnNames[n] ?? column.name }));
  for (let n = columns.length; shape.open && n < columnNames.length; n++) {
    columns.push({ name: columnNames[n] ?? '', origins: shape.rest });
  }
  const { open, rest, everyRowOf } = shape;
  return everyRowOf === undefined ? { columns, open, rest } : { columns, open, rest, everyRowOf };
}
