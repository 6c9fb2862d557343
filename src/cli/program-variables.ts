/** Environment variables by which programs find a database, one part in each: PGHOST, MYSQL_HOST, DB_HOST and so on. */
import {
  type DatabaseTarget,
  DEFAULT_PORTS,
  dsnOf,
  type ListenedDatabase,
  partOf,
} from './program-database.ts';

/** What finds the listener in front of a database. */
export interface DsnRewriting {
  /** With every placeholder and connection string in it rewritten; `place` is for people. Throws DsnError. */
  text(text: string, place: string): string;
  /** Null: no listener is in front of it. Throws DsnError. */
  targetOf(
    named: Pick<ListenedDatabase, 'protocol' | 'host' | 'port' | 'database'>,
    place: string,
  ): DatabaseTarget | null;
}

type Protocol = DatabaseTarget['protocol'];
type Part = 'host' | 'port' | 'user' | 'password' | 'database';

const NAMES: Readonly<Record<Part, readonly string[]>> = {
  host: ['HOST', 'HOSTNAME', 'SERVER'],
  port: ['PORT'],
  user: ['USER', 'USERNAME'],
  password: ['PASSWORD', 'PASS', 'PWD'],
  database: ['DATABASE', 'DB', 'NAME', 'DBNAME', 'DB_NAME'],
};
const PARTS: readonly Part[] = ['host', 'port', 'user', 'password', 'database'];

interface Family {
  readonly prefix: string;
  /** Null: its variables do not say; another one may. */
  readonly protocol: Protocol | null;
}

const FAMILIES: readonly Family[] = [
  { prefix: 'PG', protocol: 'postgres' },
  { prefix: 'POSTGRES_', protocol: 'postgres' },
  { prefix: 'POSTGRESQL_', protocol: 'postgres' },
  { prefix: 'MYSQL_', protocol: 'mysql' },
  { prefix: 'MARIADB_', protocol: 'mysql' },
  { prefix: 'DB_', protocol: null },
  { prefix: 'DATABASE_', protocol: null },
];

/** They say where passwords and further servers are found, past what was rewritten. */
const REMOVED = ['PGPASSFILE', 'PGSERVICE', 'PGSERVICEFILE', 'PGHOSTADDR', 'PGSSLCERT', 'PGSSLKEY'];

/** The environment with all that leads to a listened database leading to its listener. Throws DsnError. */
export function rewriteVariables(
  environment: Readonly<Record<string, string>>,
  rewriting: DsnRewriting,
): Readonly<Record<string, string>> {
  const rewritten = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, rewriting.text(value, name)]),
  );
  for (const family of FAMILIES) rewriteFamily(rewritten, family, rewriting);
  return rewritten;
}

function rewriteFamily(environment: Record<string, string>, family: Family, rewriting: DsnRewriting): void {
  const names = Object.fromEntries(
    PARTS.map((part) => [
      part,
      NAMES[part].map((name) => family.prefix + name).filter((name) => environment[name] !== undefined),
    ]),
  );
  const valueIn = (part: Part) => environment[names[part]?.[0] ?? ''] ?? null;
  const written = valueIn('port');
  const protocol = family.protocol ?? protocolFrom(environment, family.prefix, written);
  const isNamed = valueIn('host') !== null || valueIn('database') !== null;
  if (!isNamed || protocol === null) return;
  const host = valueIn('host') ?? '127.0.0.1';
  // A directory is a socket on this machine.
  const named = {
    protocol,
    host: host.startsWith('/') ? '127.0.0.1' : host,
    port: written === null || written === '' ? DEFAULT_PORTS[protocol] : Number(written),
    database: valueIn('database') ?? (protocol === 'postgres' ? (valueIn('user') ?? '') : ''),
  };
  const target = rewriting.targetOf(named, names['host']?.[0] ?? names['database']?.[0] ?? family.prefix);
  if (target === null) return;
  for (const part of PARTS) {
    const own = names[part] ?? [];
    const first = NAMES[part][0] ?? '';
    for (const name of own.length === 0 ? [family.prefix + first] : own)
      environment[name] = partOf(target, part);
  }
  if (family.prefix !== 'PG') return;
  environment['PGSSLMODE'] = 'disable';
  for (const name of REMOVED) delete environment[name];
}

/** DB_TYPE and the like, or else the port. */
function protocolFrom(
  environment: Readonly<Record<string, string>>,
  prefix: string,
  port: string | null,
): Protocol | null {
  const said =
    environment[`${prefix}TYPE`] ?? environment[`${prefix}DIALECT`] ?? environment[`${prefix}DRIVER`];
  if (said !== undefined) {
    if (/postgres|^pg/i.test(said)) return 'postgres';
    if (/mysql|maria/i.test(said)) return 'mysql';
    return null;
  }
  const number = Number(port);
  if (number === DEFAULT_PORTS.postgres) return 'postgres';
  return number === DEFAULT_PORTS.mysql ? 'mysql' : null;
}

/** Every variable by which a program that is told nothing else finds its database. */
export function variablesFor(target: DatabaseTarget): Readonly<Record<string, string>> {
  const { protocol } = target;
  const url = dsnOf(target, protocol, '');
  const prefix = protocol === 'postgres' ? 'PG' : 'MYSQL_';
  const parts = PARTS.flatMap((part) =>
    (protocol === 'mysql' ? NAMES[part] : NAMES[part].slice(0, 1)).map((name) => [
      prefix + name,
      partOf(target, part),
    ]),
  );
  const ssl = protocol === 'postgres' ? { PGSSLMODE: 'disable' } : {};
  return { DATABASE_URL: url, DSN: url, ...Object.fromEntries(parts), ...ssl };
}
