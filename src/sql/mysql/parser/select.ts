/** One query specification: SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW … QUALIFY. */
import type { Expression, Into, OrderItem, Select, SelectItem } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseExpressions } from './expression.ts';
import { parseTableReferences } from './from.ts';
import { parseInto } from './into.ts';
import { isName, parseName } from './names.ts';
import { parseOrderItems } from './order.ts';
import { parseWindowSpec } from './window.ts';

const OPTIONS: ReadonlySet<string> = new Set([
  'ALL',
  'DISTINCT',
  'DISTINCTROW',
  'STRAIGHT_JOIN',
  'HIGH_PRIORITY',
  'SQL_SMALL_RESULT',
  'SQL_BIG_RESULT',
  'SQL_BUFFER_RESULT',
  'SQL_CALC_FOUND_ROWS',
  'SQL_NO_CACHE',
]);
const MARIADB_OPTIONS: ReadonlySet<string> = new Set([...OPTIONS, 'UNIQUE', 'SQL_CACHE']);

export function parseSelect(c: Cursor): { readonly select: Select; readonly into: Into | null } {
  const at = c.start;
  const hints = parseHints(c);
  c.expectWord('SELECT');
  const options: string[] = [];
  for (;;) {
    const option = c.takeOneOf(c.mariadb ? MARIADB_OPTIONS : OPTIONS);
    if (option === '') break;
    options.push(option === 'UNIQUE' || option === 'DISTINCTROW' ? 'DISTINCT' : option);
  }
  const items = parseSelectItems(c);
  const into = c.word === 'INTO' ? parseInto(c) : null;
  const from = c.takeWord('FROM') ? parseTableReferences(c) : null;
  const where = c.takeWord('WHERE') ? parseExpression(c) : null;
  const grouping = parseGroupBy(c);
  const having = c.takeWord('HAVING') ? parseExpression(c) : null;
  const windows = c.word === 'WINDOW' ? parseWindows(c) : [];
  const qualify = !c.mariadb && c.takeWord('QUALIFY') ? parseExpression(c) : null;
  return {
    select: { is: 'select', options, items, from, where, ...grouping, having, windows, qualify, hints, at },
    into,
  };
}

const NO_HINTS: readonly string[] = [];

/** The hints behind the word that stands here. */
export function parseHints(c: Cursor): readonly string[] {
  const hint = c.tokens.hint(c.at);
  return hint === null ? NO_HINTS : [hint];
}

/** A star comes first, or after the dot of a table's name. */
export function parseSelectItems(c: Cursor): readonly SelectItem[] {
  const items: SelectItem[] = [];
  if (c.mark === '*') {
    items.push({ is: 'star', schema: null, table: null, at: c.start });
    c.advance();
    if (!c.takeMark(',')) return items;
  }
  do items.push(parseSelectItem(c));
  while (c.takeMark(','));
  return items;
}

function parseSelectItem(c: Cursor): SelectItem {
  if (c.markAhead(1) === '.' && isName(c)) {
    if (c.markAhead(2) === '*') return parseStar(c, false);
    if (c.markAhead(3) === '.' && c.markAhead(4) === '*') return parseStar(c, true);
  }
  const start = c.start;
  const first = c.kind === 'string' ? c.text : '';
  const expression = parseExpression(c);
  const end = c.endBefore;
  const alias = parseAlias(c);
  return { is: 'item', expression, alias, name: alias ?? nameOf(c, expression, start, end, first) };
}

function parseStar(c: Cursor, qualified: boolean): SelectItem {
  const at = c.start;
  const first = parseName(c, 'the name of a table');
  c.expectMark('.');
  let table = first;
  if (qualified) {
    table = parseName(c, 'the name of a table');
    c.expectMark('.');
  }
  c.expectMark('*');
  return { is: 'star', schema: qualified ? first : null, table, at };
}

function parseAlias(c: Cursor): string | null {
  const demanded = c.takeWord('AS');
  if (c.kind !== 'string' && !isName(c)) {
    if (demanded) c.refuse('an alias');
    return null;
  }
  const text = c.text;
  c.advance();
  return text;
}

/** What the server names a column without an alias by. */
function nameOf(c: Cursor, expression: Expression, start: number, end: number, first: string): string {
  if (expression.is === 'column') return expression.name;
  if (expression.is !== 'literal') return c.tokens.source(start, end);
  const { literal } = expression;
  switch (literal.kind) {
    case 'string':
      // Of strings in a row MySQL takes the first; space in front counts to neither.
      return (c.mariadb || first === '' ? literal.text : first).trimStart();
    case 'integer':
    case 'decimal':
    case 'float':
      return literal.text;
    case 'boolean':
      return c.mariadb ? String(literal.value).toUpperCase() : c.tokens.source(start, end);
    default:
      return c.tokens.source(start, end);
  }
}

interface Grouping {
  readonly groupBy: readonly OrderItem[];
  readonly rollup: boolean;
}

const NO_GROUPING: Grouping = { groupBy: [], rollup: false };

function parseGroupBy(c: Cursor): Grouping {
  if (!c.takeWord('GROUP')) return NO_GROUPING;
  c.expectWord('BY');
  if (!c.mariadb && (c.word === 'ROLLUP' || c.word === 'CUBE') && c.markAhead(1) === '(') {
    c.advance();
    c.advance();
    const items = parseExpressions(c);
    c.expectMark(')');
    return { groupBy: items.map((by) => ({ by, descending: false })), rollup: true };
  }
  const groupBy = parseOrderItems(c);
  return { groupBy, rollup: c.takeWords('WITH', 'ROLLUP') };
}

function parseWindows(c: Cursor): Select['windows'] {
  c.expectWord('WINDOW');
  const windows: Select['windows'][number][] = [];
  do {
    const name = parseName(c, 'the name of a window');
    c.expectWord('AS');
    windows.push({ name, spec: parseWindowSpec(c) });
  } while (c.takeMark(','));
  return windows;
}
