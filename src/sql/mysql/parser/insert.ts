/** INSERT and REPLACE. */
import type { Assignment, Query, SelectItem, Statement } from '../ast.ts';
import { parseAssignments } from './assignments.ts';
import type { Cursor } from './cursor.ts';
import { type Column, parseColumn, parseName, parseNameList, parseTableName } from './names.ts';
import { beginsQuery, parseInnerQuery } from './query.ts';
import { parseInsertedRows } from './rows.ts';
import { parseHints, parseSelectItems } from './select.ts';

type Insert = Extract<Statement, { is: 'insert' }>;

const OPTIONS: ReadonlySet<string> = new Set(['LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE']);

export function parseInsert(c: Cursor): Statement {
  const verb = c.word === 'REPLACE' ? 'REPLACE' : 'INSERT';
  const hints = parseHints(c);
  c.advance();
  const options: string[] = [];
  for (let option = c.takeOneOf(OPTIONS); option !== ''; option = c.takeOneOf(OPTIONS)) options.push(option);
  c.takeWord('INTO');
  const table = parseTableName(c);
  const partitions = c.takeWord('PARTITION') ? parseNameList(c, 'the name of a partition') : [];
  const { columns, source } = parseSource(c);
  const rowAlias = parseRowAlias(c);
  const onDuplicate = verb === 'INSERT' ? parseOnDuplicate(c) : [];
  const returning = parseReturning(c);
  return {
    is: 'insert',
    verb,
    with: null,
    table,
    partitions,
    columns,
    source,
    rowAlias,
    onDuplicate,
    returning,
    options,
    hints,
  };
}

function parseSource(c: Cursor): Pick<Insert, 'columns' | 'source'> {
  if (c.takeWord('SET')) {
    const assignments = parseAssignments(c);
    return {
      columns: assignments.map(({ column }) => column),
      source: { rows: [assignments.map(({ value }) => value)], plain: 0, literals: [] },
    };
  }
  const columns = c.mark === '(' ? parseColumnsOrQuery(c) : null;
  if (columns !== null && 'is' in columns) return { columns: null, source: { query: columns } };
  if (c.word === 'VALUES' || c.word === 'VALUE') {
    c.advance();
    return { columns, source: parseInsertedRows(c) };
  }
  return { columns, source: { query: parseInnerQuery(c) } };
}

/** `(a, b)`, or a query in parentheses, which larger parentheses may hold. */
function parseColumnsOrQuery(c: Cursor): readonly Column[] | Query {
  const at = c.at;
  c.advance();
  if (c.mark === '(' || beginsQuery(c)) {
    c.seek(at);
    return parseInnerQuery(c);
  }
  const columns: Column[] = [];
  if (c.mark !== ')') {
    do columns.push(parseColumn(c));
    while (c.takeMark(','));
  }
  c.expectMark(')');
  return columns;
}

/** MySQL: AS new (a, b). */
function parseRowAlias(c: Cursor): Insert['rowAlias'] {
  if (c.mariadb || !c.takeWord('AS')) return null;
  const name = parseName(c, 'an alias');
  return { name, columns: c.mark === '(' ? parseNameList(c, 'the name of a column') : null };
}

function parseOnDuplicate(c: Cursor): readonly Assignment[] {
  if (!c.takeWord('ON')) return [];
  c.expectWords('DUPLICATE', 'KEY', 'UPDATE');
  c.onDuplicate = true;
  const assignments = parseAssignments(c);
  c.onDuplicate = false;
  return assignments;
}

/** MariaDB: RETURNING a, b AS c. */
export function parseReturning(c: Cursor): readonly SelectItem[] | null {
  return c.mariadb && c.takeWord('RETURNING') ? parseSelectItems(c) : null;
}
