/** WITH: each query sees those before it; a recursive one sees itself. */
import { isSubset, NOWHERE, type Origins } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Query, With } from './ast.ts';
import { UNBOUNDED } from './bounds.ts';
import { gathered, inFrom, MAY_FAIL, NOTHING_CARRIED } from './carried.ts';
import { analyzeQuery } from './query.ts';
import { renamed, Scope, type Shape, UNKNOWN_SHAPE } from './scope.ts';
import { Unreadable } from './unreadable.ts';

type NamedText = With['ctes'][number];

/** Brings the queries of WITH into the scope. */
export function withClause(a: Analysis, clause: With | null, scope: Scope): void {
  if (clause === null) return;
  const { flavour } = a.reading.catalog.traits;
  // MariaDB lets a recursive WITH refer to what comes later in it, where MySQL finds a table of that name.
  const forward = clause.recursive && flavour === 'mariadb' ? clause.ctes : [];
  for (const { name } of forward)
    scope.queries.push({ name, shape: null, bound: UNBOUNDED, carried: MAY_FAIL });
  for (const cte of clause.ctes) {
    if (clause.recursive) {
      const [shape, carried] = gathered(a, () => recursiveShape(a, cte, scope));
      scope.queries.push({ name: cte.name, shape, bound: UNBOUNDED, carried });
      continue;
    }
    const [{ shape, bound }, carried] = gathered(a, () => analyzeQuery(a, cte.query, scope));
    const given = renamed(inFrom(cte.query, shape), cte.columns);
    scope.queries.push({ name: cte.name, shape: given, bound, carried });
  }
}

/** Runs the query until its columns' origins, fed back through its own name, no longer grow. */
function recursiveShape(a: Analysis, cte: NamedText, scope: Scope): Shape {
  let shape = anchorShape(a, cte, scope);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const self = new Scope(scope);
    self.queries.push({ name: cte.name, shape, bound: UNBOUNDED, carried: NOTHING_CARRIED });
    const next = renamed(inFrom(cte.query, analyzeQuery(a, cte.query, self).shape), cte.columns);
    const known = shape;
    const isSettled =
      next.open === known.open &&
      next.columns.length === known.columns.length &&
      next.columns.every((one, n) => isSubset(one.origins, known.columns[n]?.origins ?? NOWHERE));
    shape = next;
    if (!isSettled) continue;
    // Its columns are as wide as the first part has them.
    for (const { origins } of shape.columns) if (!isCopy(origins)) a.uses.mayFail(origins);
    return shape;
  }
  return UNKNOWN_SHAPE;
}

/** Of one column, whose values fit into one like it. */
function isCopy(origins: Origins): boolean {
  return origins !== null && origins.length <= 1 && origins.every(({ how }) => how === 'copied');
}

/** Columns that take more of them to come round are of unknown origin. */
const ROUNDS_MAX = 8;

/** What the first operand of its UNION gives, which cannot refer to itself. */
function anchorShape(a: Analysis, cte: NamedText, scope: Scope): Shape {
  const anchor = anchorOf(cte.query);
  if (anchor === null) return UNKNOWN_SHAPE;
  const inner = new Scope(scope);
  withClause(a, cte.query.with, inner);
  return renamed(analyzeQuery(a, anchor, inner).shape, cte.columns);
}

function anchorOf(query: Query): Query | null {
  if (query.body.is !== 'set-operation') return null;
  return query.body.operands[0] ?? null;
}

/** A query that is named before it is known what it gives. */
export function knownShape(name: string, shape: Shape | null): Shape {
  if (shape === null) throw new Unreadable(`WITH RECURSIVE that refers to ${name}, which comes later in it`);
  return shape;
}
