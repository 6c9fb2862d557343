import type { Expression, FromItem, JsonTableColumn } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseOnEmptyOrError } from './function-syntax.ts';
import { literalHere } from './literals.ts';
import { parseName, parseTableAlias } from './names.ts';
import { parseWholeType } from './types.ts';

/** JSON_TABLE(document, path COLUMNS (…)) AS alias. */
export function parseJsonTable(c: Cursor): FromItem {
  c.expectWord('JSON_TABLE');
  c.expectMark('(');
  const document = parseExpression(c);
  c.expectMark(',');
  const path = parsePath(c);
  const columns = parseColumns(c);
  c.expectMark(')');
  const alias = parseTableAlias(c);
  if (alias === null) c.refuse('the alias of a derived table');
  return { is: 'json-table', document, path, columns, alias };
}

function parsePath(c: Cursor): Expression {
  if (c.kind === 'introducer') c.advance();
  if (c.kind !== 'string') c.refuse('a path');
  return literalHere(c, { kind: 'string', text: c.text });
}

function parseColumns(c: Cursor): readonly JsonTableColumn[] {
  c.expectWord('COLUMNS');
  c.expectMark('(');
  const columns: JsonTableColumn[] = [];
  do columns.push(parseJsonColumn(c));
  while (c.takeMark(','));
  c.expectMark(')');
  return columns;
}

function parseJsonColumn(c: Cursor): JsonTableColumn {
  if (c.word === 'NESTED' && (c.wordAhead(1) === 'PATH' || c.kindAhead(1) === 'string')) {
    c.advance();
    c.takeWord('PATH');
    parsePath(c);
    const height = c.enter();
    const columns = parseColumns(c);
    c.leave(height);
    return { is: 'nested', columns };
  }
  const name = parseName(c, 'the name of a column');
  if (c.takeWord('FOR')) {
    c.expectWord('ORDINALITY');
    return { is: 'column', name, type: null };
  }
  const type = parseWholeType(c);
  c.takeWord('EXISTS');
  c.expectWord('PATH');
  parsePath(c);
  const values: Expression[] = [];
  parseOnEmptyOrError(c, values);
  return { is: 'column', name, type };
}
