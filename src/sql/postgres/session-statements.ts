/** Statements about the session itself: transactions, prepared statements, cursors, EXPLAIN. */
import { type EffectSet, effectSet } from '../../core/effects.ts';
import type { ConstantArgument, RowBound, TransactionAct } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import { Analysis } from './analysis.ts';
import {
  type AstNode,
  constantOf,
  flag,
  integer,
  locationOf,
  node,
  nodes,
  stringOf,
  text,
  Unreadable,
} from './ast.ts';
import { expression } from './expression.ts';
import { factsFrom } from './facts.ts';
import { useType } from './functions.ts';
import { analyzeQuery } from './query.ts';
import { Scope } from './scope.ts';
import { analyzeStatement, type StatementResult } from './statement.ts';

const NO_ROWS: RowBound = { kind: 'none' };

const TRANSACTIONS: Readonly<Record<string, { readonly kind: string; readonly act: TransactionAct }>> = {
  TRANS_STMT_BEGIN: { kind: 'BEGIN', act: 'begin' },
  TRANS_STMT_START: { kind: 'START TRANSACTION', act: 'begin' },
  TRANS_STMT_COMMIT: { kind: 'COMMIT', act: 'commit' },
  TRANS_STMT_ROLLBACK: { kind: 'ROLLBACK', act: 'rollback' },
  TRANS_STMT_SAVEPOINT: { kind: 'SAVEPOINT', act: 'savepoint' },
  TRANS_STMT_RELEASE: { kind: 'RELEASE', act: 'other' },
  TRANS_STMT_ROLLBACK_TO: { kind: 'ROLLBACK', act: 'rollback' },
  TRANS_STMT_PREPARE: { kind: 'PREPARE TRANSACTION', act: 'commit' },
  TRANS_STMT_COMMIT_PREPARED: { kind: 'COMMIT PREPARED', act: 'other' },
  TRANS_STMT_ROLLBACK_PREPARED: { kind: 'ROLLBACK PREPARED', act: 'other' },
};

export function transaction(a: Analysis, body: JsonObject): StatementResult {
  const row = TRANSACTIONS[text(body, 'kind') ?? ''];
  if (row === undefined) throw new Unreadable('a transaction statement of a form not known');
  // Prepared transactions outlive the session and are everyone's.
  if (row.kind.includes('PREPARE')) a.addEffects('admin');
  return { kind: row.kind, act: { act: 'transaction', kind: row.act }, bound: NO_ROWS, shape: null };
}

export function prepare(a: Analysis, body: JsonObject): StatementResult {
  const query = node(body, 'query');
  if (query === null) throw new Unreadable('PREPARE of nothing');
  for (const type of nodes(body, 'argtypes')) useType(a, type.body);
  const inner = new Analysis(a.reading, a.parseText);
  const result = analyzeStatement(inner, query);
  const facts = factsFrom(inner, result);
  a.adopt(inner);
  a.adoptConstants(inner);
  return {
    kind: 'PREPARE',
    act: { act: 'prepare', name: text(body, 'name') ?? '', inner: facts },
    bound: NO_ROWS,
    shape: null,
  };
}

export function executePrepared(a: Analysis, body: JsonObject): StatementResult {
  const params = nodes(body, 'params');
  const scope = new Scope(null);
  const args: ConstantArgument[] = params.map((param) => {
    expression(a, param, scope, 'filter');
    return constantArgument(a, param);
  });
  // How it reads and what it changes is that statement's; the session looks it up by its name.
  const act: StatementResult['act'] = { act: 'execute', name: text(body, 'name') ?? '', args };
  return { kind: 'EXECUTE', act, bound: NO_ROWS, shape: null };
}

function constantArgument(a: Analysis, param: AstNode): ConstantArgument {
  if (param.tag !== 'A_Const') return 'other';
  const constant = constantOf(param.body);
  a.lookAt(locationOf(param.body));
  if (constant.kind === 'null') return null;
  if (constant.kind === 'integer') return constant.value;
  return constant.kind === 'string' && /^\s*\d{1,15}\s*$/.test(constant.text)
    ? Number(constant.text)
    : 'other';
}

export function declareCursor(a: Analysis, body: JsonObject): StatementResult {
  const query = node(body, 'query');
  if (query === null) throw new Unreadable('DECLARE without a query');
  const { shape, bound } = analyzeQuery(a, query, null);
  // CURSOR_OPT_HOLD moved when 14 added ASENSITIVE (nodes/parsenodes.h).
  const hold = a.reading.catalog.major >= 14 ? 0x20 : 0x10;
  const holdable = (integer(body, 'options') & hold) !== 0;
  const name = text(body, 'portalname') ?? '';
  return { kind: 'DECLARE CURSOR', act: { act: 'declare', name, holdable }, bound, shape };
}

export function fetchCursor(body: JsonObject): StatementResult {
  const name = text(body, 'portalname') ?? '';
  return {
    kind: flag(body, 'ismove') ? 'MOVE' : 'FETCH',
    act: { act: 'fetch', name },
    bound: NO_ROWS,
    shape: null,
  };
}

/** Only ANALYZE runs the statement; without it, planning still calls functions that are not volatile. */
export function explain(a: Analysis, body: JsonObject, bound: RowBound): StatementResult {
  const query = node(body, 'query');
  if (query === null) throw new Unreadable('EXPLAIN of nothing');
  const runs = nodes(body, 'options').some((option) => isTurnedOn(option.body, 'analyze'));
  const inner = new Analysis(a.reading, a.parseText);
  const result = analyzeStatement(inner, query);
  if (!runs) planOnly(inner);
  else a.makesTemporary.push(...inner.makesTemporary);
  a.adopt(inner);
  a.adoptConstants(inner);
  const act: StatementResult['act'] = result.act.act === 'execute' ? result.act : { act: 'none' };
  return {
    kind: 'EXPLAIN',
    act,
    bound,
    shape: { columns: [{ name: 'QUERY PLAN', origins: null }], open: false, rest: null },
  };
}

const CHANGES = effectSet('write', 'destroy', 'define', 'copy-in', 'copy-out');
const READ = effectSet('read');

function planOnly(inner: Analysis): void {
  const plan = (effects: EffectSet) => ((effects & CHANGES) === 0 ? effects : (effects & ~CHANGES) | READ);
  inner.effects = plan(inner.effects);
  for (const [key, use] of inner.uses.relations)
    inner.uses.relations.set(key, { ...use, effects: plan(use.effects) });
  inner.kinds.length = 0;
  inner.unfiltered = false;
}

/** `EXPLAIN ANALYZE`, `(ANALYZE)`, `(ANALYZE on)`: an option without a value is on. */
function isTurnedOn(option: JsonObject, name: string): boolean {
  if ((text(option, 'defname') ?? '').toLowerCase() !== name) return false;
  const arg = node(option, 'arg');
  if (arg === null) return true;
  if (arg.tag === 'Integer') return integer(arg.body, 'ival') !== 0;
  if (arg.tag === 'Boolean') return flag(arg.body, 'boolval');
  return arg.tag !== 'String' || !/^(off|false|0|no|f|n)$/i.test(stringOf(arg));
}
