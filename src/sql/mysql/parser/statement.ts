import type { Statement } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseInsert } from './insert.ts';
import { parseQuery, parseQueryAfterWith, parseWith } from './query.ts';
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
]);

/** One statement, up to the semicolon or the end. What no production begins with is refused. */
export function parseStatement(c: Cursor): Statement {
  if (c.mark === '(') return parseSelectStatement(c);
  const production = BY_FIRST_WORD.get(c.word);
  return production === undefined ? c.refuse('a statement') : production(c);
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
