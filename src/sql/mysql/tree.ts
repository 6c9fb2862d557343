/** Questions about whole expressions. */
import type { Analysis } from './analysis.ts';
import type { Expression, Literal } from './ast.ts';
import { foldName } from './fold-name.ts';

export type Column = Extract<Expression, { is: 'column' }>;
type LiteralExpression = Extract<Expression, { is: 'literal' }>;

/** Whether any column reference below satisfies `test`, those of subqueries among them. */
export function mentions(part: unknown, test: (column: Column) => boolean): boolean {
  if (Array.isArray(part)) return part.some((item) => mentions(item, test));
  if (!isObject(part)) return false;
  if (isColumn(part)) return test(part);
  return Object.values(part).some((inner) => mentions(inner, test));
}

/** The literals of an expression, those of its subqueries among them. */
export function* literalsIn(part: unknown): Generator<LiteralExpression> {
  if (!isObject(part)) return;
  if (!Array.isArray(part) && isLiteral(part)) yield part;
  else for (const inner of Object.values(part)) yield* literalsIn(inner);
}

/** Equal but for where they stand in the text. The literals that are compared count as looked at. */
export function sameTree(a: Analysis, left: unknown, right: unknown): boolean {
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, n) => sameTree(a, item, right[n]))
    );
  }
  if (!isObject(left) || !isObject(right)) return left === right;
  if (isLiteral(left) && isLiteral(right)) {
    a.lookAt(left.at);
    a.lookAt(right.at);
    return sameLiteral(left.literal, right.literal);
  }
  if (isColumn(left) && isColumn(right)) return sameColumn(left, right);
  const rightParts = partsOf(right);
  const parts = partsOf(left);
  return (
    parts.size === rightParts.size &&
    [...parts].every(([key, part]) => sameTree(a, part, rightParts.get(key)))
  );
}

function partsOf(node: object): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(node).filter(([key]) => key !== 'at' && key !== 'end'));
}

function sameColumn(left: Column, right: Column): boolean {
  return (
    foldName(left.name) === foldName(right.name) && left.table === right.table && left.schema === right.schema
  );
}

function sameLiteral(left: Literal, right: Literal): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function isObject(part: unknown): part is Readonly<Record<string, unknown>> {
  return typeof part === 'object' && part !== null;
}

function isColumn(part: object): part is Column {
  return 'is' in part && part.is === 'column' && 'name' in part;
}

function isLiteral(part: object): part is LiteralExpression {
  return 'is' in part && part.is === 'literal';
}
