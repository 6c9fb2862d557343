/** Statements about the session itself and what it shares with others: USE, transactions, locks, KILL, CALL. */
import { effectSet } from '../../core/effects.ts';
import type { TransactionAct } from '../../core/facts.ts';
import type { Analysis } from './analysis.ts';
import type { Expression, Statement } from './ast.ts';
import { expressions } from './expression.ts';
import { useRelation } from './relations.ts';
import { Scope } from './scope.ts';
import { ANYTHING, DESCRIBING, NO_ACT, plain, type StatementResult } from './statement.ts';
import { noteRoutine } from './stored-code.ts';
import { mayLeaveBehind } from './unread-code.ts';
import { NoDatabase } from './unreadable.ts';

type Transaction = Extract<Statement, { is: 'transaction' }>;

const TRANSACTIONS: Readonly<
  Record<Transaction['act'], { readonly kind: string; readonly act: TransactionAct }>
> = {
  begin: { kind: 'BEGIN', act: 'begin' },
  commit: { kind: 'COMMIT', act: 'commit' },
  rollback: { kind: 'ROLLBACK', act: 'rollback' },
  savepoint: { kind: 'SAVEPOINT', act: 'savepoint' },
  'rollback-to': { kind: 'ROLLBACK', act: 'rollback' },
  release: { kind: 'RELEASE', act: 'other' },
  set: { kind: 'SET TRANSACTION', act: 'other' },
  xa: { kind: 'XA', act: 'other' },
};

export function transaction(a: Analysis, { act }: Transaction): StatementResult {
  const row = TRANSACTIONS[act];
  const result = { kind: row.kind, act: { act: 'transaction', kind: row.act } } as const;
  if (act === 'set') a.addEffects('session');
  // What XA has prepared outlives the session and is everyone's; RECOVER lists it.
  if (act !== 'xa') return { ...plain(row.kind), ...result };
  a.addEffects('admin');
  return { ...DESCRIBING, ...result };
}

export function use(a: Analysis, schema: string): StatementResult {
  a.addEffects('session');
  a.changesReading = true;
  return plain('USE', { act: 'use', schema });
}

const READ = effectSet('read');
const WRITE = effectSet('write');

/** A view is locked with what it reads. */
export function lockTables(
  a: Analysis,
  tables: Extract<Statement, { is: 'lock-tables' }>['tables'],
): StatementResult {
  for (const { table, write } of tables) useRelation(a, table, write ? WRITE : READ);
  return plain('LOCK TABLE');
}

/** A plain number is a session as its client knows it; who else is meant cannot be told. */
export function kill(a: Analysis, { query, id }: Extract<Statement, { is: 'kill' }>): StatementResult {
  if (id === null) {
    a.addEffects('admin');
    return plain('KILL USER');
  }
  a.addEffects('session');
  return plain('KILL', { act: 'kill', query, id });
}

/** Procedures of schema sys that run what they are given. */
const RUNS_TEXT = /^(?:execute_prepared_stmt|statement_performance_analyzer|ps_trace_statement_digest)$/i;

/** What a procedure does is not read; it may return any rows, several times over. */
export function call(a: Analysis, { procedure, args }: Extract<Statement, { is: 'call' }>): StatementResult {
  a.addEffects('execute');
  a.changesReading = true;
  const { catalog, schema: current } = a.reading;
  if (procedure.schema === null && current === null)
    throw new NoDatabase(`a procedure without a schema, where none is chosen: ${procedure.name}`);
  const schema = procedure.schema ?? current ?? null;
  const routine = schema === null ? null : catalog.routine('procedure', schema, procedure.name);
  if (routine === null) a.unresolved = true;
  else noteRoutine(a, routine);
  if (schema === 'sys' && RUNS_TEXT.test(procedure.name)) a.addEffects('dynamic');
  a.uses.addFunction(routine?.schema ?? schema, routine?.name ?? procedure.name, 'unknown');
  expressions(a, args, new Scope(null), 'source');
  // What it puts into variables, those that it is given among them, can be read from there without a mask.
  if (args.some((arg) => arg.is === 'user-variable') || mayLeaveBehind(routine?.body ?? null)) {
    a.uses.storesUnknown = true;
  }
  return { kind: 'CALL', act: NO_ACT, ...ANYTHING };
}

export function signal(a: Analysis, values: readonly Expression[]): StatementResult {
  expressions(a, values, new Scope(null), 'source');
  return plain('SIGNAL');
}
