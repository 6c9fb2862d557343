/** Function calls, operators, casts and types: which functions may run, and what that does. */
import { effectSet } from '../../core/effects.ts';
import type { Place } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import { NOWHERE, type Origins, presenceOf, union, weaken } from '../origins.ts';
import { Analysis, type Inside } from './analysis.ts';
import { type AstNode, constantOf, flag, locationOf, names, node, nodes, struct, Unreadable } from './ast.ts';
import type { CatalogFunction } from './catalog.ts';
import { typeOfColumn } from './column-type.ts';
import { expression, expressions } from './expression.ts';
import { failingOf, type Operands, valueArgument } from './fallible.ts';
import { effectsOfNamed, isHarmlessBuiltin } from './function-effects.ts';
import { analyzeQuery } from './query.ts';
import { useNamedRelation } from './relations.ts';
import { type Scope, wholeOf } from './scope.ts';
import { changeSetting } from './settings.ts';

const READ = effectSet('read');
const WRITE = effectSet('write');

/** A call in an expression or in FROM; gives the origins of its result. */
export function callFunction(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  a.visited.add(body);
  const path = names(body, 'funcname');
  const name = path.at(-1) ?? '';
  const schema = path.length > 1 ? (path.at(-2) ?? null) : null;
  const args = nodes(body, 'args');
  lookAtArguments(a, name, args);
  const counts = isPlainCount(a, schema, name, args);
  const given = args.map((arg, n) =>
    a.revealing(counts && n === 0 ? 'presence' : 'anything', arg, () => expression(a, arg, scope, place)),
  );
  let origins = given.reduce(union, NOWHERE);
  const isOwn = a.reading.catalog.functionsNamed(name).some((fn) => isVisible(a, fn, schema));
  const failing = isOwn ? 'maybe' : failingOf(name, args, operandsOf(a, scope));
  const value = failing === 'by-rest' ? valueArgument(name) : -1;
  if (failing !== 'never') {
    const failsBy = given.filter((_, n) => n !== value).reduce(union, NOWHERE);
    if (failing === 'maybe' || failsBy === null || failsBy.length > 0) a.uses.mayFail(failsBy);
  }
  // Which values there are that differ tells of equality, and is judged as grouping is.
  if (flag(body, 'agg_distinct')) a.uses.addColumns(origins, 'group', 'equality');
  if (counts && args[0]?.tag === 'ColumnRef') origins = presenceOf(origins);
  // Rows are sorted for one aggregate and come to all others in that order, too; a WITHIN GROUP sorts on its own.
  const ordered = expressions(
    a,
    nodes(body, 'agg_order'),
    scope,
    flag(body, 'agg_within_group') ? place : 'order',
  );
  a.uses.addColumns(ordered, place);
  origins = union(origins, ordered);
  const filter = node(body, 'agg_filter');
  if (filter !== null) expression(a, filter, scope, 'filter');
  const over = struct(body, 'over');
  if (over !== null) origins = union(origins, expression(a, { tag: 'WindowDef', body: over }, scope, place));
  const call = callNamed(a, schema, name, false);
  if (call.keeps) a.uses.addColumns(origins, 'source');
  if (call.returnsSet) a.uses.addColumns(origins, 'filter');
  if (flag(body, 'agg_star')) return NOWHERE;
  a.uses.addColumns(call.inside, place);
  origins = union(origins, call.inside);
  return weaken(origins, call.aggregate ? 'aggregated' : 'computed');
}

export interface Call {
  readonly aggregate: boolean;
  /** What the result may hold beside what came in by the arguments. */
  readonly inside: Origins;
  /** It may store what it is given, or send it somewhere. */
  readonly keeps: boolean;
  readonly returnsSet: boolean;
}

const COMPUTES: Call = { aggregate: false, inside: NOWHERE, keeps: false, returnsSet: false };

/** `count(column)` tells of each value only whether there is one, `count(DISTINCT column)` besides whether they are equal. */
function isPlainCount(a: Analysis, schema: string | null, name: string, args: readonly AstNode[]): boolean {
  if (name !== 'count' || args.length !== 1) return false;
  if (schema !== null && schema !== 'pg_catalog') return false;
  return !a.reading.catalog.functionsNamed(name).some((fn) => isVisible(a, fn, schema));
}

/**
 * Records a call of every function that the name may stand for. `maybe`: the syntax allows a call but does not
 * demand one (`row.name`), so a name that is no function's is left alone.
 */
export function callNamed(a: Analysis, schema: string | null, name: string, maybe: boolean): Call {
  const { catalog } = a.reading;
  const own = catalog.functionsNamed(name).filter((fn) => isVisible(a, fn, schema));
  const builtinSchema = schema ?? 'pg_catalog';
  const builtin = catalog.builtinFunction(builtinSchema, name);
  const named = effectsOfNamed(name);
  if (own.length === 0 && builtin === null) {
    if (maybe) return COMPUTES;
    if (named === null && catalog.typeCasts(name) !== null) {
      return { ...COMPUTES, inside: insideOfAll(a, catalog.typeCasts(name) ?? []) };
    }
    a.uses.addFunction(schema, name, 'unknown');
    a.addEffects('execute', ...(named ?? []));
    a.unresolved = true;
    a.returnsSets = true;
    return { aggregate: false, inside: null, keeps: true, returnsSet: false };
  }
  if (named !== null) a.addEffects(...named);
  let keeps = named !== null;
  let returnsSet = false;
  if (builtin !== null) {
    a.uses.addFunction(builtinSchema, name, builtin.volatility);
    returnsSet = builtin.returnsSet;
    if (builtin.volatility === 'volatile' && named === null && !isHarmlessBuiltin(name)) {
      a.addEffects('execute');
      keeps = true;
    }
  }
  let inside: Origins = named?.includes('dynamic') ? null : NOWHERE;
  for (const fn of own) {
    const call = callOwn(a, fn);
    inside = union(inside, call.inside);
    keeps ||= call.keeps;
    returnsSet ||= fn.returnsSet;
  }
  if (returnsSet) a.returnsSets = true;
  const aggregate = (builtin?.aggregate ?? true) && own.every((fn) => fn.aggregate);
  return { aggregate, inside, keeps, returnsSet };
}

function isVisible(a: Analysis, fn: CatalogFunction, schema: string | null): boolean {
  if (schema !== null) return fn.schema === schema;
  return a.reading.path === null || a.reading.path.includes(fn.schema);
}

/** Calls of functions as `schema.name`, of which any may be the one that runs: what their results may hold. */
function insideOfAll(a: Analysis, functions: readonly string[]): Origins {
  let inside: Origins = NOWHERE;
  for (const qualified of functions) {
    const dot = qualified.indexOf('.');
    inside = union(inside, callNamed(a, qualified.slice(0, dot), qualified.slice(dot + 1), false).inside);
  }
  return inside;
}

/** One overload of a user's function. */
function callOwn(a: Analysis, fn: CatalogFunction): Pick<Call, 'inside' | 'keeps'> {
  a.uses.addFunction(fn.schema, fn.name, fn.volatility);
  // The server does not let a stable or immutable function write.
  const mayWrite = fn.volatility === 'volatile' || fn.volatility === 'unknown';
  if (fn.body !== null) {
    const inside = insideOf(a, fn, fn.body);
    if (inside !== null) {
      a.addInside(inside, 0);
      return { inside: wholeOf(inside.shape), keeps: (inside.effects & ~READ) !== 0 };
    }
  }
  if (fn.language === 'c' || fn.language === 'internal') {
    // An extension's own code, installed by a superuser: its volatility says whether it touches anything.
    if (mayWrite) a.addEffects('execute');
    return { inside: NOWHERE, keeps: mayWrite };
  }
  a.addEffects('execute');
  return { inside: null, keeps: mayWrite };
}

const insides = new WeakMap<CatalogFunction, Inside | null>();
const opening = new Set<CatalogFunction>();

/** What a readable body does; null where it cannot be read after all, so that the call counts as `execute`. */
function insideOf(a: Analysis, fn: CatalogFunction, body: string): Inside | null {
  const known = insides.get(fn);
  if (known !== undefined) return known;
  // What a function that calls itself does is not known from a body that is still being read.
  if (opening.has(fn)) throw new Unreadable(`${fn.schema}.${fn.name}, which calls itself`);
  opening.add(fn);
  try {
    const inside = a.nested(() => readBody(a, body));
    insides.set(fn, inside);
    return inside;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    insides.set(fn, null);
    return null;
  } finally {
    opening.delete(fn);
  }
}

/** The body's names are looked up under any search path, since the caller's is in force when it runs. */
function readBody(a: Analysis, body: string): Inside {
  const inner = new Analysis({ catalog: a.reading.catalog, path: null, temporary: [] }, a.parseText);
  let rest: Origins = NOWHERE;
  for (const statement of a.parseText(body)) {
    // Only queries and data changes are opened; anything else makes the body count as not readable.
    if (!QUERY_TAGS.has(statement.tag)) throw new Unreadable(`${statement.tag} in a function`);
    rest = union(rest, wholeOf(analyzeQuery(inner, statement, null).shape));
  }
  return inner.asInside({ columns: [], open: true, rest: everythingIn(inner, rest) });
}

/** The result may depend on every column that is used in whatever place: which rows there are is a part of it. */
function everythingIn(inner: Analysis, results: Origins): Origins {
  if (inner.unresolved || inner.uses.comparesUnknown || inner.uses.storesUnknown) return null;
  let used: Origins = weaken(results, 'computed');
  for (const { schema, table, column, place } of inner.uses.columns.values()) {
    if (place !== 'assignment') used = union(used, [{ schema, table, column, how: 'computed' }]);
  }
  return used;
}

const QUERY_TAGS: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
]);

/** Built-ins whose string arguments name things: the facts follow them, so the strings are looked at. */
function lookAtArguments(a: Analysis, name: string, args: readonly AstNode[]): void {
  switch (name) {
    case 'set_config': {
      const setting = constantString(a, args[0]);
      const value = constantString(a, args[1]);
      changeSetting(a, setting, value === null ? null : [value]);
      return;
    }
    case 'nextval':
    case 'setval': {
      const sequence = constantString(a, args[0]);
      if (sequence === null) return;
      const [first = '', second] = parseQualifiedName(sequence);
      useNamedRelation(a, second === undefined ? null : first, second ?? first, WRITE, false);
      return;
    }
    default:
      return;
  }
}

export function operandsOf(a: Analysis, scope: Scope): Operands {
  return {
    typeOf: (value) => typeOfColumn(value, scope),
    constant: (value) => (value?.tag === 'A_Const' ? constantString(a, value) : null),
  };
}

/** The text of a string constant, with or without a cast; its value then counts as looked at. */
export function constantString(a: Analysis, value: AstNode | undefined): string | null {
  if (value === undefined) return null;
  if (value.tag === 'TypeCast') return constantString(a, node(value.body, 'arg') ?? undefined);
  if (value.tag !== 'A_Const') return null;
  const constant = constantOf(value.body);
  a.lookAt(locationOf(value.body));
  return constant.kind === 'string' ? constant.text : null;
}

/** `schema.name` as regclass reads it: unquoted parts fold to lower case. */
export function parseQualifiedName(qualified: string): readonly string[] {
  const parts = qualified.match(/"(?:[^"]|"")*"|[^.\s]+/g) ?? [];
  return parts.map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase(),
  );
}

/**
 * An operator by its possibly qualified name: the functions behind user-made ones count as called. Gives what its
 * result may hold beside its operands.
 */
export function useOperator(a: Analysis, path: readonly string[], place: Place): Origins {
  const name = path.at(-1);
  if (name === undefined) return NOWHERE;
  const functions = a.reading.catalog.operatorFunctions(name);
  if (functions !== null) {
    const inside = insideOfAll(a, functions);
    a.uses.addColumns(inside, place);
    return inside;
  }
  // The words of BETWEEN, SIMILAR TO and the like stand where an operator's name would.
  if (/^[A-Z ]+$/i.test(name) || name === '~~' || name === '!~~' || name === '~~*' || name === '!~~*')
    return NOWHERE;
  a.uses.addFunction(null, `operator ${name}`, 'unknown');
  a.addEffects('execute');
  a.unresolved = true;
  return null;
}

/** A type name in a cast or column: its last part, and what casts that run functions may bring along. */
export function useType(
  a: Analysis,
  typeName: JsonObject,
): { readonly name: string; readonly inside: Origins } {
  a.visited.add(typeName);
  const name = names(typeName, 'names').at(-1) ?? '';
  return { name, inside: insideOfAll(a, a.reading.catalog.typeCasts(name) ?? []) };
}
