/** The ground to read MySQL's and MariaDB's text by: from a server, from a schema file, or from nothing but a version. */
import type { UpstreamUrl } from '../config/upstream-url.ts';
import { sqlModeOf } from '../sql/index.ts';
import { MysqlCatalogSource } from '../transport/mysql-catalog-source.ts';
import { MysqlGround } from './ground.ts';
import {
  bareMysqlCatalog,
  type MysqlFlavour,
  mysqlTraits,
  NAMELESS_DATABASE,
  readMysqlSchemaFile,
  readSqlMode,
} from './mysql-catalogs.ts';
import type { SourcedGround } from './premises.ts';
import { mysqlAccountOf } from './upstream-account.ts';
import { readOnce } from './upstream-catalog.ts';

/** As servers have it, as far as it decides how text is read. */
const USUAL_MODE: ReadonlySet<string> = new Set();

export function mysqlGroundWithoutServer(
  flavour: MysqlFlavour,
  sources: {
    readonly schema: string | undefined;
    readonly serverVersion: string | undefined;
    /** Empty where none is named. */
    readonly database: string;
  },
): SourcedGround {
  const traits = mysqlTraits(flavour, sources.serverVersion);
  const begun = sources.database === '' ? NAMELESS_DATABASE : sources.database;
  const catalog =
    sources.schema === undefined
      ? bareMysqlCatalog(traits)
      : readMysqlSchemaFile(sources.schema, traits, begun);
  // Where nobody names a database and the file has one, that is the one that is meant.
  const [only, ...others] = catalog.objects.schemas;
  const meant = only !== undefined && others.length === 0 ? only : null;
  const schema = sources.database === '' ? meant : sources.database;
  const ground = new MysqlGround({ catalog, schema, sqlMode: USUAL_MODE, temporary: [] });
  const from = sources.schema ?? 'no schema given, so tables are not known (--schema FILE.sql)';
  return { ground, from: `${from}, ${ground.server}` };
}

/** `account` reads the catalog; sessions are `upstream`'s. */
export async function liveMysqlGround(
  upstream: UpstreamUrl,
  account: UpstreamUrl,
  directory: string,
  database: string | null,
): Promise<MysqlGround> {
  const catalog = await readOnce(new MysqlCatalogSource(mysqlAccountOf(account, directory)));
  const sqlMode = sqlModeOf(await readSqlMode(mysqlAccountOf(upstream, directory)));
  const schema = database ?? (upstream.database === '' ? null : upstream.database);
  return new MysqlGround({ catalog, schema, sqlMode, temporary: [] });
}
