/** Parameters of mysql:// and mariadb:// connection strings, in the words of MySQL's own client. */
import type { SslMode, UpstreamParameters, UpstreamUrl } from './upstream-url.ts';

/** --ssl-mode of MySQL's client, with what libpq calls the same. */
const SSL_MODES: readonly (readonly [written: string, mode: SslMode])[] = [
  ['DISABLED', 'disable'],
  ['PREFERRED', 'prefer'],
  ['REQUIRED', 'require'],
  ['VERIFY_CA', 'verify-ca'],
  ['VERIFY_IDENTITY', 'verify-full'],
];

/** Throws an Error that names a parameter that is not known, or a value that it does not take. */
export function readMysqlParameters(parameters: URLSearchParams): UpstreamParameters {
  let sslMode: SslMode = 'prefer';
  let sslRootCert: string | null = null;
  const options = new Map<string, string>();
  for (const [key, value] of parameters) {
    switch (key) {
      case 'ssl-mode':
      case 'sslmode':
        sslMode = sslModeOf(key, value);
        break;
      case 'ssl-ca':
      case 'sslrootcert':
        sslRootCert = value;
        break;
      case 'get-server-public-key':
        if (isOn(key, value)) options.set(key, 'true');
        break;
      case 'charset':
        // Other tools' connection strings have it; there is no other character set here.
        if (value.toLowerCase() !== 'utf8mb4') throw new Error(`charset is utf8mb4, not "${value}"`);
        break;
      default:
        throw new Error(`the connection string has a parameter "${key}" that is not known`);
    }
  }
  return { sslMode, sslRootCert, options };
}

function sslModeOf(key: string, written: string): SslMode {
  const wanted = written.toLowerCase();
  const found = SSL_MODES.find(([word, mode]) => word.toLowerCase() === wanted || mode === wanted);
  if (found !== undefined) return found[1];
  throw new Error(`${key} is one of ${SSL_MODES.map(([word]) => word).join(', ')}, not "${written}"`);
}

function isOn(key: string, written: string): boolean {
  if (['true', '1', 'on'].includes(written.toLowerCase())) return true;
  if (['false', '0', 'off'].includes(written.toLowerCase())) return false;
  throw new Error(`${key} is true or false, not "${written}"`);
}

/** Parameters of TLS as the reader of a connection string knows them, for messages. */
export function sslWords({ protocol, sslMode }: Pick<UpstreamUrl, 'protocol' | 'sslMode'>): {
  readonly mode: string;
  readonly safest: string;
  readonly rootCert: string;
} {
  if (protocol === 'postgres') {
    return { mode: `sslmode=${sslMode}`, safest: 'verify-full', rootCert: 'sslrootcert' };
  }
  const word = SSL_MODES.find(([, mode]) => mode === sslMode)?.[0] ?? sslMode;
  return { mode: `ssl-mode=${word}`, safest: 'VERIFY_IDENTITY', rootCert: 'ssl-ca' };
}
