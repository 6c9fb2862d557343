/** DROP and RENAME. */
import type { Statement } from '../ast.ts';
import { parseAdministration } from './administration.ts';
import type { Cursor } from './cursor.ts';
import { DefinitionParts } from './definition-parts.ts';
import { parseIfExists } from './key-definition.ts';
import { parseWait } from './locks.ts';
import { parseName, parseTableName, parseTableNames } from './names.ts';
import { parseDeallocate } from './prepared.ts';
import { skipRest } from './skip.ts';

const ACCOUNTS: ReadonlySet<string> = new Set(['USER', 'ROLE', 'SERVER', 'RESOURCE', 'SPATIAL']);
const TABLES: ReadonlyMap<string, string> = new Map([
  ['TABLE', 'DROP TABLE'],
  ['TABLES', 'DROP TABLE'],
  ['VIEW', 'DROP VIEW'],
  ['SEQUENCE', 'DROP SEQUENCE'],
]);
const ROUTINES: ReadonlySet<string> = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT']);

export function parseDrop(c: Cursor): Statement {
  if (c.wordAhead(1) === 'PREPARE') return parseDeallocate(c);
  const start = c.at;
  c.expectWord('DROP');
  if (ACCOUNTS.has(c.word)) {
    c.seek(start);
    return parseAdministration(c);
  }
  const parts = new DefinitionParts();
  parts.temporary = c.takeWord('TEMPORARY');
  const kind = TABLES.get(c.word);
  if (kind !== undefined) {
    parts.destroys = true;
    c.advance();
    parts.ifExists = parseIfExists(c);
    parts.tables.push(...parseTableNames(c));
    if (c.mariadb) parseWait(c);
    if (!c.takeWord('RESTRICT')) c.takeWord('CASCADE');
    return parts.statement(kind);
  }
  return parseDropOther(c, parts);
}

function parseDropOther(c: Cursor, parts: DefinitionParts): Statement {
  if (c.takeWord('DATABASE') || c.takeWord('SCHEMA')) {
    parts.destroys = true;
    parts.ifExists = parseIfExists(c);
    parts.object = parseName(c, 'the name of a database');
    return parts.statement('DROP DATABASE');
  }
  if (c.takeWord('ONLINE') || c.takeWord('OFFLINE') || c.word === 'INDEX') {
    c.expectWord('INDEX');
    parts.ifExists = parseIfExists(c);
    if (c.takeWord('PRIMARY')) parts.object = 'PRIMARY';
    else parts.object = parseName(c, 'the name of an index');
    c.expectWord('ON');
    parts.tables.push(parseTableName(c));
    skipRest(c);
    return parts.statement('DROP INDEX');
  }
  if (c.word === 'UNDO' || c.word === 'TABLESPACE' || c.word === 'LOGFILE') {
    const kind = c.word === 'TABLESPACE' ? 'TABLESPACE' : `${c.word} ${c.wordAhead(1)}`;
    parts.files = true;
    parts.destroys = true;
    skipRest(c);
    return parts.statement(`DROP ${kind}`);
  }
  const routine = c.takeOneOf(ROUTINES);
  if (routine === '') c.refuse('what to drop');
  parts.ifExists = parseIfExists(c);
  const { schema, name } = parseTableName(c);
  parts.object = schema === null ? name : `${schema}.${name}`;
  return parts.statement(`DROP ${routine}`);
}

/** RENAME TABLE a TO b, c TO d. */
export function parseRename(c: Cursor): Statement {
  if (c.wordAhead(1) === 'USER') return parseAdministration(c);
  c.expectWord('RENAME');
  if (!c.takeWord('TABLES')) c.expectWord('TABLE');
  const parts = new DefinitionParts();
  parts.ifExists = parseIfExists(c);
  do {
    parts.tables.push(parseTableName(c));
    if (c.mariadb) parseWait(c);
    c.expectWord('TO');
    parts.tables.push(parseTableName(c));
  } while (c.takeMark(','));
  return parts.statement('RENAME TABLE');
}
