/** A Postgres server behind a listener. */
import { cancelRequest, SSL_REQUEST_PACKET } from '../../protocols/postgres/encode.ts';
import { PostgresSession } from '../../protocols/postgres/index.ts';
import type { ListenerConfig } from '../config/schema.ts';
import { LiveCatalog } from '../engine/live-catalog.ts';
import { PostgresDescriber } from '../engine/postgres-describer.ts';
import { type Catalog, PostgresDialect, ReadingSpaces } from '../sql/index.ts';
import { PostgresCatalogSource } from '../transport/catalog-source.ts';
import { deliver } from '../transport/deliver.ts';
import { SocketDialer } from '../transport/dialer.ts';
import {
  type CatalogEvents,
  listenerDomain,
  type ServedUpstream,
  type Shared,
  sessionSettingsOf,
} from './listeners.ts';
import type { ReadingTools } from './reading-tools.ts';
import { accountOf, tlsOf } from './upstream-account.ts';

const UPSTREAM_READ_BYTES = 64 * 1024;

/** Our own reader of an upstream's catalog. */
export function catalogOf(
  listener: ListenerConfig,
  directory: string,
  { onError, onNew }: Pick<CatalogEvents, 'onError' | 'onNew'>,
): LiveCatalog<Catalog> {
  const account = accountOf(listener.catalog.upstream ?? listener.upstream, directory);
  // What was told while a reading was under way is read by another one.
  const source = new PostgresCatalogSource(account, () => {
    catalog.definitionsChanged();
    void catalog.refresh();
  });
  const catalog: LiveCatalog<Catalog> = new LiveCatalog({
    source,
    onNew,
    now: () => performance.now(),
    onError,
  });
  return catalog;
}

export function servePostgres(
  listener: ListenerConfig,
  directory: string,
  tools: ReadingTools,
  events: CatalogEvents,
): ServedUpstream {
  const catalog = catalogOf(listener, directory, events);
  return {
    catalog,
    async warmUp() {
      if (catalog.current === null) return;
      await tools.loadPostgresReader(catalog.current.major);
      await tools.parsePool.warmUp(catalog.current.major);
    },
    domain(shared: Shared) {
      const { host, port, sslMode } = listener.upstream;
      const tls = tlsOf(listener.upstream, directory);
      const address = { host, port, tls, tlsOptional: sslMode === 'prefer' };
      const settings = sessionSettingsOf(listener);
      return listenerDomain(listener, shared, {
        catalog,
        dialect: new PostgresDialect({
          catalog,
          spaces: new ReadingSpaces(),
          reader: (major) => tools.postgresReader(major),
          loadReader: (major) => tools.loadPostgresReader(major),
          parseLarge: (major, text) => tools.parsePool.parse(major, text),
        }),
        describer: new PostgresDescriber(catalog),
        dialer: new SocketDialer(address, UPSTREAM_READ_BYTES),
        deliverCancel: (key) =>
          deliver(address, SSL_REQUEST_PACKET, cancelRequest(key.processId, key.secret)),
        protocol: (engine) => new PostgresSession(engine, settings),
      });
    },
  };
}
