/** CREATE: tables and views in full, other objects by their names. */
import type { Query, Statement } from '../ast.ts';
import { parseAdministration } from './administration.ts';
import { skipBody } from './bodies.ts';
import { parseColumnDefinition } from './column-definition.ts';
import type { Cursor } from './cursor.ts';
import { DefinitionParts } from './definition-parts.ts';
import {
  parseIfNotExists,
  parseKeyDefinition,
  parseKeyOptions,
  parseKeyParts,
  parseKeyType,
} from './key-definition.ts';
import { parseName, parseNameList, parseTableName } from './names.ts';
import { beginsQuery, parseInnerQuery } from './query.ts';
import { skipParentheses, skipRest } from './skip.ts';
import { parsePartitioning, parseTableOption } from './table-options.ts';
import { parseType } from './types.ts';
import { skipDefiner } from './users.ts';

const ACCOUNTS: ReadonlySet<string> = new Set(['USER', 'ROLE', 'SERVER', 'RESOURCE']);

export function parseCreate(c: Cursor): Statement {
  const start = c.at;
  c.expectWord('CREATE');
  const parts = new DefinitionParts();
  parts.orReplace = c.takeWords('OR', 'REPLACE');
  if (ACCOUNTS.has(c.word) || (c.word === 'SPATIAL' && c.wordAhead(1) === 'REFERENCE')) {
    c.seek(start);
    return parseAdministration(c);
  }
  skipQualities(c);
  parts.temporary = c.takeWord('TEMPORARY');
  switch (c.word) {
    case 'TABLE':
      return parseCreateTable(c, parts);
    case 'VIEW':
      return parseCreateView(c, parts);
    case 'DATABASE':
    case 'SCHEMA':
      return parseCreateDatabase(c, parts);
    case 'SEQUENCE':
      return parseCreateSequence(c, parts);
    case 'ONLINE':
    case 'OFFLINE':
    case 'UNIQUE':
    case 'FULLTEXT':
    case 'SPATIAL':
    case 'VECTOR':
    case 'INDEX':
      return parseCreateIndex(c, parts);
    case 'UNDO':
    case 'TABLESPACE':
    case 'LOGFILE':
      return parseCreateTablespace(c, parts);
    default:
      return parseCreateRoutine(c, parts);
  }
}

/** ALGORITHM, DEFINER, SQL SECURITY, AGGREGATE. */
function skipQualities(c: Cursor): void {
  for (;;) {
    if (c.takeWord('ALGORITHM')) {
      c.expectMark('=');
      c.advance();
    } else if (c.takeWord('DEFINER')) {
      c.expectMark('=');
      skipDefiner(c);
    } else if (c.takeWords('SQL', 'SECURITY')) c.advance();
    else if (!c.takeWord('AGGREGATE')) return;
  }
}

function parseCreateTable(c: Cursor, parts: DefinitionParts): Statement {
  c.expectWord('TABLE');
  parts.ifExists = parseIfNotExists(c);
  parts.destroys = parts.orReplace;
  parts.tables.push(parseTableName(c));
  if (c.takeWord('LIKE')) {
    parts.refers.push(parseTableName(c));
    return parts.statement('CREATE TABLE');
  }
  if (c.mark === '(' && !holdsQuery(c)) {
    if (c.wordAhead(1) === 'LIKE') {
      c.advance();
      c.advance();
      parts.refers.push(parseTableName(c));
      c.expectMark(')');
      return parts.statement('CREATE TABLE');
    }
    parseElements(c, parts);
  }
  parseOptionsAndPartitions(c, parts);
  parts.query = parseAs(c);
  return parts.statement('CREATE TABLE');
}

function holdsQuery(c: Cursor): boolean {
  const at = c.at;
  c.advance();
  const holds = c.mark === '(' || beginsQuery(c);
  c.seek(at);
  return holds;
}

function parseElements(c: Cursor, parts: DefinitionParts): void {
  c.expectMark('(');
  do {
    if (!parseKeyDefinition(c, parts)) parseColumnDefinition(c, parts);
  } while (c.takeMark(','));
  c.expectMark(')');
}

function parseOptionsAndPartitions(c: Cursor, parts: DefinitionParts): void {
  while (c.kind !== 'end') {
    if (c.word === 'PARTITION') parsePartitioning(c, parts);
    else if (!parseTableOption(c, parts)) break;
    c.takeMark(',');
  }
}

/** [IGNORE | REPLACE] [AS] query; null where none stands here. */
function parseAs(c: Cursor): Query | null {
  const chosen = c.takeWord('IGNORE') || c.takeWord('REPLACE');
  const as = c.takeWord('AS');
  if (!chosen && !as && !beginsQuery(c) && c.mark !== '(') return null;
  return parseInnerQuery(c);
}

function parseCreateView(c: Cursor, parts: DefinitionParts): Statement {
  c.expectWord('VIEW');
  parts.ifExists = parseIfNotExists(c);
  parts.tables.push(parseTableName(c));
  if (c.mark === '(') {
    for (const name of parseNameList(c, 'the name of a column')) parts.columns.push({ name, type: '' });
  }
  c.expectWord('AS');
  parts.query = parseInnerQuery(c);
  parseCheckOption(c);
  return parts.statement('CREATE VIEW');
}

/** WITH [CASCADED | LOCAL] CHECK OPTION. */
export function parseCheckOption(c: Cursor): void {
  if (!c.takeWord('WITH')) return;
  if (!c.takeWord('CASCADED')) c.takeWord('LOCAL');
  c.expectWords('CHECK', 'OPTION');
}

function parseCreateDatabase(c: Cursor, parts: DefinitionParts): Statement {
  c.advance();
  parts.ifExists = parseIfNotExists(c);
  parts.object = parseName(c, 'the name of a database');
  parts.destroys = parts.orReplace;
  while (parseTableOption(c, parts));
  return parts.statement('CREATE DATABASE');
}

function parseCreateSequence(c: Cursor, parts: DefinitionParts): Statement {
  if (!c.mariadb) c.refuse('what to create');
  c.expectWord('SEQUENCE');
  parts.ifExists = parseIfNotExists(c);
  parts.destroys = parts.orReplace;
  parts.tables.push(parseTableName(c));
  skipRest(c);
  return parts.statement('CREATE SEQUENCE');
}

const INDEX_KINDS: ReadonlySet<string> = new Set([
  'ONLINE',
  'OFFLINE',
  'UNIQUE',
  'FULLTEXT',
  'SPATIAL',
  'VECTOR',
]);

function parseCreateIndex(c: Cursor, parts: DefinitionParts): Statement {
  while (c.takeOneOf(INDEX_KINDS) !== '');
  c.expectWord('INDEX');
  parts.ifExists = parseIfNotExists(c);
  parts.object = parseName(c, 'the name of an index');
  parseKeyType(c);
  c.expectWord('ON');
  parts.tables.push(parseTableName(c));
  parseKeyParts(c, parts);
  parseKeyOptions(c);
  skipRest(c);
  return parts.statement('CREATE INDEX');
}

function parseCreateTablespace(c: Cursor, parts: DefinitionParts): Statement {
  const undo = c.takeWord('UNDO');
  const logfile = c.takeWords('LOGFILE', 'GROUP');
  if (!logfile) c.expectWord('TABLESPACE');
  parts.object = parseName(c, 'the name of a tablespace');
  parts.files = true;
  skipRest(c);
  return parts.statement(
    logfile ? 'CREATE LOGFILE GROUP' : undo ? 'CREATE UNDO TABLESPACE' : 'CREATE TABLESPACE',
  );
}

const ROUTINES: ReadonlySet<string> = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT']);

/** Routines, triggers, events and loadable functions. Their bodies are not read. */
function parseCreateRoutine(c: Cursor, parts: DefinitionParts): Statement {
  const kind = c.takeOneOf(ROUTINES);
  if (kind === '') c.refuse('what to create');
  parts.ifExists = parseIfNotExists(c);
  const { schema, name } = parseTableName(c);
  parts.object = schema === null ? name : `${schema}.${name}`;
  if (kind === 'FUNCTION' && c.word === 'RETURNS' && isLoadable(c)) {
    parts.files = true;
    skipRest(c);
    return parts.statement('CREATE FUNCTION');
  }
  if (kind === 'TRIGGER') parseTriggerTable(c, parts);
  parts.hasBody = true;
  skipUntilBody(c, kind);
  skipBody(c);
  return parts.statement(`CREATE ${kind}`);
}

/** RETURNS type SONAME 'file'. */
function isLoadable(c: Cursor): boolean {
  return c.wordAhead(2) === 'SONAME';
}

const TIMES: ReadonlySet<string> = new Set(['BEFORE', 'AFTER']);
const EVENTS: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE']);

function parseTriggerTable(c: Cursor, parts: DefinitionParts): void {
  if (c.takeOneOf(TIMES) === '' || c.takeOneOf(EVENTS) === '') c.refuse('BEFORE or AFTER');
  while (c.takeWord('OR')) c.takeOneOf(EVENTS);
  // MariaDB 11.8: UPDATE OF a, b.
  if (c.mariadb && c.takeWord('OF')) {
    do parseName(c, 'the name of a column');
    while (c.takeMark(','));
  }
  c.expectWord('ON');
  parts.refers.push(parseTableName(c));
  c.expectWords('FOR', 'EACH', 'ROW');
  if (c.takeWord('FOLLOWS') || c.takeWord('PRECEDES')) parseName(c, 'the name of a trigger');
}

const CHARACTERISTICS: ReadonlySet<string> = new Set(
  `COMMENT LANGUAGE SQL NO CONTAINS READS MODIFIES DATA SECURITY DEFINER INVOKER DETERMINISTIC NOT`.split(
    /\s+/,
  ),
);

/** Parameters, a type, a schedule and characteristics, behind which the body begins. */
function skipUntilBody(c: Cursor, kind: string): void {
  if (kind === 'EVENT') {
    while (!c.isEnd && c.word !== 'DO') c.advance();
    c.expectWord('DO');
  }
  if (kind !== 'PROCEDURE' && kind !== 'FUNCTION') return;
  skipParentheses(c);
  if (kind === 'FUNCTION') {
    c.expectWord('RETURNS');
    parseType(c);
  }
  while (c.kind === 'string' || (c.word !== '' && CHARACTERISTICS.has(c.word))) c.advance();
}
