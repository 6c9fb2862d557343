/** Logins by the certificate that a client showed in TLS; whoever has none, or one of no use, logs in otherwise. */
import type { CertificateName, ClientCertificate } from '../core/certificate.ts';
import { ProxyError } from '../core/errors.ts';
import type { ClientConnection, IdentityPort, IdentitySource } from '../core/login.ts';
import type { Identity } from '../core/principal.ts';
import { freshNonce } from './mysql-password.ts';

export interface CertificateGround {
  /** Groups of the users of the configuration: nobody else is let in. */
  readonly users: ReadonlyMap<string, { readonly groups: readonly string[] }>;
  /** The name of a certificate that is the name of the user. */
  readonly name: CertificateName;
  /** Milliseconds since the epoch. */
  now(): number;
}

type Finding =
  | { readonly identity: Identity }
  /** Why the certificate lets nobody in. */
  | { readonly why: string };

export class CertificateLogins implements IdentitySource {
  readonly #others: IdentitySource | null;
  readonly #ground: CertificateGround;

  /** `others`: how clients log in without a certificate; null: not at all. */
  constructor(others: IdentitySource | null, ground: CertificateGround) {
    this.#others = others;
    this.#ground = ground;
  }

  forConnection(connection: ClientConnection): IdentityPort {
    const others = this.#others?.forConnection(connection) ?? null;
    const begin = (user: string) => {
      const found = this.#find(user, connection.certificate());
      if ('identity' in found) return { plan: 'trust', identity: found.identity } as const;
      if (others !== null) return null;
      return { plan: 'refused', error: new ProxyError('login-refused', { detail: found.why }) } as const;
    };
    return {
      mysqlNonce: () => freshNonce(),
      login: (user, how) => begin(user) ?? others?.login(user, how) ?? NOBODY,
      mysqlLogin: (user, how) => begin(user) ?? others?.mysqlLogin(user, how) ?? NOBODY,
    };
  }

  #find(user: string, certificate: ClientCertificate | null): Finding {
    const { users, name, now } = this.#ground;
    if (certificate === null) return { why: 'this listener asks for a client certificate' };
    const { problem, names, subject, issuer, fingerprint, expiresAtMs } = certificate;
    if (problem !== null) return { why: `the client certificate is not accepted: ${problem}` };
    if (expiresAtMs <= now()) return { why: 'the client certificate has expired' };
    if (!names[name].includes(user)) return { why: `the client certificate is not for "${user}"` };
    const known = users.get(user);
    if (known === undefined) return { why: `there is no user "${user}"` };
    return {
      identity: {
        principal: { name: user, groups: known.groups },
        proof: { via: 'certificate', expiresAtMs, credential: fingerprint, issuer, subject },
      },
    };
  }
}

const NOBODY = { plan: 'refused', error: new ProxyError('login-refused') } as const;
