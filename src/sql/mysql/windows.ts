/** OVER: what a window is parted and ordered by has a say in each value that is computed over it. */
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { WindowSpec } from './ast.ts';
import { expression, expressions } from './expression.ts';
import { foldName } from './fold-name.ts';
import type { Scope } from './scope.ts';
import { Unreadable } from './unreadable.ts';

export function windowOrigins(a: Analysis, over: WindowSpec | string, scope: Scope, place: Place): Origins {
  if (typeof over !== 'string') return ofSpec(a, over, scope, place);
  const spec = scope.windows.get(foldName(over));
  if (spec === undefined) throw new Unreadable(`window ${over}, which is not defined here`);
  return a.nested(() => ofSpec(a, spec, scope, place));
}

function ofSpec(a: Analysis, spec: WindowSpec, scope: Scope, place: Place): Origins {
  // MariaDB finds output columns by name in here; the select list is then walked again.
  const { clause } = scope;
  scope.clause = 'order';
  scope.hasWindows = true;
  a.sorts = true;
  const based = spec.base === null ? NOWHERE : windowOrigins(a, spec.base, scope, place);
  const parts = expressions(a, spec.partitionBy, scope, 'group');
  let order: Origins = NOWHERE;
  for (const { by } of spec.orderBy) order = union(order, expression(a, by, scope, 'order'));
  // The rows come out in the order in which a window has gone through them.
  a.uses.addColumns(union(parts, order), place, 'anything');
  const frame = expressions(a, spec.frame, scope, place);
  scope.clause = clause;
  return weaken(union(union(based, parts), union(order, frame)), 'computed');
}
