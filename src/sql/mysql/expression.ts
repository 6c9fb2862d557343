/** Walks one expression: what it calls, which columns it uses and where, and which columns its value comes from. */
import { effectSet } from '../../core/effects.ts';
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, presenceOf, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, Query } from './ast.ts';
import { callFunction } from './calls.ts';
import { columnReference } from './columns.ts';
import { comparison, membership } from './compared.ts';
import { analyzeQuery } from './query.ts';
import { useRelation } from './relations.ts';
import { columnOf, type Scope, wholeOf } from './scope.ts';

const READ = effectSet('read');
const WRITE = effectSet('write');

/** The origins of an expression's value; its uses are recorded in the analysis under `place`. */
export function expression(a: Analysis, value: Expression, scope: Scope, place: Place): Origins {
  return a.nested(() => walk(a, value, scope, place));
}

/** The union over a list of them. */
export function expressions(a: Analysis, list: readonly Expression[], scope: Scope, place: Place): Origins {
  let origins: Origins = NOWHERE;
  for (const item of list) origins = union(origins, expression(a, item, scope, place));
  return origins;
}

function computed(a: Analysis, list: readonly (Expression | null)[], scope: Scope, place: Place): Origins {
  let origins: Origins = NOWHERE;
  for (const item of list) {
    if (item !== null) origins = union(origins, expression(a, item, scope, place));
  }
  return weaken(origins, 'computed');
}

function walk(a: Analysis, value: Expression, scope: Scope, place: Place): Origins {
  switch (value.is) {
    case 'literal':
      a.seeLiteral(value.at);
      return NOWHERE;
    case 'parameter':
    case 'system-variable':
      return NOWHERE;
    case 'user-variable':
      // Storing is what is judged (`source`): what came from a masked column, or may have, is in no variable (ADR 0014).
      return NOWHERE;
    case 'assign': {
      a.addEffects('session');
      const origins = expression(a, value.value, scope, place);
      a.addColumns(origins, 'source', 'anything');
      return origins;
    }
    case 'column':
      return columnReference(a, value, scope, place);
    case 'unary':
      return computed(a, [value.operand], scope, place);
    case 'operator':
      return computed(a, value.operands, scope, place);
    case 'comparison':
      return comparison(a, value, scope, place);
    case 'between':
      return computed(a, [value.operand, value.low, value.high], scope, place);
    case 'in':
      return membership(a, value, scope, place);
    case 'like':
      return computed(a, [value.operand, value.pattern, value.escape], scope, place);
    case 'match-operator':
      return computed(a, [value.left, value.right], scope, place);
    case 'is':
      return test(a, value, scope, place);
    case 'collate':
      return expression(a, value.operand, scope, place);
    case 'case': {
      const parts = value.whens.flatMap(({ when, then }) => [when, then]);
      return computed(a, [value.operand, ...parts, value.otherwise], scope, place);
    }
    case 'cast':
      return computed(a, [value.operand], scope, place);
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
      return computed(a, [...value.columns, value.against], scope, place);
    case 'json-arrow':
      return computed(a, [value.column, value.path], scope, place);
    case 'default':
      return value.column === null ? NOWHERE : defaultOf(a, value.column, scope, place);
    case 'inserted':
      return insertedValue(a, value.column, scope, place);
    case 'sequence':
      useRelation(a, value.sequence, value.act === 'previous' ? READ : WRITE);
      a.addColumns(computed(a, value.args, scope, place), 'source', 'anything');
      return NOWHERE;
    case 'call':
      return callFunction(a, value, scope, place);
  }
}

type Test = Extract<Expression, { is: 'is' }>;

/** IS NULL tells of a bare column only whether there is a value. */
function test(a: Analysis, value: Test, scope: Scope, place: Place): Origins {
  const { operand, what } = value;
  if (what !== 'NULL' || operand.is !== 'column') return computed(a, [operand], scope, place);
  const origins = a.revealing('presence', operand, () => expression(a, operand, scope, place));
  return weaken(presenceOf(origins), 'computed');
}

/** A subquery's value: of one column as it is, of more as a row. */
function subquery(a: Analysis, query: Query, scope: Scope, place: Place): Origins {
  const { shape } = analyzeQuery(a, query, scope);
  const whole = wholeOf(shape);
  a.addColumns(whole, place);
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
    a.addColumns(whole, place);
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
    a.addColumns(origins, place);
    return origins;
  }
  return NOWHERE;
}
