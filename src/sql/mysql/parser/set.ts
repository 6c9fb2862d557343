/** SET in all its forms, and SET STATEMENT … FOR. */
import type { Expression, SetAssignment, Statement } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { literalHere } from './literals.ts';
import { parseCharsetName } from './names.ts';
import { skipRest } from './skip.ts';
import { parseStatement } from './statement.ts';
import { parseCharacteristics } from './transactions.ts';
import { parseVariableWord } from './variables.ts';

type Target = SetAssignment['target'];
type Scope = Extract<Target, { is: 'system-variable' }>['scope'];

export function parseSet(c: Cursor): Statement {
  c.expectWord('SET');
  if (c.mariadb && c.word === 'STATEMENT' && !isAssigned(c, 1)) return parseSetStatement(c);
  if (c.word === 'TRANSACTION' && !isAssigned(c, 1)) return parseSetTransaction(c, null);
  if (c.word === 'RESOURCE' && c.wordAhead(1) === 'GROUP') {
    skipRest(c);
    return { is: 'administration', kind: 'SET RESOURCE GROUP', tables: [], files: false };
  }
  const scope = scopeOf(c.word);
  if (scope !== null && c.wordAhead(1) === 'TRANSACTION' && !isAssigned(c, 2)) {
    c.advance();
    return parseSetTransaction(c, scope);
  }
  return { is: 'set', assignments: parseAssignments(c) };
}

function isAssigned(c: Cursor, ahead: number): boolean {
  const mark = c.markAhead(ahead);
  return mark === '=' || mark === ':=' || mark === '.';
}

function parseSetStatement(c: Cursor): Statement {
  c.advance();
  const assignments = parseAssignments(c);
  c.expectWord('FOR');
  const height = c.enter();
  const statement = parseStatement(c);
  c.leave(height);
  return { is: 'set-statement', assignments, statement };
}

/** For the session; for the whole server it is a setting like any other. */
function parseSetTransaction(c: Cursor, scope: Scope): Statement {
  c.expectWord('TRANSACTION');
  const at = c.start;
  const readOnly = parseCharacteristics(c);
  if (scope === 'global') {
    const text = c.tokens.source(at, c.endBefore);
    const value: Expression = { is: 'literal', literal: { kind: 'string', text }, at, end: c.endBefore };
    const target: Target = { is: 'system-variable', scope, name: 'transaction_isolation' };
    return { is: 'set', assignments: [{ target, value }] };
  }
  return { is: 'transaction', act: 'set', readOnly, chain: false, release: false };
}

function parseAssignments(c: Cursor): readonly SetAssignment[] {
  const assignments: SetAssignment[] = [];
  do parseAssignment(c, assignments);
  while (c.takeMark(','));
  return assignments;
}

function parseAssignment(c: Cursor, assignments: SetAssignment[]): void {
  if (c.kind === 'variable') {
    const target: Target = { is: 'user-variable', name: c.text };
    c.advance();
    c.expectEquals();
    assignments.push({ target, value: parseExpression(c) });
  } else if (c.kind === 'system') {
    c.advance();
    const scope = c.markAhead(1) === '.' ? scopeOf(c.text.toUpperCase()) : null;
    if (scope !== null) {
      c.advance();
      c.advance();
    }
    assignments.push(parseVariable(c, scope));
  } else if (!parseNamed(c, assignments)) {
    const scope = isAssigned(c, 1) ? null : scopeOf(c.word);
    if (scope !== null) c.advance();
    assignments.push(parseVariable(c, scope));
  }
}

function scopeOf(word: string): Scope {
  switch (word) {
    case 'GLOBAL':
      return 'global';
    case 'SESSION':
      return 'session';
    case 'LOCAL':
      return 'local';
    case 'PERSIST':
      return 'persist';
    case 'PERSIST_ONLY':
      return 'persist_only';
    default:
      return null;
  }
}

/** `name = value`, and `cache.name = value` of a structured variable. */
function parseVariable(c: Cursor, scope: Scope): SetAssignment {
  let name: string;
  if (c.word === 'DEFAULT') {
    name = c.text;
    c.advance();
  } else name = parseVariableWord(c);
  if (c.takeMark('.')) name = `${name}.${parseVariableWord(c)}`;
  c.expectEquals();
  return { target: { is: 'system-variable', scope, name: name.toLowerCase() }, value: parseSetValue(c) };
}

const WORD_VALUES: ReadonlySet<string> = new Set(['ON', 'ALL', 'BINARY', 'ROW', 'SYSTEM']);

/** An expression; DEFAULT is null, and a bare word the string of it. */
function parseSetValue(c: Cursor): Expression | null {
  if (c.word === 'DEFAULT' && c.markAhead(1) !== '(') {
    c.advance();
    return null;
  }
  const next = c.kindAhead(1);
  if (WORD_VALUES.has(c.word) && (next === 'end' || isEnd(c))) {
    return literalHere(c, { kind: 'string', text: c.text });
  }
  const expression = parseExpression(c);
  if (expression.is !== 'column' || expression.table !== null) return expression;
  const { name, at } = expression;
  return { is: 'literal', literal: { kind: 'string', text: name }, at, end: c.endBefore };
}

function isEnd(c: Cursor): boolean {
  const mark = c.markAhead(1);
  return mark === ',' || mark === ';' || c.wordAhead(1) === 'FOR';
}

/** NAMES, CHARACTER SET, PASSWORD, ROLE and DEFAULT ROLE. */
function parseNamed(c: Cursor, assignments: SetAssignment[]): boolean {
  const charset = c.word === 'CHARSET' || (isCharacter(c) && c.wordAhead(1) === 'SET');
  if (c.word === 'NAMES' && !isAssigned(c, 1)) {
    c.advance();
    parseNames(c, assignments);
  } else if (charset && !isAssigned(c, 1)) {
    c.advance();
    c.takeWord('SET');
    assignments.push(system('character_set', parseCharset(c)));
  } else if (c.word === 'PASSWORD' && c.markAhead(1) !== '.') {
    skipNamed(c);
    assignments.push(system('password', null));
  } else if (c.word === 'ROLE' && !isAssigned(c, 1)) {
    c.advance();
    assignments.push(system('role', parseRole(c)));
  } else if (c.word === 'DEFAULT' && c.wordAhead(1) === 'ROLE') {
    skipNamed(c);
    assignments.push(system('default_role', null));
  } else return false;
  return true;
}

function isCharacter(c: Cursor): boolean {
  return c.word === 'CHARACTER' || c.word === 'CHAR';
}

function system(name: string, value: Expression | null): SetAssignment {
  return { target: { is: 'system-variable', scope: null, name }, value };
}

function parseNames(c: Cursor, assignments: SetAssignment[]): void {
  assignments.push(system('names', parseCharset(c)));
  if (!c.takeWord('COLLATE')) return;
  assignments.push(system('collation_connection', parseCharset(c)));
}

function parseCharset(c: Cursor): Expression | null {
  if (c.takeWord('DEFAULT')) return null;
  const at = c.start;
  const text = parseCharsetName(c, 'a character set');
  return { is: 'literal', literal: { kind: 'string', text }, at, end: c.endBefore };
}

function parseRole(c: Cursor): Expression | null {
  if (c.word === 'DEFAULT' || c.kind === 'end') {
    skipNamed(c);
    return null;
  }
  const at = c.start;
  skipNamed(c);
  const text = c.tokens.source(at, c.endBefore);
  return { is: 'literal', literal: { kind: 'string', text }, at, end: c.endBefore };
}

/**
 * Passes over accounts, roles and passwords. In MariaDB a comma leads to the next assignment, which nobody would read;
 * MySQL has no more of them there.
 */
function skipNamed(c: Cursor): void {
  while (!c.isEnd) {
    if (c.mariadb && c.mark === ',') c.refuse('the end of the statement: set one thing at a time');
    if (c.word === 'SELECT' || c.kind === 'system') c.refuse('an account or a password');
    c.advance();
  }
}
