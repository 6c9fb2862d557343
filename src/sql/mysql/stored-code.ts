/**
 * What stored code that writes may take along: routines that are called, and triggers of tables that are changed. Their
 * texts are not parsed, since each was read in a mode of its own. They are searched for names: of tables, whose columns
 * count as stored elsewhere where they are named as well, or where a `*` may stand for them; and of routines, which are
 * searched in turn. Comments and strings are searched alike: what is found too much is denied too often, no more.
 */
import { effectSet } from '../../core/effects.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';
import { Analysis } from './analysis.ts';
import type { MysqlRoutine, MysqlTable, MysqlTrigger } from './catalog-model.ts';
import { foldName } from './fold-name.ts';
import { useRelation } from './relations.ts';
import { wholeOf } from './scope.ts';

/** REPLACE( and INSERT( are functions; FOR UPDATE locks. */
const WRITES =
  /@|\b(?:INSERT|REPLACE)\b(?!\s*\()|(?<!\bFOR\s+)\bUPDATE\b|\b(?:LOAD|CREATE|ALTER|RENAME|OUTFILE|DUMPFILE|NEXTVAL|SETVAL|LAST_INSERT_ID|GET_LOCK|EXECUTE)\b/i;
/** Text that is put together as it runs. */
const DYNAMIC = /\bEXECUTE\b/i;
const EVERY_COLUMN = /\b(?:SELECT|ALL|DISTINCT)\s*\*|[.,]\s*\*|\b(?:TABLE|NATURAL)\b/i;
const NAME = '`(?:[^`]|``)+`|"(?:[^"]|"")+"|[\\p{L}\\p{N}_$]+';
const NAMES = new RegExp(NAME, 'gu');
/** A trigger's row as it stands in its table. */
const ROW_NAMES = new RegExp(`\\b(?:OLD|NEW)\\s*\\.\\s*(${NAME})`, 'giu');

const EVENTS: ReadonlyMap<string, readonly MysqlTrigger['event'][]> = new Map([
  ['INSERT', ['insert']],
  ['REPLACE', ['insert', 'delete']],
  ['LOAD DATA', ['insert', 'delete']],
  ['LOAD XML', ['insert', 'delete']],
  ['UPDATE', ['update']],
  ['DELETE', ['delete']],
]);
const CHANGES = effectSet('write', 'copy-in');

const stored = new WeakMap<MysqlRoutine | MysqlTrigger, Origins>();

/** Notes what a routine may store when it is called. */
export function noteRoutine(a: Analysis, routine: MysqlRoutine): void {
  let origins = stored.get(routine);
  if (origins === undefined) {
    const text = withRoutines(a, routine.body, routine.schema, new Set([routine]));
    origins = text === null ? null : WRITES.test(text) ? readBy(a, text, routine.schema) : NOWHERE;
    stored.set(routine, origins);
  }
  a.uses.addColumns(origins, 'source', 'anything');
}

/** Notes what the triggers may store that a statement sets off. `kind`: its verb, beside those of its parts. */
export function noteTriggers(a: Analysis, kind: string): void {
  const events = new Set([kind, ...a.kinds].flatMap((one) => EVENTS.get(one) ?? []));
  if (events.size === 0) return;
  for (const { schema, name, effects } of [...a.uses.relations.values()]) {
    const table = schema === null || (effects & CHANGES) === 0 ? null : a.reading.catalog.table(schema, name);
    if (table === null) continue;
    for (const trigger of table.triggers) {
      if (!events.has(trigger.event)) continue;
      let origins = stored.get(trigger);
      if (origins === undefined) {
        origins = storedByTrigger(a, table, trigger);
        stored.set(trigger, origins);
      }
      a.uses.addColumns(origins, 'source', 'anything');
    }
  }
}

/** It writes by setting NEW, if not otherwise. What a new row holds came with the statement. */
function storedByTrigger(a: Analysis, table: MysqlTable, { event, body }: MysqlTrigger): Origins {
  const text = withRoutines(a, body, table.schema, new Set());
  if (text === null) return null;
  const origins = readBy(a, text, table.schema);
  if (event === 'insert') return origins;
  const named = new Set([...text.matchAll(ROW_NAMES)].map(([, name = '']) => foldName(unquoted(name))));
  // Setting a masked column anew takes nothing from it.
  return WRITES.test(text) ? union(origins, columnsOf(a, table, named)) : origins;
}

/** A body with those of all routines that it may call; null where one is not shown. */
function withRoutines(
  a: Analysis,
  body: string | null,
  schema: string,
  seen: Set<MysqlRoutine>,
): string | null {
  if (body === null) return null;
  const names = namesIn(body);
  const schemas = [schema, ...[...names].filter((name) => a.reading.catalog.hasSchema(name))];
  const texts = [body];
  for (const name of names) {
    for (const routine of schemas.flatMap((own) => routinesNamed(a, own, name))) {
      if (seen.has(routine)) continue;
      seen.add(routine);
      const inner = withRoutines(a, routine.body, routine.schema, seen);
      if (inner === null) return null;
      texts.push(inner);
    }
  }
  return texts.join('\n');
}

function routinesNamed({ reading }: Analysis, schema: string, name: string): readonly MysqlRoutine[] {
  const kinds = ['function', 'procedure'] as const;
  return kinds.flatMap((kind) => reading.catalog.routine(kind, schema, name) ?? []);
}

/** The columns that a text names, of the tables that it names. */
function readBy(a: Analysis, text: string, schema: string): Origins {
  if (DYNAMIC.test(text)) return null;
  const names = namesIn(text);
  const columns = EVERY_COLUMN.test(text) ? null : new Set([...names].map(foldName));
  // What it does with them is its own affair; the columns alone are asked for.
  const inner = new Analysis({ ...a.reading, schema, temporary: [] }, a.parser);
  let origins: Origins = NOWHERE;
  for (const name of names) {
    for (const table of a.reading.catalog.tablesNamed(name)) {
      a.spend(table.columns.length);
      origins = union(origins, columnsOf(inner, table, columns));
    }
  }
  return origins;
}

/** `named`: in lower case; null: every column. */
function columnsOf(a: Analysis, { schema, name }: MysqlTable, named: ReadonlySet<string> | null): Origins {
  const inner = new Analysis(a.reading, a.parser);
  const range = useRelation(inner, { schema, name, at: 0 }, 0);
  if (named === null || range.open) return wholeOf(range);
  return range.columns
    .filter((column) => named.has(foldName(column.name)))
    .reduce((all: Origins, column) => union(all, column.origins), NOWHERE);
}

function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(NAMES)].map(([name]) => unquoted(name)));
}

function unquoted(name: string): string {
  const quote = name[0];
  if (quote !== '`' && quote !== '"') return name;
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}
