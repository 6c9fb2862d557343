/** Statements about the session and its tables: DO, CALL, USE, LOCK, KILL, TRUNCATE, diagnostics and signals. */
import type { Expression, Statement } from '../ast.ts';
import { parseArguments } from './calls.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseStringValue } from './literals.ts';
import { parseWait } from './locks.ts';
import { isName, parseName, parseNameOrString, parseTableAlias, parseTableName } from './names.ts';
import { parseSelectItems } from './select.ts';
import { skipRest } from './skip.ts';

export function parseDo(c: Cursor): Statement {
  c.expectWord('DO');
  const expressions = parseSelectItems(c).map((item) =>
    item.is === 'item' ? item.expression : c.refuse('an expression'),
  );
  return { is: 'do', expressions };
}

export function parseCall(c: Cursor): Statement {
  c.expectWord('CALL');
  const procedure = parseTableName(c);
  return { is: 'call', procedure, args: c.mark === '(' ? parseArguments(c) : [] };
}

export function parseUse(c: Cursor): Statement {
  c.expectWord('USE');
  return { is: 'use', schema: parseName(c, 'the name of a database') };
}

/** LOCK TABLES a READ, b AS c WRITE. */
export function parseLock(c: Cursor): Statement {
  c.expectWord('LOCK');
  if (c.takeWord('INSTANCE')) {
    skipRest(c);
    return { is: 'administration', kind: 'LOCK INSTANCE', tables: [], files: false };
  }
  expectTables(c);
  const tables: Extract<Statement, { is: 'lock-tables' }>['tables'][number][] = [];
  do {
    const table = parseTableName(c);
    parseTableAlias(c);
    tables.push({ table, write: parseLockMode(c) });
  } while (c.takeMark(','));
  if (c.mariadb) parseWait(c);
  return { is: 'lock-tables', tables };
}

function expectTables(c: Cursor): void {
  if (!c.takeWord('TABLES')) c.expectWord('TABLE');
}

function parseLockMode(c: Cursor): boolean {
  if (c.takeWord('READ')) {
    c.takeWord('LOCAL');
    return false;
  }
  c.takeWord('LOW_PRIORITY');
  c.expectWord('WRITE');
  if (c.mariadb) c.takeWord('CONCURRENT');
  return true;
}

export function parseUnlock(c: Cursor): Statement {
  c.expectWord('UNLOCK');
  if (c.takeWord('INSTANCE'))
    return { is: 'administration', kind: 'UNLOCK INSTANCE', tables: [], files: false };
  expectTables(c);
  return { is: 'unlock-tables' };
}

export function parseKill(c: Cursor): Statement {
  c.expectWord('KILL');
  if (c.mariadb && !c.takeWord('HARD')) c.takeWord('SOFT');
  const query = c.takeWord('QUERY');
  if (!query) c.takeWord('CONNECTION');
  else if (c.mariadb && c.takeWord('ID')) {
    // A query's number, not a connection's.
    if (c.kind !== 'integer') c.refuse('a number');
    c.advance();
    return { is: 'kill', query, id: null };
  }
  if (c.mariadb && c.takeWord('USER')) {
    skipRest(c);
    return { is: 'kill', query, id: null };
  }
  const id = parseExpression(c);
  const isNumber = id.is === 'literal' && id.literal.kind === 'integer';
  // The server quotes a number that is no session's: a query there would tell what it finds.
  const tellsNothing =
    id.is === 'user-variable' || id.is === 'parameter' || (id.is === 'call' && id.args.length === 0);
  if (!isNumber && !tellsNothing) c.refuse('a number');
  return { is: 'kill', query, id: isNumber ? Number(id.literal.text) : null };
}

export function parseTruncate(c: Cursor): Statement {
  c.expectWord('TRUNCATE');
  c.takeWord('TABLE');
  const table = parseTableName(c);
  if (c.mariadb) parseWait(c);
  return { is: 'truncate', table };
}

/** GET DIAGNOSTICS @a = NUMBER, GET DIAGNOSTICS CONDITION 1 @b = MESSAGE_TEXT. */
export function parseDiagnostics(c: Cursor): Statement {
  c.expectWord('GET');
  if (!c.takeWord('CURRENT')) c.takeWord('STACKED');
  c.expectWord('DIAGNOSTICS');
  if (c.takeWord('CONDITION')) parseExpression(c);
  const variables: string[] = [];
  do {
    if (c.kind !== 'variable') c.refuse('a variable');
    variables.push(c.text);
    c.advance();
    c.expectMark('=');
    if (!c.mariadb || !c.takeWord('ROW_NUMBER')) parseName(c, 'what to get');
  } while (c.takeMark(','));
  return { is: 'diagnostics', variables };
}

/** SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = x. */
export function parseSignal(c: Cursor): Statement {
  const again = c.takeWord('RESIGNAL');
  if (!again) c.expectWord('SIGNAL');
  if (c.takeWord('SQLSTATE')) {
    c.takeWord('VALUE');
    parseStringValue(c, 'an SQLSTATE');
  } else if (!again || isName(c)) parseName(c, 'a condition');
  const expressions: Expression[] = [];
  if (c.takeWord('SET')) {
    do {
      parseName(c, 'an item');
      c.expectMark('=');
      expressions.push(parseExpression(c));
    } while (c.takeMark(','));
  }
  return { is: 'signal', expressions };
}

/** HELP 'x'. */
export function parseHelp(c: Cursor): Statement {
  c.expectWord('HELP');
  parseNameOrString(c, 'a topic');
  return { is: 'administration', kind: 'HELP', tables: [], files: false };
}
