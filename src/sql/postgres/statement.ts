/** One statement: its kind, its effects and what it does to the session, by the kind of its topmost node. */
import { type EffectSet, effectSet } from '../../core/effects.ts';
import type { RowBound, SessionAct } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, flag, node, nodes, stringOf, struct, text, Unreadable } from './ast.ts';
import { orderByIndex } from './compared-columns.ts';
import { copyStatement } from './copy.ts';
import { alterTable, createFunction, createTable, makesTemporary, rename } from './definitions.ts';
import { drop, everyRelation, mentionObject, truncate } from './drop.ts';
import { callFunction } from './functions.ts';
import { analyzeQuery } from './query.ts';
import { useRelation } from './relations.ts';
import { NO_SHAPE, renamed, Scope, type Shape, wholeOf } from './scope.ts';
import {
  declareCursor,
  executePrepared,
  explain,
  fetchCursor,
  prepare,
  transaction,
} from './session-statements.ts';
import { changeSetting, settingValue } from './settings.ts';
import { mentionRelation, sweep } from './sweep.ts';
import { objectWords, UTILITIES } from './utility-table.ts';

export interface StatementResult {
  /** The verb; pushed first into the analysis' kinds by `analyzeStatement`. */
  readonly kind: string;
  readonly act: SessionAct;
  readonly bound: RowBound;
  /** The columns that come back; null where none do. */
  readonly shape: Shape | null;
}

const NONE: SessionAct = { act: 'none' };
const NO_ROWS: RowBound = { kind: 'none' };
/** Rows that describe objects or plans: few, and none of the user's data. */
const FEW_ROWS: RowBound = { kind: 'system' };

export function plain(kind: string, act: SessionAct = NONE): StatementResult {
  return { kind, act, bound: NO_ROWS, shape: null };
}

export function analyzeStatement(a: Analysis, statement: AstNode): StatementResult {
  a.visited.add(statement.body);
  const before = a.kinds.length;
  const result = a.nested(() => byTag(a, statement));
  if (a.kinds[before] !== result.kind) a.kinds.splice(before, 0, result.kind);
  return result;
}

function byTag(a: Analysis, statement: AstNode): StatementResult {
  const { tag, body } = statement;
  switch (tag) {
    case 'SelectStmt':
      return selectOrInto(a, body);
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt': {
      const { shape, bound } = analyzeQuery(a, statement, null);
      const kind = tag.slice(0, -'Stmt'.length).toUpperCase();
      return { kind, act: NONE, bound, shape: shape === NO_SHAPE ? null : shape };
    }
    case 'CopyStmt':
      return copyStatement(a, body);
    case 'ExplainStmt':
      return explain(a, body, FEW_ROWS);
    case 'PrepareStmt':
      return prepare(a, body);
    case 'ExecuteStmt':
      return executePrepared(a, body);
    case 'DeallocateStmt':
      return plain('DEALLOCATE', { act: 'deallocate', name: text(body, 'name') });
    case 'DeclareCursorStmt':
      return declareCursor(a, body);
    case 'FetchStmt':
      return fetchCursor(body);
    case 'ClosePortalStmt':
      return plain('CLOSE CURSOR', { act: 'close', name: text(body, 'portalname') });
    case 'TransactionStmt':
      return transaction(a, body);
    case 'VariableSetStmt':
      return setVariable(a, body);
    case 'VariableShowStmt':
      a.addEffects('read');
      return { kind: 'SHOW', act: NONE, bound: FEW_ROWS, shape: { columns: [], open: true, rest: [] } };
    case 'DiscardStmt':
      return discard(a, body);
    case 'CallStmt':
      return call(a, body);
    case 'DoStmt':
      a.addEffects('dynamic', 'execute');
      return plain('DO');
    case 'LockStmt':
      return lock(a, body);
    case 'CreateTableAsStmt':
      return createTableAs(a, body);
    case 'ViewStmt':
      return createView(a, body);
    case 'CreateSchemaStmt':
      a.addEffects('define');
      // The search path may have been waiting for it.
      a.changesReading = true;
      for (const element of nodes(body, 'schemaElts')) analyzeStatement(a, element);
      return plain('CREATE SCHEMA');
    case 'CreateStmt':
      return createTable(a, body);
    case 'CreateFunctionStmt':
      return createFunction(a, body);
    case 'AlterTableStmt':
      return alterTable(a, body);
    case 'AlterObjectSchemaStmt':
    case 'RenameStmt':
      return rename(a, body);
    case 'DropStmt':
      return drop(a, body);
    case 'TruncateStmt':
      return truncate(a, body);
    case 'VacuumStmt':
      return vacuum(a, body);
    default:
      return fromTable(a, statement);
  }
}

function fromTable(a: Analysis, statement: AstNode): StatementResult {
  const row = Object.hasOwn(UTILITIES, statement.tag) ? UTILITIES[statement.tag] : undefined;
  if (row === undefined)
    throw new Unreadable(`${statement.tag}, a kind of statement that Sluice does not know`);
  a.addEffects(...row.effects);
  sweep(a, statement.body, effectSet(...row.effects));
  const objectType =
    text(statement.body, 'objtype') ?? text(statement.body, 'objectType') ?? text(statement.body, 'kind');
  const refreshed = statement.tag === 'RefreshMatViewStmt' ? struct(statement.body, 'relation') : null;
  if (refreshed !== null) useRelation(a, refreshed, effectSet('read'));
  if (refreshed !== null && flag(statement.body, 'skipData')) a.addEffects('destroy');
  // A right on a schema, too, decides which names the search path finds.
  if (statement.tag === 'GrantStmt') a.changesReading = true;
  if (statement.tag === 'CommentStmt' || statement.tag === 'SecLabelStmt')
    mentionObject(a, statement.body, row.effects);
  if (statement.tag === 'ClusterStmt') orderByIndex(a, statement.body);
  if (statement.tag === 'DropOwnedStmt' || statement.tag === 'AlterTableMoveAllStmt')
    everyRelation(a, effectSet(...row.effects), () => true);
  if (text(statement.body, 'targtype') === 'ACL_TARGET_ALL_IN_SCHEMA') {
    const schemas = new Set(nodes(statement.body, 'objects').map(stringOf));
    everyRelation(a, effectSet(...row.effects), (_, schema) => schemas.has(schema));
  }
  if (statement.tag === 'GrantStmt') return plain(flag(statement.body, 'is_grant') ? 'GRANT' : 'REVOKE');
  if (statement.tag === 'GrantRoleStmt')
    return plain(flag(statement.body, 'is_grant') ? 'GRANT ROLE' : 'REVOKE ROLE');
  return plain(row.kind.includes('*') ? row.kind.replace('*', objectWords(objectType)) : row.kind);
}

/** SELECT, or SELECT INTO, which makes a table. */
function selectOrInto(a: Analysis, body: JsonObject): StatementResult {
  const { shape, bound } = analyzeQuery(a, { tag: 'SelectStmt', body }, null);
  const into = intoOf(body);
  if (into === null) return { kind: 'SELECT', act: NONE, bound, shape };
  makeTable(a, into, shape);
  return plain('SELECT INTO');
}

/** INTO stands in the leftmost SELECT of a set operation. */
function intoOf(body: JsonObject): JsonObject | null {
  const left = struct(body, 'larg');
  return struct(body, 'intoClause') ?? (left === null ? null : intoOf(left));
}

function makeTable(a: Analysis, into: JsonObject, shape: Shape): void {
  const relation = struct(into, 'rel');
  if (relation === null) throw new Unreadable('INTO without a table');
  a.addEffects('define', 'write');
  a.uses.addColumns(wholeOf(shape), 'source');
  mentionRelation(a, relation, effectSet('define', 'write'));
  if (makesTemporary(a, relation)) {
    const columns = renamed(shape, nodes(into, 'colNames').map(stringOf));
    a.makesTemporary.push({
      name: text(relation, 'relname') ?? '',
      columns: columns.open ? null : columns.columns.map((column) => column.name),
    });
  }
}

function createTableAs(a: Analysis, body: JsonObject): StatementResult {
  const query = node(body, 'query');
  const into = struct(body, 'into');
  if (query === null || into === null) throw new Unreadable('CREATE TABLE AS without a query');
  const result = analyzeStatement(a, query);
  makeTable(a, into, result.shape ?? { columns: [], open: true, rest: null });
  const type = objectWords(text(body, 'objtype') ?? text(body, 'relkind'));
  return plain(type === 'MATERIALIZED VIEW' ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS', result.act);
}

function createView(a: Analysis, body: JsonObject): StatementResult {
  const query = node(body, 'query');
  const view = struct(body, 'view');
  if (query === null || view === null) throw new Unreadable('CREATE VIEW without a query');
  a.addEffects('define');
  const { shape } = analyzeQuery(a, query, null);
  mentionRelation(a, view, effectSet('define'));
  // Who waits for a lock on the name has been judged by what it meant before; and of a temporary view the catalog has
  // nothing, ever.
  a.uses.addColumns(wholeOf(shape), 'source');
  if (makesTemporary(a, view)) {
    const columns = renamed(shape, nodes(body, 'aliases').map(stringOf));
    a.makesTemporary.push({
      name: text(view, 'relname') ?? '',
      columns: columns.open ? null : columns.columns.map((column) => column.name),
    });
  }
  return plain('CREATE VIEW');
}

function setVariable(a: Analysis, body: JsonObject): StatementResult {
  const name = text(body, 'name');
  const values = nodes(body, 'args').map(settingValue);
  switch (text(body, 'kind')) {
    case 'VAR_SET_VALUE':
    case 'VAR_SET_CURRENT':
      changeSetting(a, name, values.includes(null) ? null : values.filter((value) => value !== null));
      return plain('SET');
    case 'VAR_SET_DEFAULT':
      changeSetting(a, name, []);
      return plain('SET');
    case 'VAR_RESET':
      // Going back to what the session began with is not a change of identity.
      a.addEffects('session');
      if (name !== 'role' && name !== 'session_authorization') a.settings.add((name ?? '').toLowerCase());
      a.changesReading = true;
      return plain('RESET');
    case 'VAR_SET_MULTI':
      a.addEffects('session');
      a.settings.add((name ?? '').toLowerCase());
      return plain(name === 'TRANSACTION' || name === 'TRANSACTION SNAPSHOT' ? 'SET TRANSACTION' : 'SET');
    case 'VAR_RESET_ALL':
      a.addEffects('session');
      a.changesReading = true;
      return plain('RESET');
    default:
      throw new Unreadable('a SET of a form not known');
  }
}

function discard(a: Analysis, body: JsonObject): StatementResult {
  a.addEffects('session');
  const target = text(body, 'target') ?? 'DISCARD_ALL';
  if (target !== 'DISCARD_ALL') return plain(target.replace('_', ' '));
  a.changesReading = true;
  return plain('DISCARD ALL', { act: 'discard-all' });
}

function call(a: Analysis, body: JsonObject): StatementResult {
  const funccall = struct(body, 'funccall');
  if (funccall === null) throw new Unreadable('CALL of nothing');
  a.addEffects('execute');
  callFunction(a, funccall, new Scope(null), 'filter');
  a.changesReading = true;
  return { kind: 'CALL', act: NONE, bound: FEW_ROWS, shape: { columns: [], open: true, rest: null } };
}

/** ACCESS SHARE and ROW SHARE keep nobody from anything; the stronger modes hold writers or readers up. */
function lock(a: Analysis, body: JsonObject): StatementResult {
  const mode = Number(body['mode'] ?? 0);
  const effects: EffectSet = effectSet(mode <= 2 ? 'read' : 'write');
  a.effects |= effects;
  // A view is locked with what it reads.
  for (const relation of nodes(body, 'relations')) useRelation(a, relation.body, effects);
  return plain('LOCK TABLE');
}

function vacuum(a: Analysis, body: JsonObject): StatementResult {
  a.addEffects('admin');
  sweep(a, body, effectSet('admin'));
  return plain(flag(body, 'is_vacuumcmd') ? 'VACUUM' : 'ANALYZE');
}
