/** A MySQL or MariaDB server as `sluice classify` looks at it: read only, each statement under a time limit. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { UpstreamUrl } from '../config/upstream-url.ts';
import { baseOf, mysqlColumnType } from '../masking/index.ts';
import type { MysqlCatalog } from '../sql/index.ts';
import { connectToMysql, MysqlCatalogSource } from '../transport/mysql-catalog-source.ts';
import {
  CHARACTERS_MAX,
  type ClassifySource,
  FORBIDDEN,
  LOCK_TIMEOUT_S,
  type Page,
  STATEMENT_TIMEOUT_S,
  STORED_BYTES_MAX,
  sampleByPages,
  type Target,
  type TargetColumn,
} from './classify-source.ts';
import { canHold } from './classify-targets.ts';
import { errorText } from './error-text.ts';
import { MysqlGround } from './ground.ts';
import { knownSchemas } from './known-schemas.ts';
import { mysqlServerName } from './mysql-catalogs.ts';
import { mysqlAccountOf } from './upstream-account.ts';
import { readOnce } from './upstream-catalog.ts';

/** How each kind of server is told to give up on a statement. */
const TIME_LIMIT = {
  mysql: `max_execution_time = ${STATEMENT_TIMEOUT_S * 1_000}`,
  mariadb: `max_statement_time = ${STATEMENT_TIMEOUT_S}`,
} as const;

/** `schemas` empty: the connection string's database, or all of them where it names none. */
export async function openMysqlSource(
  upstream: UpstreamUrl,
  directory: string,
  schemas: readonly string[],
  rows: number,
): Promise<ClassifySource> {
  const account = mysqlAccountOf(upstream, directory);
  const catalog = await readOnce(new MysqlCatalogSource(account));
  const own = [...new Set([...catalog.userTables()].map(({ schema }) => schema))];
  const wanted = schemas.length > 0 || upstream.database === '' ? schemas : [upstream.database];
  const known = new Set([...catalog.objects.schemas, ...own]);
  const { targets, behindViews } = await targetsIn(catalog, knownSchemas(wanted, known, own));
  const connection = await connectToMysql(account, 'sluice classify');
  const { flavour } = catalog.traits;
  const settings = `sql_mode = '', lock_wait_timeout = ${LOCK_TIMEOUT_S}, ${TIME_LIMIT[flavour]}`;
  await connection.query(`SET SESSION ${settings}`);
  return {
    serverVersion: mysqlServerName(catalog.traits),
    targets,
    behindViews,
    async sample(n, columns) {
      const target = targets[n];
      if (target === undefined) throw new RangeError(`there is no target ${n}`);
      return await sampleByPages(columns, rows, (some) => readPage(connection, target, some, rows));
    },
    async close() {
      connection.destroy();
    },
  };
}

async function targetsIn(
  catalog: MysqlCatalog,
  schemas: readonly string[],
): Promise<Pick<ClassifySource, 'targets' | 'behindViews'>> {
  const ground = new MysqlGround({ catalog, schema: null, sqlMode: new Set(), temporary: [] });
  const targets: Target[] = [];
  const behind = new Set<string>();
  for (const { kind, schema, name, columns } of catalog.userTables()) {
    if (kind !== 'table' && kind !== 'view') continue;
    if (schemas.length > 0 && !schemas.includes(schema)) continue;
    const shown = kind === 'view' ? await basesOfView(ground, schema, name, columns.length) : null;
    const looked = columns.flatMap((column, n): TargetColumn[] => {
      const bases = shown?.[n] ?? null;
      // A mask of the table's column holds for the view.
      if (bases !== null) {
        for (const base of bases) if (schemas.length > 0 && !schemas.includes(base)) behind.add(base);
        return [];
      }
      const type = mysqlColumnType(column.type);
      const sampled = kind === 'table' && canHold(type);
      return [{ schema, table: name, column: column.name, typeName: column.type, type, sampled }];
    });
    if (looked.length > 0) targets.push({ schema, name, columns: looked });
  }
  const named = ({ schema, name }: Target) => `${schema}.${name}`;
  targets.sort((a, b) => (named(a) < named(b) ? -1 : 1));
  return { targets, behindViews: [...behind].sort() };
}

/** For each column of a view the schemas of the tables behind it; null where they are not known, or there are none. */
async function basesOfView(
  ground: MysqlGround,
  schema: string,
  name: string,
  columns: number,
): Promise<readonly (readonly string[] | null)[] | null> {
  const read = await ground.read(Buffer.from(`SELECT * FROM ${quoted(schema)}.${quoted(name)}`));
  const outputs = read.outcome === 'entry' ? (read.entry.statements[0]?.outputs ?? null) : null;
  if (outputs === null || outputs.length !== columns) return null;
  return outputs.map(({ origins }) => {
    const bases = (origins ?? []).flatMap(({ schema: base, table }) =>
      base !== null && ground.catalog.table(base, table)?.kind === 'table' ? [base] : [],
    );
    return bases.length === 0 ? null : bases;
  });
}

async function readPage(
  connection: Connection,
  { schema, name }: Target,
  columns: readonly TargetColumn[],
  rows: number,
): Promise<Page> {
  const list = columns.map(cellOf).join(', ');
  try {
    await connection.query('START TRANSACTION READ ONLY');
    const [found] = await connection.query<RowDataPacket[][]>({
      sql: `SELECT ${list} FROM ${quoted(schema)}.${quoted(name)} LIMIT ${rows}`,
      rowsAsArray: true,
      typeCast: (field) => field.string(),
    });
    await connection.query('COMMIT');
    const cells = found.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : null)));
    return { rows: cells, failure: null };
  } catch (error) {
    const failure = reasonOf(error);
    await connection.query('ROLLBACK');
    return { rows: [], failure };
  }
}

/** Why a statement failed, in words of our own. Throws where the connection is gone. */
function reasonOf(error: unknown): string {
  const { errno, fatal }: { errno?: unknown; fatal?: unknown } = Object(error);
  if (fatal === true || typeof errno !== 'number') {
    throw new Error(`the connection was lost: ${errorText(error)}`);
  }
  return REASONS.get(errno) ?? `the server gave an error (${errno})`;
}

const TOO_LONG = `it took longer than ${STATEMENT_TIMEOUT_S} s`;
const GONE = 'it is not there any more';
const CHANGED = 'its columns have changed';

const REASONS: ReadonlyMap<number, string> = new Map([
  [1044, FORBIDDEN],
  [1142, FORBIDDEN],
  [1143, FORBIDDEN],
  [1969, TOO_LONG],
  [3024, TOO_LONG],
  [1205, 'it is locked by somebody else'],
  [1049, GONE],
  [1146, GONE],
  [1054, CHANGED],
]);

function cellOf({ column, type }: TargetColumn): string {
  const name = quoted(column);
  switch (baseOf(type).kind) {
    case 'text':
      return `LEFT(${name}, ${CHARACTERS_MAX})`;
    case 'json':
      return `IF(CHAR_LENGTH(${name}) <= ${STORED_BYTES_MAX}, ${name}, NULL)`;
    default:
      return name;
  }
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
