/** What libpq's sslmode means for Node's TLS (https://www.postgresql.org/docs/current/libpq-ssl.html). */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type tls from 'node:tls';

export interface TlsWish {
  readonly host: string;
  readonly sslMode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** A file of certificates to trust, absolute; null for those that Node trusts. */
  readonly sslRootCert: string | null;
}

/** Null where the server is spoken to in the clear. Throws when the certificate file cannot be read. */
export function upstreamTls(wish: TlsWish): tls.ConnectionOptions | null {
  const { sslMode, host } = wish;
  const ca = wish.sslRootCert === null || sslMode === 'disable' ? {} : { ca: readFileSync(wish.sslRootCert) };
  // Server Name Indication is for names only (RFC 6066, section 3).
  const name = isIP(host) === 0 ? { servername: host } : {};
  switch (sslMode) {
    case 'disable':
      return null;
    case 'prefer':
    case 'require':
      // As with libpq: a root certificate that is given is used.
      if (wish.sslRootCert === null) return { ...name, rejectUnauthorized: false };
      return { ...name, ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-ca':
      return { ...name, ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { ...name, ...ca, host, rejectUnauthorized: true };
  }
}
