/**
 * Connection strings of servers, as each one's own tools write them: `postgres://user:password@host:port/database?sslmode=…`
 * and `mysql://user:password@host:port/database?ssl-mode=…`, or `mariadb://…`.
 */
import { readMysqlParameters } from './mysql-url.ts';

export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface UpstreamUrl {
  readonly protocol: 'postgres' | 'mysql';
  /** What the scheme says of the server; null for Postgres. A server's own word is what counts where it can be asked. */
  readonly flavour: 'mysql' | 'mariadb' | null;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  /** Empty where none is chosen, which Postgres does not have. */
  readonly database: string;
  readonly sslMode: SslMode;
  /** A file of certificates to trust; null for those that Node trusts. */
  readonly sslRootCert: string | null;
  /**
   * Postgres: settings for every session there, such as `search_path`. MySQL: `get-server-public-key`, where a password
   * may go over a connection without TLS under the key that the server itself gives.
   */
  readonly options: ReadonlyMap<string, string>;
}

/** What stands behind the `?`. */
export type UpstreamParameters = Pick<UpstreamUrl, 'sslMode' | 'sslRootCert' | 'options'>;

type Scheme = Pick<UpstreamUrl, 'protocol' | 'flavour' | 'port'>;

const POSTGRES: Scheme = { protocol: 'postgres', flavour: null, port: 5432 };
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['postgres:', POSTGRES],
  ['postgresql:', POSTGRES],
  ['mysql:', { protocol: 'mysql', flavour: 'mysql', port: 3306 }],
  ['mariadb:', { protocol: 'mysql', flavour: 'mariadb', port: 3306 }],
]);
const PERCENT = 'a password with / ? # % or @ in it is written in percent-encoding (%2F %3F %23 %25 %40)';

/** Throws an Error that says what is wrong, without repeating the password. */
export function parseUpstreamUrl(written: string): UpstreamUrl {
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    throw new Error(
      `expected a connection string such as postgres://user:password@host:5432/database; ${PERCENT}`,
    );
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) {
    throw new Error(`expected postgres://, mysql:// or mariadb://, not ${url.protocol}//`);
  }
  const user = decoded(url.username);
  if (url.hostname === '') throw new Error('the connection string names no host');
  if (user === '') throw new Error('the connection string names no user');
  const path = decoded(url.pathname.replace(/^\//, ''));
  const parameters =
    scheme.protocol === 'postgres' ? readPostgresParameters(url) : readMysqlParameters(url.searchParams);
  return {
    ...scheme,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? scheme.port : Number(url.port),
    user,
    password: url.password === '' ? null : decoded(url.password),
    database: path === '' && scheme.protocol === 'postgres' ? user : path,
    ...parameters,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error(`the connection string has a % that begins no percent-encoding; ${PERCENT}`);
  }
}

function readPostgresParameters({ searchParams }: URL): UpstreamParameters {
  const options = new Map<string, string>();
  let sslMode: SslMode = 'prefer';
  let sslRootCert: string | null = null;
  for (const [key, value] of searchParams) {
    if (key === 'sslmode') sslMode = sslModeOf(value);
    else if (key === 'sslrootcert') sslRootCert = value;
    else if (/^[a-z_][a-z0-9_.]*$/.test(key)) options.set(key, value);
    else throw new Error(`the connection string has a parameter "${key}" that is not known`);
  }
  return { sslMode, sslRootCert, options };
}

function sslModeOf(written: string): SslMode {
  const mode = SSL_MODES.find((known) => known === written);
  if (mode === undefined) throw new Error(`sslmode is one of ${SSL_MODES.join(', ')}, not "${written}"`);
  return mode;
}
