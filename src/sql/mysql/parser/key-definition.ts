/** Keys, constraints and periods of CREATE TABLE, ALTER TABLE and CREATE INDEX. */
import { parseCheck, parseReference, parseSimpleValue } from './column-definition.ts';
import type { Cursor } from './cursor.ts';
import type { DefinitionParts } from './definition-parts.ts';
import { parseExpression } from './expression.ts';
import { parseInteger } from './literals.ts';
import { isName, parseName, parseNameList } from './names.ts';

const KEY_WORDS: ReadonlySet<string> = new Set(['INDEX', 'KEY']);

/** One of them; false where a column begins instead. */
export function parseKeyDefinition(c: Cursor, parts: DefinitionParts): boolean {
  if (c.takeWord('CONSTRAINT')) {
    parseIfNotExists(c);
    if (isName(c)) c.advance();
    if (!CONSTRAINTS.has(c.word)) c.refuse('a constraint');
  }
  switch (c.word) {
    case 'CHECK':
      if (c.wordAhead(1) === 'IF') c.refuse("'('");
      parseCheck(c, parts);
      return true;
    case 'FOREIGN':
      c.expectWords('FOREIGN', 'KEY');
      parseKeyName(c);
      parseKeyParts(c, parts);
      parseReference(c, parts);
      return true;
    case 'PRIMARY':
      c.expectWords('PRIMARY', 'KEY');
      break;
    case 'UNIQUE':
    case 'FULLTEXT':
    case 'SPATIAL':
      c.advance();
      c.takeOneOf(KEY_WORDS);
      break;
    case 'VECTOR':
      // From MariaDB 11.7 on; before, and in MySQL, it may be the name of a column.
      if (!c.mariadb || (!KEY_WORDS.has(c.wordAhead(1)) && c.markAhead(1) !== '(')) return false;
      c.advance();
      c.takeOneOf(KEY_WORDS);
      break;
    case 'INDEX':
    case 'KEY':
      c.advance();
      break;
    case 'PERIOD':
      if (c.wordAhead(1) !== 'FOR') return false;
      c.expectWords('PERIOD', 'FOR');
      parseIfNotExists(c);
      parseName(c, 'the name of a period');
      parseNameList(c, 'the name of a column');
      return true;
    default:
      return false;
  }
  parseKeyName(c);
  parseKeyParts(c, parts);
  parseKeyOptions(c);
  return true;
}

const CONSTRAINTS: ReadonlySet<string> = new Set(['CHECK', 'FOREIGN', 'PRIMARY', 'UNIQUE']);

export function parseIfNotExists(c: Cursor): boolean {
  if (c.word !== 'IF' || c.wordAhead(1) !== 'NOT') return false;
  c.expectWords('IF', 'NOT', 'EXISTS');
  return true;
}

export function parseIfExists(c: Cursor): boolean {
  return c.takeWords('IF', 'EXISTS');
}

function parseKeyName(c: Cursor): void {
  parseIfNotExists(c);
  if (isName(c) && !(c.word === 'TYPE' && c.markAhead(1) !== '(')) c.advance();
  parseKeyType(c);
}

export function parseKeyType(c: Cursor): void {
  if (c.takeWord('USING') || c.takeWord('TYPE')) parseName(c, 'BTREE or HASH');
}

/** `(a, b(10) DESC, (lower(c)))`. */
export function parseKeyParts(c: Cursor, parts: DefinitionParts): void {
  c.expectMark('(');
  do {
    if (c.takeMark('(')) {
      parts.compares.push(parseExpression(c));
      c.expectMark(')');
    } else {
      const at = c.start;
      const name = parseName(c, 'the name of a column');
      parts.compares.push({ is: 'column', schema: null, table: null, name, at });
      if (c.takeMark('(')) {
        parseInteger(c, 'a length');
        c.expectMark(')');
      }
      if (c.takeWord('WITHOUT')) c.expectWord('OVERLAPS');
    }
    if (!c.takeWord('ASC')) c.takeWord('DESC');
  } while (c.takeMark(','));
  c.expectMark(')');
}

/** USING, COMMENT, WITH PARSER and the like. */
export function parseKeyOptions(c: Cursor): void {
  for (;;) {
    if (c.word === 'USING' || c.word === 'TYPE') parseKeyType(c);
    else if (c.takeWord('WITH')) {
      c.expectWord('PARSER');
      parseName(c, 'the name of a parser');
    } else if (c.takeWords('NOT', 'IGNORED') || c.takeWord('VISIBLE') || c.takeWord('INVISIBLE')) continue;
    else if (c.mariadb && c.takeWord('IGNORED')) continue;
    else if (c.takeWord('KEY_BLOCK_SIZE') || c.takeWord('COMMENT') || takeAttribute(c)) {
      c.takeMark('=');
      parseSimpleValue(c);
    } else return;
  }
}

/** ENGINE_ATTRIBUTE, and in MariaDB any `name = value`. */
function takeAttribute(c: Cursor): boolean {
  if (!c.word.endsWith('ENGINE_ATTRIBUTE') && !(isName(c) && c.markAhead(1) === '=')) return false;
  if (c.word === 'ALGORITHM' || c.word === 'LOCK') return false;
  c.advance();
  return true;
}
