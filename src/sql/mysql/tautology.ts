import { OPPOSITES } from '../opposites.ts';
/** Conditions that are true for every row, or for none, by their form alone: `x = x`, `x LIKE '%'`, `NOT (x <> x)`. */
import type { Analysis } from './analysis.ts';
import type { Expression } from './ast.ts';
import { foldTruth } from './fold.ts';
import { foldName } from './fold-name.ts';
import type { Target } from './restricts.ts';
import { bare, isSelfSubquery } from './self-subquery.ts';
import { sameTree } from './tree.ts';

type Comparison = Extract<Expression, { is: 'comparison' }>;

/** True for every row whose columns are not NULL; of a unique key, for every row but one. */
export function isTautology(a: Analysis, condition: Expression, target: Target): boolean {
  if (foldTruth(a, condition) === true) return true;
  const always = (inner: Expression) => isTautology(a, inner, target);
  const never = (inner: Expression) => isContradiction(a, inner, target);
  switch (condition.is) {
    case 'column':
      return target.isKey(condition);
    case 'unary':
      return isNot(condition.operator) && never(condition.operand);
    case 'operator':
      return isTautologicalOperator(a, condition.operator, condition.operands, target);
    case 'is':
      return isTautologicalTest(a, condition, target);
    case 'comparison':
      return isTautologicalComparison(a, condition, target);
    case 'in': {
      const { list, operand, negated } = condition;
      if (negated) return false;
      return 'is' in list
        ? isSelfSubquery(list, operand, target)
        : list.some((item) => isSame(a, operand, item, target));
    }
    case 'between': {
      const { operand, low, high, negated } = condition;
      return !negated && isSame(a, operand, low, target) && isSame(a, operand, high, target);
    }
    case 'like':
      return !condition.negated && isPattern(a, condition.pattern, /^%+$/);
    case 'match-operator':
      return (
        !condition.negated &&
        (isPattern(a, condition.right, /^\^?(?:\(?\.[*?]?\)?)*\$?$/) ||
          (condition.operator === 'SOUNDS LIKE' && isSame(a, condition.left, condition.right, target)))
      );
    case 'case': {
      const results = [...condition.whens.map(({ then }) => then), condition.otherwise];
      return results.every((result) => result !== null && always(result));
    }
    case 'call':
      return isTautologicalCall(condition.name.toUpperCase(), condition.args, always);
    case 'row':
      return condition.items.length === 1 && condition.items.every(always);
    case 'collate':
    case 'cast':
      return always(condition.operand);
    default:
      return false;
  }
}

/** False or NULL for every row whose columns are not NULL. */
export function isContradiction(a: Analysis, condition: Expression, target: Target): boolean {
  const truth = foldTruth(a, condition);
  if (truth === false || truth === null) return true;
  const never = (inner: Expression) => isContradiction(a, inner, target);
  switch (condition.is) {
    case 'unary':
      return isNot(condition.operator) && isTautology(a, condition.operand, target);
    case 'operator': {
      const { operator, operands } = condition;
      if (operator === 'OR') return operands.every(never);
      if (operator === 'AND') return operands.some(never) || holdsOpposites(a, operands);
      const [left, right] = operands;
      if (operands.length !== 2 || left === undefined || right === undefined) return false;
      if (operator === '*') return operands.some((operand) => foldTruth(a, operand) === false);
      return ['XOR', '-', '^'].includes(operator) && isSame(a, left, right, target);
    }
    case 'is':
      return condition.what === 'NULL' && !condition.negated && isNeverNull(condition.operand, target);
    case 'comparison': {
      const { operator, left, right, quantifier } = condition;
      return quantifier === null && ['<>', '<', '>'].includes(operator) && isSame(a, left, right, target);
    }
    case 'in':
      return (
        condition.negated &&
        !('is' in condition.list) &&
        condition.list.some((item) => isSame(a, condition.operand, item, target))
      );
    case 'call': {
      const [only] = condition.args;
      return condition.name.toUpperCase() === 'ISNULL' && only !== undefined && isNeverNull(only, target);
    }
    case 'row':
      return condition.items.length === 1 && condition.items.every(never);
    default:
      return false;
  }
}

function isNot(operator: string): boolean {
  return operator === 'NOT' || operator === '!';
}

function isTautologicalOperator(
  a: Analysis,
  operator: string,
  operands: readonly Expression[],
  target: Target,
): boolean {
  const always = (inner: Expression) => isTautology(a, inner, target);
  const never = (inner: Expression) => isContradiction(a, inner, target);
  switch (operator) {
    case 'AND':
      return operands.every(always);
    case 'OR':
      return operands.some(always) || holdsOpposites(a, operands);
    case 'XOR':
      return operands.length === 2 && operands.some(always) && operands.some(never);
    default:
      return false;
  }
}

function isTautologicalTest(
  a: Analysis,
  { what, negated, operand }: Extract<Expression, { is: 'is' }>,
  target: Target,
): boolean {
  switch (what) {
    case 'NULL':
    case 'UNKNOWN':
      return negated && (isNeverNull(operand, target) || isTautology(a, operand, target));
    case 'TRUE':
      return (negated ? isContradiction : isTautology)(a, operand, target);
    case 'FALSE':
      return (negated ? isTautology : isContradiction)(a, operand, target);
    default:
      return false;
  }
}

function isTautologicalComparison(a: Analysis, comparison: Comparison, target: Target): boolean {
  const { operator, left, right, quantifier } = comparison;
  if (quantifier !== null) {
    if (quantifier !== 'any' || operator !== '=' || right.is !== 'subquery') return false;
    return isSelfSubquery(right.query, left, target);
  }
  if (['=', '<=>', '<=', '>='].includes(operator) && isSame(a, left, right, target)) return true;
  if (isZeroOrMore(a, operator, left, right)) return true;
  if (operator !== '=' && operator !== '<=>') return false;
  // The condition first: of `id = 5`, the 5 is not looked at, so that other values share its cache entry.
  const agrees = (side: Expression, other: Expression) =>
    (isCondition(side) && isTautology(a, side, target) && foldTruth(a, other) === true) ||
    (isCondition(side) && isContradiction(a, side, target) && foldTruth(a, other) === false);
  return agrees(left, right) || agrees(right, left);
}

/** `LENGTH(x) >= 0` and the like: what is never below 0. */
function isZeroOrMore(a: Analysis, operator: string, left: Expression, right: Expression): boolean {
  const [call, bound] = operator === '<=' ? [right, left] : [left, right];
  if ((operator !== '>=' && operator !== '<=') || call.is !== 'call') return false;
  return NEVER_NEGATIVE.test(call.name) && foldTruth(a, bound) === false;
}

const NEVER_NEGATIVE =
  /^(?:ABS|LENGTH|CHAR_LENGTH|CHARACTER_LENGTH|OCTET_LENGTH|BIT_LENGTH|ASCII|ORD|CRC32|BIT_COUNT)$/i;

/** Expressions whose value is a truth, or a difference that is nothing for every row. */
function isCondition(value: Expression): boolean {
  switch (value.is) {
    case 'comparison':
    case 'in':
    case 'between':
    case 'like':
    case 'match-operator':
    case 'is':
    case 'operator':
      return true;
    case 'unary':
      return isNot(value.operator);
    case 'row':
      return value.items.length === 1 && value.items.every(isCondition);
    case 'call':
      return /^(?:ISNULL|IF|IFNULL|COALESCE)$/i.test(value.name);
    default:
      return false;
  }
}

function isTautologicalCall(
  name: string,
  args: readonly Expression[],
  always: (value: Expression) => boolean,
): boolean {
  switch (name) {
    case 'COALESCE':
    case 'IFNULL':
      return args.slice(0, 1).some(always) || (args.length > 0 && args.every(always));
    case 'IF':
      return args.length === 3 && args.slice(1).every(always);
    default:
      return false;
  }
}

/** The same expression, or the same column of the target under two names, or of another row of its table. */
function isSame(a: Analysis, left: Expression, right: Expression, target: Target): boolean {
  const [one, other] = [bare(left), bare(right)];
  if (sameTree(a, one, other)) return !isFresh(one);
  if (one.is !== 'column' || other.is !== 'column' || foldName(one.name) !== foldName(other.name))
    return false;
  const both = target.refers(one) && target.refers(other);
  return both || (target.refers(one) && target.isTwin(other)) || (target.refers(other) && target.isTwin(one));
}

/** Each call gives another value. */
function isFresh(value: Expression): boolean {
  return value.is === 'call' && /^(?:RAND|UUID|UUID_SHORT|SYSDATE|RANDOM_BYTES)$/i.test(value.name);
}

function isNeverNull(value: Expression, target: Target): boolean {
  const inner = bare(value);
  return inner.is === 'column' && target.neverNull(inner);
}

/** `x IS NULL OR x IS NOT NULL`, `x = 1 OR x <> 1`: two branches that together let everything through. */
export function holdsOpposites(a: Analysis, operands: readonly Expression[]): boolean {
  return operands.some((left, n) => operands.slice(n + 1).some((right) => isOpposite(a, left, right)));
}

function isOpposite(a: Analysis, left: Expression, right: Expression): boolean {
  if (left.is === 'is' && right.is === 'is') {
    return (
      left.what === right.what && left.negated !== right.negated && sameTree(a, left.operand, right.operand)
    );
  }
  if (left.is === 'comparison' && right.is === 'comparison') {
    return (
      OPPOSITES.has(`${left.operator} ${right.operator}`) &&
      sameTree(a, left.left, right.left) &&
      sameTree(a, left.right, right.right)
    );
  }
  if ('negated' in left && 'negated' in right && left.is === right.is && left.negated !== right.negated) {
    return sameTree(a, { ...left, negated: true }, { ...right, negated: true });
  }
  return isNegation(a, left, right) || isNegation(a, right, left);
}

function isNegation(a: Analysis, not: Expression, other: Expression): boolean {
  return not.is === 'unary' && isNot(not.operator) && sameTree(a, bare(not.operand), bare(other));
}

function isPattern(a: Analysis, pattern: Expression, matchesAll: RegExp): boolean {
  if (pattern.is !== 'literal' || pattern.literal.kind !== 'string') return false;
  a.lookAt(pattern.at);
  return matchesAll.test(pattern.literal.text);
}
