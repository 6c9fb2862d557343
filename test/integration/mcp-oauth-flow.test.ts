/** The SDKs' own OAuth flow against a listener of MCP and a real issuer: found, registered, logged in, stepped up. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { decodeJwt } from 'jose';
import { type McpUpstream, startMcpUpstream } from '../support/mcp-upstream.ts';
import { walkToCode } from '../support/oauth-walk.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, TestIssuer } from '../support/test-issuer.ts';
import { TokenEndpoint } from '../support/token-endpoint.ts';

const CALLBACK = 'http://127.0.0.1:9/callback';

let issuer: TestIssuer;
let upstream: McpUpstream;
let tokens: TokenEndpoint;
let sluice: Sluice;
let url: URL;

before(async () => {
  issuer = await TestIssuer.start();
  upstream = await startMcpUpstream();
  tokens = await TokenEndpoint.start();
  sluice = await startSluice({
    upstream: upstream.url,
    protocol: 'mcp',
    auth: ['oidc'],
    oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}" }`,
    listener: `oauth: { scopes: ["mcp:read"], step_up: [{ tools: ["delete_*"], scopes: ["mcp:write"] }] }, credentials: { token_exchange: { token_endpoint: "${tokens.url}", client_id: sluice, client_secret: s } }`,
  });
  url = new URL(`http://127.0.0.1:${sluice.port}/mcp`);
});

after(async () => {
  await sluice.stop();
  await tokens.stop();
  await upstream.close();
  await issuer.stop();
});

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** What both SDKs ask of somebody who logs in. */
class Person<Information extends object, Tokens extends { access_token: string }> {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata = {
    client_name: 'test',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native' as const,
  };
  sentTo: URL | null = null;
  #information: Information | undefined;
  #tokens: Tokens | undefined;
  #verifier = '';

  clientInformation(): Information | undefined {
    return this.#information;
  }

  saveClientInformation(information: Information): void {
    this.#information = information;
  }

  tokens(): Tokens | undefined {
    return this.#tokens;
  }

  saveTokens(given: Tokens): void {
    this.#tokens = given;
  }

  redirectToAuthorization(to: URL): void {
    this.sentTo = to;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  /** This issuer lets a client ask for what it has registered with: for more it has to register anew. */
  registersAgain(): void {
    this.#information = undefined;
  }

  claims() {
    return decodeJwt(this.#tokens?.access_token ?? '');
  }

  /** What the issuer sends back with. */
  answer(): Promise<URLSearchParams> {
    if (this.sentTo === null) throw new Error('nobody was sent to log in');
    return walkToCode(this.sentTo, CALLBACK);
  }
}

test('the SDK 1.x finds the issuer by the 401, gets a token for this resource, and steps up for a tool', async () => {
  const authProvider = new Person<{ client_id: string }, { access_token: string; token_type: string }>();
  const first = new StreamableHTTPClientTransport(url, { authProvider });
  await assert.rejects(new Client({ name: 'test', version: '1' }).connect(first), UnauthorizedError);
  const asked = authProvider.sentTo?.searchParams;
  // RFC 8707, 2; MCP, scope selection: the challenge says which.
  assert.equal(asked?.get('resource'), url.href);
  assert.equal(asked?.get('scope'), 'mcp:read');
  await first.finishAuth((await authProvider.answer()).get('code') ?? '');
  assert.equal(authProvider.claims().aud, url.href);
  const transport = new StreamableHTTPClientTransport(url, { authProvider });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  opened.push(client);
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['read_row', 'delete_row'],
  );
  authProvider.sentTo = null;
  authProvider.registersAgain();
  await assert.rejects(client.callTool({ name: 'delete_row', arguments: {} }), UnauthorizedError);
  const more = String(authProvider.sentTo);
  assert.match(new URL(more).searchParams.get('scope') ?? '', /mcp:read mcp:write/);
  await transport.finishAuth((await authProvider.answer()).get('code') ?? '');
  const done = await client.callTool({ name: 'delete_row', arguments: {} });
  assert.deepEqual(done.content, [{ type: 'text', text: 'delete_row done' }]);
  // The session is the one of before; the token that goes into the exchange is the one of this call.
  const exchanged = decodeJwt(tokens.asked.at(-1)?.form.get('subject_token') ?? '');
  assert.equal(exchanged['scope'], 'mcp:read mcp:write');
});

test('the SDK 2.x does so too', async () => {
  const authProvider = new Person<{ client_id: string }, { access_token: string; token_type: string }>();
  const first = new ModernTransport(url, { authProvider });
  await assert.rejects(new ModernClient({ name: 'test', version: '1' }).connect(first));
  await first.finishAuth(await authProvider.answer());
  assert.equal(authProvider.claims().aud, url.href);
  const client = new ModernClient({ name: 'test', version: '1' });
  await client.connect(new ModernTransport(url, { authProvider }));
  opened.push(client);
  const done = await client.callTool({ name: 'read_row', arguments: {} });
  assert.deepEqual(done.content, [{ type: 'text', text: 'read_row done' }]);
});

test('promise 11: what reaches the server is a token in exchange, one for each who asks', async () => {
  const shown = upstream.raw.got.flatMap(
    ({ head }) => /^authorization: (.*)$/im.exec(head)?.[1]?.trim() ?? [],
  );
  assert.equal(shown.length, upstream.raw.got.length);
  assert.ok(shown.every((one) => /^Bearer upstream-token-\d+$/.test(one)));
  const wire = upstream.raw.got.map(({ head, body }) => head + body.toString()).join('\n');
  for (const { form } of tokens.asked) {
    const subject = form.get('subject_token') ?? '';
    assert.equal(decodeJwt(subject).aud, url.href);
    assert.ok(!wire.includes(subject));
  }
});
