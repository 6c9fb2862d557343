/** Calls of functions, aggregates and windows among them: what their arguments tell, and what the result holds. */
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, presenceOf, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { FunctionCall, OrderItem } from './ast.ts';
import { expression, expressions } from './expression.ts';
import { callNamed } from './functions.ts';
import { lookAtLimit } from './ordering.ts';
import type { Scope } from './scope.ts';
import { windowOrigins } from './windows.ts';

export function callFunction(a: Analysis, call: FunctionCall, scope: Scope, place: Place): Origins {
  let origins = argumentsOf(a, call, scope, place);
  const ordered = sorted(a, call.orderBy, origins, scope, 'order');
  // Rows are sorted for one aggregate and come to all others in that order, too; a WITHIN GROUP sorts on its own.
  a.addColumns(ordered, place, 'anything');
  origins = union(origins, ordered);
  origins = union(origins, sorted(a, call.withinGroup, NOWHERE, scope, place));
  if (call.limit !== null) lookAtLimit(a, call.limit, scope);
  if (call.over !== null) origins = union(origins, windowOrigins(a, call.over, scope, place));
  const called = callNamed(a, call.schema, call.name, call.args.length);
  if (called.keeps) a.addColumns(origins, 'source', 'anything');
  a.addColumns(called.inside, place);
  origins = union(origins, called.inside);
  return weaken(origins, called.kind === 'aggregate' ? 'aggregated' : 'computed');
}

/** COUNT(column) tells of each value only whether there is one, COUNT(DISTINCT column) besides whether they are equal. */
function argumentsOf(a: Analysis, call: FunctionCall, scope: Scope, place: Place): Origins {
  const [first] = call.args;
  const counts = call.args.length === 1 && call.schema === null && call.name.toUpperCase() === 'COUNT';
  const reveals = counts ? 'presence' : 'anything';
  const origins = a.revealing(reveals, first ?? null, () => expressions(a, call.args, scope, place));
  if (call.distinct) a.addColumns(origins, 'group', 'equality');
  return counts && first?.is === 'column' ? presenceOf(origins) : origins;
}

/** A number in an aggregate's ORDER BY is one of its arguments. */
function sorted(a: Analysis, list: readonly OrderItem[], args: Origins, scope: Scope, place: Place): Origins {
  let origins: Origins = NOWHERE;
  for (const { by } of list) {
    if (by.is === 'literal' || by.is === 'parameter') a.addColumns(args, place, 'anything');
    origins = union(origins, expression(a, by, scope, place));
  }
  return origins;
}
