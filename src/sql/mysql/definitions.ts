/** Statements that make, alter and remove objects. */
import { type Effect, type EffectSet, effectSet } from '../../core/effects.ts';
import { NOWHERE } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { DefinitionStatement, TableName } from './ast.ts';
import { expression } from './expression.ts';
import { mention, mentionAll, mentionSchema } from './mention.ts';
import { analyzeQuery } from './query.ts';
import { useRelation } from './relations.ts';
import { column, columnOf, type Range, Scope, type Shape, wholeOf } from './scope.ts';
import { ENGINES_ELSEWHERE } from './settings.ts';
import { plain, type StatementResult } from './statement.ts';

const DEFINE = effectSet('define');
const TRUNCATE = effectSet('write', 'destroy');

/** Kinds that are the server's affair and not a schema's. */
const OF_THE_SERVER =
  /^(?:CREATE|ALTER|DROP|RENAME) (?:SERVER|TABLESPACE|UNDO TABLESPACE|LOGFILE GROUP|USER|ROLE|RESOURCE GROUP|SPATIAL REFERENCE SYSTEM|INSTANCE|LIBRARY)/;

/** Under a new name, what it was under the old one is gone. */
const RENAMES = /^RENAME /;

function effectsOf(statement: DefinitionStatement): readonly Effect[] {
  const { kind, destroys, hasBody, files, engine } = statement;
  const effects: Effect[] = kind.startsWith('DROP ') ? ['destroy'] : ['define'];
  if (destroys || RENAMES.test(kind)) effects.push('destroy');
  // The body runs later, and nobody reads it before.
  if (hasBody) effects.push('dynamic');
  if (files) effects.push('file');
  if (OF_THE_SERVER.test(kind)) effects.push('admin');
  if (kind.endsWith(' SERVER')) effects.push('network');
  if (kind === 'CREATE FUNCTION' && files) effects.push('admin');
  if (engine !== null && ENGINES_ELSEWHERE.test(engine)) effects.push('network', 'file');
  // A merge table shows what other tables hold.
  if (engine !== null && /^(?:MERGE|MRG_MYISAM)$/i.test(engine)) effects.push('file');
  return effects;
}

export function definition(a: Analysis, statement: DefinitionStatement): StatementResult {
  const { kind, tables, refers, query, files } = statement;
  const effects = effectSet(...effectsOf(statement));
  a.effects |= effects;
  mentionAll(a, refers, DEFINE);
  // What a merge table shows is what the tables hold that it is made of.
  if (files) moved(a, refers);
  if (/ (?:DATABASE|SCHEMA)$/.test(kind)) database(a, statement, effects);
  if (query !== null && kind === 'CREATE TABLE') return createTableAs(a, statement, effects);
  mentionAll(a, tables, effects);
  // A view: who waits for a lock on its name has been judged by what it meant before.
  if (query !== null) a.uses.addColumns(wholeOf(analyzeQuery(a, query, null).shape), 'source');
  noteColumns(a, statement);
  noteTemporary(a, statement, null);
  return plain(kind);
}

/** What is in a database goes with it, or changes with it. */
function database(a: Analysis, { kind, object }: DefinitionStatement, effects: EffectSet): void {
  a.changesReading = true;
  if (object !== null && !kind.startsWith('CREATE')) mentionSchema(a, object, effects);
}

function createTableAs(a: Analysis, statement: DefinitionStatement, effects: EffectSet): StatementResult {
  const { query, tables } = statement;
  a.addEffects('write');
  const shape = query === null ? null : analyzeQuery(a, query, null).shape;
  if (shape !== null) a.uses.addColumns(wholeOf(shape), 'source');
  mentionAll(a, tables, effects | effectSet('write'));
  noteColumns(a, statement);
  noteTemporary(a, statement, shape);
  return plain('CREATE TABLE AS');
}

/** Expressions in a definition see the columns of its table, those among them that it makes. */
function noteColumns(a: Analysis, statement: DefinitionStatement): void {
  const { kind, tables, refers, stores, compares } = statement;
  const [table] = tables;
  if (table === undefined) return;
  const isNew = kind.startsWith('CREATE TABLE');
  if (kind === 'ALTER TABLE') {
    assigned(a, statement, table);
    if (tables.length > 1) moved(a, tables);
  }
  if (kind === 'RENAME TABLE') moved(a, tables);
  if (stores.length === 0 && compares.length === 0) return;
  const scope = new Scope(null);
  scope.ranges.push(isNew ? newRange(statement, table) : alteredRange(a, statement, table));
  for (const referred of refers) scope.ranges.push(useRelation(a, referred, DEFINE));
  for (const value of stores) a.uses.addColumns(expression(a, value, scope, 'filter'), 'source');
  for (const value of compares) expression(a, value, scope, 'filter');
}

function newRange({ columns }: DefinitionStatement, table: TableName): Range {
  return {
    columns: columns.map(({ name }) => column(name, NOWHERE)),
    open: true,
    rest: NOWHERE,
    alias: table.name,
    schema: null,
    relation: null,
  };
}

function alteredRange(a: Analysis, { columns }: DefinitionStatement, table: TableName): Range {
  const range = useRelation(a, table, DEFINE);
  const added = columns.filter(({ name }) => columnOf(range, name) === undefined);
  return { ...range, columns: [...range.columns, ...added.map(({ name }) => column(name, NOWHERE))] };
}

/** The columns that ALTER TABLE names are changed; what is renamed is read under its new name from then on. */
function assigned(a: Analysis, { alters, renames, columns }: DefinitionStatement, table: TableName): void {
  for (const { schema, name, relation } of a.candidates(table.schema, table.name)) {
    // Whether all of its values go into another type tells of them.
    for (const own of relation?.columns ?? []) {
      const isNew =
        alters.includes('*') || columns.some((made) => made.name.toLowerCase() === own.name.toLowerCase());
      if (isNew) a.uses.addColumn({ schema, table: name, column: own.name }, 'failure');
    }
    for (const written of [...alters, ...columns.map((made) => made.name)]) {
      const own = relation?.columns.find((one) => one.name.toLowerCase() === written.toLowerCase());
      a.uses.addColumn({ schema, table: name, column: own?.name ?? written }, 'assignment');
    }
    for (const written of renames) {
      const own = relation?.columns.find((one) => one.name.toLowerCase() === written.toLowerCase());
      a.uses.addColumn({ schema, table: name, column: own?.name ?? written }, 'source');
    }
  }
}

/**
 * A table that has another name, becomes a partition, or changes places with one: its rows are read under that name
 * from then on, and the servers number no tables by which they could be followed.
 */
function moved(a: Analysis, tables: readonly TableName[]): void {
  for (const table of tables) {
    const { schema, name } = table;
    const known = a.candidates(schema, name);
    // A view's own columns have no masks: those of the tables behind it have.
    if (known.some(({ relation }) => relation?.kind === 'view'))
      a.uses.addColumns(wholeOf(useRelation(a, table, 0)), 'source');
    for (const { relation } of known) {
      for (const column of relation?.columns ?? [])
        a.uses.addColumn(
          { schema: relation?.schema ?? null, table: relation?.name ?? name, column: column.name },
          'source',
        );
    }
  }
}

/** Tables of the session's own: those that it makes, and those that it alters or renames, whose columns are not followed. */
function noteTemporary(a: Analysis, statement: DefinitionStatement, shape: Shape | null): void {
  const { kind, temporary, tables, columns, refers } = statement;
  if (kind.startsWith('CREATE TABLE') || kind === 'CREATE SEQUENCE') {
    if (!temporary) return;
    const isWhole = shape === null ? columns.length > 0 || refers.length === 0 : !shape.open;
    const names = [...columns, ...(shape?.columns ?? [])].map(({ name }) => name);
    for (const { name } of tables) {
      a.makesTemporary.push({ name, columns: isWhole ? [...new Set(names)] : null });
    }
    return;
  }
  if (!/^(?:ALTER|RENAME) /.test(kind)) return;
  const isOwn = tables.some(({ schema, name }) =>
    a.candidates(schema, name).some((candidate) => candidate.temporary !== null),
  );
  if (isOwn) for (const { name } of tables) a.makesTemporary.push({ name, columns: null });
}

export function truncate(a: Analysis, table: TableName): StatementResult {
  a.effects |= TRUNCATE;
  mention(a, table, TRUNCATE);
  return plain('TRUNCATE TABLE');
}
