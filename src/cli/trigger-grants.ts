/**
 * Whether the catalog's account sees triggers. MySQL and MariaDB show nobody the triggers of tables for which they have
 * no TRIGGER privilege, and do not say so: the catalog is then as if there were none, and what a trigger does on a write
 * is known to no rule.
 */
import type { UpstreamUrl } from '../config/upstream-url.ts';
import { connectToMysql, mysqlRows } from '../transport/mysql-catalog-source.ts';
import { mysqlAccountOf } from './upstream-account.ts';

/** What to say of an upstream whose triggers cannot be seen; null: they can, or nobody knows. */
export async function unseenTriggers(upstream: UpstreamUrl, directory: string): Promise<string | null> {
  if (upstream.protocol !== 'mysql') return null;
  const connection = await connectToMysql(mysqlAccountOf(upstream, directory));
  try {
    const grants = (await mysqlRows(connection, 'SHOW GRANTS')).map(([grant]) => String(grant));
    if (seesTriggers(grants, upstream.database)) return null;
    return `the account has no TRIGGER privilege on ${upstream.database}: what triggers do there is not seen by rules (GRANT TRIGGER ON ${upstream.database}.* lets it read them)`;
  } finally {
    connection.destroy();
  }
}

/** `GRANT SELECT, TRIGGER ON "app".* TO …`, in backticks; what a role brings is not known from these. */
const PRIVILEGES = /^GRANT (.+) ON (?:\*\.\*|`((?:[^`]|``)*)`\.\*) TO /;

export function seesTriggers(grants: readonly string[], database: string): boolean {
  return grants.some((grant) => {
    if (!/ ON /.test(grant)) return true;
    const [, privileges = '', pattern] = PRIVILEGES.exec(grant) ?? [];
    const names = privileges.split(',').map((name) => name.trim());
    if (!names.includes('TRIGGER') && !names.includes('ALL PRIVILEGES')) return false;
    return pattern === undefined || likePattern(pattern.replaceAll('``', '`')).test(database);
  });
}

/** A database in a grant is a pattern: `%`, `_`, and a backslash before what is neither. */
function likePattern(pattern: string): RegExp {
  const parts = pattern.match(/\\[%_\\]|[\s\S]/g) ?? [];
  const text = parts.map((part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    return part.slice(-1).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${text.join('')}$`, 'su');
}
