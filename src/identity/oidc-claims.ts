/** Who a token speaks of, once its signature, issuer, audience and times have been checked. */
import type { JWTPayload } from 'jose';
import type { Identity } from '../core/principal.ts';

export interface ClaimSettings {
  /** The claim that is a principal's name. */
  readonly username: string;
  /** The claim with groups: its name, or a path such as `realm_access.roles`. */
  readonly groups: string;
  /** Clients to which a token may have been given (`azp`, or `client_id`); null: to any. */
  readonly clients: readonly string[] | null;
  /** Claims that have to have one of these values, or hold one in a list. */
  readonly required: ReadonlyMap<string, readonly (string | number | boolean)[]>;
}

/** What is wrong with a token, in words that its bearer may read. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
}

const NAME_CHARACTERS_MAX = 256;
const GROUPS_MAX = 256;
const SCOPES_MAX = 256;
/** RFC 6749, 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/** Throws TokenRefusal. */
export function identityOf(claims: JWTPayload, settings: ClaimSettings): Identity {
  const { exp, iss, sub, jti } = claims;
  if (exp === undefined || iss === undefined) throw new TokenRefusal('it has no end');
  // Whoever shows it as a bearer token has not shown the key (RFC 7800; RFC 9449; RFC 8705).
  if (claims['cnf'] !== undefined) throw new TokenRefusal('it is bound to a key that nobody has shown');
  checkClient(claims, settings.clients);
  for (const [claim, values] of settings.required) checkRequired(claims, claim, values);
  return {
    principal: { name: nameOf(claims, settings.username), groups: groupsOf(claims, settings.groups) },
    proof: {
      via: 'oidc',
      expiresAtMs: exp * 1000,
      credential: typeof jti === 'string' && isName(jti) ? jti : null,
      issuer: iss,
      subject: typeof sub === 'string' && isName(sub) ? sub : null,
    },
    scopes: scopesOf(claims),
  };
}

/** `scope` (RFC 9068, 2.2.3), or `scp`, in which some issuers list them. What is no list of scopes gives none. */
function scopesOf(claims: JWTPayload): readonly string[] {
  const found = claims['scope'] ?? claims['scp'];
  const listed: readonly unknown[] =
    typeof found === 'string' ? found.split(' ') : Array.isArray(found) ? found : [];
  return listed
    .filter((scope): scope is string => typeof scope === 'string' && SCOPE.test(scope))
    .slice(0, SCOPES_MAX);
}

function checkClient(claims: JWTPayload, clients: readonly string[] | null): void {
  if (clients === null) return;
  const client = claims['azp'] ?? claims['client_id'];
  if (typeof client !== 'string' || !clients.includes(client))
    throw new TokenRefusal('it was given to a client that is not listed in identity.oidc.clients');
}

function checkRequired(
  claims: JWTPayload,
  claim: string,
  values: readonly (string | number | boolean)[],
): void {
  const found = claimAt(claims, claim);
  const given: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (!values.some((value) => given.includes(value)))
    throw new TokenRefusal(`its claim "${claim}" is not as identity.oidc.require has it`);
}

function nameOf(claims: JWTPayload, claim: string): string {
  const name = claimAt(claims, claim);
  if (typeof name !== 'string' || !isName(name))
    throw new TokenRefusal(`it has no user name: its claim "${claim}" is missing, or is none`);
  // It would look like another one's name, and be none of those that rules name.
  if (name !== name.normalize('NFC'))
    throw new TokenRefusal("its user name is not in Unicode's normal form NFC");
  // Otherwise anybody could be anybody by writing another address into a profile.
  if (claim === 'email' && claims['email_verified'] !== true)
    throw new TokenRefusal('its e-mail address has not been verified by the issuer');
  return name;
}

function groupsOf(claims: JWTPayload, claim: string): readonly string[] {
  const found = claimAt(claims, claim);
  if (found === undefined || found === null) return [];
  const groups: readonly unknown[] = Array.isArray(found) ? found : [found];
  // None is left out: a rule may deny by the very group that would be.
  if (groups.length > GROUPS_MAX) throw new TokenRefusal(`it names more than ${GROUPS_MAX} groups`);
  return groups.map((group) => {
    if (typeof group !== 'string' || !isName(group))
      throw new TokenRefusal(`its claim "${claim}" is not a list of groups`);
    return group;
  });
}

/** A name that can be shown, kept and compared: nothing that hides, and nothing that ends a line. */
function isName(text: string): boolean {
  return text !== '' && text.length <= NAME_CHARACTERS_MAX && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text);
}

/** By its name; where there is none of that name, by the path that the name may be. */
function claimAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let found: unknown = claims;
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = Object.entries(found).find(([name]) => name === step)?.[1];
  }
  return found;
}
