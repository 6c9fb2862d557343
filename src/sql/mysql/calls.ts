/** Calls of functions, aggregates and windows among them: what their arguments tell, and what the result holds. */
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, presenceOf, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, FunctionCall, OrderItem } from './ast.ts';
import { builtinFunction } from './builtin-functions.ts';
import { lookUp } from './columns.ts';
import { expression, expressions, isJson, operation } from './expression.ts';
import {
  callChooses,
  callMayFail,
  givesName,
  isOfDocuments,
  shrinks,
  squares,
  takesDocument,
  takesKeys,
} from './fallible.ts';
import { callNamed } from './functions.ts';
import { lookAtLimit } from './ordering.ts';
import type { Scope } from './scope.ts';
import { windowOrigins } from './windows.ts';

export function callFunction(a: Analysis, call: FunctionCall, scope: Scope, place: Place): Origins {
  const { flavour } = a.reading.catalog.traits;
  const isOwn = call.schema === null && builtinFunction(flavour, call.name) !== null;
  const mayFail = !isOwn || callMayFail(flavour, call) || keysMayFail(a, call, scope);
  const { documents } = a;
  let origins = given(a, call, scope, place, mayFail);
  noteDocument(a, call, origins, documents);
  const ordered = sorted(a, call.orderBy, origins, scope, 'order');
  // Rows are sorted for one aggregate and come to all others in that order, too; a WITHIN GROUP sorts on its own.
  a.uses.addColumns(ordered, place, 'anything');
  origins = union(origins, ordered);
  origins = union(origins, sorted(a, call.withinGroup, NOWHERE, scope, place));
  if (call.limit !== null) lookAtLimit(a, call.limit, scope);
  if (call.over !== null) origins = union(origins, windowOrigins(a, call.over, scope, place));
  const called = callNamed(a, call.schema, call.name, call.args.length);
  if (called.keeps) a.uses.addColumns(origins, 'source', 'anything');
  a.uses.addColumns(called.inside, place);
  if (isOwn && givesName(flavour, call.name)) a.narrowing++;
  origins = union(origins, called.inside);
  return weaken(origins, called.kind === 'aggregate' ? 'aggregated' : 'computed');
}

/** The arguments, and what the call may fail by. All but a few functions stop at most at an argument that is NULL. */
function given(a: Analysis, call: FunctionCall, scope: Scope, place: Place, mayFail: boolean): Origins {
  const { narrowing } = a;
  let own: Origins = NOWHERE;
  operation(a, place, mayFail, () => {
    own = argumentsOf(a, call, scope, place);
    const byValue = mayFail || a.strict || a.narrowing > narrowing || callChooses(call.name);
    // The only argument is computed whatever it is.
    return byValue ? own : call.args.length > 1 ? presenceOf(own) : NOWHERE;
  });
  return own;
}

/** A document that is made of more than stored values, or chosen by them, is as large as whoever asks wants it. */
function noteDocument(a: Analysis, { name, args }: FunctionCall, origins: Origins, before: number): void {
  const isChosen = callChooses(name) && a.documents > before;
  if (isChosen || (isOfDocuments(name) && !args.every(isModest))) a.grown = union(a.grown, origins);
  if (isOfDocuments(name)) a.documents++;
}

/** No larger than what is stored makes it. */
function isModest(value: Expression): boolean {
  if (value.is === 'call')
    return isOfDocuments(value.name) || (shrinks(value.name) && value.args.every(isModest));
  if (value.is === 'operator') return value.operands.every(isModest);
  return MODEST.has(value.is);
}

/** Stored values, numbers and what is as short. */
const MODEST: ReadonlySet<Expression['is']> = new Set([
  'column',
  'literal',
  'json-arrow',
  'comparison',
  'in',
  'between',
  'is',
  'like',
]);

/** Documents that are such by their type, with paths that are written; keys that may be NULL. */
function keysMayFail(a: Analysis, call: FunctionCall, scope: Scope): boolean {
  if (a.reading.catalog.traits.flavour !== 'mysql') return false;
  const [document, ...others] = call.args;
  if (squares(call.name)) return call.args.some((arg) => !isStored(a, arg, scope));
  if (takesDocument(call.name))
    return document === undefined || !isJson(a, document, scope) || others.some(({ is }) => is !== 'literal');
  return takesKeys(call.name) && call.args.some((arg, n) => n % 2 === 0 && !isKey(a, arg));
}

/** Neither NULL nor longer than a document that is put into a table can have them. */
function isKey(a: Analysis, key: Expression): boolean {
  if (key.is !== 'literal') return false;
  a.lookAt(key.at);
  return key.literal.kind !== 'null' && key.end - key.at < KEY_BYTES_MAX;
}

const KEY_BYTES_MAX = 8_000;

/** Of a table's own values, where what is computed can be as large as it takes. */
function isStored(a: Analysis, value: Expression, scope: Scope): boolean {
  return value.is === 'column' && (lookUp(a, value, scope)?.column.type ?? null) !== null;
}

/** COUNT(column) tells of each value only whether there is one, COUNT(DISTINCT column) besides whether they are equal. */
function argumentsOf(a: Analysis, call: FunctionCall, scope: Scope, place: Place): Origins {
  const [first] = call.args;
  const counts = call.args.length === 1 && call.schema === null && call.name.toUpperCase() === 'COUNT';
  const reveals = counts ? 'presence' : 'anything';
  const origins = a.revealing(reveals, first ?? null, () => expressions(a, call.args, scope, place));
  if (call.distinct) a.uses.addColumns(origins, 'group', 'equality');
  return counts && first?.is === 'column' ? presenceOf(origins) : origins;
}

/** A number in an aggregate's ORDER BY is one of its arguments. */
function sorted(a: Analysis, list: readonly OrderItem[], args: Origins, scope: Scope, place: Place): Origins {
  let origins: Origins = NOWHERE;
  if (list.length > 0) a.sorts = true;
  for (const { by } of list) {
    if (by.is === 'literal' || by.is === 'parameter') a.uses.addColumns(args, place, 'anything');
    origins = union(origins, expression(a, by, scope, place));
  }
  return origins;
}
