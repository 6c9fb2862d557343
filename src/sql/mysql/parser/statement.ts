import type { Statement } from '../ast.ts';
import { parseAdministration } from './administration.ts';
import { parseAlter } from './alter.ts';
import { parseCreate } from './create.ts';
import type { Cursor } from './cursor.ts';
import { parseDrop, parseRename } from './drop.ts';
import { parseAnalyze, parseExplain } from './explain.ts';
import { parseHandler } from './handler.ts';
import { parseInsert } from './insert.ts';
import { parseLoad } from './load.ts';
import { parseCacheIndex, parseMaintenance } from './maintenance.ts';
import { parseDeallocate, parseExecute, parsePrepare } from './prepared.ts';
import { parseQuery, parseQueryAfterWith, parseWith } from './query.ts';
import {
  parseCall,
  parseDiagnostics,
  parseDo,
  parseHelp,
  parseKill,
  parseLock,
  parseSignal,
  parseTruncate,
  parseUnlock,
  parseUse,
} from './session.ts';
import { parseSet } from './set.ts';
import { parseShow } from './show.ts';
import {
  parseBegin,
  parseCommit,
  parseRelease,
  parseRollback,
  parseSavepoint,
  parseStartTransaction,
  parseXa,
} from './transactions.ts';
import { parseDelete, parseUpdate } from './update-delete.ts';

type Production = (c: Cursor) => Statement;

const BY_FIRST_WORD: ReadonlyMap<string, Production> = new Map<string, Production>([
  ['SELECT', parseSelectStatement],
  ['VALUES', parseSelectStatement],
  ['TABLE', parseSelectStatement],
  ['WITH', parseWithStatement],
  ['INSERT', parseInsert],
  ['REPLACE', parseInsert],
  ['UPDATE', (c) => parseUpdate(c, null)],
  ['DELETE', (c) => parseDelete(c, null)],
  ['SET', parseSet],
  ['BEGIN', parseBegin],
  ['START', parseStart],
  ['COMMIT', parseCommit],
  ['ROLLBACK', parseRollback],
  ['SAVEPOINT', parseSavepoint],
  ['RELEASE', parseRelease],
  ['XA', parseXa],
  ['USE', parseUse],
  ['DO', parseDo],
  ['CALL', parseCall],
  ['SHOW', parseShow],
  ['EXPLAIN', parseExplain],
  ['DESCRIBE', parseExplain],
  ['DESC', parseExplain],
  ['ANALYZE', parseAnalyze],
  ['PREPARE', parsePrepare],
  ['EXECUTE', parseExecute],
  ['DEALLOCATE', parseDeallocate],
  ['LOCK', parseLock],
  ['UNLOCK', parseUnlock],
  ['KILL', parseKill],
  ['HANDLER', parseHandler],
  ['LOAD', parseLoad],
  ['TRUNCATE', parseTruncate],
  ['GET', parseDiagnostics],
  ['SIGNAL', parseSignal],
  ['RESIGNAL', parseSignal],
  ['HELP', parseHelp],
  ['CREATE', parseCreate],
  ['ALTER', parseAlter],
  ['DROP', parseDrop],
  ['RENAME', parseRename],
  ['CHECK', parseMaintenance],
  ['CHECKSUM', parseMaintenance],
  ['OPTIMIZE', parseMaintenance],
  ['REPAIR', parseMaintenance],
  ['CACHE', parseCacheIndex],
]);

/** One statement, up to the semicolon or the end. What no production begins with is refused. */
export function parseStatement(c: Cursor): Statement {
  if (c.mark === '(') return parseSelectStatement(c);
  const production = BY_FIRST_WORD.get(c.word);
  return production === undefined ? parseAdministration(c) : production(c);
}

function parseSelectStatement(c: Cursor): Statement {
  return { is: 'select', query: parseQuery(c) };
}

/** WITH before a query; to MySQL also before UPDATE and DELETE. */
function parseWithStatement(c: Cursor): Statement {
  const at = c.start;
  const ctes = parseWith(c);
  if (!c.mariadb && c.word === 'UPDATE') return parseUpdate(c, ctes);
  if (!c.mariadb && c.word === 'DELETE') return parseDelete(c, ctes);
  return { is: 'select', query: parseQueryAfterWith(c, ctes, at) };
}

function parseStart(c: Cursor): Statement {
  if (c.wordAhead(1) !== 'TRANSACTION') return parseAdministration(c);
  c.advance();
  return parseStartTransaction(c);
}
