/** SHOW: everything that it can show, by its words. */
import type { Limit, Statement, TableName } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseLimit } from './limit.ts';
import { parseStringValue } from './literals.ts';
import { parseName, parseNameOrString, parseTableName } from './names.ts';
import { skipRest } from './skip.ts';

type Show = Extract<Statement, { is: 'show' }>;

/** What may stand between the words and the end. */
type Tail = 'nothing' | 'pattern' | 'database' | 'table' | 'limit' | 'rest';

const TAILS: ReadonlyMap<string, Tail> = new Map(
  (
    [
      ['nothing', 'ENGINES,PRIVILEGES,AUTHORS,CONTRIBUTORS,PROFILES,PROCESSLIST,BINARY LOGS,MASTER LOGS'],
      ['nothing', 'BINARY LOG STATUS,MASTER STATUS,BINLOG STATUS,SLAVE HOSTS,REPLICA HOSTS,REPLICAS'],
      [
        'pattern',
        'DATABASES,SCHEMAS,STATUS,VARIABLES,COLLATION,CHARACTER SET,PROCEDURE STATUS,FUNCTION STATUS',
      ],
      ['pattern', 'PACKAGE STATUS,PACKAGE BODY STATUS,LIBRARY STATUS,INDEX_STATISTICS,CLIENT_STATISTICS'],
      ['pattern', 'TABLE_STATISTICS,USER_STATISTICS,TABLE TYPES'],
      ['database', 'TABLES,TABLE STATUS,OPEN TABLES,TRIGGERS,EVENTS'],
      ['table', 'COLUMNS,FIELDS,INDEX,INDEXES,KEYS'],
      ['limit', 'WARNINGS,ERRORS'],
      ['rest', 'GRANTS,PROFILE,BINLOG EVENTS,RELAYLOG EVENTS,EXPLAIN,ANALYZE,SLAVE STATUS,SLAVES STATUS'],
      ['rest', 'REPLICA STATUS,REPLICAS STATUS,PROCEDURE CODE,FUNCTION CODE,PACKAGE BODY CODE,PLUGINS'],
    ] as const
  ).flatMap(([tail, names]) => names.split(',').map((name) => [name, tail] as const)),
);

const HOW_MUCH: ReadonlySet<string> = new Set([
  'FULL',
  'EXTENDED',
  'GLOBAL',
  'SESSION',
  'LOCAL',
  'STORAGE',
  'ALL',
]);

export function parseShow(c: Cursor): Statement {
  c.expectWord('SHOW');
  if (c.word === 'CREATE') return parseShowCreate(c);
  if (c.word === 'ENGINE') return parseShowEngine(c);
  if (c.word === 'COUNT') return parseShowCount(c);
  const words: string[] = [];
  for (let word = c.takeOneOf(HOW_MUCH); word !== ''; word = c.takeOneOf(HOW_MUCH)) words.push(word);
  const { name, tail } = takeName(c);
  return { ...parseTail(c, tail), what: [...words, name].join(' ') };
}

/** The longest row of words that names something. */
function takeName(c: Cursor): { readonly name: string; readonly tail: Tail } {
  if (c.takeWord('CHARSET')) return { name: 'CHARACTER SET', tail: 'pattern' };
  if ((c.word === 'SLAVE' || c.word === 'REPLICA') && c.kindAhead(1) === 'string') {
    const name = `${c.word} STATUS`;
    c.advance();
    c.advance();
    c.expectWord('STATUS');
    return { name, tail: 'nothing' };
  }
  for (let count = 3; count > 0; count--) {
    const words: string[] = [];
    for (let ahead = 0; ahead < count; ahead++) words.push(c.wordAhead(ahead));
    const name = words.join(' ');
    const tail = TAILS.get(name);
    if (tail === undefined) continue;
    c.seek(c.at + count);
    return { name, tail };
  }
  return c.refuse('what to show');
}

function shown(parts: Partial<Show> = {}): Show {
  const { what = '', table = null, schema = null, where = null, like = null, limit = null } = parts;
  return { is: 'show', what, table, schema, where, like, limit };
}

function parseTail(c: Cursor, tail: Tail): Show {
  switch (tail) {
    case 'nothing':
      return shown();
    case 'pattern':
      return shown(parsePattern(c));
    case 'database': {
      const schema = takeFrom(c) ? parseName(c, 'the name of a database') : null;
      return shown({ schema, ...parsePattern(c) });
    }
    case 'table':
      return parseShowOfTable(c);
    case 'limit': {
      const limit: Limit | null = c.word === 'LIMIT' ? parseLimit(c) : null;
      return shown({ limit });
    }
    case 'rest':
      while (!c.isEnd) {
        if (c.word === 'SELECT') c.refuse('a number');
        c.advance();
      }
      return shown();
  }
}

function takeFrom(c: Cursor): boolean {
  return c.takeWord('FROM') || c.takeWord('IN');
}

function parseShowOfTable(c: Cursor): Show {
  if (!takeFrom(c)) c.refuse('FROM');
  let table: TableName = parseTableName(c);
  if (takeFrom(c)) table = { ...table, schema: parseName(c, 'the name of a database') };
  return shown({ table, schema: table.schema, ...parsePattern(c) });
}

function parsePattern(c: Cursor): Pick<Show, 'where' | 'like'> {
  if (c.takeWord('WHERE')) return { where: parseExpression(c), like: null };
  if (!c.takeWord('LIKE')) return { where: null, like: null };
  const at = c.start;
  return { where: null, like: { text: parseStringValue(c, 'a pattern'), at } };
}

function parseShowCount(c: Cursor): Show {
  c.expectWord('COUNT');
  c.expectMark('(');
  c.expectMark('*');
  c.expectMark(')');
  const errors = c.takeWord('ERRORS');
  if (!errors) c.expectWord('WARNINGS');
  return shown({ what: errors ? 'COUNT(*) ERRORS' : 'COUNT(*) WARNINGS' });
}

const ENGINE_PARTS: ReadonlySet<string> = new Set(['STATUS', 'MUTEX', 'LOGS']);

function parseShowEngine(c: Cursor): Show {
  c.expectWord('ENGINE');
  if (!c.takeWord('ALL')) parseNameOrString(c, 'an engine');
  const part = c.takeOneOf(ENGINE_PARTS);
  if (part === '') c.refuse('STATUS');
  return shown({ what: `ENGINE ${part}` });
}

const TABLES: ReadonlySet<string> = new Set(['TABLE', 'VIEW', 'SEQUENCE']);
const OBJECTS: ReadonlySet<string> = new Set([
  'PROCEDURE',
  'FUNCTION',
  'TRIGGER',
  'EVENT',
  'LIBRARY',
  'SERVER',
]);

function parseShowCreate(c: Cursor): Show {
  c.expectWord('CREATE');
  if (c.takeWord('DATABASE') || c.takeWord('SCHEMA')) {
    if (c.takeWord('IF')) c.expectWords('NOT', 'EXISTS');
    return shown({ what: 'CREATE DATABASE', schema: parseName(c, 'the name of a database') });
  }
  if (c.takeWord('USER')) {
    skipRest(c);
    return shown({ what: 'CREATE USER' });
  }
  const table = c.takeOneOf(TABLES);
  if (table !== '') return shown({ what: `CREATE ${table}`, table: parseTableName(c) });
  let object = c.takeOneOf(OBJECTS);
  if (object === '') {
    if (!c.mariadb) c.refuse('what to show');
    c.expectWord('PACKAGE');
    object = c.takeWord('BODY') ? 'PACKAGE BODY' : 'PACKAGE';
  }
  const { schema } = parseTableName(c);
  return shown({ what: `CREATE ${object}`, schema });
}
