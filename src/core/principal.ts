/** The authenticated actor behind a session. Policies are cached by it: what differs from login to login is not here. */
export interface Principal {
  readonly name: string;
  readonly groups: readonly string[];
}

/** How somebody has proven to be a principal, and for how long that holds. Never holds a secret. */
export interface Proof {
  readonly via: 'password' | 'oidc' | 'session' | 'certificate' | 'trust';
  /** Milliseconds since the epoch: every session that was begun with this ends then. Null: it does not run out. */
  readonly expiresAtMs: number | null;
  /** The id by which what was shown can be revoked; null where it has none. */
  readonly credential: string | null;
  /** Who vouches for it, such as the `iss` of a token; null where Sluice does. */
  readonly issuer: string | null;
  /** Whom the issuer means, such as the `sub` of a token; null where Sluice's own names are used. */
  readonly subject: string | null;
  /** Who made the credential that was shown; left out where nobody did. */
  readonly mintedBy?: string;
}

/** Somebody who has logged in. */
export interface Identity {
  readonly principal: Principal;
  readonly proof: Proof;
  /** What the token that was shown may be used for (RFC 6749, 3.3). Left out: no token was shown. */
  readonly scopes?: readonly string[];
}

/**
 * Equal for two logins of one principal, and for no two principals: who it is by whoever vouches for it. The same name of
 * two issuers, or of an issuer and of Sluice itself, is two.
 */
export function identityKey(identity: Identity): string {
  const known = KEYS.get(identity);
  if (known !== undefined) return known;
  const { principal, proof } = identity;
  const key = JSON.stringify([principal.name, proof.issuer, proof.subject]);
  KEYS.set(identity, key);
  return key;
}

/** Asked with every request of a session. */
const KEYS = new WeakMap<Identity, string>();

/** Proven by what does not run out, in Sluice's own names. */
export function lastingIdentity(principal: Principal, via: 'password' | 'trust'): Identity {
  return { principal, proof: { via, expiresAtMs: null, credential: null, issuer: null, subject: null } };
}

/** Everything about a session that a rule may ask for, apart from the statement. */
export interface SessionContext {
  readonly principal: Principal;
  readonly listener: string;
  /** The client's address as text, without port; null on a local socket. */
  readonly clientAddress: string | null;
  /** How the principal was proven; left out where nobody has logged in, as in `explain`. */
  readonly proof?: Proof;
}
