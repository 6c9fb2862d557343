/** One statement: its kind, its effects and what it does to the session, by what it is. */
import { effectSet } from '../../core/effects.ts';
import type { RowBound, SessionAct } from '../../core/facts.ts';
import { NOWHERE } from '../origins.ts';
import { administration, maintenance } from './administration.ts';
import type { Analysis } from './analysis.ts';
import type { Query, Statement } from './ast.ts';
import { definition, truncate } from './definitions.ts';
import { expressions } from './expression.ts';
import { handler } from './handler.ts';
import { insert, load, remove, update } from './modify.ts';
import { deallocate, execute, executeImmediate, explain, prepare } from './prepared.ts';
import { analyzeQuery } from './query.ts';
import { Scope, type Shape, UNKNOWN_SHAPE } from './scope.ts';
import { call, kill, lockTables, signal, transaction, use } from './session-statements.ts';
import { changeForStatement, changeSettings } from './settings.ts';
import { describe, explainConnection, show } from './show.ts';
import { Unreadable } from './unreadable.ts';

export interface StatementResult {
  /** The verb; pushed first into the analysis' kinds by `analyzeStatement`. */
  readonly kind: string;
  readonly act: SessionAct;
  readonly bound: RowBound;
  /** The columns that come back; null where none do. */
  readonly shape: Shape | null;
}

export const NO_ACT: SessionAct = { act: 'none' };
/** Rows that describe objects, settings or plans, and none of the user's data. */
export const DESCRIBING: Pick<StatementResult, 'bound' | 'shape'> = {
  bound: { kind: 'system' },
  shape: { columns: [], open: true, rest: NOWHERE },
};
/** Rows of which nothing is known. */
export const ANYTHING: Pick<StatementResult, 'bound' | 'shape'> = {
  bound: { kind: 'unbounded' },
  shape: UNKNOWN_SHAPE,
};

/** A statement that returns no rows. */
export function plain(kind: string, act: SessionAct = NO_ACT): StatementResult {
  return { kind, act, bound: { kind: 'none' }, shape: null };
}

export function analyzeStatement(a: Analysis, statement: Statement): StatementResult {
  const before = a.kinds.length;
  if (!LENIENT.has(statement.is)) a.strict = true;
  const result = a.nested(() => byKind(a, statement));
  if (a.sorts && a.reading.catalog.traits.flavour === 'mysql') a.uses.mayFail(a.grown);
  if (a.kinds[before] !== result.kind) a.kinds.splice(before, 0, result.kind);
  return result;
}

/** What strict mode is no matter to, and those that hold a statement. */
const LENIENT: ReadonlySet<Statement['is']> = new Set([
  'select',
  'explain',
  'set-statement',
  'prepare',
  'execute',
]);

function byKind(a: Analysis, statement: Statement): StatementResult {
  switch (statement.is) {
    case 'select':
      return select(a, statement.query);
    case 'insert':
      return insert(a, statement);
    case 'update':
      return update(a, statement);
    case 'delete':
      return remove(a, statement);
    case 'load':
      return load(a, statement);
    case 'do':
      expressions(a, statement.expressions, new Scope(null), 'filter');
      return plain('DO');
    case 'call':
      return call(a, statement);
    case 'set':
      changeSettings(a, statement.assignments);
      return plain('SET');
    case 'set-statement': {
      changeForStatement(a, statement.assignments);
      a.kinds.push('SET');
      return analyzeStatement(a, statement.statement);
    }
    case 'use':
      return use(a, statement.schema);
    case 'explain':
      return explain(a, statement);
    case 'describe':
      return describe(a, statement);
    case 'explain-connection':
      return explainConnection(a);
    case 'show':
      return show(a, statement);
    case 'prepare':
      return prepare(a, statement);
    case 'execute':
      return execute(a, statement);
    case 'execute-immediate':
      return executeImmediate(a, statement);
    case 'deallocate':
      return deallocate(statement.name);
    case 'transaction':
      return transaction(a, statement);
    case 'lock-tables':
      return lockTables(a, statement.tables);
    case 'unlock-tables':
      return plain('UNLOCK TABLES');
    case 'kill':
      return kill(a, statement);
    case 'handler':
      return handler(a, statement);
    case 'truncate':
      return truncate(a, statement.table);
    case 'diagnostics':
      // What the server said of the statement before, which may quote values, goes where nobody masks it.
      a.addEffects('session');
      a.uses.storesUnknown = true;
      return plain('GET DIAGNOSTICS');
    case 'signal':
      return signal(a, statement.expressions);
    case 'definition':
      return definition(a, statement);
    case 'administration':
      return administration(a, statement);
    case 'maintenance':
      return maintenance(a, statement);
    default:
      throw new Unreadable(`a kind of statement that Sluice does not know${unknownKind(statement)}`);
  }
}

/** The name of what the parser has learnt and this walk has not. */
function unknownKind(statement: never): string {
  const described: { readonly is?: string } = statement;
  return described.is === undefined ? '' : ` (${described.is})`;
}

/** SELECT, VALUES, TABLE; with INTO its rows go to a file or to variables. */
function select(a: Analysis, query: Query): StatementResult {
  const { shape, bound } = analyzeQuery(a, query, null);
  const into = intoOf(query);
  if (into === null) return { kind: 'SELECT', act: NO_ACT, bound, shape };
  if (into.into === 'variables') {
    a.addEffects('session');
    return plain('SELECT INTO');
  }
  for (const used of a.uses.relations.values()) {
    if (used.role === 'direct') a.uses.addRelation(used, effectSet('copy-out'), used.role, used.known);
  }
  return plain(into.into === 'outfile' ? 'SELECT INTO OUTFILE' : 'SELECT INTO DUMPFILE');
}

/** INTO stands at the end, or in any SELECT of a set operation. */
function intoOf(query: Query): Query['into'] {
  if (query.into !== null) return query.into;
  const { body } = query;
  const inner = body.is === 'set-operation' ? body.operands : body.is === 'nested' ? [body.query] : [];
  for (const operand of inner) {
    const into = intoOf(operand);
    if (into !== null) return into;
  }
  return null;
}
