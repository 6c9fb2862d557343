/** EXPLAIN, DESCRIBE and ANALYZE of a statement; DESCRIBE of a table. */
import type { Statement } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseInteger } from './literals.ts';
import { beginsMaintenance, parseMaintenance } from './maintenance.ts';
import { isName, parseNameOrString, parseTableName } from './names.ts';
import { parseStatement } from './statement.ts';

const EXPLAINED: ReadonlySet<string> = new Set([
  'SELECT',
  'TABLE',
  'VALUES',
  'WITH',
  'INSERT',
  'REPLACE',
  'UPDATE',
  'DELETE',
]);

/** ANALYZE TABLE, or MariaDB's ANALYZE of a statement, which it runs. */
export function parseAnalyze(c: Cursor): Statement {
  if (beginsMaintenance(c) || !c.mariadb) return parseMaintenance(c);
  c.expectWord('ANALYZE');
  const format = parseFormat(c);
  return { is: 'explain', statement: parseExplained(c), runs: true, format, into: null };
}

/** EXPLAIN, DESCRIBE and DESC are one word. */
export function parseExplain(c: Cursor): Statement {
  c.advance();
  if (!isName(c) || c.mark === '(' || isOption(c)) return parseExplainStatement(c);
  const table = parseTableName(c);
  const column = isName(c) || c.kind === 'string' ? parseNameOrString(c, 'the name of a column') : null;
  return { is: 'describe', table, column };
}

/** FORMAT, EXTENDED and PARTITIONS are names too: a table's, unless something else follows. */
function isOption(c: Cursor): boolean {
  if (c.word === 'FORMAT') return c.markAhead(1) === '=';
  if (c.word !== 'EXTENDED' && c.word !== 'PARTITIONS') return false;
  return EXPLAINED.has(c.wordAhead(1)) || c.markAhead(1) === '(';
}

function parseExplainStatement(c: Cursor): Statement {
  let runs = false;
  let format: string | null = null;
  let into: string | null = null;
  for (;;) {
    if (c.word === 'FORMAT') format = parseFormat(c);
    else if (!c.mariadb && c.takeWord('ANALYZE')) runs = true;
    else if (!c.mariadb && c.takeWord('INTO')) {
      if (c.kind !== 'variable') c.refuse('a variable');
      into = c.text;
      c.advance();
    } else if (!c.takeWord('EXTENDED') && !c.takeWord('PARTITIONS')) break;
  }
  if (c.takeWords('FOR', 'CONNECTION')) {
    return { is: 'explain-connection', id: Number(parseInteger(c, 'the number of a connection')) };
  }
  return { is: 'explain', statement: parseExplained(c), runs, format, into };
}

function parseFormat(c: Cursor): string | null {
  if (!c.takeWord('FORMAT')) return null;
  c.expectMark('=');
  return parseNameOrString(c, 'a format');
}

function parseExplained(c: Cursor): Statement {
  if (c.mark !== '(' && !EXPLAINED.has(c.word)) c.refuse('a statement to explain');
  const height = c.enter();
  const statement = parseStatement(c);
  c.leave(height);
  return statement;
}
