/**
 * Whether a token (RFC 7519, signed as RFC 7515 has it) is one that the issuer gave out, for us, and still counts.
 * Errors tell what is wrong and hold nothing of the token.
 */
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { ProxyError } from '../core/errors.ts';
import type { TokenAlgorithm } from '../core/oidc.ts';
import type { Identity } from '../core/principal.ts';
import { type ClaimSettings, identityOf, TokenRefusal } from './oidc-claims.ts';
import type { KnownIssuer, OidcIssuer } from './oidc-issuer.ts';

export interface TokenSettings extends ClaimSettings {
  readonly audience: readonly string[];
  readonly algorithms: readonly TokenAlgorithm[];
  /** How far the issuer's clock may be ahead of ours. What has expired by our clock has expired. */
  readonly clockSkewMs: number;
}

export type TokenAnswer =
  | { readonly answer: 'proven'; readonly identity: Identity }
  | { readonly answer: 'refused'; readonly error: ProxyError };

/** JWS Compact Serialization (RFC 7515, section 7.1); that of an unsigned one ends with its last point. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
export const TOKEN_BYTES_MAX = 16 * 1024;
/** ID tokens and access tokens (RFC 9068). Others that an issuer signs, such as logout tokens, are no proof of a login. */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt']);

export class OidcTokens {
  readonly issuer: OidcIssuer;
  readonly #settings: TokenSettings;
  readonly #now: () => number;

  /** `now`: milliseconds since the epoch. */
  constructor(issuer: OidcIssuer, settings: TokenSettings, now: () => number = () => Date.now()) {
    this.issuer = issuer;
    this.#settings = settings;
    this.#now = now;
  }

  /** The same issuer's tokens for another audience: one of those that `audience` gives whenever one is checked (RFC 8707). */
  forAudience(audience: () => readonly string[]): OidcTokens {
    const settings = {
      ...this.#settings,
      get audience() {
        return audience();
      },
    };
    return new OidcTokens(this.issuer, settings, this.#now);
  }

  /** Never rejects. */
  async check(token: string): Promise<TokenAnswer> {
    return this.#answer(async () =>
      identityOf(await this.#claims(token, this.#settings.audience), this.#settings),
    );
  }

  /** The ID token of a login that Sluice itself began as the client `clientId`. */
  async checkIdToken(token: string, clientId: string, nonce: string): Promise<TokenAnswer> {
    return this.#answer(async () => {
      const claims = await this.#claims(token, [clientId]);
      if (claims['nonce'] !== nonce) throw new TokenRefusal('it belongs to another login');
      const { azp } = claims;
      if (azp !== undefined && azp !== clientId) throw new TokenRefusal('it was given to another client');
      return identityOf(claims, { ...this.#settings, clients: null });
    });
  }

  async #answer(check: () => Promise<Identity>): Promise<TokenAnswer> {
    try {
      return { answer: 'proven', identity: await check() };
    } catch (error) {
      return { answer: 'refused', error: refusalOf(error) };
    }
  }

  async #claims(token: string, audience: readonly string[]): Promise<JWTPayload> {
    if (token.length > TOKEN_BYTES_MAX)
      throw new TokenRefusal(`it is longer than ${TOKEN_BYTES_MAX / 1024} KiB`);
    if (!COMPACT.test(token)) throw new TokenRefusal('it is no JSON Web Token');
    // Looked at before anybody is asked for keys.
    const { alg, typ } = decodeProtectedHeader(token);
    if (!this.#settings.algorithms.some((allowed) => allowed === alg))
      throw new TokenRefusal('it is signed by an algorithm that is not in identity.oidc.algorithms');
    if (typ !== undefined && !TYPES.has(typ.toLowerCase().replace(/^application\//, '')))
      throw new TokenRefusal('it is of a type that proves no login');
    const known = await this.issuer.current();
    if (known === null) throw new IssuerUnknown();
    try {
      return await this.#verified(token, known, audience);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const newer = await this.issuer.refetched();
      if (newer === null) throw error;
      return await this.#verified(token, newer, audience);
    }
  }

  async #verified(token: string, { keys }: KnownIssuer, audience: readonly string[]): Promise<JWTPayload> {
    const now = this.#now();
    const { clockSkewMs, algorithms } = this.#settings;
    const options = {
      issuer: this.issuer.settings.issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      clockTolerance: clockSkewMs / 1000,
      currentDate: new Date(now),
      requiredClaims: ['exp'],
    };
    const { payload } = await verifyByAny(token, keys, options);
    const { exp = 0, iat } = payload;
    // The tolerance is for tokens that are new. A session must not outlive its token, so an old one gets none.
    if (exp * 1000 <= now) throw new TokenRefusal('it has expired');
    if (exp * 1000 > TIME_MS_MAX) throw new TokenRefusal('its end is no time');
    if (iat !== undefined && iat * 1000 > now + clockSkewMs)
      throw new TokenRefusal('it was issued in the future; are the clocks right?');
    return payload;
  }
}

/** The last moment that a Date can be. */
const TIME_MS_MAX = 8.64e15;

/** Several keys may fit where a token names none: each is tried. */
async function verifyByAny(
  token: string,
  keys: KnownIssuer['keys'],
  options: Parameters<typeof jwtVerify>[2],
): ReturnType<typeof jwtVerify> {
  try {
    return await jwtVerify(token, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (other) {
        if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

class IssuerUnknown extends Error {
  override readonly name = 'IssuerUnknown';
}

function refusalOf(error: unknown): ProxyError {
  if (error instanceof IssuerUnknown)
    return new ProxyError('identity-unavailable', { detail: 'the issuer of tokens cannot be reached' });
  return new ProxyError('token-refused', { detail: detailOf(error) });
}

/** In words of our own: those of the library may hold what the token says. */
function detailOf(error: unknown): string {
  if (error instanceof TokenRefusal) return error.message;
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWKSNoMatchingKey) return 'it is signed by a key that the issuer does not have';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWTClaimValidationFailed)
    return CLAIMS[error.claim] ?? 'its claims are malformed';
  return 'it is malformed';
}

const CLAIMS: Readonly<Record<string, string>> = {
  iss: 'it is from another issuer',
  aud: 'it is for another audience',
  exp: 'it has no end',
  nbf: 'it is not valid yet',
  iat: 'it was issued in the future; are the clocks right?',
};
