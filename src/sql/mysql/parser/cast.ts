/** CAST and CONVERT. The name has been read; the parenthesis stands here. */
import type { Expression } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseInteger, parseStringValue } from './literals.ts';
import { parseCharsetName } from './names.ts';
import { parseWholeType } from './types.ts';

/** CAST(x AS type ARRAY), CAST(x AT TIME ZONE '+00:00' AS DATETIME). */
export function parseCast(c: Cursor): Expression {
  c.expectMark('(');
  const operand = parseExpression(c);
  if (!c.mariadb && c.takeWord('AT')) {
    c.expectWords('TIME', 'ZONE');
    c.takeWord('INTERVAL');
    parseStringValue(c, 'a time zone');
  }
  c.expectWord('AS');
  const type = parseCastType(c);
  const array = c.takeWord('ARRAY');
  c.expectMark(')');
  return { is: 'cast', operand, type, array };
}

/** CONVERT(x, type), CONVERT(x USING utf8mb4). */
export function parseConvert(c: Cursor): Expression {
  c.expectMark('(');
  const operand = parseExpression(c);
  if (c.takeWord('USING')) {
    const charset = parseCharsetName(c, 'a character set');
    c.expectMark(')');
    return { is: 'cast', operand, type: `char character set ${charset}`, array: false };
  }
  c.expectMark(',');
  const type = parseCastType(c);
  c.expectMark(')');
  return { is: 'cast', operand, type, array: false };
}

function parseCastType(c: Cursor): string {
  if (c.mariadb && c.word === 'INTERVAL') {
    c.expectWords('INTERVAL', 'DAY_SECOND');
    c.expectMark('(');
    parseInteger(c, 'a number of digits');
    c.expectMark(')');
    return 'INTERVAL DAY_SECOND';
  }
  return parseWholeType(c);
}
