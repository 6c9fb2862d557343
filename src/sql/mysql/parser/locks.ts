import type { Query } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseInteger } from './literals.ts';
import { parseTableNames } from './names.ts';

/** One locking clause; null where none stands here. */
export function parseLocks(c: Cursor): Query['locks'] {
  if (c.word === 'FOR' && c.wordAhead(1) === 'UPDATE') {
    c.advance();
    c.advance();
    parseScope(c);
    return 'update';
  }
  if (c.word === 'FOR' && c.wordAhead(1) === 'SHARE' && !c.mariadb) {
    c.advance();
    c.advance();
    parseScope(c);
    return 'share';
  }
  if (c.word === 'LOCK' && c.wordAhead(1) === 'IN') {
    c.expectWords('LOCK', 'IN', 'SHARE', 'MODE');
    if (c.mariadb) parseWait(c);
    return 'share';
  }
  return null;
}

function parseScope(c: Cursor): void {
  if (!c.mariadb && c.takeWord('OF')) parseTableNames(c);
  parseWait(c);
}

/** NOWAIT, SKIP LOCKED, and MariaDB's WAIT n. */
export function parseWait(c: Cursor): void {
  if (c.takeWord('NOWAIT') || c.takeWords('SKIP', 'LOCKED')) return;
  if (c.mariadb && c.takeWord('WAIT')) parseInteger(c, 'a number of seconds');
}
