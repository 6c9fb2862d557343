/** Walks one expression: what it calls, which columns it uses and where, and which columns its value comes from. */
import { effectSet } from '../../core/effects.ts';
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, presenceOf, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, Query } from './ast.ts';
import { callFunction } from './calls.ts';
import { columnReference, lookUp } from './columns.ts';
import { comparison, membership } from './compared.ts';
import { castMayFail, castNarrows, namesNarrow, narrows, operatorMayFail } from './fallible.ts';
import { analyzeQuery, type QueryResult } from './query.ts';
import { useRelation } from './relations.ts';
import { columnOf, type Scope, wholeOf } from './scope.ts';

const READ = effectSet('read');
const WRITE = effectSet('write');

/** The origins of an expression's value; its uses are recorded in the analysis under `place`. */
export function expression(a: Analysis, value: Expression, scope: Scope, place: Place): Origins {
  return a.nested(() => walk(a, value, scope, place));
}

/**
 * The union over a list of them. What they are decides which of the others are computed, and whether a query among
 * those has run shows in what the server counts (`Handler_read_rnd_next`): of the columns beside one it tells.
 */
export function expressions(
  a: Analysis,
  list: readonly (Expression | null)[],
  scope: Scope,
  place: Place,
): Origins {
  let origins: Origins = NOWHERE;
  let bare: Origins = NOWHERE;
  let withQueries = 0;
  for (const item of list) {
    if (item === null) continue;
    const { queries } = a;
    const own = expression(a, item, scope, place);
    origins = union(origins, own);
    if (a.queries === queries) bare = union(bare, own);
    else withQueries++;
  }
  if (withQueries > 0) decideOnQueries(a, withQueries > 1 ? origins : bare, place);
  return origins;
}

/** Values of these columns decide whether a query beside them runs. Which rows there are is judged as a comparison already. */
export function decideOnQueries(a: Analysis, origins: Origins, place: Place): void {
  if (place !== 'filter' && place !== 'join') a.uses.addColumns(origins, 'failure', 'anything');
}

function computed(
  a: Analysis,
  list: readonly (Expression | null)[],
  scope: Scope,
  place: Place,
  mayFail = false,
): Origins {
  return operation(a, place, mayFail, () => weaken(expressions(a, list, scope, place), 'computed'));
}

/**
 * Visits an operation. Beside that it may fail itself: what it is given decides how much of it is computed, and where
 * a part may fail, that it does tells of that. Which rows there are is judged as a comparison already. `converts`, asked
 * behind the visit: whether values become others on the way, of which strict mode makes errors.
 */
export function operation(
  a: Analysis,
  place: Place,
  mayFail: boolean,
  visit: () => Origins,
  converts: () => boolean = () => true,
): Origins {
  const { narrowing } = a;
  const { fallible } = a.uses;
  const origins = visit();
  if (mayFail || (a.strict && converts()) || a.narrowing > narrowing) a.uses.mayFail(origins);
  else if (a.uses.fallible > fallible && place !== 'filter' && place !== 'join')
    a.uses.addColumns(origins, 'failure', 'anything');
  return origins;
}

function walk(a: Analysis, value: Expression, scope: Scope, place: Place): Origins {
  const { flavour } = a.reading.catalog.traits;
  switch (value.is) {
    case 'literal':
      a.seeLiteral(value.at);
      if (value.introducer !== undefined && narrows(flavour, value.introducer)) a.narrowing++;
      return NOWHERE;
    case 'parameter':
      return NOWHERE;
    case 'system-variable':
      if (namesNarrow(flavour)) a.narrowing++;
      return NOWHERE;
    case 'user-variable':
      // Storing is what is judged (`source`): what came from a masked column, or may have, is in no variable (ADR 0014).
      return NOWHERE;
    case 'assign': {
      a.addEffects('session');
      const origins = expression(a, value.value, scope, place);
      a.uses.addColumns(origins, 'source', 'anything');
      return origins;
    }
    case 'column':
      return columnReference(a, value, scope, place);
    case 'unary':
    case 'operator':
      return arithmetic(a, value, scope, place);
    case 'comparison':
      return comparison(a, value, scope, place);
    case 'between':
      return computed(a, [value.operand, value.low, value.high], scope, place);
    case 'in':
      return membership(a, value, scope, place);
    case 'like':
      return like(a, value, scope, place);
    case 'match-operator':
      // A pattern may be wrong, and a search given up for the text that it goes through.
      return computed(a, [value.left, value.right], scope, place, value.operator !== 'SOUNDS LIKE');
    case 'is':
      return test(a, value, scope, place);
    case 'collate':
      if (narrows(flavour, value.collation)) a.narrowing++;
      return expression(a, value.operand, scope, place);
    case 'case':
      return choice(a, value, scope, place);
    case 'cast':
      return converted(a, value, scope, place);
    case 'interval':
      return computed(a, [value.value], scope, place);
    case 'row':
      return computed(a, value.items, scope, place);
    case 'exists':
      // Only whether there is a row comes out; the columns of its list do not matter to the value.
      analyzeQuery(a, value.query, scope);
      return NOWHERE;
    case 'subquery':
      return subquery(a, value.query, scope, place);
    case 'match':
      return computed(a, [...value.columns, value.against], scope, place, true);
    case 'json-arrow':
      return computed(a, [value.column, value.path], scope, place, !isJson(a, value.column, scope));
    case 'default':
      return value.column === null ? NOWHERE : defaultOf(a, value.column, scope, place);
    case 'inserted':
      return insertedValue(a, value.column, scope, place);
    case 'sequence':
      useRelation(a, value.sequence, value.act === 'previous' ? READ : WRITE);
      a.uses.addColumns(computed(a, value.args, scope, place), 'source', 'anything');
      return NOWHERE;
    case 'call':
      return callFunction(a, value, scope, place);
  }
}

type Case = Extract<Expression, { is: 'case' }>;

function choice(a: Analysis, value: Case, scope: Scope, place: Place): Origins {
  const { documents } = a;
  const parts = value.whens.flatMap(({ when, then }) => [when, then]);
  const origins = computed(a, [value.operand, ...parts, value.otherwise], scope, place);
  if (a.documents > documents) a.grown = union(a.grown, origins);
  return origins;
}

type Cast = Extract<Expression, { is: 'cast' }>;

function converted(a: Analysis, { operand, type, array }: Cast, scope: Scope, place: Place): Origins {
  const origins = computed(a, [operand], scope, place, castMayFail(type, array));
  if (castNarrows(a.reading.catalog.traits.flavour, type)) a.narrowing++;
  if (/^json\b/i.test(type)) a.documents++;
  return origins;
}

type Arithmetic = Extract<Expression, { is: 'unary' | 'operator' }>;

function arithmetic(a: Analysis, value: Arithmetic, scope: Scope, place: Place): Origins {
  const mayFail = operatorMayFail(value.operator);
  if (value.is === 'operator') {
    // Dates out of range are NULL; what stands before an interval in the same row of operands is a sum of its own.
    const isDate = value.operands.length === 2 && value.operands.some(({ is }) => is === 'interval');
    return computed(a, value.operands, scope, place, !isDate && mayFail);
  }
  // A negative number is written as one.
  if (value.operand.is === 'literal') return expression(a, value.operand, scope, place);
  return computed(a, [value.operand], scope, place, mayFail);
}

function like(a: Analysis, value: Extract<Expression, { is: 'like' }>, scope: Scope, place: Place): Origins {
  // What escapes has to be one character.
  const mayFail = value.escape !== null && value.escape.is !== 'literal';
  return computed(a, [value.operand, value.pattern, value.escape], scope, place, mayFail);
}

type Test = Extract<Expression, { is: 'is' }>;

/** IS NULL tells of a bare column only whether there is a value. */
function test(a: Analysis, value: Test, scope: Scope, place: Place): Origins {
  const { operand, what } = value;
  if (what !== 'NULL' || operand.is !== 'column') return computed(a, [operand], scope, place);
  const origins = a.revealing('presence', operand, () => expression(a, operand, scope, place));
  return weaken(presenceOf(origins), 'computed');
}

/** A query that stands for a value, and fails with more rows than one. */
export function oneRow(a: Analysis, query: Query, scope: Scope): QueryResult {
  const result = analyzeQuery(a, query, scope);
  const { bound } = result;
  if (bound.kind !== 'rows' || bound.max > 1) a.uses.fallible++;
  return result;
}

/** Whether a value is a document for MySQL, where a text may be none. */
export function isJson(a: Analysis, value: Expression, scope: Scope): boolean {
  if (value.is === 'column') return /^json\b/i.test(lookUp(a, value, scope)?.column.type ?? '');
  if (value.is === 'json-arrow') return !value.unquoted && isJson(a, value.column, scope);
  const [document] = value.is === 'call' ? value.args : [];
  if (value.is !== 'call' || document === undefined) return false;
  return value.name.toUpperCase() === 'JSON_EXTRACT' && isJson(a, document, scope);
}

/** A subquery's value: of one column as it is, of more as a row. */
function subquery(a: Analysis, query: Query, scope: Scope, place: Place): Origins {
  const { shape } = oneRow(a, query, scope);
  const whole = wholeOf(shape);
  a.uses.addColumns(whole, place);
  const [only] = shape.columns;
  if (shape.columns.length === 1 && !shape.open && only !== undefined) return only.origins;
  return weaken(whole, 'computed');
}

/**
 * DEFAULT(column) tells of no row, save in MariaDB, where a column's default may be computed from the row's other
 * columns; the catalog does not say which.
 */
function defaultOf(a: Analysis, column: Expression, scope: Scope, place: Place): Origins {
  let origins = weaken(expression(a, column, scope, place), 'computed');
  if (column.is !== 'column' || a.reading.catalog.traits.flavour !== 'mariadb') return origins;
  for (const range of a.reached.get(column)?.ranges ?? []) {
    const whole = weaken(wholeOf(range), 'computed');
    a.uses.addColumns(whole, place);
    origins = union(origins, whole);
  }
  return origins;
}

/** VALUES(column) in ON DUPLICATE KEY UPDATE is what the row would have been given; elsewhere it is NULL. */
function insertedValue(a: Analysis, column: Expression, scope: Scope, place: Place): Origins {
  if (column.is !== 'column') return computed(a, [column], scope, place);
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    if (at.inserted === null) continue;
    const origins = columnOf(at.inserted, column.name)?.origins ?? at.inserted.rest;
    a.uses.addColumns(origins, place);
    return origins;
  }
  return NOWHERE;
}
