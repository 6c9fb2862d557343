/** From `credentials` of a listener to how Sluice logs in at the server behind it. */
import type { CredentialsConfig, TokenClientConfig } from '../config/credentials-schema.ts';
import type { HttpIdentity } from '../core/login.ts';
import { SubjectTokens } from '../identity/subject-tokens.ts';
import { UpstreamTokenError, UpstreamTokens } from '../identity/upstream-tokens.ts';
import { type UpstreamLogin, UpstreamLoginError } from '../transport/http-upstream.ts';

/** `logins`: those of clients, of which tokens are remembered where they are to be exchanged. */
export interface UpstreamAccess {
  readonly login: UpstreamLogin | null;
  readonly logins: HttpIdentity;
}

export function upstreamAccess(
  credentials: CredentialsConfig | undefined,
  logins: HttpIdentity,
): UpstreamAccess {
  const { client_credentials: own, token_exchange: exchange } = credentials ?? {};
  if (exchange !== undefined) {
    const subjects = new SubjectTokens();
    const tokens = new UpstreamTokens(tokenClientOf(exchange), subjects);
    return { login: byTokens(tokens), logins: subjects.remembering(logins) };
  }
  if (own !== undefined) return { login: byTokens(new UpstreamTokens(tokenClientOf(own), null)), logins };
  return { login: fixed(credentials), logins };
}

function fixed(credentials: CredentialsConfig | undefined): UpstreamLogin | null {
  const { bearer, basic, header } = credentials ?? {};
  const always = (name: string, value: string): UpstreamLogin => ({
    field: async () => [name, value],
    refused: async () => false,
  });
  if (bearer !== undefined) return always('authorization', `Bearer ${bearer}`);
  if (header !== undefined) return always(header.name, header.value);
  if (basic === undefined) return null;
  const pair = Buffer.from(`${basic.user}:${basic.password}`).toString('base64');
  return always('authorization', `Basic ${pair}`);
}

function byTokens(tokens: UpstreamTokens): UpstreamLogin {
  return {
    async field(actor) {
      try {
        return ['authorization', `Bearer ${await tokens.token(actor)}`];
      } catch (error) {
        if (error instanceof UpstreamTokenError) throw new UpstreamLoginError(error.message);
        throw error;
      }
    },
    async refused(actor, [, value]) {
      await tokens.refused(actor, value.replace(/^Bearer /, ''));
      return true;
    },
  };
}

function tokenClientOf(config: TokenClientConfig) {
  const { issuer, token_endpoint: endpoint, client_id: clientId, client_secret: clientSecret } = config;
  return {
    from: endpoint === undefined ? { issuer: issuer ?? '' } : { endpoint },
    clientId,
    clientSecret,
    scopes: config.scopes,
    resource: config.resource ?? null,
    audience: config.audience ?? null,
  };
}
