/** FROM: tables, derived tables, JSON_TABLE, and joins of them. */
import type { Expression, FromItem } from '../ast.ts';
import { parseBits } from './arithmetic.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseIndexHints } from './index-hints.ts';
import { parseJsonTable } from './json-table.ts';
import { parseName, parseNameList, parseTableAlias, parseTableName } from './names.ts';
import {
  beginsQuery,
  continueQuery,
  continuesQuery,
  parseQueryAfterParenthesis,
  withoutInto,
} from './query.ts';

type Join = Extract<FromItem, { is: 'join' }>;
type Derived = Extract<FromItem, { is: 'derived' }>;

/** Tables and joins between commas, which bind looser than JOIN. */
export function parseTableReferences(c: Cursor): FromItem {
  if (c.word === 'DUAL') {
    c.advance();
    return { is: 'dual' };
  }
  let left = parseTableReference(c);
  while (c.takeMark(',')) {
    left = join('inner', left, parseTableReference(c));
    c.wrap();
  }
  return left;
}

function parseTableReference(c: Cursor): FromItem {
  const height = c.enter();
  const item = parseJoins(c, parseFactor(c));
  c.leave(height);
  return item;
}

function join(
  kind: Join['kind'],
  left: FromItem,
  right: FromItem,
  condition: {
    readonly on?: Expression;
    readonly using?: readonly string[];
    readonly natural?: boolean;
  } = {},
): Join {
  const { on = null, using = null, natural = false } = condition;
  return { is: 'join', kind, left, right, on, using, natural };
}

interface JoinWords {
  readonly kind: Join['kind'];
  readonly natural: boolean;
}

/** The words of a join; null where none begins here. */
function takeJoinWords(c: Cursor): JoinWords | null {
  if (c.takeWord('STRAIGHT_JOIN')) return { kind: 'inner', natural: false };
  const natural = c.takeWord('NATURAL');
  let kind: Join['kind'] = 'inner';
  if (c.word === 'LEFT' || c.word === 'RIGHT') {
    kind = c.word === 'LEFT' ? 'left' : 'right';
    c.advance();
    c.takeWord('OUTER');
  } else if (natural && c.mariadb && c.takeWord('STRAIGHT_JOIN')) return { kind, natural };
  else if (c.word === 'INNER' || (c.word === 'CROSS' && !natural)) c.advance();
  else if (c.word !== 'JOIN') {
    if (natural) c.refuse('JOIN');
    return null;
  }
  c.expectWord('JOIN');
  return { kind, natural };
}

function parseJoins(c: Cursor, first: FromItem): FromItem {
  let left = first;
  for (;;) {
    const words = takeJoinWords(c);
    if (words === null) return left;
    left = words.natural
      ? join(words.kind, left, parseFactor(c), { natural: true })
      : parseJoined(c, left, words.kind);
    c.wrap();
  }
}

/**
 * The right side of a join and its condition. Joins that follow before a condition are inside of it:
 * `a JOIN b JOIN c ON … ON …` joins `a` with the join of `b` and `c`. Where it turns out that no condition of its own
 * comes, the first two are joined first, as if from left to right.
 */
function parseJoined(c: Cursor, left: FromItem, kind: Join['kind']): FromItem {
  const factor = parseFactor(c);
  let right = factor;
  if (c.word !== 'ON' && c.word !== 'USING') {
    const height = c.enter();
    right = parseJoins(c, factor);
    c.leave(height);
  }
  if (c.takeWord('ON')) return join(kind, left, right, { on: parseExpression(c) });
  if (c.takeWord('USING'))
    return join(kind, left, right, { using: parseNameList(c, 'the name of a column') });
  if (kind !== 'inner') c.refuse('ON');
  return joinFirst(left, right, factor);
}

function joinFirst(left: FromItem, right: FromItem, factor: FromItem): FromItem {
  if (right === factor || right.is !== 'join') return join('inner', left, right);
  return { ...right, left: joinFirst(left, right.left, factor) };
}

function parseFactor(c: Cursor): FromItem {
  if (c.mark === '(') return parseParenthesised(c);
  if (c.mark === '{') return parseOdbcJoin(c);
  if (c.word === 'LATERAL' && c.markAhead(1) === '(' && !c.mariadb) {
    c.advance();
    c.advance();
    return parseDerived(c, parseQueryAfterParenthesis(c), true);
  }
  if (c.word === 'JSON_TABLE' && c.markAhead(1) === '(') return parseJsonTable(c);
  const table = parseTableName(c);
  const partitions = c.takeWord('PARTITION') ? parseNameList(c, 'the name of a partition') : [];
  const history = parseHistory(c);
  const alias = parseTableAlias(c);
  parseIndexHints(c);
  return { is: 'table', table, alias, partitions, history };
}

/** `{oj a LEFT JOIN b ON …}`. */
function parseOdbcJoin(c: Cursor): FromItem {
  c.advance();
  parseName(c, 'OJ');
  const item = parseTableReference(c);
  c.expectMark('}');
  return item;
}

/** A derived table, or tables and joins in parentheses. */
function parseParenthesised(c: Cursor): FromItem {
  const inside = parseInside(c);
  if (inside.is !== 'derived' || inside.alias !== null) return inside;
  return parseDerived(c, inside.query, false);
}

/** A derived table without its alias, which may turn out to be a part of a larger query, or tables. */
function parseInside(c: Cursor): FromItem {
  const height = c.enter();
  c.expectMark('(');
  let item: FromItem;
  if (beginsQuery(c)) item = bareDerived(parseQueryAfterParenthesis(c));
  else {
    item = c.mark === '(' ? parseNested(c) : parseTableReferences(c);
    c.expectMark(')');
  }
  c.leave(height);
  return item;
}

/** Two parentheses in a row: `((SELECT …) UNION SELECT …)`, `((SELECT …) AS a JOIN b)`, `((a JOIN b))`. */
function parseNested(c: Cursor): FromItem {
  const inside = parseInside(c);
  let first = inside;
  if (inside.is === 'derived' && inside.alias === null) {
    if (c.mark === ')') return inside;
    if (continuesQuery(c)) return bareDerived(withoutInto(c, continueQuery(c, inside.query)));
    first = parseDerived(c, inside.query, false);
  }
  let left = parseJoins(c, first);
  while (c.takeMark(',')) {
    left = join('inner', left, parseTableReference(c));
    c.wrap();
  }
  return left;
}

function bareDerived(query: Derived['query']): Derived {
  return { is: 'derived', query, alias: null, columns: null, lateral: false };
}

/** The alias and column names of a derived table. */
function parseDerived(c: Cursor, query: Derived['query'], lateral: boolean): FromItem {
  if (c.mariadb) parseHistory(c);
  const alias = parseTableAlias(c);
  if (alias === null) c.refuse('the alias of a derived table');
  const columns = c.mark === '(' ? parseNameList(c, 'the name of a column') : null;
  return { is: 'derived', query, alias, columns, lateral };
}

/** FOR SYSTEM_TIME ALL | AS OF x | FROM x TO y | BETWEEN x AND y, with its expressions. */
function parseHistory(c: Cursor): readonly Expression[] | null {
  if (!c.mariadb || !c.takeWords('FOR', 'SYSTEM_TIME')) return null;
  if (c.takeWord('ALL')) return [];
  if (c.takeWords('AS', 'OF')) return [parsePoint(c)];
  const between = c.takeWord('BETWEEN');
  if (!between) c.expectWord('FROM');
  const from = parsePoint(c);
  c.expectWord(between ? 'AND' : 'TO');
  return [from, parsePoint(c)];
}

function parsePoint(c: Cursor): Expression {
  if (
    c.word === 'TRANSACTION' ||
    (c.word === 'TIMESTAMP' && c.kindAhead(1) !== 'string' && c.markAhead(1) !== '(')
  ) {
    c.advance();
  }
  return parseBits(c);
}
