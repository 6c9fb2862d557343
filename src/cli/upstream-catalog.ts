/** The catalog of an upstream, read once, for commands that look and go. */
import type { UpstreamUrl } from '../config/upstream-url.ts';
import type { CatalogSource } from '../engine/live-catalog.ts';
import { PostgresCatalogSource } from '../transport/catalog-source.ts';
import { MysqlCatalogSource } from '../transport/mysql-catalog-source.ts';
import type { AnyCatalog } from './known-catalog.ts';
import { accountOf, mysqlAccountOf } from './upstream-account.ts';

/** Rejects with the reason where it cannot be read. `directory` is what files in the connection string are relative to. */
export async function readUpstreamCatalog(upstream: UpstreamUrl, directory: string): Promise<AnyCatalog> {
  return upstream.protocol === 'mysql'
    ? await readOnce(new MysqlCatalogSource(mysqlAccountOf(upstream, directory)))
    : await readOnce(new PostgresCatalogSource(accountOf(upstream, directory)));
}

export async function readOnce<Contents>(source: CatalogSource<Contents>): Promise<Contents> {
  try {
    return (await source.read()).make(1);
  } finally {
    await source.close();
  }
}
