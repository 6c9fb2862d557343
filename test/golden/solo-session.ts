/** A Postgres session with its real gate and no sockets. */
import { PostgresSession } from '../../protocols/postgres/index.ts';
import { LiveCatalog } from '../../src/engine/live-catalog.ts';
import { PostgresDescriber } from '../../src/engine/postgres-describer.ts';
import {
  catalogFromSchemaFile,
  PostgresDialect,
  ReadingSpaces,
  StatementReader,
} from '../../src/sql/index.ts';
import { type Sink, SOLO_SETTINGS, soloEngine, soloSqlDomain } from './solo-engine.ts';

const ACCOUNT = { user: 'postgres', password: null, database: 'shop' };

export interface SoloDomain {
  session(sink: Sink): PostgresSession;
  close(): void;
}

/** Everything is allowed, and the catalog is that of a schema file. */
export async function soloDomain(schema: string): Promise<SoloDomain> {
  const reader = await StatementReader.load(18);
  const catalog = new LiveCatalog({
    source: {
      read: async () => ({ fingerprint: schema, make: () => catalogFromSchemaFile(schema, reader) }),
      close: async () => {},
    },
    onNew: () => {},
    now: () => 0,
    onError: () => {},
  });
  await catalog.refresh();
  const { domain, close } = soloSqlDomain({
    catalog,
    dialect: new PostgresDialect({
      catalog,
      spaces: new ReadingSpaces(),
      reader: () => reader,
      loadReader: async () => {},
      parseLarge: async () => ({ outcome: 'failed' }),
    }),
    describer: new PostgresDescriber(catalog),
  });
  return { session: (sink) => new PostgresSession(soloEngine(domain, sink, ACCOUNT), SOLO_SETTINGS), close };
}
