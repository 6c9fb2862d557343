import type { Expression, TableName } from '../ast.ts';
import type { Cursor } from './cursor.ts';

export type Column = Extract<Expression, { is: 'column' }>;

export function isName(c: Cursor): boolean {
  return c.kind === 'name' || (c.kind === 'word' && !c.reserved.has(c.word));
}

export function parseName(c: Cursor, what: string): string {
  if (!isName(c)) c.refuse(what);
  const text = c.text;
  c.advance();
  return text;
}

export function parseNameOrString(c: Cursor, what: string): string {
  if (c.kind !== 'string') return parseName(c, what);
  const text = c.text;
  c.advance();
  return text;
}

/** `name`, `schema.name`, and `.name`, which both servers take for `name`. */
export function parseTableName(c: Cursor): TableName {
  const at = c.start;
  const dotted = c.takeMark('.');
  const first = parseName(c, 'the name of a table');
  if (dotted || !c.takeMark('.')) return { schema: null, name: first, at };
  return { schema: first, name: parseName(c, 'the name of a table'), at };
}

/** `column`, `table.column`, `schema.table.column`, `.table.column`. */
export function parseColumn(c: Cursor): Column {
  const at = c.start;
  const dotted = c.takeMark('.');
  const first = parseName(c, 'the name of a column');
  if (!c.takeMark('.')) {
    if (dotted) c.refuse("'.'");
    return { is: 'column', schema: null, table: null, name: first, at };
  }
  const second = parseName(c, 'the name of a column');
  if (dotted || !c.takeMark('.')) return { is: 'column', schema: null, table: first, name: second, at };
  return { is: 'column', schema: first, table: second, name: parseName(c, 'the name of a column'), at };
}

/** Names in parentheses; the parenthesis stands here. */
export function parseNameList(c: Cursor, what: string): readonly string[] {
  const names: string[] = [];
  c.expectMark('(');
  do names.push(parseName(c, what));
  while (c.takeMark(','));
  c.expectMark(')');
  return names;
}

/** An alias after AS, or a bare name; null where neither stands here. */
export function parseTableAlias(c: Cursor): string | null {
  if (c.takeWord('AS')) return parseNameOrString(c, 'an alias');
  // To MariaDB, WINDOW begins a clause here, and nothing else does that is not reserved.
  if (!isName(c) || (c.mariadb && c.word === 'WINDOW')) return null;
  const text = c.text;
  c.advance();
  return text;
}

/** A collation or character set: a name, a string, or BINARY. */
export function parseCharsetName(c: Cursor, what: string): string {
  if (c.takeWord('BINARY')) return 'binary';
  return parseNameOrString(c, what);
}

export function parseTableNames(c: Cursor): readonly TableName[] {
  const tables = [parseTableName(c)];
  while (c.takeMark(',')) tables.push(parseTableName(c));
  return tables;
}
