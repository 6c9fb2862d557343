/** Queries: set operations over SELECT, VALUES and TABLE, with WITH before and ORDER BY, LIMIT, INTO and locks behind. */
import type { Expression, Into, Limit, OrderItem, Query, QueryBody, With } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpressions } from './expression.ts';
import { parseInto } from './into.ts';
import { parseLimit } from './limit.ts';
import { parseLocks } from './locks.ts';
import { parseName, parseNameList, parseTableName } from './names.ts';
import { parseOrderBy } from './order.ts';
import { parseSelect } from './select.ts';

/** Whether a query begins here without a parenthesis. */
export function beginsQuery(c: Cursor): boolean {
  switch (c.word) {
    case 'SELECT':
    case 'WITH':
      return true;
    case 'TABLE':
      return !c.mariadb;
    case 'VALUES':
      // MySQL writes VALUES ROW(…), and VALUES(column) is its function. MariaDB tells them by where they stand.
      return c.mariadb ? !c.onDuplicate : c.wordAhead(1) === 'ROW';
    default:
      return false;
  }
}

/** A query in parentheses, the opening one here. It puts nothing anywhere. */
export function parseSubquery(c: Cursor): Query {
  c.expectMark('(');
  return parseQueryAfterParenthesis(c);
}

/** The rest of a subquery, whose opening parenthesis has been read. */
export function parseQueryAfterParenthesis(c: Cursor): Query {
  const query = parseInnerQuery(c);
  c.expectMark(')');
  return query;
}

/** A query inside of a statement, which cannot have INTO. */
export function parseInnerQuery(c: Cursor): Query {
  return withoutInto(c, parseQuery(c));
}

export function withoutInto(c: Cursor, query: Query): Query {
  if (query.into !== null) c.refuse('a query without INTO');
  return query;
}

/** A whole query; it may begin with WITH or a parenthesis. */
export function parseQuery(c: Cursor): Query {
  const height = c.enter();
  const onDuplicate = c.onDuplicate;
  c.onDuplicate = false;
  const at = c.start;
  const query = parseQueryAfterWith(c, c.word === 'WITH' ? parseWith(c) : null, at);
  c.onDuplicate = onDuplicate;
  c.leave(height);
  return query;
}

/** The rest of a query, behind its common table expressions. */
export function parseQueryAfterWith(c: Cursor, ctes: With | null, at: number): Query {
  return finishQuery(c, parseSetOperations(c, parseIntersections(c, parseOperand(c))), ctes, at);
}

const CONTINUES: ReadonlySet<string> = new Set([
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'ORDER',
  'LIMIT',
  'FETCH',
  'OFFSET',
  'INTO',
  'FOR',
  'LOCK',
]);

/** Whether what stands behind a query in parentheses makes a larger query of it. */
export function continuesQuery(c: Cursor): boolean {
  return CONTINUES.has(c.word) && (c.word !== 'OFFSET' || c.mariadb);
}

/** Goes on after a query in parentheses that has been read, itself inside of parentheses. */
export function continueQuery(c: Cursor, first: Query): Query {
  const height = c.enter();
  const query = finishQuery(c, parseSetOperations(c, parseIntersections(c, first)), null, first.at);
  c.leave(height);
  return query;
}

/** WITH and its common table expressions. */
export function parseWith(c: Cursor): With {
  c.expectWord('WITH');
  const recursive = c.takeWord('RECURSIVE');
  const ctes: With['ctes'][number][] = [];
  do {
    const name = parseName(c, 'the name of a common table expression');
    const columns = c.mark === '(' ? parseNameList(c, 'the name of a column') : null;
    c.expectWord('AS');
    const query = parseSubquery(c);
    if (c.mariadb && c.takeWord('CYCLE')) parseCycle(c);
    ctes.push({ name, columns, query });
  } while (c.takeMark(','));
  return { recursive, ctes };
}

function parseCycle(c: Cursor): void {
  do parseName(c, 'the name of a column');
  while (c.takeMark(','));
  c.expectWord('RESTRICT');
}

function plainQuery(body: QueryBody, into: Into | null, at: number): Query {
  return { is: 'query', with: null, body, orderBy: [], limit: null, locks: null, into, procedure: null, at };
}

/** One operand of a set operation: a query specification, or a query in parentheses. */
function parseOperand(c: Cursor): Query {
  const at = c.start;
  if (c.takeMark('(')) {
    const query = parseQuery(c);
    c.expectMark(')');
    return query;
  }
  if (c.word === 'SELECT') {
    const { select, into } = parseSelect(c);
    return plainQuery(select, into, at);
  }
  if (c.word === 'VALUES') return plainQuery({ is: 'values', rows: parseRows(c) }, null, at);
  if (!c.mariadb && c.takeWord('TABLE')) {
    return plainQuery({ is: 'table', table: parseTableName(c) }, null, at);
  }
  return c.refuse('a query');
}

function parseRows(c: Cursor): readonly (readonly Expression[])[] {
  c.expectWord('VALUES');
  const rows: (readonly Expression[])[] = [];
  do {
    if (!c.mariadb) c.expectWord('ROW');
    c.expectMark('(');
    rows.push(parseExpressions(c));
    c.expectMark(')');
  } while (c.takeMark(','));
  return rows;
}

/** INTERSECT binds tighter than the others. */
function parseIntersections(c: Cursor, first: Query): Query {
  let left = first;
  while (c.word === 'INTERSECT') left = parseChain(c, left, 'intersect', parseOperand);
  return left;
}

function parseSetOperations(c: Cursor, first: Query): Query {
  let left = first;
  for (;;) {
    if (c.word === 'UNION') left = parseChain(c, left, 'union', parseIntersectionsFrom);
    else if (c.word === 'EXCEPT') left = parseChain(c, left, 'except', parseIntersectionsFrom);
    else return left;
  }
}

function parseIntersectionsFrom(c: Cursor): Query {
  return parseIntersections(c, parseOperand(c));
}

/** Operands of one operator in a row, as long as each is ALL or each is not. */
function parseChain(
  c: Cursor,
  first: Query,
  operator: 'union' | 'except' | 'intersect',
  parseNext: (c: Cursor) => Query,
): Query {
  const word = operator.toUpperCase();
  const operands = [first];
  const all = c.wordAhead(1) === 'ALL';
  while (c.word === word && (c.wordAhead(1) === 'ALL') === all) {
    c.advance();
    if (!c.takeWord('ALL')) c.takeWord('DISTINCT');
    operands.push(parseNext(c));
  }
  c.wrap();
  return plainQuery({ is: 'set-operation', operator, all, operands }, intoOf(c, operands), first.at);
}

/** Where the result goes: MySQL takes INTO within the last query block too. */
function intoOf(c: Cursor, operands: readonly Query[]): Into | null {
  let into: Into | null = null;
  for (const operand of operands) {
    if (operand.into === null) continue;
    if (into !== null || operand !== operands.at(-1)) c.refuse('one INTO, in the last query');
    into = operand.into;
  }
  return into;
}

interface Tail {
  readonly orderBy: readonly OrderItem[];
  readonly limit: Limit | null;
  readonly locks: Query['locks'];
  readonly into: Into | null;
  readonly procedure: string | null;
}

function finishQuery(c: Cursor, inner: Query, ctes: With | null, at: number): Query {
  const tail = parseTail(c, inner.into);
  if (ctes === null && isEmptyTail(tail, inner)) return inner;
  const bare =
    inner.with === null &&
    inner.orderBy.length === 0 &&
    inner.limit === null &&
    inner.locks === null &&
    inner.procedure === null;
  const body: QueryBody = bare ? inner.body : { is: 'nested', query: inner };
  return { is: 'query', with: ctes, body, ...tail, at };
}

function isEmptyTail(tail: Tail, inner: Query): boolean {
  return (
    tail.orderBy.length === 0 &&
    tail.limit === null &&
    tail.locks === null &&
    tail.into === inner.into &&
    tail.procedure === null
  );
}

/** ORDER BY, LIMIT, PROCEDURE, INTO and locks; INTO and the locks in either order. */
function parseTail(c: Cursor, intoBefore: Into | null): Tail {
  const orderBy = parseOrderBy(c);
  const limit = parseLimit(c);
  const procedure = c.mariadb && c.word === 'PROCEDURE' ? parseProcedure(c) : null;
  let into = intoBefore;
  let locks: Query['locks'] = null;
  for (;;) {
    if (c.word === 'INTO') {
      if (into !== null) c.refuse('one INTO');
      into = parseInto(c);
    } else {
      const lock = parseLocks(c);
      if (lock === null) break;
      locks = locks === 'update' ? locks : lock;
    }
  }
  return { orderBy, limit, locks, into, procedure };
}

function parseProcedure(c: Cursor): string {
  c.advance();
  const name = parseName(c, 'the name of a procedure');
  c.expectMark('(');
  if (c.mark !== ')') parseExpressions(c);
  c.expectMark(')');
  return name;
}
