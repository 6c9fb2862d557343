/** The innermost expressions: literals, names, calls, variables, parentheses, CASE. */
import type { Expression } from '../ast.ts';
import { parseNamedCall, plainCall } from './calls.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseExpressions } from './expression.ts';
import { parseMatch } from './function-syntax.ts';
import { findSpecialFunction } from './function-table.ts';
import { literalHere, parsePlainLiteral, parseStringValue, parseTemporal } from './literals.ts';
import { isName, parseCharsetName, parseColumn, parseName, parseTableName } from './names.ts';
import {
  beginsQuery,
  continueQuery,
  continuesQuery,
  parseQueryAfterParenthesis,
  parseSubquery,
  withoutInto,
} from './query.ts';
import { parseSystemVariable, parseUserVariable } from './variables.ts';

export function parsePrimary(c: Cursor): Expression {
  return parsePostfix(c, parseBare(c));
}

/** COLLATE and the arrows of JSON, which bind tightest. */
export function parsePostfix(c: Cursor, operand: Expression): Expression {
  let expression = operand;
  if (expression.is === 'column' && (c.mark === '->' || c.mark === '->>')) {
    const unquoted = c.mark === '->>';
    c.advance();
    if (c.kind !== 'string') c.refuse('a path');
    const path = literalHere(c, { kind: 'string', text: c.text });
    expression = { is: 'json-arrow', column: expression, path, unquoted };
  }
  while (c.takeWord('COLLATE')) {
    expression = { is: 'collate', operand: expression, collation: parseCharsetName(c, 'a collation') };
    c.wrap();
  }
  return expression;
}

function parseBare(c: Cursor): Expression {
  switch (c.kind) {
    case 'word':
      return parseWord(c);
    case 'name':
      return parseNamed(c);
    case 'variable':
      return parseUserVariable(c);
    case 'system':
      return parseSystemVariable(c);
    case 'operator':
      return parseMarked(c);
    default:
      return parsePlainLiteral(c) ?? c.refuse('an expression');
  }
}

function parseMarked(c: Cursor): Expression {
  switch (c.mark) {
    case '(':
      return parseParenthesised(c);
    case '{':
      return parseBraces(c);
    case '.':
      return parseColumn(c);
    default:
      return c.refuse('an expression');
  }
}

/** A subquery, a row, or an expression in parentheses. */
export function parseParenthesised(c: Cursor): Expression {
  c.expectMark('(');
  if (beginsQuery(c)) return { is: 'subquery', query: parseQueryAfterParenthesis(c) };
  const first = parseExpression(c);
  if (first.is === 'subquery' && continuesQuery(c)) {
    const query = withoutInto(c, continueQuery(c, first.query));
    c.expectMark(')');
    return { is: 'subquery', query };
  }
  if (c.takeMark(')')) return first;
  c.expectMark(',');
  const items = [first, ...parseExpressions(c)];
  c.expectMark(')');
  return { is: 'row', items };
}

const TEMPORAL: ReadonlyMap<string, string> = new Map([
  ['D', 'DATE'],
  ['T', 'TIME'],
  ['TS', 'TIMESTAMP'],
]);

/** `{d '2020-01-01'}`; `{fn now()}` and any other word are the expression alone. */
function parseBraces(c: Cursor): Expression {
  const at = c.start;
  c.advance();
  const word = parseName(c, 'a word').toUpperCase();
  const type = TEMPORAL.get(word);
  let expression: Expression;
  if (type !== undefined && c.kind === 'string') {
    const text = parseStringValue(c, 'a string');
    expression = { is: 'literal', literal: { kind: 'temporal', type, text }, at, end: c.endBefore };
  } else expression = parseExpression(c);
  c.expectMark('}');
  return expression;
}

/** A column, or a function by its name. */
function parseNamed(c: Cursor): Expression {
  const at = c.start;
  if (c.markAhead(1) === '(') {
    const name = parseName(c, 'a name');
    return parseNamedCall(c, null, name, at);
  }
  if (c.markAhead(1) === '.' && c.markAhead(3) === '(') {
    const schema = parseName(c, 'a name');
    c.advance();
    return parseNamedCall(c, schema, parseName(c, 'the name of a function'), at);
  }
  return parseColumn(c);
}

const TEMPORAL_WORDS: ReadonlySet<string> = new Set(['DATE', 'TIME', 'TIMESTAMP']);

function parseWord(c: Cursor): Expression {
  const word = c.word;
  if (word === 'NULL') return literalHere(c, { kind: 'null' });
  if (word === 'TRUE' || word === 'FALSE') return literalHere(c, { kind: 'boolean', value: word === 'TRUE' });
  if (word === 'CASE') return parseCase(c);
  if (c.takeWord('MATCH')) return parseMatch(c);
  if (c.takeWord('EXISTS')) return { is: 'exists', query: parseSubquery(c) };
  if (c.markAhead(1) === '(') {
    const special = findSpecialFunction(c, word);
    if (special !== undefined) {
      const at = c.start;
      const name = c.text;
      c.advance();
      return special(c, name, at);
    }
  } else {
    if (TEMPORAL_WORDS.has(word) && c.kindAhead(1) === 'string') return parseTemporal(c, word);
    const bare = parseBareWord(c, word);
    if (bare !== null) return bare;
  }
  if (!isName(c)) c.refuse('an expression');
  return parseNamed(c);
}

const CALLED_BARE: ReadonlySet<string> = new Set([
  'CURRENT_DATE',
  'CURRENT_TIME',
  'CURRENT_TIMESTAMP',
  'CURRENT_USER',
  'LOCALTIME',
  'LOCALTIMESTAMP',
  'UTC_DATE',
  'UTC_TIME',
  'UTC_TIMESTAMP',
]);

/** What reads as a name and is none: functions without parentheses, sequences. */
function parseBareWord(c: Cursor, word: string): Expression | null {
  if (CALLED_BARE.has(word) || (c.mariadb && word === 'CURRENT_ROLE')) {
    const at = c.start;
    const name = c.text;
    c.advance();
    return plainCall(name, [], at);
  }
  if (c.mariadb && (word === 'NEXT' || word === 'PREVIOUS') && c.wordAhead(1) === 'VALUE') {
    return parseSequenceValue(c, word === 'NEXT' ? 'next' : 'previous');
  }
  return null;
}

function parseSequenceValue(c: Cursor, act: 'next' | 'previous'): Expression {
  c.advance();
  c.expectWords('VALUE', 'FOR');
  return { is: 'sequence', act, sequence: parseTableName(c), args: [] };
}

function parseCase(c: Cursor): Expression {
  c.expectWord('CASE');
  const operand = c.word === 'WHEN' ? null : parseExpression(c);
  const whens: { when: Expression; then: Expression }[] = [];
  do {
    c.expectWord('WHEN');
    const when = parseExpression(c);
    c.expectWord('THEN');
    whens.push({ when, then: parseExpression(c) });
  } while (c.word === 'WHEN');
  const otherwise = c.takeWord('ELSE') ? parseExpression(c) : null;
  c.expectWord('END');
  return { is: 'case', operand, whens, otherwise };
}
