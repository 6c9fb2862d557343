/** The catalogs behind the listeners of a configuration, as far as their servers can be reached. */
import type { LoadedConfig } from '../config/load.ts';
import { isSqlListener } from '../config/schema.ts';
import type { Problem } from '../core/problem.ts';
import { errorText } from './error-text.ts';
import { type AnyCatalog, tablesIn } from './known-catalog.ts';
import { catalogKey } from './same-upstream.ts';
import { shownUpstream } from './shown-upstream.ts';
import { unseenTriggers } from './trigger-grants.ts';
import { readUpstreamCatalog } from './upstream-catalog.ts';

export interface ListenerReport {
  readonly name: string;
  readonly upstream: string;
  /** Whether it is a database, whose catalog is asked for. */
  readonly isDatabase: boolean;
  /** Null where the catalog was read, and where there is none. */
  readonly unreachable: string | null;
}

/** `files`: what is wrong with files that the configuration names. */
export async function readCatalogs(
  loaded: LoadedConfig,
  files: readonly Problem[],
): Promise<{
  readonly listeners: readonly ListenerReport[];
  readonly catalogs: readonly (AnyCatalog | null)[];
  /** Of all of them, each counted once; null where none was read. */
  readonly tables: number | null;
  readonly warnings: readonly Problem[];
}> {
  const { config, directory, source } = loaded;
  const warnings: Problem[] = [];
  const tables = new Map<string, number>();
  const read = await Promise.all(
    config.listeners.map(async (listener, n) => {
      const isDatabase = isSqlListener(listener);
      const report = { name: listener.name, upstream: shownUpstream(listener), isDatabase };
      if (!isDatabase) return { catalog: null, report: { ...report, unreachable: null } };
      // Without its certificate an upstream cannot be dialled, which is said already.
      if (files.some((problem) => problem.key.startsWith(`listeners[${n}].upstream`))) {
        return { catalog: null, report: { ...report, unreachable: 'its certificate file cannot be used' } };
      }
      try {
        const upstream = listener.catalog.upstream ?? listener.upstream;
        const catalog = await readUpstreamCatalog(upstream, directory);
        const key = catalogKey(upstream);
        // Accounts may see different parts of the same database.
        tables.set(key, Math.max(tables.get(key) ?? 0, tablesIn(catalog)));
        const unseen = await unseenTriggers(upstream, directory);
        if (unseen !== null) warnings.push(source.problemAt(['listeners', n, 'upstream'], unseen));
        return { catalog, report: { ...report, unreachable: null } };
      } catch (error) {
        return { catalog: null, report: { ...report, unreachable: errorText(error) } };
      }
    }),
  );
  return {
    listeners: read.map(({ report }) => report),
    catalogs: read.flatMap(({ report, catalog }) => (report.isDatabase ? [catalog] : [])),
    tables: tables.size === 0 ? null : [...tables.values()].reduce((sum, count) => sum + count),
    warnings,
  };
}
