/** Catalogs of MySQL and MariaDB without a server: from a schema file, or of nothing but the server itself. */
import { readTextFile } from '../config/load.ts';
import { ProblemsError } from '../core/problem.ts';
import {
  catalogFromMysqlSchemaFile,
  EMPTY_MYSQL_OBJECTS,
  MysqlCatalog,
  MysqlSchemaError,
  type ServerTraits,
  versionNumber,
} from '../sql/index.ts';
import { connectToMysql, type MysqlCatalogAccount, mysqlRows } from '../transport/mysql-catalog-source.ts';
import { UsageError } from './command.ts';

export type MysqlFlavour = ServerTraits['flavour'];

/** The database of a schema file that neither makes one nor chooses one. */
export const NAMELESS_DATABASE = 'test';

/** What is taken for a server that nobody names a version of. */
const NEWEST: Readonly<Record<MysqlFlavour, string>> = { mysql: '9.7.0', mariadb: '11.8.0' };

/** Throws UsageError where the version is not written as `8.4` or `10.11.6`. */
export function mysqlTraits(flavour: MysqlFlavour, version: string | undefined): ServerTraits {
  const written = version?.trim() ?? NEWEST[flavour];
  if (!/^\d{1,2}\.\d{1,2}(?:\.\d{1,2})?$/.test(written)) {
    throw new UsageError(
      `--server-version is a version such as 8.4 or 10.11.6 for ${flavour}, not "${written}"`,
    );
  }
  return { flavour, version: versionNumber(written), banner: null, lowerCaseTableNames: 0 };
}

/** `MariaDB 10.11.6`. */
export function mysqlServerName({ flavour, version }: ServerTraits): string {
  const parts = [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100];
  return `${flavour === 'mysql' ? 'MySQL' : 'MariaDB'} ${parts.join('.')}`;
}

/** What every server has, and nothing of anyone's own. */
export function bareMysqlCatalog(traits: ServerTraits): MysqlCatalog {
  return new MysqlCatalog(traits, EMPTY_MYSQL_OBJECTS, 1);
}

/** `database`: the one that the file begins in. Throws ProblemsError saying where reading stopped. */
export function readMysqlSchemaFile(file: string, traits: ServerTraits, database: string): MysqlCatalog {
  const text = readTextFile(file);
  try {
    return catalogFromMysqlSchemaFile(text, traits, database);
  } catch (error) {
    if (!(error instanceof MysqlSchemaError)) throw error;
    const before = Buffer.from(text).toString('utf8', 0, error.offset);
    const line = before.split('\n').length;
    const column = before.length - before.lastIndexOf('\n');
    const message = `${error.message} (as ${mysqlServerName(traits)})`;
    throw new ProblemsError([{ file, line, column, key: '', message }]);
  }
}

/** The sql_mode that a session of this account begins in. */
export async function readSqlMode(account: MysqlCatalogAccount): Promise<string> {
  const connection = await connectToMysql(account);
  try {
    const [row] = await mysqlRows(connection, 'SELECT @@SESSION.sql_mode');
    return String(row?.[0] ?? '');
  } finally {
    connection.destroy();
  }
}
