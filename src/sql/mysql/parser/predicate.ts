/** IN, BETWEEN, LIKE, REGEXP, SOUNDS LIKE and MEMBER OF. */
import type { Expression } from '../ast.ts';
import { parseBits, parseConcatenation, parseSimple } from './arithmetic.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseExpressions } from './expression.ts';
import {
  beginsQuery,
  continueQuery,
  continuesQuery,
  parseQueryAfterParenthesis,
  withoutInto,
} from './query.ts';

/**
 * MariaDB's precedences of the predicates themselves: BETWEEN binds loosest, and what follows a NOT is always taken in
 * (`a LIKE b NOT IN (c)` is `a LIKE (b NOT IN (c))`).
 */
const LOOSE = 0;
const BETWEEN = 1;
const LIKE = 2;
const TIGHTER = 3;
const NEGATED = 9;

export function parsePredicate(c: Cursor): Expression {
  return c.mariadb ? parseMariadbPredicate(c, LOOSE) : parseMysqlPredicate(c);
}

function parseMysqlPredicate(c: Cursor): Expression {
  const left = parseBits(c);
  const negated = isNegatedPredicate(c);
  switch (negated ? c.wordAhead(1) : c.word) {
    case 'IN':
      return parseIn(c, left, negated);
    case 'BETWEEN': {
      passWords(c, negated);
      const low = parseBits(c);
      c.expectWord('AND');
      const height = c.enter();
      const high = parseMysqlPredicate(c);
      c.leave(height);
      return { is: 'between', negated, operand: left, low, high };
    }
    case 'LIKE': {
      passWords(c, negated);
      const pattern = parseConcatenation(c);
      const escapedBy = c.takeWord('ESCAPE') ? parseConcatenation(c) : null;
      return { is: 'like', negated, operand: left, pattern, escape: escapedBy };
    }
    case 'REGEXP':
    case 'RLIKE':
      passWords(c, negated);
      return { is: 'match-operator', operator: 'REGEXP', negated, left, right: parseBits(c) };
    case 'SOUNDS':
      if (negated || c.wordAhead(1) !== 'LIKE') return left;
      c.expectWords('SOUNDS', 'LIKE');
      return { is: 'match-operator', operator: 'SOUNDS LIKE', negated, left, right: parseBits(c) };
    case 'MEMBER':
      return negated ? left : parseMember(c, left);
    default:
      return left;
  }
}

function parseMember(c: Cursor, left: Expression): Expression {
  if (c.wordAhead(1) !== 'OF' && c.markAhead(1) !== '(') return left;
  c.advance();
  c.takeWord('OF');
  c.expectMark('(');
  const right = parseSimple(c);
  c.expectMark(')');
  return { is: 'match-operator', operator: 'MEMBER OF', negated: false, left, right };
}

function parseMariadbPredicate(c: Cursor, loosest: number): Expression {
  let left = parseBits(c);
  for (;;) {
    const negated = isNegatedPredicate(c);
    const word = negated ? c.wordAhead(1) : c.word;
    const rank = rankOf(c, word);
    if (rank < 0 || (negated ? NEGATED : rank) < loosest) return left;
    left = parseMariadbTail(c, left, word, negated);
    c.wrap();
  }
}

function rankOf(c: Cursor, word: string): number {
  switch (word) {
    case 'BETWEEN':
      return BETWEEN;
    case 'IN':
    case 'LIKE':
    case 'REGEXP':
    case 'RLIKE':
      return LIKE;
    case 'SOUNDS':
      return c.word === 'SOUNDS' && c.wordAhead(1) === 'LIKE' ? LIKE : -1;
    default:
      return -1;
  }
}

function parseMariadbTail(c: Cursor, left: Expression, word: string, negated: boolean): Expression {
  if (word === 'IN') return parseIn(c, left, negated);
  passWords(c, negated);
  if (word === 'BETWEEN') {
    const low = parseDeeper(c, LOOSE);
    c.expectWord('AND');
    return { is: 'between', negated, operand: left, low, high: parseDeeper(c, BETWEEN) };
  }
  if (word === 'LIKE') {
    const pattern = parseDeeper(c, TIGHTER);
    const escapedBy = c.takeWord('ESCAPE') ? parseDeeper(c, TIGHTER) : null;
    return { is: 'like', negated, operand: left, pattern, escape: escapedBy };
  }
  if (word === 'SOUNDS') {
    c.advance();
    return { is: 'match-operator', operator: 'SOUNDS LIKE', negated, left, right: parseDeeper(c, TIGHTER) };
  }
  return { is: 'match-operator', operator: 'REGEXP', negated, left, right: parseDeeper(c, TIGHTER) };
}

function parseDeeper(c: Cursor, loosest: number): Expression {
  const height = c.enter();
  const expression = parseMariadbPredicate(c, loosest);
  c.leave(height);
  return expression;
}

const NEGATABLE: ReadonlySet<string> = new Set(['IN', 'BETWEEN', 'LIKE', 'REGEXP', 'RLIKE']);

function isNegatedPredicate(c: Cursor): boolean {
  return c.word === 'NOT' && NEGATABLE.has(c.wordAhead(1));
}

function passWords(c: Cursor, negated: boolean): void {
  if (negated) c.advance();
  c.advance();
}

/** `IN (a, b)`, `IN (SELECT …)`. */
function parseIn(c: Cursor, operand: Expression, negated: boolean): Expression {
  passWords(c, negated);
  c.expectMark('(');
  if (beginsQuery(c)) {
    return { is: 'in', negated, operand, list: parseQueryAfterParenthesis(c) };
  }
  const first = parseExpression(c);
  // `IN ((SELECT …))` is a subquery, and no list of one value; so is `IN ((SELECT …) UNION …)`.
  if (first.is === 'subquery' && (c.mark === ')' || continuesQuery(c))) {
    const list = withoutInto(c, continueQuery(c, first.query));
    c.expectMark(')');
    return { is: 'in', negated, operand, list };
  }
  const list = c.takeMark(',') ? [first, ...parseExpressions(c)] : [first];
  c.expectMark(')');
  return { is: 'in', negated, operand, list };
}
