/** UPDATE and DELETE, of one table and of several. */
import type { Expression, FromItem, Limit, OrderItem, Statement, TableName, With } from '../ast.ts';
import { parseBits } from './arithmetic.ts';
import { parseAssignments } from './assignments.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseTableReferences } from './from.ts';
import { parseIndexHints } from './index-hints.ts';
import { parseReturning } from './insert.ts';
import { parseCount } from './limit.ts';
import { parseName, parseNameList, parseTableAlias, parseTableName } from './names.ts';
import { parseOrderBy } from './order.ts';
import { parseHints } from './select.ts';

const UPDATE_OPTIONS: ReadonlySet<string> = new Set(['LOW_PRIORITY', 'IGNORE']);
const DELETE_OPTIONS: ReadonlySet<string> = new Set(['LOW_PRIORITY', 'QUICK', 'IGNORE']);

export function parseUpdate(c: Cursor, ctes: With | null): Statement {
  const hints = parseHints(c);
  c.expectWord('UPDATE');
  while (c.takeOneOf(UPDATE_OPTIONS) !== '');
  const tables = parseTableReferences(c);
  const from = withPortion(tables, parsePortion(c));
  c.expectWord('SET');
  const assignments = parseAssignments(c);
  const rest = parseRest(c);
  return { is: 'update', with: ctes, from, assignments, ...rest, returning: parseReturning(c), hints };
}

interface Rest {
  readonly where: Expression | null;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Limit | null;
}

function parseRest(c: Cursor): Rest {
  const where = c.takeWord('WHERE') ? parseExpression(c) : null;
  const orderBy = parseOrderBy(c);
  const limit = c.takeWord('LIMIT')
    ? { count: parseCount(c), offset: null, examined: null, withTies: false }
    : null;
  return { where, orderBy, limit };
}

/** MariaDB: FOR PORTION OF period FROM x TO y. */
function parsePortion(c: Cursor): readonly Expression[] | null {
  if (!c.mariadb || !c.takeWords('FOR', 'PORTION')) return null;
  c.expectWord('OF');
  parseName(c, 'the name of a period');
  c.expectWord('FROM');
  const from = parseBits(c);
  c.expectWord('TO');
  return [from, parseBits(c)];
}

function withPortion(from: FromItem, history: readonly Expression[] | null): FromItem {
  return history === null || from.is !== 'table' ? from : { ...from, history };
}

export function parseDelete(c: Cursor, ctes: With | null): Statement {
  const hints = parseHints(c);
  c.expectWord('DELETE');
  while (c.takeOneOf(DELETE_OPTIONS) !== '');
  if (c.mariadb && c.word === 'HISTORY' && c.wordAhead(1) === 'FROM') return parseDeleteHistory(c);
  if (!c.takeWord('FROM')) {
    const targets = parseTargets(c);
    c.expectWord('FROM');
    return finishSeveral(c, ctes, targets, hints);
  }
  if (namesSeveral(c)) {
    const targets = parseTargets(c);
    c.expectWord('USING');
    return finishSeveral(c, ctes, targets, hints);
  }
  const from = parseDeletedTable(c);
  const rest = parseRest(c);
  return { is: 'delete', with: ctes, targets: null, from, ...rest, returning: parseReturning(c), hints };
}

function finishSeveral(
  c: Cursor,
  ctes: With | null,
  targets: readonly TableName[],
  hints: readonly string[],
): Statement {
  const from = parseTableReferences(c);
  // Of several tables, rows are deleted in an order and up to a number from MariaDB 11.8 on.
  const rest = c.mariadb
    ? parseRest(c)
    : { where: c.takeWord('WHERE') ? parseExpression(c) : null, orderBy: [], limit: null };
  return {
    is: 'delete',
    with: ctes,
    targets,
    from,
    ...rest,
    returning: null,
    hints,
  };
}

/** Whether what stands behind DELETE FROM are targets before USING: `a`, `a.*`, `s.a.*`, with commas. */
function namesSeveral(c: Cursor): boolean {
  let ahead = 0;
  while (c.kindAhead(ahead) === 'word' || c.kindAhead(ahead) === 'name' || isPart(c.markAhead(ahead))) {
    const word = c.wordAhead(ahead);
    if (word !== '' && c.reserved.has(word)) return word === 'USING';
    if (c.markAhead(ahead) === ',' || c.markAhead(ahead) === '*') return true;
    ahead++;
  }
  return false;
}

function isPart(mark: string): boolean {
  return mark === '.' || mark === ',' || mark === '*';
}

function parseTargets(c: Cursor): readonly TableName[] {
  const targets: TableName[] = [];
  do {
    const at = c.start;
    let schema: string | null = null;
    let name = parseName(c, 'the name of a table');
    if (c.mark === '.' && c.markAhead(1) !== '*') {
      c.advance();
      schema = name;
      name = parseName(c, 'the name of a table');
    }
    if (c.takeMark('.')) c.expectMark('*');
    targets.push({ schema, name, at });
  } while (c.takeMark(','));
  return targets;
}

function parseDeletedTable(c: Cursor): FromItem {
  const table = parseTableName(c);
  let partitions = c.takeWord('PARTITION') ? parseNameList(c, 'the name of a partition') : [];
  const history = parsePortion(c);
  const alias = parseTableAlias(c);
  if (c.takeWord('PARTITION')) partitions = parseNameList(c, 'the name of a partition');
  parseIndexHints(c);
  return { is: 'table', table, alias, partitions, history };
}

/** MariaDB: DELETE HISTORY FROM t [BEFORE SYSTEM_TIME x], which takes old versions of rows away. */
function parseDeleteHistory(c: Cursor): Statement {
  c.expectWords('HISTORY', 'FROM');
  const table = parseTableName(c);
  const partitions = c.takeWord('PARTITION') ? parseNameList(c, 'the name of a partition') : [];
  const history: Expression[] = [];
  if (c.takeWord('BEFORE')) {
    c.expectWord('SYSTEM_TIME');
    if (c.word === 'TRANSACTION' || (c.word === 'TIMESTAMP' && c.kindAhead(1) !== 'string')) c.advance();
    history.push(parseBits(c));
  }
  const from: FromItem = { is: 'table', table, alias: null, partitions, history };
  return {
    is: 'delete',
    with: null,
    targets: null,
    from,
    where: null,
    orderBy: [],
    limit: null,
    returning: null,
    hints: [],
  };
}
