/**
 * Folds what needs neither row nor parameter nor function to be known. What it reads counts as looked at.
 *
 * To say that something is false takes certainty, because a filter that is always false restricts and one that only
 * looks false does not: texts under a collation, dates and numbers beyond 2^53 are left unknown, which to a filter
 * without columns means the same as true.
 */
import type { Analysis } from './analysis.ts';
import type { Expression, Literal } from './ast.ts';

/** True, false, NULL, or not known before it runs. */
export type Truth = true | false | null | 'unknown';

type Scalar = number | string | null;
type Operator = Extract<Expression, { is: 'operator' }>;

/** Any number but 0 is true; a text is the number that it begins with. */
export function foldTruth(a: Analysis, value: Expression): Truth {
  const folded = fold(a, value);
  if (folded === undefined) return 'unknown';
  return folded === null ? null : numberOf(folded) !== 0;
}

/** The value of an expression of constants; undefined where it takes a row, a parameter or a function to know. */
function fold(a: Analysis, value: Expression): Scalar | undefined {
  switch (value.is) {
    case 'literal':
      if (value.literal.kind !== 'null' && value.literal.kind !== 'boolean') a.lookAt(value.at);
      return foldLiteral(value.literal);
    case 'unary':
      return foldUnary(a, value.operator, value.operand);
    case 'operator':
      return foldOperator(a, value);
    case 'comparison':
      return value.quantifier === null
        ? foldComparison(a, value.operator, value.left, value.right)
        : undefined;
    case 'is':
      return foldIs(a, value);
    case 'row': {
      const [only] = value.items;
      return value.items.length === 1 && only !== undefined ? fold(a, only) : undefined;
    }
    default:
      return undefined;
  }
}

function foldLiteral(literal: Literal): Scalar | undefined {
  switch (literal.kind) {
    case 'null':
      return null;
    case 'boolean':
      return literal.value ? 1 : 0;
    case 'integer':
    case 'decimal':
    case 'float': {
      const value = Number(literal.text);
      return Number.isNaN(value) ? undefined : value;
    }
    case 'string':
      return literal.text;
    default:
      return undefined;
  }
}

/** The number that a text begins with, as the server reads it; 0 where it begins with none. */
function numberOf(value: number | string): number {
  if (typeof value === 'number') return value;
  return Number(/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/i.exec(value)?.[0] ?? 0);
}

function foldUnary(a: Analysis, operator: string, operand: Expression): Scalar | undefined {
  switch (operator) {
    case '!':
    case 'NOT': {
      const truth = foldTruth(a, operand);
      if (truth === 'unknown') return undefined;
      return truth === null ? null : Number(!truth);
    }
    case '-':
    case '+': {
      const inner = fold(a, operand);
      if (inner === undefined || inner === null) return inner;
      return operator === '-' ? -numberOf(inner) : inner;
    }
    default:
      return undefined;
  }
}

function foldOperator(a: Analysis, { operator, operands }: Operator): Scalar | undefined {
  switch (operator) {
    case 'AND':
    case 'OR': {
      // One operand decides: false for AND, true for OR.
      const decides = operator === 'OR';
      const truths = operands.map((operand) => foldTruth(a, operand));
      if (truths.includes(decides)) return Number(decides);
      if (truths.includes('unknown')) return undefined;
      return truths.includes(null) ? null : Number(!decides);
    }
    case 'XOR': {
      const truths = operands.map((operand) => foldTruth(a, operand));
      if (truths.includes(null)) return null;
      return truths.includes('unknown') ? undefined : truths.filter((truth) => truth === true).length % 2;
    }
    case '+':
    case '-':
    case '*': {
      if (!operands.every(isConstant)) return undefined;
      const values = operands.map((operand) => fold(a, operand));
      return values.reduce((left, right) => calculate(operator, left, right));
    }
    default:
      return undefined;
  }
}

function calculate(
  operator: '+' | '-' | '*',
  left: Scalar | undefined,
  right: Scalar | undefined,
): Scalar | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (left === null || right === null) return null;
  const [x, y] = [numberOf(left), numberOf(right)];
  const result = operator === '+' ? x + y : operator === '-' ? x - y : x * y;
  return Number.isSafeInteger(result) ? result : undefined;
}

function foldComparison(
  a: Analysis,
  operator: string,
  left: Expression,
  right: Expression,
): Scalar | undefined {
  // Looked at only where both sides are constants, so that `id = 5` shares a cache entry with `id = 6`.
  if (!isConstant(left) || !isConstant(right)) return undefined;
  const [x, y] = [fold(a, left), fold(a, right)];
  if (x === undefined || y === undefined) return undefined;
  if (operator === '<=>' && (x === null || y === null)) return Number(x === y);
  if (x === null || y === null) return null;
  return compare(operator, x, y);
}

function compare(operator: string, left: number | string, right: number | string): Scalar | undefined {
  if (typeof left === 'string' && typeof right === 'string') {
    // Equal texts are equal under every collation; different ones may be so too.
    if (left !== right) return undefined;
    return operator === '=' || operator === '<=>' || operator === '<=' || operator === '>=' ? 1 : 0;
  }
  const [x, y] = [numberOf(left), numberOf(right)];
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y))
    return x === y ? undefined : order(operator, x, y);
  return order(operator, x, y);
}

function order(operator: string, x: number, y: number): Scalar | undefined {
  switch (operator) {
    case '=':
    case '<=>':
      return Number(x === y);
    case '<>':
      return Number(x !== y);
    case '<':
      return Number(x < y);
    case '<=':
      return Number(x <= y);
    case '>':
      return Number(x > y);
    case '>=':
      return Number(x >= y);
    default:
      return undefined;
  }
}

function foldIs(
  a: Analysis,
  { what, negated, operand }: Extract<Expression, { is: 'is' }>,
): Scalar | undefined {
  const truth = foldTruth(a, operand);
  if (truth === 'unknown') return undefined;
  switch (what) {
    case 'NULL':
    case 'UNKNOWN':
      return Number((truth === null) !== negated);
    case 'TRUE':
      return Number((truth === true) !== negated);
    case 'FALSE':
      return Number((truth === false) !== negated);
    default:
      return undefined;
  }
}

function isConstant(value: Expression): boolean {
  switch (value.is) {
    case 'literal':
      return true;
    case 'unary':
    case 'is':
      return isConstant(value.operand);
    case 'operator':
      return value.operands.every(isConstant);
    case 'comparison':
      return value.quantifier === null && isConstant(value.left) && isConstant(value.right);
    case 'row':
      return value.items.length === 1 && value.items.every(isConstant);
    default:
      return false;
  }
}
