/** A MySQL or MariaDB server behind a listener. */
import { MysqlSession } from '../../protocols/mysql/index.ts';
import type { ListenerConfig } from '../config/schema.ts';
import { LiveCatalog } from '../engine/live-catalog.ts';
import { MysqlDescriber } from '../engine/mysql-describer.ts';
import { type MysqlCatalog, MysqlDialect, MysqlReadingSpaces } from '../sql/index.ts';
import { SocketDialer } from '../transport/dialer.ts';
import { MysqlCatalogSource } from '../transport/mysql-catalog-source.ts';
import { killQuery } from '../transport/mysql-kill.ts';
import {
  type CatalogEvents,
  listenerDomain,
  type ServedUpstream,
  type Shared,
  sessionSettingsOf,
} from './listeners.ts';
import type { ReadingTools } from './reading-tools.ts';
import { mysqlAccountOf } from './upstream-account.ts';

const UPSTREAM_READ_BYTES = 64 * 1024;

export function serveMysql(
  listener: ListenerConfig,
  directory: string,
  tools: ReadingTools,
  { onError, onNewMysql }: CatalogEvents,
): ServedUpstream {
  const catalog: LiveCatalog<MysqlCatalog> = new LiveCatalog<MysqlCatalog>({
    source: new MysqlCatalogSource(mysqlAccountOf(listener.catalog.upstream ?? listener.upstream, directory)),
    onNew: onNewMysql,
    now: () => performance.now(),
    onError,
  });
  return {
    catalog,
    async warmUp() {
      if (catalog.current !== null) await tools.mysql.pool.warmUp(catalog.current);
    },
    domain(shared: Shared) {
      const { host, port } = listener.upstream;
      const account = mysqlAccountOf(listener.upstream, directory);
      const settings = {
        ...sessionSettingsOf(listener),
        multiStatements: listener.multi_statements ?? false,
        // What the server says of itself goes before what the connection string says of it.
        get flavour() {
          return catalog.current?.traits.flavour ?? listener.upstream.flavour ?? 'mysql';
        },
        serverVersion: () => catalog.current?.traits.banner ?? null,
      };
      return listenerDomain(listener, shared, {
        catalog,
        dialect: new MysqlDialect({
          catalog,
          spaces: new MysqlReadingSpaces(),
          reader: tools.mysql.reader,
          readLarge: (reading, current, text) => tools.mysql.pool.read(reading, current, text),
        }),
        describer: new MysqlDescriber(catalog),
        dialer: new SocketDialer({ host, port, tls: account.tls }, UPSTREAM_READ_BYTES),
        deliverCancel: (key) => killQuery(account, key.processId),
        protocol: (engine) => new MysqlSession(engine, settings),
      });
    },
  };
}
