import type { Expression } from '../ast.ts';
import { plainCall } from './calls.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseExpressionAfter } from './expression.ts';
import { parseParenthesised } from './primary.ts';

const UNITS: ReadonlySet<string> = new Set(
  `MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR SECOND_MICROSECOND MINUTE_MICROSECOND MINUTE_SECOND
  HOUR_MICROSECOND HOUR_SECOND HOUR_MINUTE DAY_MICROSECOND DAY_SECOND DAY_MINUTE DAY_HOUR YEAR_MONTH`.split(
    /\s+/,
  ),
);

/** Those of TIMESTAMPADD and TIMESTAMPDIFF, which also have names of their own. */
const TIMESTAMP_UNITS: ReadonlySet<string> = new Set(
  ['MICROSECOND', 'SECOND', 'MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'].flatMap((unit) => [
    unit,
    `SQL_TSI_${unit}`,
  ]),
);

export function parseUnit(c: Cursor): string {
  const unit = c.takeOneOf(UNITS);
  if (unit === '') c.refuse('a unit of time');
  return unit;
}

export function parseTimestampUnit(c: Cursor): string {
  const unit = c.takeOneOf(TIMESTAMP_UNITS);
  if (unit === '') c.refuse('a unit of time');
  return unit;
}

/**
 * INTERVAL x unit, or the function INTERVAL(n, a, b …). Which of them an opening parenthesis begins, only the comma
 * within it tells.
 */
export function parseIntervalOrCall(c: Cursor): Expression {
  const at = c.start;
  c.advance();
  if (c.mark !== '(') return finishInterval(c, parseExpression(c));
  const inside = parseParenthesised(c);
  if (inside.is === 'row' && !UNITS.has(c.word)) return plainCall('INTERVAL', inside.items, at);
  return finishInterval(c, parseExpressionAfter(c, inside));
}

function finishInterval(c: Cursor, value: Expression): Expression {
  return { is: 'interval', value, unit: parseUnit(c) };
}
