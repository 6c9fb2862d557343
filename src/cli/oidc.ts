/** From `identity.oidc` to what checks tokens, and from a listener's `auth` to how clients prove who they are there. */
import type { Logger } from 'pino';
import type { AnyListenerConfig, Config } from '../config/schema.ts';
import type { IdentitySource } from '../core/login.ts';
import { discoveryUrl } from '../core/oidc.ts';
import { OidcIssuer } from '../identity/oidc-issuer.ts';
import { OidcTokens } from '../identity/oidc-tokens.ts';
import { TokenLogins } from '../identity/token-logins.ts';
import { type AuthMethod, ListenerIdentity } from '../identity/users.ts';
import type { Shared } from './listeners.ts';

/** Null: no tokens are taken. Begins to ask the issuer, and does not wait for it. */
export function openTokens(config: Config, log: Logger): OidcTokens | null {
  const { oidc } = config.identity;
  if (oidc === undefined) return null;
  const issuer = new OidcIssuer(
    { issuer: oidc.issuer, keysMaxAgeMs: oidc.keys_max_age },
    {
      onHealth(error) {
        if (error === null) log.info({ issuer: oidc.issuer }, 'the issuer of tokens can be reached');
        else log.error({ issuer: oidc.issuer, error: error.message }, 'the issuer of tokens cannot be used');
      },
    },
  );
  issuer.start();
  const required = Object.entries(oidc.require).map(
    ([claim, wanted]) => [claim, Array.isArray(wanted) ? wanted : [wanted]] as const,
  );
  return new OidcTokens(issuer, {
    audience: oidc.audience,
    algorithms: oidc.algorithms,
    clockSkewMs: oidc.clock_skew,
    username: oidc.username,
    groups: oidc.groups,
    clients: oidc.clients ?? null,
    required: new Map(required),
  });
}

export function identityOf(
  { auth }: AnyListenerConfig,
  { users, passwordKey, tokens, config }: Shared,
): IdentitySource {
  const stored = auth.filter((method): method is AuthMethod => method === 'password' || method === 'trust');
  const passwords = new ListenerIdentity(users, stored, passwordKey);
  const { oidc } = config.identity;
  const bearer = auth.includes('oauthbearer');
  if (tokens === null || oidc === undefined || !(bearer || auth.includes('oidc'))) return passwords;
  return new TokenLogins(passwords, tokens, {
    postgres: bearer ? 'oauthbearer' : 'cleartext',
    hint: { configurationUrl: discoveryUrl(oidc.issuer), scope: oidc.scope },
  });
}
