/** Connection strings as the accounts that Sluice's own connections use. */
import { resolve } from 'node:path';
import type { UpstreamUrl } from '../config/upstream-url.ts';
import type { UpstreamAccount } from '../core/session.ts';
import { UpstreamPassword } from '../identity/upstream-password.ts';
import type { CatalogAccount } from '../transport/catalog-source.ts';
import type { MysqlCatalogAccount } from '../transport/mysql-catalog-source.ts';
import { upstreamTls } from '../transport/upstream-tls.ts';

export function accountOf(upstream: UpstreamUrl, directory: string): CatalogAccount {
  return { ...upstream, tls: tlsOf(upstream, directory), tlsOptional: upstream.sslMode === 'prefer' };
}

/** `directory` is what the certificate's file is relative to. */
export function tlsOf({ host, sslMode, sslRootCert }: UpstreamUrl, directory: string) {
  return upstreamTls({
    host,
    sslMode,
    sslRootCert: sslRootCert === null ? null : resolve(directory, sslRootCert),
  });
}

/** The account of the sessions themselves. */
export function sessionAccountOf(upstream: UpstreamUrl): UpstreamAccount {
  const { user, password, database, sslMode, options } = upstream;
  return {
    user,
    database,
    tls: sslMode === 'disable' ? 'disable' : sslMode === 'prefer' ? 'prefer' : 'require',
    options,
    credential: new UpstreamPassword(user, password),
  };
}

export function mysqlAccountOf(upstream: UpstreamUrl, directory: string): MysqlCatalogAccount {
  const { host, port, database, user, password, sslMode, options } = upstream;
  return {
    host,
    port,
    database: database === '' ? null : database,
    user,
    password,
    tls: tlsOf(upstream, directory),
    tlsOptional: sslMode === 'prefer',
    serverKey: { key: options.get('get-server-public-key') === 'true' ? 'asked' : 'refused' },
  };
}
