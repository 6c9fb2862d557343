/** Statements of those who run the servers, known by their leading words alone. What else they say is passed over. */
import type { Statement, TableName } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { isName, parseTableName, parseTableNames } from './names.ts';
import { skipRest } from './skip.ts';

/** Rows of words, the longest first where one begins another. */
const KINDS: readonly string[] = [
  ...['CREATE USER', 'ALTER USER', 'DROP USER', 'RENAME USER', 'CREATE ROLE', 'DROP ROLE'],
  ...['CREATE SERVER', 'ALTER SERVER', 'DROP SERVER', 'CREATE RESOURCE GROUP', 'ALTER RESOURCE GROUP'],
  ...[
    'DROP RESOURCE GROUP',
    'CREATE SPATIAL REFERENCE SYSTEM',
    'DROP SPATIAL REFERENCE SYSTEM',
    'ALTER INSTANCE',
  ],
  ...[
    'GRANT',
    'REVOKE ALL',
    'REVOKE',
    'FLUSH',
    'RESET',
    'PURGE',
    'CHANGE MASTER',
    'CHANGE REPLICATION SOURCE',
  ],
  ...['CHANGE REPLICATION FILTER', 'START SLAVE', 'START REPLICA', 'START GROUP_REPLICATION', 'STOP SLAVE'],
  ...['STOP REPLICA', 'STOP GROUP_REPLICATION', 'START ALL', 'STOP ALL', 'INSTALL PLUGIN', 'INSTALL SONAME'],
  ...[
    'INSTALL COMPONENT',
    'UNINSTALL PLUGIN',
    'UNINSTALL SONAME',
    'UNINSTALL COMPONENT',
    'SHUTDOWN',
    'RESTART',
  ],
  ...['CLONE', 'BINLOG', 'IMPORT TABLE', 'BACKUP'],
];

const OF_FILES = /^(?:INSTALL|UNINSTALL|IMPORT|CLONE|BACKUP)/;

export function parseAdministration(c: Cursor): Statement {
  if (c.word === 'CREATE' && c.wordAhead(1) === 'OR') return parseReplacing(c);
  const kind = KINDS.find((words) => words.split(' ').every((word, n) => c.wordAhead(n) === word));
  if (kind === undefined) c.refuse('a statement');
  c.seek(c.at + kind.split(' ').length);
  return finish(c, kind);
}

/** CREATE OR REPLACE USER. */
function parseReplacing(c: Cursor): Statement {
  c.expectWords('CREATE', 'OR', 'REPLACE');
  const kind = `CREATE ${c.word}`;
  if (!KINDS.includes(kind)) c.refuse('what to create');
  c.advance();
  return finish(c, kind);
}

function finish(c: Cursor, kind: string): Statement {
  const tables =
    kind === 'FLUSH' ? parseFlushed(c) : kind === 'GRANT' || kind === 'REVOKE' ? parseGranted(c) : [];
  skipRest(c);
  return { is: 'administration', kind, tables, files: OF_FILES.test(kind) };
}

/** FLUSH [LOCAL] TABLES a, b WITH READ LOCK. */
function parseFlushed(c: Cursor): readonly TableName[] {
  if (!c.takeWord('NO_WRITE_TO_BINLOG')) c.takeWord('LOCAL');
  if (!c.takeWord('TABLES') && !c.takeWord('TABLE')) return [];
  return isName(c) ? parseTableNames(c) : [];
}

/** The table behind ON, if it is one and no pattern. */
function parseGranted(c: Cursor): readonly TableName[] {
  while (!c.isEnd && c.word !== 'ON' && c.word !== 'TO' && c.word !== 'FROM') c.advance();
  if (!c.takeWord('ON')) return [];
  c.takeWord('TABLE');
  const named = isName(c) && (c.markAhead(1) !== '.' || c.markAhead(2) !== '*');
  const routine = c.word === 'FUNCTION' || c.word === 'PROCEDURE' || c.word === 'PACKAGE';
  return named && !routine ? [parseTableName(c)] : [];
}
