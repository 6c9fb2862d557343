/**
 * What a column brings along from the query that made it. Servers merge queries in FROM into those around them, so
 * that what stands in their lists is computed where the column is used, and only if it is: what may fail there fails
 * by whatever decides on that. WITH and views run where they are named.
 */
import type { Analysis } from './analysis.ts';
import type { Query } from './ast.ts';
import type { Shape } from './scope.ts';

/** A set of FAILS, ASKS and NARROWS. */
export type Carried = number;

/** Computing it may fail. */
const FAILS = 1;
/** Computing it runs a query. */
const ASKS = 2;
/** MySQL turns values beside it into its character set. */
export const NARROWS = 4;
/** It is a document. */
const DOCUMENT = 8;
/** What a value is, wherever it was made. */
const OF_VALUES = NARROWS | DOCUMENT;

export const NOTHING_CARRIED: Carried = 0;
/** Of what cannot be looked into. */
export const MAY_FAIL: Carried = FAILS | ASKS;

/** What `visit` comes across. */
export function gathered<Result>(a: Analysis, visit: () => Result): readonly [Result, Carried] {
  const { queries, narrowing, documents } = a;
  const { fallible } = a.uses;
  const result = visit();
  const carried =
    (a.uses.fallible > fallible ? FAILS : 0) |
    (a.queries > queries ? ASKS : 0) |
    (a.narrowing > narrowing ? NARROWS : 0) |
    (a.documents > documents ? DOCUMENT : 0);
  return [result, carried];
}

/** It is computed here, or may be. */
export function meet(a: Analysis, carried: Carried): void {
  if ((carried & FAILS) !== 0) a.uses.fallible++;
  if ((carried & ASKS) !== 0) a.queries++;
  if ((carried & NARROWS) !== 0) a.narrowing++;
  if ((carried & DOCUMENT) !== 0) a.documents++;
}

/** Of a query that runs where it is named: what its columns are is theirs to say. */
export function meetQuery(a: Analysis, { carried }: { readonly carried: Carried }): void {
  meet(a, carried & ~OF_VALUES);
}

export function narrowsOthers(carried: Carried): boolean {
  return (carried & NARROWS) !== 0;
}

/** What a query gives as one in FROM: of rows that are made before they are used, nothing is left to compute. */
export function inFrom(query: Query, shape: Shape): Shape {
  if (!isMadeBefore(query)) return shape;
  return { ...shape, columns: shape.columns.map((one) => ({ ...one, carried: one.carried & OF_VALUES })) };
}

/** Queries that no server merges, by their syntax; not those that only aggregates keep it from. */
function isMadeBefore({ body, limit }: Query): boolean {
  if (limit !== null) return true;
  switch (body.is) {
    case 'select':
      return (
        body.groupBy.length > 0 ||
        body.having !== null ||
        body.options.some((option) => /^DISTINCT(?:ROW)?$/.test(option))
      );
    case 'set-operation':
    case 'values':
      return true;
    case 'nested':
      return isMadeBefore(body.query);
    case 'table':
      return false;
  }
}
