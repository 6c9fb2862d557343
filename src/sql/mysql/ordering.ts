/** ORDER BY, GROUP BY and LIMIT: a name or a number may mean an output column. */
import type { Place } from '../../core/facts.ts';
import type { Analysis } from './analysis.ts';
import type { Limit, OrderItem } from './ast.ts';
import { expression } from './expression.ts';
import type { Scope } from './scope.ts';

/** Records the columns that the list orders or groups by. `scope.outputs` holds the output columns. */
export function ordering(
  a: Analysis,
  list: readonly OrderItem[],
  scope: Scope,
  place: 'order' | 'group',
): void {
  const { clause } = scope;
  scope.clause = place;
  if (list.length > 0) a.sorts = true;
  for (const { by } of list) orderBy(a, by, scope, place);
  scope.clause = clause;
}

function orderBy(a: Analysis, by: OrderItem['by'], scope: Scope, place: Place): void {
  const reveals = place === 'group' ? 'equality' : 'anything';
  if (by.is === 'parameter') {
    // MariaDB takes its value for a column's number.
    orderByAny(a, scope, place);
    return;
  }
  if (by.is !== 'literal') {
    a.revealing(reveals, by, () => expression(a, by, scope, place));
    return;
  }
  a.seeLiteral(by.at);
  a.lookAt(by.at);
  if (by.literal.kind !== 'integer') return;
  const output = scope.hasOpenOutputs ? undefined : scope.outputs[Number(by.literal.text) - 1];
  if (output === undefined) orderByAny(a, scope, place);
  a.uses.addColumns(output?.origins ?? null, place, reveals);
}

function orderByAny(a: Analysis, scope: Scope, place: Place): void {
  for (const { origins } of scope.outputs) a.uses.addColumns(origins, place, 'anything');
  if (scope.hasOpenOutputs) a.uses.addColumns(null, place);
}

/** Nothing but numbers, parameters and variables can stand there; how many rows there may be is asked elsewhere. */
export function lookAtLimit(a: Analysis, limit: Limit, scope: Scope): void {
  for (const value of [limit.count, limit.offset, limit.examined]) {
    if (value === null) continue;
    if (value.is === 'literal') a.lookAt(value.at);
    expression(a, value, scope, 'filter');
  }
}
