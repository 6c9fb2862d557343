/** Statements that make, alter and remove objects. */
import { type Effect, effectSet } from '../../core/effects.ts';
import type { JsonObject } from '../../core/json.ts';
import { Analysis, isTemporarySchema } from './analysis.ts';
import {
  type AstNode,
  flag,
  items,
  listNodes,
  node,
  nodes,
  stringOf,
  struct,
  text,
  Unreadable,
} from './ast.ts';
import type { CatalogRelation } from './catalog.ts';
import { everyRelation } from './drop.ts';
import { useRelation } from './relations.ts';
import { wholeOf } from './scope.ts';
import { analyzeStatement, plain, type StatementResult } from './statement.ts';
import { sweep } from './sweep.ts';
import { objectWords } from './utility-table.ts';

const DEFINE = effectSet('define');

export function createTable(a: Analysis, body: JsonObject): StatementResult {
  a.addEffects('define');
  const relation = struct(body, 'relation');
  if (relation !== null && makesTemporary(a, relation)) {
    const columns = nodes(body, 'tableElts')
      .filter((element) => element.tag === 'ColumnDef')
      .map((element) => text(element.body, 'colname') ?? '');
    const complete =
      ['inhRelations', 'ofTypename'].every((field) => body[field] === undefined) &&
      !nodes(body, 'tableElts').some((element) => element.tag === 'TableLikeClause');
    a.makesTemporary.push({ name: text(relation, 'relname') ?? '', columns: complete ? columns : null });
  }
  sweep(a, body, DEFINE);
  return plain('CREATE TABLE');
}

/** Whether a relation made under that name is the session's own: by TEMP, by its schema, or by the search path. */
export function makesTemporary(a: Analysis, relation: JsonObject): boolean {
  if (text(relation, 'relpersistence') === 't') return true;
  const schema =
    text(relation, 'schemaname') ?? a.reading.path?.find((searched) => searched !== 'pg_catalog');
  return schema !== undefined && isTemporarySchema(schema);
}

/** Bodies in SQL are read as if they ran now, since whoever may call the function may run them. */
export function createFunction(a: Analysis, body: JsonObject): StatementResult {
  a.addEffects('define');
  const options = nodes(body, 'options');
  const language =
    optionText(options, 'language')?.toLowerCase() ?? (body['sql_body'] === undefined ? '' : 'sql');
  const sqlBody = body['sql_body'];
  if (sqlBody !== undefined) readSqlBody(a, sqlBody);
  else if (language === 'sql') readBodyText(a, options);
  else if (language === 'c' || language === 'internal') a.addEffects('file', 'admin');
  else a.addEffects('dynamic');
  sweep(a, items(body, 'parameters'), DEFINE);
  sweep(a, items(body, 'options'), DEFINE);
  return plain(flag(body, 'is_procedure') ? 'CREATE PROCEDURE' : 'CREATE FUNCTION');
}

/** `BEGIN ATOMIC … END` and `RETURN expression`: a tree already. */
function readSqlBody(a: Analysis, sqlBody: JsonObject[string]): void {
  const kinds = a.kinds.length;
  sweep(a, sqlBody ?? null, 0);
  if (a.kinds.length > kinds && a.kinds.slice(kinds).every((kind) => kind === 'SELECT'))
    a.kinds.length = kinds;
}

function readBodyText(a: Analysis, options: readonly AstNode[]): void {
  const as = options.find((option) => text(option.body, 'defname') === 'as');
  const arg = as === undefined ? null : node(as.body, 'arg');
  const source = arg === null || arg.tag !== 'List' ? undefined : listNodes(arg)[0];
  if (source === undefined) throw new Unreadable('a function without a body');
  // An analysis of its own: places in the body's text are not places in the statement's, whose literals they
  // would be taken for (facts-cache.ts). Its names are looked up when it runs, under whatever path is in force then.
  const inner = new Analysis({ ...a.reading, path: null }, a.parseText);
  try {
    for (const statement of a.parseText(stringOf(source))) {
      const { act } = analyzeStatement(inner, statement);
      // EXECUTE, which runs what was prepared under other names.
      if (act.act !== 'none') a.addEffects('dynamic');
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    a.addEffects('dynamic');
  }
  a.adopt(inner);
}

function optionText(options: readonly AstNode[], name: string): string | null {
  const option = options.find((candidate) => text(candidate.body, 'defname') === name);
  const arg = option === undefined ? null : node(option.body, 'arg');
  return arg?.tag === 'String' ? stringOf(arg) : null;
}

/** ALTER TABLE commands that lose data, or take a part of it out of the table's reach. */
const DESTROYING: ReadonlySet<string> = new Set([
  'AT_DropColumn',
  'AT_DropColumnRecurse',
  'AT_AlterColumnType',
  'AT_SetExpression',
  'AT_DropExpression',
  'AT_DetachPartition',
  'AT_DetachPartitionFinalize',
  'AT_DropInherit',
  'AT_SetTableSpace',
  'AT_SetUnLogged',
]);

/** Commands about who may do what, and what guards a table. */
const ADMINISTERING: ReadonlySet<string> = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
  'AT_EnableTrig',
  'AT_EnableAlwaysTrig',
  'AT_EnableReplicaTrig',
  'AT_DisableTrig',
  'AT_EnableTrigAll',
  'AT_DisableTrigAll',
  'AT_EnableTrigUser',
  'AT_DisableTrigUser',
  'AT_EnableRule',
  'AT_EnableAlwaysRule',
  'AT_EnableReplicaRule',
  'AT_DisableRule',
]);

export function alterTable(a: Analysis, body: JsonObject): StatementResult {
  const effects: Effect[] = ['define'];
  for (const command of nodes(body, 'cmds')) {
    const subtype = text(command.body, 'subtype') ?? '';
    if (DESTROYING.has(subtype)) effects.push('destroy');
    if (ADMINISTERING.has(subtype)) effects.push('admin');
    const relation = struct(body, 'relation');
    const column = text(command.body, 'name');
    if (relation !== null) showsElsewhere(a, relation, command, subtype);
    if (relation === null || column === null || !subtype.includes('Column')) continue;
    const table = text(relation, 'relname') ?? '';
    for (const candidate of a.candidates(text(relation, 'schemaname'), table)) {
      a.uses.addColumn({ schema: candidate.schema, table, column }, 'assignment');
    }
  }
  a.addEffects(...effects);
  sweep(a, body, effectSet(...effects));
  changeTemporary(a, struct(body, 'relation'), null);
  return plain(`ALTER ${objectWords(text(body, 'objtype') ?? text(body, 'relkind')) || 'TABLE'}`);
}

/** Rows of a child can be read under its parent's name from then on. */
function showsElsewhere(a: Analysis, relation: JsonObject, command: AstNode, subtype: string): void {
  const def = node(command.body, 'def');
  const child =
    subtype === 'AT_AddInherit'
      ? relation
      : subtype === 'AT_AttachPartition'
        ? struct(def?.body ?? {}, 'name')
        : null;
  if (child === null) return;
  for (const candidate of a.candidates(text(child, 'schemaname'), text(child, 'relname') ?? '')) {
    for (const { name } of candidate.relation?.columns ?? []) {
      a.uses.addColumn({ schema: candidate.schema, table: candidate.name, column: name }, 'source');
    }
  }
}

/**
 * The columns are read under another name from then on, also by statements that were judged before by what that name
 * meant, and wait for the lock.
 */
function toldElsewhere(a: Analysis, { schema, name: table, columns }: CatalogRelation): void {
  for (const { name: column } of columns) a.uses.addColumn({ schema, table, column }, 'source');
}

function isView(a: Analysis, relation: JsonObject): boolean {
  const named = a.candidates(text(relation, 'schemaname'), text(relation, 'relname') ?? '');
  return named.some((candidate) => (candidate.relation?.definition ?? null) !== null);
}

/** A temporary table whose columns or name change: under either name, it may be what a later statement means. */
function changeTemporary(a: Analysis, relation: JsonObject | null, newName: string | null): void {
  if (relation === null) return;
  const name = text(relation, 'relname') ?? '';
  const own = a.candidates(text(relation, 'schemaname'), name).some(({ temporary }) => temporary !== null);
  if (own) a.makesTemporary.push({ name: newName ?? name, columns: null });
}

/** Objects that hold data, or that data is reached by: under another name the old one is gone. */
const NAMED_DATA: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_COLUMN',
  'OBJECT_ATTRIBUTE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_SEQUENCE',
  'OBJECT_SCHEMA',
  'OBJECT_DATABASE',
]);

export function rename(a: Analysis, body: JsonObject): StatementResult {
  const type = text(body, 'renameType') ?? text(body, 'objectType') ?? '';
  const effects: Effect[] = NAMED_DATA.has(type) ? ['define', 'destroy'] : ['define'];
  if (type === 'OBJECT_ROLE' || type === 'OBJECT_DATABASE') effects.push('admin');
  a.addEffects(...effects);
  sweep(a, body, effectSet(...effects));
  if (type === 'OBJECT_SCHEMA') {
    a.changesReading = true;
    const schema = text(body, 'subname');
    everyRelation(a, effectSet(...effects), (_, own) => own === schema);
    for (const moved of a.reading.catalog.userRelations())
      if (moved.schema === schema) toldElsewhere(a, moved);
  }
  const relation = struct(body, 'relation');
  const column = text(body, 'subname');
  if (relation !== null && column !== null && type === 'OBJECT_COLUMN') {
    const table = text(relation, 'relname') ?? '';
    for (const candidate of a.candidates(text(relation, 'schemaname'), table)) {
      a.uses.addColumn({ schema: candidate.schema, table, column }, 'assignment');
      a.uses.addColumn({ schema: candidate.schema, table, column }, 'source');
    }
  }
  if (relation !== null && type !== 'OBJECT_COLUMN') {
    const named = a.candidates(text(relation, 'schemaname'), text(relation, 'relname') ?? '');
    for (const candidate of named) if (candidate.relation !== null) toldElsewhere(a, candidate.relation);
  }
  // A view's own columns have no masks: those of the tables behind it have.
  if (relation !== null && isView(a, relation))
    a.uses.addColumns(wholeOf(useRelation(a, relation, 0)), 'source');
  changeTemporary(a, relation, type === 'OBJECT_COLUMN' ? null : text(body, 'newname'));
  const subject = type === 'OBJECT_COLUMN' ? (text(body, 'relationType') ?? 'OBJECT_TABLE') : type;
  return plain(`ALTER ${objectWords(subject)}`);
}
