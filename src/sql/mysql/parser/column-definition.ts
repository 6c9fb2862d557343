/** Columns of CREATE TABLE and ALTER TABLE. */

import { parseBits } from './arithmetic.ts';
import type { Cursor } from './cursor.ts';
import type { DefinitionParts } from './definition-parts.ts';
import { parseExpression } from './expression.ts';
import { parseName, parseNameList, parseTableName } from './names.ts';
import { parsePrimary } from './primary.ts';
import { parseType } from './types.ts';

/** A name, a type and attributes. */
export function parseColumnDefinition(c: Cursor, parts: DefinitionParts): void {
  const name = parseName(c, 'the name of a column');
  const type = startsGeneration(c) ? '' : parseType(c);
  parts.columns.push({ name, type });
  while (parseAttribute(c, parts));
}

function startsGeneration(c: Cursor): boolean {
  return c.word === 'AS' || (c.word === 'GENERATED' && c.wordAhead(1) === 'ALWAYS');
}

const ALONE: ReadonlySet<string> = new Set(
  'NULL AUTO_INCREMENT KEY VISIBLE INVISIBLE VIRTUAL STORED PERSISTENT ENFORCED SERIAL COMPRESSED'.split(' '),
);
const VALUED: ReadonlySet<string> = new Set(['COMMENT', 'COLUMN_FORMAT', 'STORAGE', 'SRID', 'COLLATE']);

function parseAttribute(c: Cursor, parts: DefinitionParts): boolean {
  switch (c.word) {
    case 'NOT':
      c.advance();
      if (!c.takeWord('NULL') && !c.takeWord('SECONDARY')) c.expectWord('ENFORCED');
      return true;
    case 'DEFAULT':
      c.advance();
      if (!c.takeWord('VALUE')) parts.stores.push(parseBits(c));
      return true;
    case 'ON':
      c.expectWords('ON', 'UPDATE');
      parts.stores.push(parsePrimary(c));
      return true;
    case 'UNIQUE':
    case 'PRIMARY':
      c.advance();
      c.takeWord('KEY');
      return true;
    case 'GENERATED':
      c.expectWords('GENERATED', 'ALWAYS');
      if (!c.isWord('AS')) c.refuse('AS');
      return true;
    case 'AS':
      c.advance();
      parseGeneration(c, parts);
      return true;
    case 'CONSTRAINT':
      c.advance();
      if (!isConstraint(c)) parseName(c, 'the name of a constraint');
      if (!isConstraint(c)) c.refuse('CHECK');
      return true;
    case 'CHECK':
      parseCheck(c, parts);
      return true;
    case 'REFERENCES':
      parseReference(c, parts);
      return true;
    case 'WITH':
    case 'WITHOUT':
      c.advance();
      c.expectWords('SYSTEM', 'VERSIONING');
      return true;
    default:
      return parseOption(c);
  }
}

function isConstraint(c: Cursor): boolean {
  return c.isWord('CHECK') || c.isWord('REFERENCES');
}

function parseOption(c: Cursor): boolean {
  if (c.takeOneOf(VALUED) !== '') {
    c.takeMark('=');
    c.advance();
    return true;
  }
  // MariaDB's engines have attributes of their own: `name = value`.
  if ((c.kind === 'word' || c.kind === 'name') && c.markAhead(1) === '=') {
    c.advance();
    c.advance();
    parseSimpleValue(c);
    return true;
  }
  if (c.word.endsWith('ENGINE_ATTRIBUTE')) {
    c.advance();
    parseSimpleValue(c);
    return true;
  }
  return c.takeOneOf(ALONE) !== '';
}

/** A word, name, number or string. */
export function parseSimpleValue(c: Cursor): void {
  if (c.kind === 'end' || (c.kind === 'operator' && !c.takeMark('-'))) c.refuse('a value');
  c.advance();
}

function parseGeneration(c: Cursor, parts: DefinitionParts): void {
  if (c.takeWord('ROW')) {
    if (!c.takeWord('START')) c.expectWord('END');
    return;
  }
  c.expectMark('(');
  parts.stores.push(parseExpression(c));
  c.expectMark(')');
}

/** CHECK (expression) [[NOT] ENFORCED]. */
export function parseCheck(c: Cursor, parts: DefinitionParts): void {
  c.expectWord('CHECK');
  c.expectMark('(');
  parts.compares.push(parseExpression(c));
  c.expectMark(')');
  if (c.word === 'NOT' && c.wordAhead(1) === 'ENFORCED') c.advance();
  c.takeWord('ENFORCED');
}

/** REFERENCES t (a) MATCH FULL ON DELETE CASCADE ON UPDATE SET NULL. */
export function parseReference(c: Cursor, parts: DefinitionParts): void {
  c.expectWord('REFERENCES');
  const table = parseTableName(c);
  parts.refers.push(table);
  if (c.mark === '(') {
    for (const name of parseNameList(c, 'the name of a column')) {
      parts.compares.push({ is: 'column', schema: table.schema, table: table.name, name, at: table.at });
    }
  }
  if (c.takeWord('MATCH')) c.advance();
  while (c.word === 'ON' && (c.wordAhead(1) === 'DELETE' || c.wordAhead(1) === 'UPDATE')) {
    if (!ACTIONS.has(c.wordAhead(2))) return;
    c.advance();
    c.advance();
    parseAction(c);
  }
}

const ACTIONS: ReadonlySet<string> = new Set(['RESTRICT', 'CASCADE', 'SET', 'NO']);

function parseAction(c: Cursor): void {
  if (c.takeWord('RESTRICT') || c.takeWord('CASCADE')) return;
  if (c.takeWord('NO')) c.expectWord('ACTION');
  else {
    c.expectWord('SET');
    if (!c.takeWord('NULL')) c.expectWord('DEFAULT');
  }
}
