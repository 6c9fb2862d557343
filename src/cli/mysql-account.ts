/** A connection string of MySQL or MariaDB as the account that Sluice's own connections use. */
import { resolve } from 'node:path';
import type { UpstreamUrl } from '../config/upstream-url.ts';
import type { MysqlCatalogAccount } from '../transport/mysql-catalog-source.ts';
import { upstreamTls } from '../transport/upstream-tls.ts';

export function mysqlAccountOf(upstream: UpstreamUrl, directory: string): MysqlCatalogAccount {
  const { host, port, database, user, password, sslMode, sslRootCert, options } = upstream;
  return {
    host,
    port,
    database: database === '' ? null : database,
    user,
    password,
    tls: upstreamTls({
      host,
      sslMode,
      sslRootCert: sslRootCert === null ? null : resolve(directory, sslRootCert),
    }),
    tlsOptional: sslMode === 'prefer',
    serverKey: { key: options.get('get-server-public-key') === 'true' ? 'asked' : 'refused' },
  };
}
