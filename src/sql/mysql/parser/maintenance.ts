/** ANALYZE, CHECK, CHECKSUM, OPTIMIZE and REPAIR TABLE, CACHE INDEX. */
import type { Statement, TableName } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseName, parseTableName } from './names.ts';
import { skipParentheses, skipRest } from './skip.ts';

const WORDS: ReadonlySet<string> = new Set(['ANALYZE', 'CHECK', 'CHECKSUM', 'OPTIMIZE', 'REPAIR']);
const KINDS: ReadonlySet<string> = new Set(['TABLE', 'TABLES', 'VIEW', 'VIEWS']);

/** Whether ANALYZE, which may also run a statement, begins a maintenance statement here. */
export function beginsMaintenance(c: Cursor): boolean {
  const next = c.wordAhead(1);
  return KINDS.has(LOGGED.has(next) ? c.wordAhead(2) : next);
}

const LOGGED: ReadonlySet<string> = new Set(['NO_WRITE_TO_BINLOG', 'LOCAL']);

export function parseMaintenance(c: Cursor): Statement {
  const verb = c.takeOneOf(WORDS);
  c.takeOneOf(LOGGED);
  const object = c.takeOneOf(KINDS);
  if (object === '') c.refuse('TABLE');
  const tables: TableName[] = [];
  do {
    tables.push(parseTableName(c));
    if (c.mariadb && c.takeWord('PERSISTENT')) parsePersistent(c);
  } while (c.takeMark(','));
  // Options: QUICK, FOR UPGRADE, UPDATE HISTOGRAM ON …
  skipRest(c);
  return { is: 'maintenance', kind: `${verb} ${object.startsWith('VIEW') ? 'VIEW' : 'TABLE'}`, tables };
}

/** PERSISTENT FOR ALL, PERSISTENT FOR COLUMNS (a, b) INDEXES (c). */
function parsePersistent(c: Cursor): void {
  c.expectWord('FOR');
  if (c.takeWord('ALL')) return;
  for (const word of ['COLUMNS', 'INDEXES']) {
    c.expectWord(word);
    if (c.mark === '(') skipParentheses(c);
    else c.expectWord('ALL');
  }
}

/** CACHE INDEX t KEY (a), u IN hot. */
export function parseCacheIndex(c: Cursor): Statement {
  c.expectWords('CACHE', 'INDEX');
  const tables = parseCacheTables(c);
  c.expectWord('IN');
  if (!c.takeWord('DEFAULT')) parseName(c, 'the name of a cache');
  return { is: 'maintenance', kind: 'CACHE INDEX', tables };
}

export function parseCacheTables(c: Cursor): readonly TableName[] {
  const tables: TableName[] = [];
  do {
    tables.push(parseTableName(c));
    if (c.takeWord('PARTITION')) skipParentheses(c);
    if ((c.takeWord('KEY') || c.takeWord('INDEX')) && c.mark === '(') skipParentheses(c);
    if (c.takeWord('IGNORE')) c.expectWord('LEAVES');
  } while (c.takeMark(','));
  return tables;
}
