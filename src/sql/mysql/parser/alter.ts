/** ALTER: of a table in full, of other objects by their names. */
import type { Statement } from '../ast.ts';
import { parseAdministration } from './administration.ts';
import { parseOther } from './alter-others.ts';
import { parseBits } from './arithmetic.ts';
import { skipBody } from './bodies.ts';
import { parseColumnDefinition } from './column-definition.ts';
import { parseCheckOption } from './create.ts';
import type { Cursor } from './cursor.ts';
import { DefinitionParts } from './definition-parts.ts';
import { parseIfExists, parseIfNotExists, parseKeyDefinition } from './key-definition.ts';
import { parseWait } from './locks.ts';
import { isName, parseName, parseNameList, parseTableName } from './names.ts';
import { parseOrderItems } from './order.ts';
import { parseInnerQuery } from './query.ts';
import { skipRest } from './skip.ts';
import { parsePartitionDefinitions, parsePartitioning } from './table-options.ts';
import { skipDefiner } from './users.ts';

const ACCOUNTS: ReadonlySet<string> = new Set(['USER', 'SERVER', 'INSTANCE', 'RESOURCE']);

export function parseAlter(c: Cursor): Statement {
  const start = c.at;
  c.expectWord('ALTER');
  if (ACCOUNTS.has(c.word)) {
    c.seek(start);
    return parseAdministration(c);
  }
  const parts = new DefinitionParts();
  while (c.word === 'ONLINE' || c.word === 'OFFLINE' || c.word === 'IGNORE') c.advance();
  switch (c.word) {
    case 'TABLE':
      return parseAlterTable(c, parts);
    case 'DATABASE':
    case 'SCHEMA':
      c.advance();
      if (isName(c) && !c.isWord('CHARSET') && !c.isWord('ENCRYPTION'))
        parts.object = parseName(c, 'a database');
      skipRest(c);
      return parts.statement('ALTER DATABASE');
    case 'SEQUENCE':
      c.advance();
      parts.ifExists = parseIfExists(c);
      parts.tables.push(parseTableName(c));
      skipRest(c);
      return parts.statement('ALTER SEQUENCE');
    case 'UNDO':
    case 'TABLESPACE':
    case 'LOGFILE': {
      const kind = c.word === 'TABLESPACE' ? 'TABLESPACE' : `${c.word} ${c.wordAhead(1)}`;
      parts.files = true;
      skipRest(c);
      return parts.statement(`ALTER ${kind}`);
    }
    default:
      return parseAlterOther(c, parts);
  }
}

/** Views, routines and events, which have qualities before their word. */
function parseAlterOther(c: Cursor, parts: DefinitionParts): Statement {
  for (;;) {
    if (c.takeWord('ALGORITHM')) {
      c.expectMark('=');
      c.advance();
    } else if (c.takeWord('DEFINER')) {
      c.expectMark('=');
      skipDefiner(c);
    } else if (c.takeWords('SQL', 'SECURITY')) c.advance();
    else break;
  }
  if (c.takeWord('VIEW')) {
    parts.tables.push(parseTableName(c));
    if (c.mark === '(') {
      for (const name of parseNameList(c, 'the name of a column')) parts.columns.push({ name, type: '' });
    }
    c.expectWord('AS');
    parts.query = parseInnerQuery(c);
    parseCheckOption(c);
    return parts.statement('ALTER VIEW');
  }
  const kind = c.word;
  if (kind !== 'PROCEDURE' && kind !== 'FUNCTION' && kind !== 'EVENT') c.refuse('what to alter');
  c.advance();
  const { schema, name } = parseTableName(c);
  parts.object = schema === null ? name : `${schema}.${name}`;
  while (!c.isEnd && !(kind === 'EVENT' && c.word === 'DO')) c.advance();
  if (c.takeWord('DO')) {
    parts.hasBody = true;
    skipBody(c);
  }
  return parts.statement(`ALTER ${kind}`);
}

function parseAlterTable(c: Cursor, parts: DefinitionParts): Statement {
  c.expectWord('TABLE');
  parts.ifExists = parseIfExists(c);
  parts.tables.push(parseTableName(c));
  if (c.mariadb) parseWait(c);
  if (!c.isEnd) {
    do parseAction(c, parts);
    while (c.takeMark(','));
    // PARTITION BY may follow without a comma, options likewise.
    while (!c.isEnd) {
      parseAction(c, parts);
      c.takeMark(',');
    }
  }
  return parts.statement('ALTER TABLE');
}

type Action = (c: Cursor, parts: DefinitionParts) => void;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['ADD', parseAdd],
  ['DROP', parseDrop],
  ['CHANGE', parseChange],
  ['MODIFY', parseModify],
  ['ALTER', parseAlterColumn],
  ['RENAME', parseRename],
  ['ORDER', parseOrder],
  ['PARTITION', parsePartitioning],
]);

function parseAction(c: Cursor, parts: DefinitionParts): void {
  const action = ACTIONS.get(c.word) ?? parseOther;
  action(c, parts);
}

function parseChange(c: Cursor, parts: DefinitionParts): void {
  parts.destroys = true;
  c.expectWord('CHANGE');
  c.takeWord('COLUMN');
  parseIfExists(c);
  const name = parseName(c, 'the name of a column');
  parts.alters.push(name);
  parseColumn(c, parts);
  if (parts.columns.at(-1)?.name.toLowerCase() !== name.toLowerCase()) parts.renames.push(name);
}

function parseModify(c: Cursor, parts: DefinitionParts): void {
  parts.destroys = true;
  c.expectWord('MODIFY');
  c.takeWord('COLUMN');
  parseIfExists(c);
  parseColumn(c, parts);
}

function parseOrder(c: Cursor, parts: DefinitionParts): void {
  c.expectWords('ORDER', 'BY');
  parts.compares.push(...parseOrderItems(c).map(({ by }) => by));
}

function parseColumn(c: Cursor, parts: DefinitionParts): void {
  parseColumnDefinition(c, parts);
  if (c.takeWord('AFTER')) parseName(c, 'the name of a column');
  else c.takeWord('FIRST');
}

function parseAdd(c: Cursor, parts: DefinitionParts): void {
  c.expectWord('ADD');
  if (c.takeWord('PARTITION')) {
    parseIfNotExists(c);
    if (c.takeWord('NO_WRITE_TO_BINLOG') || c.takeWord('LOCAL')) parseIfNotExists(c);
    if (c.takeWord('PARTITIONS')) c.advance();
    else parsePartitionDefinitions(c, parts);
    return;
  }
  if (c.takeWords('SYSTEM', 'VERSIONING')) return;
  const isColumn = c.takeWord('COLUMN');
  parseIfNotExists(c);
  if (!isColumn && parseKeyDefinition(c, parts)) return;
  if (!c.takeMark('(')) {
    parseColumn(c, parts);
    return;
  }
  do {
    if (!parseKeyDefinition(c, parts)) parseColumnDefinition(c, parts);
  } while (c.takeMark(','));
  c.expectMark(')');
}

const WITHOUT_LOSS: ReadonlySet<string> = new Set(['INDEX', 'KEY', 'CONSTRAINT', 'CHECK', 'PERIOD']);

/** Columns and partitions take data with them, and so does the versioning of a table; keys and constraints do not. */
function parseDrop(c: Cursor, parts: DefinitionParts): void {
  c.expectWord('DROP');
  if (c.takeWords('PRIMARY', 'KEY')) return;
  if (c.takeWords('FOREIGN', 'KEY') || c.takeOneOf(WITHOUT_LOSS) !== '') {
    c.takeWord('FOR');
    parseIfExists(c);
    if (!c.takeWord('PRIMARY')) parseName(c, 'a name');
    return;
  }
  parts.destroys = true;
  if (c.takeWords('SYSTEM', 'VERSIONING')) return;
  if (c.takeWord('PARTITION')) {
    parseIfExists(c);
    parsePartitionNames(c);
    return;
  }
  c.takeWord('COLUMN');
  parseIfExists(c);
  parts.alters.push(parseName(c, 'the name of a column'));
  if (!c.takeWord('RESTRICT')) c.takeWord('CASCADE');
}

function parsePartitionNames(c: Cursor): void {
  if (c.takeWord('ALL')) return;
  parseName(c, 'the name of a partition');
  // A comma may as well lead to the next action, whose word is followed by more.
  while (c.mark === ',' && c.wordAhead(1) !== 'ALGORITHM' && c.wordAhead(1) !== 'LOCK') {
    c.advance();
    parseName(c, 'the name of a partition');
  }
}

/** ALTER [COLUMN] a SET DEFAULT x, ALTER INDEX i INVISIBLE, ALTER CHECK c NOT ENFORCED. */
function parseAlterColumn(c: Cursor, parts: DefinitionParts): void {
  c.expectWord('ALTER');
  if (!c.takeWord('COLUMN') && !c.takeWord('CHECK')) c.takeWord('CONSTRAINT');
  if (!c.takeWord('INDEX')) c.takeWord('KEY');
  parseIfExists(c);
  const name = parseName(c, 'a name');
  if (c.takeWord('SET')) {
    if (c.takeWord('VISIBLE') || c.takeWord('INVISIBLE')) return;
    c.expectWord('DEFAULT');
    parts.alters.push(name);
    parts.stores.push(parseBits(c));
  } else if (c.takeWord('DROP')) {
    c.expectWord('DEFAULT');
    parts.alters.push(name);
  } else {
    c.takeWord('NOT');
    if (c.takeOneOf(STATES) === '') c.refuse('SET or DROP');
  }
}

const STATES: ReadonlySet<string> = new Set(['VISIBLE', 'INVISIBLE', 'IGNORED', 'ENFORCED']);

/** RENAME TO u, RENAME COLUMN a TO b, RENAME INDEX i TO j. */
function parseRename(c: Cursor, parts: DefinitionParts): void {
  c.expectWord('RENAME');
  const part = c.word === 'COLUMN' || c.word === 'INDEX' || c.word === 'KEY';
  if (part) {
    const isColumn = c.word === 'COLUMN';
    c.advance();
    parseIfExists(c);
    const name = parseName(c, 'a name');
    if (isColumn) {
      // Under a new name, what it was under the old one is gone.
      parts.destroys = true;
      parts.alters.push(name);
      parts.renames.push(name);
    }
    c.expectWord('TO');
    parseName(c, 'a name');
    return;
  }
  if (!c.takeWord('TO') && !c.takeWord('AS')) c.takeMark('=');
  parts.destroys = true;
  parts.tables.push(parseTableName(c));
}
