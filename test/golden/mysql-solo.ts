/** A MySQL session with its real gate and no sockets. */
import { MysqlSession } from '../../protocols/mysql/index.ts';
import { MysqlDescriber } from '../../src/engine/mysql-describer.ts';
import { MysqlDialect, MysqlReadingSpaces, MysqlStatementReader } from '../../src/sql/index.ts';
import type { ServerTraits } from '../../src/sql/mysql/catalog-model.ts';
import { sketchCatalog } from '../support/mysql-catalog.ts';
import { GOLDEN_TABLES } from './mysql-scripts.ts';
import { type Sink, SOLO_SETTINGS, soloEngine, soloSqlDomain } from './solo-engine.ts';

export const GOLDEN_ACCOUNT = { user: 'app', password: 'apppw', database: 'shop' };

export interface MysqlSoloDomain {
  session(sink: Sink): MysqlSession;
  close(): void;
}

/** Everything is allowed, and the catalog is that of a server of this version with the golden tables. */
export function mysqlSoloDomain(banner: string): MysqlSoloDomain {
  const flavour: ServerTraits['flavour'] = /mariadb/i.test(banner) ? 'mariadb' : 'mysql';
  const [, major, minor, patch] = /^(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/.exec(banner) ?? [];
  const version = Number(major) * 10_000 + Number(minor) * 100 + Number(patch);
  const traits: ServerTraits = { flavour, version, banner, lowerCaseTableNames: 0 };
  // Read once: a replay waits for nothing.
  const catalog = {
    current: sketchCatalog({ ...GOLDEN_TABLES, traits }),
    isStale: false,
    mayBeOutdated: () => false,
    refresh: async () => null,
    definitionsChanged() {},
    definitionsAbandoned() {},
  };
  const dialect = new MysqlDialect({
    catalog,
    spaces: new MysqlReadingSpaces(),
    reader: new MysqlStatementReader(),
    readLarge: async () => {
      throw new Error('no golden statement is large');
    },
  });
  const { domain, close } = soloSqlDomain({ catalog, dialect, describer: new MysqlDescriber(catalog) });
  const settings = { ...SOLO_SETTINGS, flavour, multiStatements: true, serverVersion: () => banner };
  return { session: (sink) => new MysqlSession(soloEngine(domain, sink, GOLDEN_ACCOUNT), settings), close };
}
