/** Connection strings of servers, as libpq writes them: `postgres://user:password@host:port/database?sslmode=…`. */
export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface UpstreamUrl {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  readonly sslMode: SslMode;
  /** A file of certificates to trust; null for those that Node trusts. */
  readonly sslRootCert: string | null;
  /** Settings for every session there, such as `search_path`. */
  readonly options: ReadonlyMap<string, string>;
}

const DEFAULT_PORT = 5432;
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
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new Error(`expected postgres://, not ${url.protocol}//`);
  }
  const user = decoded(url.username);
  if (url.hostname === '') throw new Error('the connection string names no host');
  if (user === '') throw new Error('the connection string names no user');
  const path = decoded(url.pathname.replace(/^\//, ''));
  const options = new Map<string, string>();
  let sslMode: SslMode = 'prefer';
  let sslRootCert: string | null = null;
  for (const [key, value] of url.searchParams) {
    if (key === 'sslmode') sslMode = sslModeOf(value);
    else if (key === 'sslrootcert') sslRootCert = value;
    else if (/^[a-z_][a-z0-9_.]*$/.test(key)) options.set(key, value);
    else throw new Error(`the connection string has a parameter "${key}" that is not known`);
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user,
    password: url.password === '' ? null : decoded(url.password),
    database: path === '' ? user : path,
    sslMode,
    sslRootCert,
    options,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error(`the connection string has a % that begins no percent-encoding; ${PERCENT}`);
  }
}

function sslModeOf(written: string): SslMode {
  const mode = SSL_MODES.find((known) => known === written);
  if (mode === undefined) throw new Error(`sslmode is one of ${SSL_MODES.join(', ')}, not "${written}"`);
  return mode;
}
