/** Whether connection strings lead to the same server, and by the same account. */
import type { UpstreamUrl } from '../config/upstream-url.ts';

/** Equal for those that a catalog is read alike by. */
export function accountKey({ options, ...upstream }: UpstreamUrl): string {
  return JSON.stringify([upstream, [...options].toSorted()]);
}

/** Equal for those whose catalogs have the same tables: one account of MySQL sees those of every database. */
export function catalogKey({ protocol, host, port, database }: UpstreamUrl): string {
  return JSON.stringify([protocol, host, port, protocol === 'mysql' ? null : database]);
}
