/**
 * The device flow (RFC 8628), as a client: somebody at a terminal is told an address and a code, and logs in there with
 * a browser of any machine. What comes of it is a token, and maybe one to get newer ones by.
 */
import { z } from 'zod';
import { isSafeUrl } from '../core/oidc.ts';
import { fetchMetadata, IssuerError, postForm } from './oidc-documents.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const INTERVAL_S_DEFAULT = 5;
/** By how much each `slow_down`, and each answer that does not come, makes the next wait longer (section 3.5). */
const SLOWER_S = 5;
const INTERVAL_S_MAX = 60;

export interface DeviceClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** What the token is to be for (RFC 8707); null: what the issuer makes of it. */
  readonly resource: string | null;
}

const beginSchema = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1).max(64),
  verification_uri: z.string().refine(isSafeUrl),
  verification_uri_complete: z.string().refine(isSafeUrl).optional(),
  expires_in: z.number().positive(),
  interval: z.number().positive().max(INTERVAL_S_MAX).optional(),
});

const tokensSchema = z.object({
  access_token: z.string().min(1),
  id_token: z.string().min(1).optional(),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional(),
});

const errorSchema = z.object({ error: z.string(), error_description: z.string().optional() });

export interface DevicePrompt {
  readonly url: string;
  /** The same with the code in it; null: the issuer has none. */
  readonly completeUrl: string | null;
  readonly code: string;
}

export interface Tokens {
  readonly accessToken: string;
  readonly idToken: string | null;
  readonly refreshToken: string | null;
  /** Of the access token; null: the issuer does not say. */
  readonly expiresInS: number | null;
}

/** The issuer said no, in its words or ours. */
export class LoginDenied extends Error {
  override readonly name = 'LoginDenied';
}

/** Throws IssuerError, and LoginDenied where nobody has logged in. */
export async function logInByDevice(
  client: DeviceClient,
  show: (prompt: DevicePrompt) => void,
  sleep: (ms: number) => Promise<void>,
): Promise<Tokens> {
  const { device_authorization_endpoint: deviceUrl, token_endpoint: tokenUrl } = await fetchMetadata(
    client.issuer,
  );
  if (deviceUrl === undefined || tokenUrl === undefined)
    throw new IssuerError('it has no device flow (device_authorization_endpoint)');
  const { clientId, scope, resource } = client;
  const asked = { client_id: clientId, scope, ...(resource === null ? {} : { resource }) };
  const answer = await postForm(deviceUrl, new URLSearchParams(asked), null);
  const begun = beginSchema.safeParse(answer);
  if (!begun.success) throw deniedBy(answer);
  const { device_code: deviceCode, expires_in: expiresInS, interval = INTERVAL_S_DEFAULT } = begun.data;
  show({
    url: begun.data.verification_uri,
    completeUrl: begun.data.verification_uri_complete ?? null,
    code: begun.data.user_code,
  });
  const form = new URLSearchParams({
    grant_type: DEVICE_GRANT,
    device_code: deviceCode,
    client_id: clientId,
  });
  let intervalS = interval;
  for (let waitedS = 0; waitedS < expiresInS; waitedS += intervalS) {
    await sleep(intervalS * 1000);
    const answered = await postForm(tokenUrl, form, null).catch((error: unknown) => {
      if (error instanceof IssuerError) return null;
      throw error;
    });
    const tokens = tokensOf(answered);
    if (tokens !== null) return tokens;
    const word = answered === null ? 'slow_down' : errorSchema.safeParse(answered).data?.error;
    if (word === 'slow_down') intervalS = Math.min(intervalS + SLOWER_S, INTERVAL_S_MAX);
    else if (word !== 'authorization_pending') throw deniedBy(answered);
  }
  throw new LoginDenied('nobody has logged in in time');
}

/** Throws IssuerError, and LoginDenied where the refresh token serves no more. */
export async function refreshTokens(
  { issuer, clientId, resource }: DeviceClient,
  refreshToken: string,
): Promise<Tokens> {
  const { token_endpoint: tokenUrl } = await fetchMetadata(issuer);
  if (tokenUrl === undefined) throw new IssuerError('it has no token endpoint');
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
    ...(resource === null ? {} : { resource }),
  });
  const answer = await postForm(tokenUrl, form, null);
  const tokens = tokensOf(answer);
  if (tokens === null) throw deniedBy(answer);
  return tokens;
}

function tokensOf(answer: unknown): Tokens | null {
  const parsed = tokensSchema.safeParse(answer);
  if (!parsed.success) return null;
  const {
    access_token: accessToken,
    id_token: idToken,
    refresh_token: refreshToken,
    expires_in,
  } = parsed.data;
  return {
    accessToken,
    idToken: idToken ?? null,
    refreshToken: refreshToken ?? null,
    expiresInS: expires_in ?? null,
  };
}

const WORDS: Readonly<Record<string, string>> = {
  access_denied: 'the login was refused in the browser',
  expired_token: 'nobody has logged in in time',
  invalid_grant: 'what is left of the login serves no more',
  invalid_client: 'the issuer does not know this client; see --client',
  unauthorized_client: 'this client may not use the device flow',
  invalid_scope: 'the issuer does not give this scope; see --scope',
  invalid_target: 'the issuer does not give tokens for this resource; see --resource',
};

function deniedBy(answer: unknown): Error {
  const said = errorSchema.safeParse(answer);
  if (!said.success) return new IssuerError('its answer is none of the device flow');
  const { error, error_description: description } = said.data;
  return new LoginDenied(WORDS[error] ?? `the issuer says: ${description ?? error}`);
}
