/** Transactions and XA. */
import type { Statement } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseName } from './names.ts';
import { skipRest } from './skip.ts';

type Transaction = Extract<Statement, { is: 'transaction' }>;

function transaction(act: Transaction['act'], parts: Partial<Transaction> = {}): Transaction {
  const { readOnly = false, chain = false, release = false } = parts;
  return { is: 'transaction', act, readOnly, chain, release };
}

/** BEGIN [WORK]; before anything else it would begin a compound statement, which is not read. */
export function parseBegin(c: Cursor): Statement {
  c.expectWord('BEGIN');
  c.takeWord('WORK');
  return transaction('begin');
}

/** START TRANSACTION; START has been read. */
export function parseStartTransaction(c: Cursor): Statement {
  c.expectWord('TRANSACTION');
  let readOnly = false;
  if (c.isEnd) return transaction('begin');
  do {
    if (c.takeWord('WITH')) c.expectWords('CONSISTENT', 'SNAPSHOT');
    else readOnly = parseAccess(c);
  } while (c.takeMark(','));
  return transaction('begin', { readOnly });
}

/** READ WRITE, READ ONLY. */
function parseAccess(c: Cursor): boolean {
  c.expectWord('READ');
  if (c.takeWord('WRITE')) return false;
  c.expectWord('ONLY');
  return true;
}

/** What SET TRANSACTION sets; gives whether it is read-only. */
export function parseCharacteristics(c: Cursor): boolean {
  let readOnly = false;
  do {
    if (c.takeWord('ISOLATION')) {
      c.expectWord('LEVEL');
      if (c.takeWord('REPEATABLE')) c.expectWord('READ');
      else if (c.takeWord('READ')) {
        if (!c.takeWord('COMMITTED')) c.expectWord('UNCOMMITTED');
      } else c.expectWord('SERIALIZABLE');
    } else readOnly = parseAccess(c);
  } while (c.takeMark(','));
  return readOnly;
}

/** AND CHAIN, RELEASE, and their negations. */
function parseCompletion(c: Cursor): Pick<Transaction, 'chain' | 'release'> {
  let chain = false;
  let release = false;
  if (c.takeWord('AND')) {
    chain = !c.takeWord('NO');
    c.expectWord('CHAIN');
  }
  if (c.takeWord('RELEASE')) release = true;
  else if (c.takeWord('NO')) c.expectWord('RELEASE');
  return { chain, release };
}

export function parseCommit(c: Cursor): Statement {
  c.expectWord('COMMIT');
  c.takeWord('WORK');
  return transaction('commit', parseCompletion(c));
}

export function parseRollback(c: Cursor): Statement {
  c.expectWord('ROLLBACK');
  c.takeWord('WORK');
  if (!c.takeWord('TO')) return transaction('rollback', parseCompletion(c));
  if (c.word === 'SAVEPOINT' && c.kindAhead(1) !== 'end') c.advance();
  parseName(c, 'the name of a savepoint');
  return transaction('rollback-to');
}

export function parseSavepoint(c: Cursor): Statement {
  c.expectWord('SAVEPOINT');
  parseName(c, 'the name of a savepoint');
  return transaction('savepoint');
}

export function parseRelease(c: Cursor): Statement {
  c.expectWords('RELEASE', 'SAVEPOINT');
  parseName(c, 'the name of a savepoint');
  return transaction('release');
}

const XA_WORDS: ReadonlySet<string> = new Set([
  'START',
  'BEGIN',
  'END',
  'PREPARE',
  'COMMIT',
  'ROLLBACK',
  'RECOVER',
]);

export function parseXa(c: Cursor): Statement {
  c.expectWord('XA');
  if (c.takeOneOf(XA_WORDS) === '') c.refuse('what to do in XA');
  skipRest(c);
  return transaction('xa');
}
