/** promise 11: what a client's token was exchanged for is shown for requests with that token, however MCP gets there. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { ask, post } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { TestIssuer } from '../support/test-issuer.ts';
import { TokenEndpoint } from '../support/token-endpoint.ts';

const REVISION = '2025-11-25';

let issuer: TestIssuer;
let tokens: TokenEndpoint;
let upstream: McpUpstream;
let sluice: Sluice;

before(async () => {
  [issuer, tokens, upstream] = await Promise.all([
    TestIssuer.start(),
    TokenEndpoint.start(),
    startMcpUpstream(),
  ]);
  tokens.reply = ({ form }) => {
    const { sub, scope } = decodeJwt(form.get('subject_token') ?? '');
    const access = `${sub}-may-${scope}`;
    return [200, { access_token: access, token_type: 'Bearer', expires_in: 3600 }];
  };
  const credentials = `credentials: { token_exchange: { token_endpoint: "${tokens.url}", client_id: sluice, client_secret: s } }`;
  const rest = `${credentials}, oauth: { audience: ["urn:sluice"] }`;
  const listener = (era: string) =>
    `{ name: ${era}, protocol: mcp, listen: "127.0.0.1:0", upstream: "${upstream.url}", auth: [oidc], era: ${era}, ${rest} }`;
  sluice = await startSluice({
    upstream: upstream.url,
    protocol: 'mcp',
    auth: ['oidc'],
    listener: rest,
    oidc: `{ issuer: "${issuer.url}", audience: "urn:sluice" }`,
    listeners: [listener('legacy'), listener('modern')],
  });
});

after(async () => {
  await sluice?.stop();
  await upstream?.close();
  await tokens?.stop();
  await issuer?.stop();
});

const urlOf = (listener: string) => `http://127.0.0.1:${sluice.server.ports.get(listener) ?? 0}/mcp`;
const tokenOf = (sub: string, scope: string) => issuer.sign({ sub, scope });

/** What Sluice showed to the server with requests that have this in them. */
function shownWith(part: string | RegExp): readonly string[] {
  const got = upstream.raw.got.filter(({ head, body }) =>
    typeof part === 'string' ? body.includes(part) : part.test(head),
  );
  return got.map(({ head }) => /^authorization: Bearer (.*?)\r?$/im.exec(head)?.[1] ?? 'nothing');
}

async function sessionOf(listener: string, token: string): Promise<Readonly<Record<string, string>>> {
  const clientInfo = { name: 'test', version: '1' };
  const params = { protocolVersion: REVISION, capabilities: {}, clientInfo };
  const opening = { jsonrpc: '2.0', id: 0, method: 'initialize', params };
  const opened = await post(urlOf(listener), opening, { token });
  assert.equal(opened.status, 200, opened.body);
  return {
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
    'mcp-protocol-version': REVISION,
  };
}

const callOf = (name: string, mark: string) => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name, arguments: { mark } },
});

for (const listener of ['legacy', 'modern'])
  test(`a request in a session is made with what its own token was exchanged for (server: ${listener})`, async () => {
    const [all, read] = [await tokenOf('ada', 'all'), await tokenOf('ada', 'read')];
    const headers = await sessionOf(listener, all);
    const marks = [`${listener}-1`, `${listener}-2`, `${listener}-3`];
    for (const [n, token] of [all, read, all].entries()) {
      const called = callOf('read_row', marks[n] ?? '');
      const answer = await post(urlOf(listener), called, { token, headers });
      assert.match(answer.body, /read_row done/);
    }
    assert.deepEqual(
      marks.map((mark) => shownWith(mark).at(-1)),
      ['ada-may-all', 'ada-may-read', 'ada-may-all'],
    );
  });

test('who listens does so with what the token of that request was exchanged for', async () => {
  const headers = await sessionOf('legacy', await tokenOf('eve', 'all'));
  const authorization = `Bearer ${await tokenOf('eve', 'read')}`;
  const shown = { ...headers, authorization, accept: 'text/event-stream' };
  // This server has no such stream.
  assert.equal((await fetch(urlOf('legacy'), { headers: shown })).status, 405);
  assert.deepEqual(shownWith(/^GET /), ['eve-may-read']);
});

test('modern requests at a legacy server share a session with those of the same token alone', async () => {
  const [all, read] = [await tokenOf('bob', 'all'), await tokenOf('bob', 'read')];
  const marks = ['bridged-1', 'bridged-2', 'bridged-3', 'bridged-4'];
  const carol = await tokenOf('carol', 'read');
  for (const [n, token] of [all, read, carol, all].entries()) {
    const params = { name: 'read_row', arguments: { mark: marks[n] ?? '' } };
    const answer = await ask(urlOf('legacy'), 'tools/call', params, { token });
    assert.match(answer.body, /read_row done/);
  }
  assert.deepEqual(
    marks.map((mark) => shownWith(mark).at(-1)),
    ['bob-may-all', 'bob-may-read', 'carol-may-read', 'bob-may-all'],
  );
});

test('promise 11: no token of a client is in anything that went upstream, and no exchanged one came back', async () => {
  const token = await tokenOf('ada', 'all');
  const answer = await ask(urlOf('modern'), 'tools/list', {}, { token });
  const sent = upstream.raw.got.map(({ head, body }) => head + body.toString()).join('');
  assert.ok(!sent.includes('eyJ'));
  assert.ok(
    !answer.body.includes('-may-') && !`${sluice.log()}${JSON.stringify(sluice.records())}`.includes('-may-'),
  );
});
