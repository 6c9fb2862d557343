/**
 * The questions by which Sluice reads a server's catalog, and how the answers become one. One question per view of
 * information_schema, none of them joined: MySQL answers each from its dictionary, MariaDB from the tables' definition
 * files, of which it opens none for the columns asked here (CARDINALITY, CREATE_TIME and their like would make it).
 */
import { createHash, type Hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MysqlCatalog } from './catalog.ts';
import type {
  MysqlColumn,
  MysqlObjects,
  MysqlRoutine,
  MysqlTable,
  MysqlTrigger,
  ServerTraits,
} from './catalog-model.ts';

export type MysqlCell = string | number | null;
export type MysqlRow = readonly MysqlCell[];

/** Runs one query; the session has to be in utf8mb4 and in no sql_mode, so that texts come in one form. */
export type RunMysqlQuery = (sql: string) => Promise<readonly MysqlRow[]>;

/** What was read, not yet put together: most readings find that nothing has changed. */
export interface MysqlContents {
  readonly traits: ServerTraits;
  /** Equal for equal contents. */
  readonly fingerprint: string;
  make(epoch: number): MysqlCatalog;
}

const QUESTIONS = {
  schemas: 'SELECT SCHEMA_NAME FROM information_schema.SCHEMATA',
  tables: 'SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES',
  columns: `SELECT TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, EXTRA,
                   GENERATION_EXPRESSION FROM information_schema.COLUMNS`,
  views: 'SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS',
  keys: `SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART
           FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0`,
  triggers: `SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_STATEMENT
                    FROM information_schema.TRIGGERS`,
  routines: `SELECT ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE, SQL_DATA_ACCESS, IS_DETERMINISTIC, ROUTINE_DEFINITION
               FROM information_schema.ROUTINES`,
} as const;

type Answers = Readonly<Record<keyof typeof QUESTIONS | 'loadable', readonly MysqlRow[]>>;

/** Rows that are hashed in one turn of the event loop; a few milliseconds. */
const HASHED_AT_ONCE = 5_000;

export async function readMysqlCatalog(run: RunMysqlQuery): Promise<MysqlContents> {
  const traits = await readServerTraits(run);
  const answers: Answers = {
    schemas: await run(QUESTIONS.schemas),
    tables: await run(QUESTIONS.tables),
    columns: await run(QUESTIONS.columns),
    views: await run(QUESTIONS.views),
    keys: await run(QUESTIONS.keys),
    triggers: await run(QUESTIONS.triggers),
    routines: await run(QUESTIONS.routines),
    loadable: await readLoadable(run),
  };
  const hash = createHash('sha256').update(JSON.stringify(traits));
  for (const rows of Object.values(answers)) await hashRows(hash, rows);
  return {
    traits,
    fingerprint: hash.digest('base64'),
    make: (epoch) => new MysqlCatalog(traits, objectsFrom(answers, traits), epoch),
  };
}

async function hashRows(hash: Hash, rows: readonly MysqlRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += HASHED_AT_ONCE) {
    hash.update(JSON.stringify(rows.slice(from, from + HASHED_AT_ONCE)));
    await nextTurn();
  }
  hash.update('\0');
}

/** Accounts without rights on mysql.func do without: a function that is not known counts as one that does anything. */
async function readLoadable(run: RunMysqlQuery): Promise<readonly MysqlRow[]> {
  try {
    return await run('SELECT name FROM mysql.func');
  } catch (error) {
    if (DENIED.has(Object(error).errno)) return [];
    throw error;
  }
}

/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR, ER_NO_SUCH_TABLE. */
const DENIED: ReadonlySet<unknown> = new Set([1044, 1142, 1143, 1146]);

function objectsFrom(answers: Answers, traits: ServerTraits): MysqlObjects {
  const columns = grouped(answers.columns, (row) => columnFrom(row, traits));
  const definitions = grouped(answers.views, (row) => textOf(row, 2));
  const keys = grouped(answers.keys, keyPartFrom);
  const triggers = grouped(answers.triggers, triggerFrom);
  const tables = answers.tables.flatMap((row): MysqlTable[] => {
    const [schema, name] = [textOf(row, 0), textOf(row, 1)];
    const key = `${schema}\0${name}`;
    const own = columns.get(key);
    // Made while the catalog was being read, or a view that refers to what is gone: not known is the truth.
    if (own === undefined) return [];
    return [
      {
        schema,
        name,
        kind: KINDS[textOf(row, 2)] ?? 'table',
        columns: own.toSorted((a, b) => a.number - b.number),
        // Empty where the account may not see it.
        definition: definitions.get(key)?.[0] || null,
        uniqueKeys: uniqueKeysFrom(keys.get(key) ?? []),
        triggers: (triggers.get(key) ?? []).flat(),
      },
    ];
  });
  return {
    schemas: answers.schemas.map((row) => textOf(row, 0)),
    tables,
    routines: answers.routines.flatMap(routineFrom),
    loadable: answers.loadable.map((row) => textOf(row, 0).toLowerCase()),
  };
}

/** By schema and table, which stand first in each row. */
function grouped<Item>(rows: readonly MysqlRow[], make: (row: MysqlRow) => Item): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const row of rows) {
    const key = `${row[0]}\0${row[1]}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [make(row)]);
    else group.push(make(row));
  }
  return groups;
}

const KINDS: Readonly<Record<string, MysqlTable['kind']>> = {
  VIEW: 'view',
  'SYSTEM VIEW': 'system-view',
  SEQUENCE: 'sequence',
};

function columnFrom(row: MysqlRow, { flavour }: ServerTraits): MysqlColumn {
  const extra = textOf(row, 6);
  const generation = textOf(row, 7);
  const isGenerated = generation !== '' && /\bGENERATED\b/.test(extra);
  return {
    name: textOf(row, 3),
    number: Number(row[2]),
    type: textOf(row, 4),
    nullable: row[5] === 'YES',
    generation: !isGenerated ? null : flavour === 'mysql' ? unescaped(generation) : generation,
    invisible: /\bINVISIBLE\b/.test(extra),
  };
}

/** MySQL gives generation expressions as they would stand within a string literal: `_utf8mb4\'x\'`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, (_all, character: string) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', Z: '\x1a' };

interface KeyPart {
  readonly index: string;
  readonly number: number;
  /** Null of an expression, or of a column's beginning. */
  readonly column: string | null;
}

function keyPartFrom(row: MysqlRow): KeyPart {
  const column = row[5] === null && typeof row[4] === 'string' ? row[4] : null;
  return { index: textOf(row, 2), number: Number(row[3]), column };
}

function uniqueKeysFrom(parts: readonly KeyPart[]): readonly (readonly string[])[] {
  const byIndex = new Map<string, KeyPart[]>();
  for (const part of parts) byIndex.set(part.index, [...(byIndex.get(part.index) ?? []), part]);
  return [...byIndex.values()].flatMap((own) => {
    const columns = own.toSorted((a, b) => a.number - b.number).map(({ column }) => column);
    const named = columns.filter((column) => column !== null);
    return named.length === columns.length ? [named] : [];
  });
}

function triggerFrom(row: MysqlRow): readonly MysqlTrigger[] {
  const event = textOf(row, 2).toLowerCase();
  if (event !== 'insert' && event !== 'update' && event !== 'delete') return [];
  return [{ event, body: textOf(row, 3) || null }];
}

/** MariaDB's packages are left out: what is called in them is not known, which counts as anything. */
function routineFrom(row: MysqlRow): readonly MysqlRoutine[] {
  const type = textOf(row, 2);
  if (type !== 'FUNCTION' && type !== 'PROCEDURE') return [];
  return [
    {
      schema: textOf(row, 0),
      name: textOf(row, 1),
      kind: type === 'FUNCTION' ? 'function' : 'procedure',
      access: textOf(row, 3),
      deterministic: row[4] === 'YES',
      body: textOf(row, 5) === '' ? null : textOf(row, 5),
    },
  ];
}

function textOf(row: MysqlRow, place: number): string {
  const value = row[place] ?? '';
  return typeof value === 'string' ? value : String(value);
}

/**
 * What a server is, by what it executes: a version that an operator or a cloud made up would have executable comments
 * read otherwise than the server reads them, so the server's own lexer is asked whether the version is the true one.
 */
export async function readServerTraits(run: RunMysqlQuery): Promise<ServerTraits> {
  const [row] = await run('SELECT VERSION(), @@GLOBAL.lower_case_table_names, 0 /*M! + 1 */');
  const flavour = Number(row?.[2]) === 1 ? 'mariadb' : 'mysql';
  const written = /^(\d+)\.(\d+)\.(\d+)/.exec(textOf(row ?? [], 0));
  const version = written === null ? 0 : versionNumber(written[0]);
  const names = Number(row?.[1]);
  return {
    flavour,
    banner: textOf(row ?? [], 0),
    version: (await isVersion(run, flavour, version)) ? version : await findVersion(run, flavour),
    lowerCaseTableNames: names === 1 || names === 2 ? names : 0,
  };
}

/** `8.4.6` as 80406. */
export function versionNumber(written: string): number {
  const [major = 0, minor = 0, patch = 0] = written.split('.').map(Number);
  return major * 10_000 + minor * 100 + patch;
}

async function isVersion(
  run: RunMysqlQuery,
  flavour: ServerTraits['flavour'],
  version: number,
): Promise<boolean> {
  const [row] = await run(`SELECT 0 ${atLeast(flavour, version)}, 0 ${atLeast(flavour, version + 1)}`);
  return Number(row?.[0]) === 1 && Number(row?.[1]) === 0;
}

/** ` + 1` on servers of that version and newer ones. */
function atLeast(flavour: ServerTraits['flavour'], version: number): string {
  return `/*${flavour === 'mariadb' ? 'M' : ''}!${String(version).padStart(5, '0')} + 1 */`;
}

async function findVersion(run: RunMysqlQuery, flavour: ServerTraits['flavour']): Promise<number> {
  let [low, high] = [50_000, 999_999];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [row] = await run(`SELECT 0 ${atLeast(flavour, middle)}`);
    if (Number(row?.[0]) === 1) low = middle;
    else high = middle - 1;
  }
  return low;
}
