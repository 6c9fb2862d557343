/** A Postgres database as `sluice classify` looks at it. */
import type { UpstreamUrl } from '../config/upstream-url.ts';
import { StatementReader } from '../sql/index.ts';
import { PostgresCatalogSource } from '../transport/catalog-source.ts';
import { estimateOf, Sampler } from './classify-sample.ts';
import type { ClassifySource } from './classify-source.ts';
import { targetsOf } from './classify-targets.ts';
import { knownSchemas } from './known-schemas.ts';
import { accountOf } from './upstream-account.ts';
import { readOnce } from './upstream-catalog.ts';

export async function openPostgresSource(
  upstream: UpstreamUrl,
  directory: string,
  schemas: readonly string[],
  rows: number,
): Promise<ClassifySource> {
  const account = accountOf(upstream, directory);
  const catalog = await readOnce(new PostgresCatalogSource(account));
  const reader = await StatementReader.load(catalog.major);
  const own = [...catalog.schemas].filter((name) => !/^(pg_|information_schema$)/.test(name));
  const { targets, behindViews } = targetsOf(catalog, reader, knownSchemas(schemas, catalog.schemas, own));
  const sampler = await Sampler.open(account, rows);
  const estimates = await sampler.estimates();
  return {
    serverVersion: catalog.major,
    targets,
    behindViews,
    async sample(n, columns) {
      const target = targets[n];
      if (target === undefined) throw new RangeError(`there is no target ${n}`);
      return await sampler.sample(target.relation, columns, estimateOf(catalog, target.relation, estimates));
    },
    close: () => sampler.close(),
  };
}
