/** Operators of bits and numbers, concatenation, signs: from `|` to the tightest. */
import type { Expression } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseNot } from './expression.ts';
import { parseIntervalOrCall } from './interval.ts';
import { parsePostfix, parsePrimary } from './primary.ts';

const RANKS: ReadonlyMap<string, number> = new Map([
  ['|', 1],
  ['&', 2],
  ['<<', 3],
  ['>>', 3],
  ['+', 4],
  ['-', 4],
  ['*', 5],
  ['/', 5],
  ['%', 5],
  ['DIV', 5],
  ['MOD', 5],
  ['^', 6],
]);

/** An expression of `|` and whatever binds tighter: the servers' bit_expr. */
export function parseBits(c: Cursor): Expression {
  return climb(c, parseConcatenation(c), 1);
}

function climb(c: Cursor, left: Expression, loosest: number): Expression {
  for (;;) {
    const operator = operatorHere(c);
    const rank = RANKS.get(operator);
    if (rank === undefined || rank < loosest) return left;
    const operands = [left];
    do {
      c.advance();
      operands.push(parseOperand(c, operator, rank));
    } while (operatorHere(c) === operator);
    left = { is: 'operator', operator: operator === '%' ? 'MOD' : operator, operands };
    c.wrap();
  }
}

function operatorHere(c: Cursor): string {
  return c.mark === '' ? c.word : c.mark;
}

function parseOperand(c: Cursor, operator: string, rank: number): Expression {
  if (c.word === 'INTERVAL' && (operator === '+' || operator === '-')) {
    const interval = parseIntervalOrCall(c);
    return interval.is === 'interval' ? interval : climb(c, interval, rank + 1);
  }
  return climb(c, parseConcatenation(c), rank + 1);
}

/** `a || b` under PIPES_AS_CONCAT, which binds tighter than `^`. */
export function parseConcatenation(c: Cursor): Expression {
  if (c.mariadb && beginsInterval(c)) return parseSignedInterval(c);
  const first = parseSimple(c);
  if (!c.pipesConcat || c.mark !== '||') return first;
  const operands = [first];
  while (c.takeMark('||')) operands.push(parseSimple(c));
  return { is: 'operator', operator: '||', operands };
}

/** A primary expression with its signs: the servers' simple_expr. */
export function parseSimple(c: Cursor): Expression {
  const pending = c.takePending();
  if (pending !== null) return parsePostfix(c, pending);
  const operator = signHere(c);
  if (operator !== '') {
    c.advance();
    const height = c.enter();
    const operand = parseSimple(c);
    c.leave(height);
    return { is: 'unary', operator, operand };
  }
  if (c.word !== 'INTERVAL') return parsePrimary(c);
  const interval = parseIntervalOrCall(c);
  if (interval.is !== 'interval') return interval;
  // To MariaDB a sum with an interval in front is no operand of a sign.
  if (c.mariadb) c.refuse('an expression');
  return finishIntervalSum(c, interval, '+');
}

/** `INTERVAL 1 DAY + x`: the sum takes in everything down to the comparisons. */
function finishIntervalSum(c: Cursor, interval: Expression, sign: string): Expression {
  c.expectMark('+');
  const height = c.enter();
  const operand = parseNot(c);
  c.leave(height);
  const operands = sign === '-' ? [operand, interval] : [interval, operand];
  return { is: 'operator', operator: sign, operands };
}

function beginsInterval(c: Cursor): boolean {
  if (c.isPending) return false;
  return c.word === 'INTERVAL' || ((c.mark === '-' || c.mark === '+') && c.wordAhead(1) === 'INTERVAL');
}

/** MariaDB: `- INTERVAL 1 DAY + x` takes the interval from `x`. */
function parseSignedInterval(c: Cursor): Expression {
  const sign = c.mark;
  if (sign !== '') c.advance();
  const interval = parseIntervalOrCall(c);
  if (interval.is === 'interval') return finishIntervalSum(c, interval, sign === '-' ? '-' : '+');
  return sign === '' ? interval : { is: 'unary', operator: sign, operand: interval };
}

const SIGNS: ReadonlySet<string> = new Set(['-', '+', '~', '!']);

function signHere(c: Cursor): string {
  if (c.mark !== '') return SIGNS.has(c.mark) ? c.mark : '';
  if (c.word === 'BINARY') return 'BINARY';
  return c.word === 'NOT' && c.highNot ? 'NOT' : '';
}
