/**
 * Comparisons. By equality they tell of a bare column only which values it equals, with one exception: a text that is
 * compared with a number is read as one as far as it goes, so that `ssn = 123` holds for '123-45-6789'.
 */
import type { Place } from '../../core/facts.ts';
import { NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, Query } from './ast.ts';
import { lookUp } from './columns.ts';
import { decideOnQueries, expression, oneRow, operation } from './expression.ts';
import { analyzeQuery } from './query.ts';
import { type Scope, type Shape, wholeOf } from './scope.ts';

type Comparison = Extract<Expression, { is: 'comparison' }>;
type Membership = Extract<Expression, { is: 'in' }>;

/** How a value is compared: `any` as the other one is, null where it is not known. */
type Class = 'number' | 'temporal' | 'text' | 'any' | null;

interface Side {
  readonly value: Expression | null;
  /** Of a subquery, which has then been walked. */
  readonly shape: Shape | null;
  readonly class: Class;
}

const EQUALITIES: ReadonlySet<string> = new Set(['=', '<=>', '<>']);

export function comparison(a: Analysis, value: Comparison, scope: Scope, place: Place): Origins {
  const converts = () => ![value.left, value.right].every((side) => isCharacters(a, side, scope));
  const visit = () => {
    const left = sideOf(a, value.left, scope);
    const right =
      value.quantifier !== null && value.right.is === 'subquery'
        ? sideOfQuery(a, value.right.query, scope)
        : sideOf(a, value.right, scope);
    return compared(a, [left, right], EQUALITIES.has(value.operator), scope, place);
  };
  return operation(a, place, false, visit, converts);
}

/** IN, with a list or a query. */
export function membership(a: Analysis, value: Membership, scope: Scope, place: Place): Origins {
  const { operand, list } = value;
  const converts = () => 'is' in list || ![operand, ...list].every((side) => isCharacters(a, side, scope));
  const visit = () => {
    const own = sideOf(a, operand, scope);
    if ('is' in list) return compared(a, [own, sideOfQuery(a, list, scope)], true, scope, place);
    const { queries } = a;
    const others = list.map((item) => sideOf(a, item, scope));
    const origins = compared(a, [own, ...others], true, scope, place);
    if (a.queries > queries) decideOnQueries(a, origins, place);
    return origins;
  };
  return operation(a, place, false, visit, converts);
}

const CHARACTERS = /^(?:var)?char\b|^(?:tiny|medium|long)?text\b/i;

/** A text as it stands: compared with others, it is none of what strict mode objects to. */
function isCharacters(a: Analysis, value: Expression, scope: Scope): boolean {
  switch (value.is) {
    case 'column':
      return CHARACTERS.test(lookUp(a, value, scope)?.column.type ?? '');
    case 'literal':
      return value.literal.kind === 'string';
    default:
      // Masks have it bound as a text (noteParameter).
      return value.is === 'parameter';
  }
}

/** The first is compared with each of the others. */
function compared(
  a: Analysis,
  [first, ...others]: readonly Side[],
  byEquality: boolean,
  scope: Scope,
  place: Place,
): Origins {
  if (first === undefined) return NOWHERE;
  const isEquality = byEquality && others.every((other) => isWhole(first.class, other.class));
  let origins = read(a, first, isEquality, scope, place);
  for (const other of others) {
    const own = read(a, other, byEquality && isWhole(other.class, first.class), scope, place);
    noteParameter(a, origins, first, other);
    noteParameter(a, own, other, first);
    origins = union(origins, own);
  }
  return weaken(origins, 'computed');
}

/** What is bound as a number is compared as one: with a text, by as much of it as looks like a number. */
function noteParameter(a: Analysis, origins: Origins, { class: own }: Side, { value }: Side): void {
  if (value?.is !== 'parameter' || own === 'number' || own === 'temporal') return;
  for (const { schema, table, column } of origins ?? [])
    a.textParameters.push({ index: value.index + 1, schema, table, column });
}

function read(a: Analysis, side: Side, isEquality: boolean, scope: Scope, place: Place): Origins {
  const { value, shape } = side;
  const reveals = isEquality ? 'equality' : 'anything';
  if (shape !== null) {
    const whole = wholeOf(shape);
    a.uses.addColumns(whole, place, reveals);
    return whole;
  }
  if (value === null) return NOWHERE;
  return a.revealing(reveals, value, () => expression(a, value, scope, place));
}

/** Whether values of a class that equal one of another class are the same as that. */
function isWhole(own: Class, other: Class): boolean {
  return own === 'number' || own === 'temporal' || other === 'text' || other === 'any';
}

/** Whether columns of two types are the same value where they are equal. */
export function comparesWhole(left: string | null, right: string | null): boolean {
  return isWhole(classOf(left), classOf(right)) && isWhole(classOf(right), classOf(left));
}

function sideOf(a: Analysis, value: Expression, scope: Scope): Side {
  if (value.is === 'subquery') return sideOfShape(oneRow(a, value.query, scope).shape);
  return { value, shape: null, class: classOfValue(a, value, scope) };
}

function sideOfQuery(a: Analysis, query: Query, scope: Scope): Side {
  return sideOfShape(analyzeQuery(a, query, scope).shape);
}

function sideOfShape(shape: Shape): Side {
  const [only] = shape.columns;
  const isOne = shape.columns.length === 1 && !shape.open && only !== undefined;
  return { value: null, shape, class: isOne ? classOf(only.type) : null };
}

function classOfValue(a: Analysis, value: Expression, scope: Scope): Class {
  switch (value.is) {
    case 'column':
      return classOf(lookUp(a, value, scope)?.column.type ?? null);
    case 'collate':
      return classOfValue(a, value.operand, scope);
    case 'parameter':
      // Which it will be bound as is not known here: noteParameter says as what it has to be.
      return 'any';
    case 'literal':
      return classOfLiteral(value.literal.kind);
    default:
      return null;
  }
}

type LiteralKind = Extract<Expression, { is: 'literal' }>['literal']['kind'];

function classOfLiteral(kind: LiteralKind): Class {
  switch (kind) {
    case 'string':
    case 'hex':
    case 'bit':
      return 'text';
    case 'null':
      return 'any';
    case 'temporal':
      return 'temporal';
    default:
      return 'number';
  }
}

const NUMBER =
  /^(?:tinyint|smallint|mediumint|int|integer|bigint|decimal|numeric|dec|fixed|float|double|real|bit|bool|year)/i;
const TEMPORAL = /^(?:date|time|timestamp|datetime)/i;

function classOf(type: string | null): Class {
  if (type === null) return null;
  return NUMBER.test(type) ? 'number' : TEMPORAL.test(type) ? 'temporal' : 'text';
}
