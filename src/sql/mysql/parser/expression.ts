/**
 * Expressions, from the loosest operators inwards: OR, XOR, AND, NOT, then IS and the comparisons. What binds tighter
 * is in predicate.ts, arithmetic.ts and primary.ts, in the order of both servers' grammars.
 */
import type { Expression } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parsePredicate } from './predicate.ts';
import { parseSubquery } from './query.ts';

export function parseExpression(c: Cursor): Expression {
  const height = c.enter();
  const expression = parseOr(c);
  c.leave(height);
  return expression;
}

/** An expression whose first operand has been read, in parentheses. */
export function parseExpressionAfter(c: Cursor, operand: Expression): Expression {
  c.pend(operand);
  return parseExpression(c);
}

export function parseExpressions(c: Cursor): Expression[] {
  const list = [parseExpression(c)];
  while (c.takeMark(',')) list.push(parseExpression(c));
  return list;
}

function parseOr(c: Cursor): Expression {
  const first = parseXor(c);
  if (!takeOr(c)) return first;
  const operands = [first];
  do operands.push(c.beside(parseXor));
  while (takeOr(c));
  return { is: 'operator', operator: 'OR', operands };
}

function takeOr(c: Cursor): boolean {
  return c.takeWord('OR') || (!c.pipesConcat && c.takeMark('||'));
}

function parseXor(c: Cursor): Expression {
  const first = parseAnd(c);
  if (c.word !== 'XOR') return first;
  const operands = [first];
  while (c.takeWord('XOR')) operands.push(c.beside(parseAnd));
  return { is: 'operator', operator: 'XOR', operands };
}

function parseAnd(c: Cursor): Expression {
  const first = parseNot(c);
  if (c.word !== 'AND' && c.mark !== '&&') return first;
  const operands = [first];
  while (c.takeWord('AND') || c.takeMark('&&')) operands.push(c.beside(parseNot));
  return { is: 'operator', operator: 'AND', operands };
}

/** NOT over everything down to the comparisons. Under HIGH_NOT_PRECEDENCE it is arithmetic.ts that takes it. */
export function parseNot(c: Cursor): Expression {
  if (c.word !== 'NOT' || c.highNot || c.isPending) return parseTest(c);
  c.advance();
  const height = c.enter();
  const operand = parseNot(c);
  c.leave(height);
  return { is: 'unary', operator: 'NOT', operand };
}

/** Each operator with its name in the tree. */
const COMPARISONS: ReadonlyMap<string, string> = new Map([
  ['=', '='],
  ['<=>', '<=>'],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
]);

/** Comparisons and IS, of equal rank, from left to right: `a = b IS NULL` is `(a = b) IS NULL`. */
function parseTest(c: Cursor): Expression {
  let left = parsePredicate(c);
  for (;;) {
    const operator = c.mark === '' ? undefined : COMPARISONS.get(c.mark);
    if (operator !== undefined) left = parseComparison(c, left, operator);
    else if (c.word === 'IS') {
      left = parseIs(c, left);
      // To MySQL, IS TRUE and its like end an expression: nothing may compare what they give.
      if (!c.mariadb && left.is === 'is' && left.what !== 'NULL') return left;
    } else return left;
    c.wrap();
  }
}

function parseComparison(c: Cursor, left: Expression, operator: string): Expression {
  c.advance();
  if ((c.word === 'ANY' || c.word === 'SOME' || c.word === 'ALL') && c.markAhead(1) === '(') {
    // `<=>` takes no quantifier.
    if (operator === '<=>') c.refuse('an expression');
    const quantifier = c.word === 'ALL' ? 'all' : 'any';
    c.advance();
    const right: Expression = { is: 'subquery', query: parseSubquery(c) };
    return { is: 'comparison', operator, left, right, quantifier };
  }
  return { is: 'comparison', operator, left, right: parsePredicate(c), quantifier: null };
}

const TESTS: ReadonlySet<string> = new Set(['NULL', 'TRUE', 'FALSE', 'UNKNOWN']);

function parseIs(c: Cursor, operand: Expression): Expression {
  c.advance();
  const negated = c.takeWord('NOT');
  const what = c.takeOneOf(TESTS);
  if (what === '') c.refuse('NULL, TRUE, FALSE or UNKNOWN');
  return { is: 'is', negated, operand, what };
}
