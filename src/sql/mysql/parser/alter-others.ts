/** Of ALTER TABLE: what is done to partitions and tablespaces, CONVERT, switches, and options of the table. */
import { parseSimpleValue } from './column-definition.ts';
import type { Cursor } from './cursor.ts';
import type { DefinitionParts } from './definition-parts.ts';
import { parseName, parseTableName } from './names.ts';
import { skipParentheses, skipRest } from './skip.ts';
import { parsePartitionDefinitions, parseTableOption } from './table-options.ts';

const MANAGED: ReadonlySet<string> = new Set(
  'TRUNCATE DISCARD IMPORT COALESCE REORGANIZE EXCHANGE REBUILD OPTIMIZE ANALYZE CHECK REPAIR REMOVE'.split(
    ' ',
  ),
);
const LOSSY: ReadonlySet<string> = new Set(['TRUNCATE', 'DISCARD', 'EXCHANGE']);

/** An action that begins with none of the words of alter.ts. */
export function parseOther(c: Cursor, parts: DefinitionParts): void {
  const managed = c.takeOneOf(MANAGED);
  if (managed !== '') {
    if (LOSSY.has(managed)) parts.destroys = true;
    if (managed === 'DISCARD' || managed === 'IMPORT') parts.files = true;
    parseManaged(c, parts);
    return;
  }
  if (c.takeWord('CONVERT')) {
    parseConvert(c, parts);
    return;
  }
  if (c.takeWord('FORCE') || c.takeWord('SECONDARY_LOAD') || c.takeWord('SECONDARY_UNLOAD')) return;
  if (c.takeWord('ENABLE') || c.takeWord('DISABLE')) {
    c.expectWord('KEYS');
    return;
  }
  if (c.word === 'WITH' || c.word === 'WITHOUT') {
    if (c.wordAhead(1) === 'VALIDATION') {
      c.advance();
      c.advance();
      return;
    }
  }
  if (c.takeWord('LOCK') || c.takeWord('ALGORITHM')) {
    c.takeMark('=');
    parseSimpleValue(c);
  } else if (!parseTableOption(c, parts)) c.refuse('what to alter');
}

function parseManaged(c: Cursor, parts: DefinitionParts): void {
  if (c.takeWord('PARTITIONING') || c.takeWord('TABLESPACE')) return;
  c.expectWord('PARTITION');
  while (!c.isEnd) {
    if (c.takeWord('TABLE')) parts.tables.push(parseTableName(c));
    else if (c.mark === '(') parsePartitionDefinitions(c, parts);
    else c.advance();
  }
}

/** CONVERT TO CHARACTER SET x; MariaDB: CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION p. */
function parseConvert(c: Cursor, parts: DefinitionParts): void {
  if (c.takeWord('TO')) {
    parts.alters.push('*');
    if (!parseTableOption(c, parts)) c.refuse('a character set');
    if (c.takeWord('COLLATE')) c.advance();
    return;
  }
  parts.destroys = true;
  if (c.takeWord('TABLE')) {
    parts.tables.push(parseTableName(c));
    skipRest(c);
    return;
  }
  c.expectWord('PARTITION');
  parseName(c, 'the name of a partition');
  c.expectWords('TO', 'TABLE');
  parts.tables.push(parseTableName(c));
  if (c.mark === '(') skipParentheses(c);
}
