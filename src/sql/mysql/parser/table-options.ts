/** Options of tables and databases, and PARTITION BY. */
import { parseSimpleValue } from './column-definition.ts';
import type { Cursor } from './cursor.ts';
import type { DefinitionParts } from './definition-parts.ts';
import { parseExpression, parseExpressions } from './expression.ts';
import { parseUnit } from './interval.ts';
import { isName, parseTableNames } from './names.ts';

/** Options of engines that reach other files and other servers. */
const REACHING: ReadonlySet<string> = new Set([
  'CONNECTION',
  'FILE_NAME',
  'TABLE_TYPE',
  'CATALOG',
  'DATAFILE',
]);

const RESERVED_OPTIONS: ReadonlySet<string> = new Set([
  'PAGE_CHECKSUM',
  'STATS_AUTO_RECALC',
  'STATS_PERSISTENT',
  'STATS_SAMPLE_PAGES',
]);

/** One option; false where none begins. */
export function parseTableOption(c: Cursor, parts: DefinitionParts): boolean {
  if (c.takeWord('DEFAULT')) {
    if (!isCharset(c) && c.word !== 'COLLATE' && c.word !== 'ENCRYPTION') c.refuse('a character set');
  }
  switch (c.word) {
    case 'ENGINE':
    case 'TYPE':
      c.advance();
      c.takeMark('=');
      parts.engine = c.text;
      parseSimpleValue(c);
      return true;
    case 'UNION':
      if (c.markAhead(1) !== '=' && c.markAhead(1) !== '(') return false;
      c.advance();
      c.takeMark('=');
      // Rows of those tables show under this one's name.
      parts.files = true;
      c.expectMark('(');
      if (c.mark !== ')') parts.refers.push(...parseTableNames(c));
      c.expectMark(')');
      return true;
    case 'DATA':
    case 'INDEX':
      if (c.wordAhead(1) !== 'DIRECTORY') return false;
      c.advance();
      c.advance();
      c.takeMark('=');
      parts.files = true;
      parseSimpleValue(c);
      return true;
    case 'START':
      c.expectWords('START', 'TRANSACTION');
      return true;
    case 'WITH':
      if (c.wordAhead(1) !== 'SYSTEM' || c.wordAhead(2) !== 'VERSIONING') return false;
      c.expectWords('WITH', 'SYSTEM', 'VERSIONING');
      return true;
    case 'COLLATE':
    case 'CHARACTER':
    case 'CHAR':
    case 'CHARSET':
      c.advance();
      c.takeWord('SET');
      c.takeMark('=');
      parseSimpleValue(c);
      return true;
    default:
      return parseNamedOption(c, parts);
  }
}

function isCharset(c: Cursor): boolean {
  return c.word === 'CHARSET' || c.word === 'CHARACTER' || c.word === 'CHAR';
}

/** `name = value`, `name value`. */
function parseNamedOption(c: Cursor, parts: DefinitionParts): boolean {
  if (!isName(c) && !RESERVED_OPTIONS.has(c.word)) return false;
  if (REACHING.has(c.text.toUpperCase())) parts.files = true;
  c.advance();
  c.takeMark('=');
  parseSimpleValue(c);
  if (c.takeWord('STORAGE')) c.advance();
  return true;
}

/** PARTITION BY …; its parentheses are read for what they name. */
export function parsePartitioning(c: Cursor, parts: DefinitionParts): void {
  c.expectWords('PARTITION', 'BY');
  parseMethod(c, parts);
  for (;;) {
    if (c.takeWord('PARTITIONS') || c.takeWord('SUBPARTITIONS')) c.advance();
    else if (c.takeWord('SUBPARTITION')) {
      c.expectWord('BY');
      parseMethod(c, parts);
    } else break;
  }
  if (c.mark === '(') parsePartitionDefinitions(c, parts);
}

function parseMethod(c: Cursor, parts: DefinitionParts): void {
  c.takeWord('LINEAR');
  if (c.takeWord('SYSTEM_TIME')) {
    parseHistoryMethod(c);
    return;
  }
  const method = c.takeOneOf(METHODS);
  if (method === '') c.refuse('how to partition');
  if (c.takeWord('ALGORITHM')) {
    c.expectMark('=');
    c.advance();
  }
  c.takeWord('COLUMNS');
  c.expectMark('(');
  if (c.mark !== ')') parts.compares.push(...parseExpressions(c));
  c.expectMark(')');
}

const METHODS: ReadonlySet<string> = new Set(['HASH', 'KEY', 'RANGE', 'LIST']);

function parseHistoryMethod(c: Cursor): void {
  if (c.takeWord('INTERVAL')) {
    parseExpression(c);
    parseUnit(c);
    if (c.takeWord('STARTS')) parseExpression(c);
  }
  c.takeWord('AUTO');
  if (c.takeWord('LIMIT')) c.advance();
}

/** Partitions in parentheses: files and engines are what facts need of them. */
export function parsePartitionDefinitions(c: Cursor, parts: DefinitionParts): void {
  c.expectMark('(');
  let depth = 1;
  while (depth > 0) {
    if (c.isEnd) c.refuse("')'");
    if (c.mark === '(') depth++;
    else if (c.mark === ')') depth--;
    else if (c.word === 'DIRECTORY') parts.files = true;
    else if (c.word === 'ENGINE') {
      if (c.markAhead(1) === '=') c.advance();
      c.advance();
      parts.engine = c.text;
    }
    c.advance();
  }
}
