/**
 * A real OpenID provider in this process (oidc-provider): discovery, keys, registration, code flow, device flow, client
 * credentials, resource indicators.
 * It can change its keys, be down, answer slowly or too much. People log in there as `person` without being asked.
 * `sign` makes tokens that the provider itself would not, with its own keys or others.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose';
import { type Configuration, type JWK, Provider } from 'oidc-provider';

export const CONSOLE = { id: 'sluice-console', secret: 'console-secret-5e1f' } as const;
export const CI = { id: 'ci', secret: 'ci-secret-77aa' } as const;
/** For people at a terminal: no secret, device flow. */
export const TERMINAL = 'sluice-cli';
export const AUDIENCE = 'urn:sluice';
/** Of every resource that is a URL. */
export const MCP_SCOPES = 'mcp:read mcp:write';

export interface Person {
  readonly sub: string;
  readonly groups?: readonly string[];
  readonly preferred_username?: string;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export interface SignOptions {
  readonly expiresInS?: number;
  readonly header?: Partial<JWTHeaderParameters>;
  readonly key?: CryptoKey | Uint8Array;
}

/** What the next requests get in place of an answer. */
export type Fault = 'down' | 'silent' | 'huge' | 'garbage' | 'elsewhere';

export class TestIssuer {
  /** Who logs in when somebody is sent here. */
  person: Person = { sub: 'ada', groups: ['dba', 'agents'] };
  fault: Fault | null = null;
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #url = '';
  #key: SigningKey | null = null;
  #provider: Provider | null = null;
  #handle: ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | null = null;
  #keys = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<TestIssuer> {
    const issuer = new TestIssuer();
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve));
    const address = issuer.#server.address();
    issuer.#url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    await issuer.rotate();
    return issuer;
  }

  get url(): string {
    return this.#url;
  }

  /** From now on it signs with another key, and shows only that. */
  async rotate(): Promise<void> {
    const kid = `key-${++this.#keys}`;
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig', kty: 'RSA' } as const;
    this.#key = { kid, privateKey, jwk };
    this.#provider = new Provider(this.#url, this.#configuration(jwk));
    // Ports are free ones, so that nobody knows before where the console is.
    Object.assign(this.#provider.Client.prototype, { redirectUriAllowed: () => true });
    this.#handle = this.#provider.callback();
  }

  /** A token as the provider would make it, apart from what is said otherwise. A claim that is undefined is left out. */
  sign(
    claims: Readonly<Record<string, unknown>> = {},
    { expiresInS = 300, header = {}, key }: SignOptions = {},
  ): Promise<string> {
    if (this.#key === null) throw new Error('not started');
    const now = Math.floor(Date.now() / 1000);
    const { kid, privateKey } = this.#key;
    const { sub, groups } = this.person;
    const all = { iss: this.#url, aud: AUDIENCE, sub, groups, iat: now, exp: now + expiresInS, ...claims };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new SignJWT(given)
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt', ...header })
      .sign(key ?? privateKey);
  }

  /** An access token that the provider itself gives to the client `ci`. */
  async ciToken(): Promise<string> {
    const response = await fetch(`${this.#url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${CI.id}:${CI.secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: AUDIENCE }),
    });
    const answer: unknown = await response.json();
    if (typeof answer !== 'object' || answer === null || !('access_token' in answer))
      throw new Error(`no token: ${JSON.stringify(answer)}`);
    return String(answer.access_token);
  }

  stop(): Promise<void> {
    // In this order: what is accepted between the two would be waited for.
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.#url).pathname;
    this.requests.push(path);
    switch (this.fault) {
      case 'down':
        request.socket.destroy();
        return;
      case 'silent':
        return;
      case 'huge':
        response.end(`{"keys":[],"padding":"${'x'.repeat(1024 * 1024)}"}`);
        return;
      case 'garbage':
        response.end('<html>');
        return;
      case 'elsewhere':
        response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
        return;
      case null:
        if (path.startsWith('/interaction/')) await this.#interact(request, response);
        else await this.#handle?.(request, response);
    }
  }

  /** Logs `person` in, and agrees to what is asked for on its behalf. */
  async #interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const provider = this.#provider;
    if (provider === null) throw new Error('not started');
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      const result = { login: { accountId: this.person.sub } };
      await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
      return;
    }
    const grant = new provider.Grant({
      accountId: session?.accountId ?? this.person.sub,
      clientId: String(params['client_id']),
    });
    grant.addOIDCScope(`openid profile offline_access ${MCP_SCOPES}`);
    grant.addResourceScope(AUDIENCE, 'openid profile');
    const asked = params['resource'];
    for (const resource of Array.isArray(asked) ? asked : [asked])
      if (typeof resource === 'string' && resource !== AUDIENCE)
        grant.addResourceScope(resource, String(params['scope'] ?? ''));
    const result = { consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  }

  #configuration(jwk: JWK): Configuration {
    const device = 'urn:ietf:params:oauth:grant-type:device_code';
    return {
      jwks: { keys: [jwk] },
      cookies: { keys: ['of no importance'] },
      clients: [
        {
          client_id: CONSOLE.id,
          client_secret: CONSOLE.secret,
          redirect_uris: ['http://127.0.0.1/callback'],
        },
        {
          client_id: CI.id,
          client_secret: CI.secret,
          grant_types: ['client_credentials'],
          response_types: [],
          redirect_uris: [],
        },
        {
          client_id: TERMINAL,
          token_endpoint_auth_method: 'none',
          application_type: 'native',
          grant_types: [device, 'refresh_token'],
          response_types: [],
          redirect_uris: [],
        },
      ],
      scopes: ['openid', 'offline_access', ...MCP_SCOPES.split(' ')],
      claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
      conformIdTokenClaims: false,
      findAccount: async (_context, id) => ({
        accountId: id,
        claims: async () => ({ ...this.person, groups: [...(this.person.groups ?? [])], sub: id }),
      }),
      extraTokenClaims: async () => ({ groups: [...(this.person.groups ?? [])] }),
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        registration: { enabled: true },
        deviceFlow: {
          enabled: true,
          userCodeInputSource: async (context, form) => {
            context.body = form;
          },
          userCodeConfirmSource: async (context, form) => {
            context.body = form;
          },
          successSource: async (context) => {
            context.body = 'done';
          },
        },
        resourceIndicators: {
          enabled: true,
          defaultResource: async () => AUDIENCE,
          useGrantedResource: async () => true,
          getResourceServerInfo: async (_context, resource) => ({
            scope: resource === AUDIENCE ? 'openid profile' : MCP_SCOPES,
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 300,
          }),
        },
      },
    };
  }
}
