/** Functions with words between their arguments. The name has been read; the parenthesis stands here. */
import type { Expression, FunctionCall } from '../ast.ts';
import { parseBits } from './arithmetic.ts';
import { call, parseArguments, plainCall } from './calls.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseExpressionAfter, parseExpressions } from './expression.ts';
import { parseIntervalOrCall, parseTimestampUnit, parseUnit } from './interval.ts';
import { parseInteger } from './literals.ts';
import { type Column, parseCharsetName, parseColumn, parseTableName } from './names.ts';
import { parseType } from './types.ts';

/** CHAR(65, 66 USING utf8mb4). */
export function parseCharFunction(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  const args = parseExpressions(c);
  if (c.takeWord('USING')) parseCharsetName(c, 'a character set');
  c.expectMark(')');
  return plainCall(name, args, at);
}

/** EXTRACT(YEAR FROM d). */
export function parseExtract(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  parseUnit(c);
  c.expectWord('FROM');
  return plainCall(name, [parseLast(c)], at);
}

function parseLast(c: Cursor): Expression {
  const expression = parseExpression(c);
  c.expectMark(')');
  return expression;
}

/** TRIM(s), TRIM(x FROM s), TRIM(LEADING FROM s), TRIM(BOTH x FROM s). */
export function parseTrim(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  const sided = c.takeWord('LEADING') || c.takeWord('TRAILING') || c.takeWord('BOTH');
  if (sided && c.takeWord('FROM')) return plainCall(name, [parseLast(c)], at);
  const first = parseExpression(c);
  if (c.takeWord('FROM')) return plainCall(name, [first, parseLast(c)], at);
  if (sided) c.refuse('FROM');
  c.expectMark(')');
  return plainCall(name, [first], at);
}

/** SUBSTRING(s, n), SUBSTRING(s FROM n FOR m). */
export function parseSubstring(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  const args = [parseExpression(c)];
  if (c.takeWord('FROM')) {
    args.push(parseExpression(c));
    if (c.takeWord('FOR')) args.push(parseExpression(c));
  } else {
    c.expectMark(',');
    args.push(...parseExpressions(c));
  }
  c.expectMark(')');
  return plainCall(name, args, at);
}

/** POSITION(x IN s). */
export function parsePosition(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  const part = parseBits(c);
  c.expectWord('IN');
  return plainCall(name, [part, parseLast(c)], at);
}

const FORMATS: ReadonlySet<string> = new Set(['DATE', 'TIME', 'DATETIME', 'TIMESTAMP']);

/** GET_FORMAT(DATE, 'EUR'). */
export function parseGetFormat(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  if (c.takeOneOf(FORMATS) === '') c.refuse('DATE, TIME or DATETIME');
  c.expectMark(',');
  return plainCall(name, [parseLast(c)], at);
}

/** TIMESTAMPADD(DAY, n, d). */
export function parseTimestampFunction(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  parseTimestampUnit(c);
  c.expectMark(',');
  const args = parseExpressions(c);
  c.expectMark(')');
  return plainCall(name, args, at);
}

/** DATE_ADD(d, INTERVAL 1 DAY), ADDDATE(d, 1). */
export function parseDateArithmetic(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  const date = parseExpression(c);
  c.expectMark(',');
  let amount: Expression;
  if (c.word === 'INTERVAL') {
    amount = parseIntervalOrCall(c);
    // INTERVAL 1 DAY alone, or a sum or call that only begins with the word.
    if (amount.is !== 'interval') amount = parseExpressionAfter(c, amount);
  } else amount = parseExpression(c);
  c.expectMark(')');
  return plainCall(name, [date, amount], at);
}

/** WEIGHT_STRING(s AS CHAR(n) LEVEL 1, 2). */
export function parseWeightString(c: Cursor, name: string, at: number): Expression {
  c.expectMark('(');
  const args = [parseExpression(c)];
  if (c.takeMark(',')) args.push(...parseExpressions(c));
  else {
    if (c.takeWord('AS')) parseType(c);
    if (c.takeWord('LEVEL')) parseLevels(c);
  }
  c.expectMark(')');
  return plainCall(name, args, at);
}

function parseLevels(c: Cursor): void {
  do {
    parseInteger(c, 'a level');
    if (!c.takeMark('-')) {
      if (!c.takeWord('ASC')) c.takeWord('DESC');
      c.takeWord('REVERSE');
    } else parseInteger(c, 'a level');
  } while (c.takeMark(','));
}

/** MATCH (a, b) AGAINST (x IN BOOLEAN MODE). */
export function parseMatch(c: Cursor): Expression {
  const parenthesised = c.takeMark('(');
  const columns: Column[] = [];
  do columns.push(parseColumn(c));
  while (c.takeMark(','));
  if (parenthesised) c.expectMark(')');
  c.expectWord('AGAINST');
  c.expectMark('(');
  const against = parseBits(c);
  if (c.takeWord('IN')) {
    if (!c.takeWords('BOOLEAN', 'MODE')) c.expectWords('NATURAL', 'LANGUAGE', 'MODE');
  }
  if (c.takeWord('WITH')) c.expectWords('QUERY', 'EXPANSION');
  c.expectMark(')');
  return { is: 'match', columns, against };
}

/** ROW(a, b). */
export function parseRow(c: Cursor): Expression {
  return { is: 'row', items: parseArguments(c) };
}

export function parseDefault(c: Cursor): Expression {
  return { is: 'default', column: parseColumnArgument(c) };
}

/** VALUES(column) of ON DUPLICATE KEY UPDATE. */
export function parseInserted(c: Cursor): Expression {
  if (c.mariadb && !c.onDuplicate) c.refuse('an expression');
  return { is: 'inserted', column: parseColumnArgument(c) };
}

/** MariaDB's other word for it. */
export function parseValue(c: Cursor): Expression {
  return { is: 'inserted', column: parseColumnArgument(c) };
}

function parseColumnArgument(c: Cursor): Column {
  c.expectMark('(');
  const column = parseColumn(c);
  c.expectMark(')');
  return column;
}

/** NEXTVAL(s), LASTVAL(s), SETVAL(s, 5, is_used, round). */
export function parseSequenceFunction(c: Cursor, name: string): Expression {
  const upper = name.toUpperCase();
  const act = upper === 'NEXTVAL' ? 'next' : upper === 'LASTVAL' ? 'previous' : 'set';
  c.expectMark('(');
  const sequence = parseTableName(c);
  const args = act === 'set' && c.takeMark(',') ? parseExpressions(c) : [];
  c.expectMark(')');
  return { is: 'sequence', act, sequence, args };
}

/** JSON_VALUE(document, path RETURNING type NULL ON EMPTY ERROR ON ERROR). */
export function parseJsonValue(c: Cursor, name: string, at: number): FunctionCall {
  c.expectMark('(');
  const args = [parseExpression(c)];
  c.expectMark(',');
  args.push(parseExpression(c));
  if (c.takeWord('RETURNING')) parseType(c);
  parseOnEmptyOrError(c, args);
  c.expectMark(')');
  return call(name, { args, at });
}

/** `NULL ON EMPTY`, `ERROR ON ERROR`, `DEFAULT x ON EMPTY`; the defaults are put with `values`. */
export function parseOnEmptyOrError(c: Cursor, values: Expression[]): void {
  for (;;) {
    if (c.takeWord('DEFAULT')) values.push(parseBits(c));
    else if (c.word !== 'NULL' && c.word !== 'ERROR') return;
    else c.advance();
    c.expectWord('ON');
    if (!c.takeWord('EMPTY')) c.expectWord('ERROR');
  }
}

/** COLUMN_CREATE(name, value AS type, …) and COLUMN_ADD(blob, name, value AS type, …). */
export function parseDynamicColumns(c: Cursor, name: string, at: number): FunctionCall {
  c.expectMark('(');
  const args: Expression[] = [];
  do {
    args.push(parseExpression(c));
    if (c.takeWord('AS')) parseType(c);
  } while (c.takeMark(','));
  c.expectMark(')');
  return call(name, { args, at });
}

/** COLUMN_GET(blob, name AS type). */
export function parseColumnGet(c: Cursor, name: string, at: number): FunctionCall {
  c.expectMark('(');
  const args = [parseExpression(c)];
  c.expectMark(',');
  args.push(parseExpression(c));
  c.expectWord('AS');
  parseType(c);
  c.expectMark(')');
  return call(name, { args, at });
}
