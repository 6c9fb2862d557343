/**
 * An MCP listener as an OAuth resource server: RFC 9728, RFC 6750, RFC 8707 and the chapter on authorization of MCP
 * 2025-11-25 and 2026-07-28, one demand at a time, with tokens of a real issuer.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { JsonObject } from '../../src/core/json.ts';
import { exchange } from '../support/http-upstream.ts';
import { ask, beginSession, post } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, TestIssuer } from '../support/test-issuer.ts';
import { until } from '../support/until.ts';

let issuer: TestIssuer;
let upstream: McpUpstream;
let sluice: Sluice;
let url: string;

const OAUTH =
  'oauth: { scopes: ["mcp:read"], step_up: [{ tools: ["delete_*"], scopes: ["mcp:write"] }, { methods: ["prompts/*"], scopes: ["mcp:prompts"] }] }';

function start(listener: string, auth: readonly string[] = ['oidc']): Promise<Sluice> {
  const oidc = `{ issuer: "${issuer.url}", audience: "${AUDIENCE}" }`;
  return startSluice({ upstream: upstream.url, protocol: 'mcp', auth, oidc, listener });
}

before(async () => {
  issuer = await TestIssuer.start();
  upstream = await startMcpUpstream();
  sluice = await start(OAUTH);
  url = `http://127.0.0.1:${sluice.port}/mcp`;
});

after(async () => {
  await sluice.stop();
  await upstream.close();
  await issuer.stop();
});

beforeEach(() => {
  issuer.person = { sub: 'ada', groups: ['agents'] };
});

function token(claims: JsonObject = {}): Promise<string> {
  return issuer.sign({ aud: url, scope: 'mcp:read', ...claims });
}

function challengeOf(headers: Headers): string {
  return headers.get('www-authenticate') ?? '';
}

async function list(shown?: string, headers: Readonly<Record<string, string>> = {}) {
  return ask(url, 'tools/list', {}, shown === undefined ? { headers } : { token: shown, headers });
}

test('RFC 9728, 3: the metadata stands at the well-known path of the endpoint, and of the host', async () => {
  for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']) {
    const answer = await fetch(`http://127.0.0.1:${sluice.port}${path}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.deepEqual(await answer.json(), {
      // RFC 9728, 3.3: what the client asked for has to be what it is told.
      resource: url,
      // MCP: one authorization server or more.
      authorization_servers: [issuer.url],
      // MCP 2026-07-28: the least that is needed.
      scopes_supported: ['mcp:read'],
      bearer_methods_supported: ['header'],
    });
  }
  const other = await fetch(`http://127.0.0.1:${sluice.port}/.well-known/oauth-protected-resource/other`);
  assert.equal(other.status, 404);
});

test('the metadata can be read by pages of any origin, and by nothing but reading', async () => {
  const path = `http://127.0.0.1:${sluice.port}/.well-known/oauth-protected-resource/mcp`;
  const headers = { origin: 'https://inspector.example' };
  const answer = await fetch(path, { headers });
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const preflight = await fetch(path, { method: 'OPTIONS', headers });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /mcp-protocol-version/);
  const posted = await fetch(path, { method: 'POST', headers });
  assert.equal(posted.status, 405);
  assert.equal(posted.headers.get('allow'), 'GET, HEAD, OPTIONS');
  const elsewhere = `GET /.well-known/oauth-protected-resource HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
  assert.match(await exchange(sluice.port, elsewhere), /^HTTP\/1.1 403 /);
});

test('RFC 9728, 5.1: without a token 401 says where the metadata is, and which scope it takes, and no error', async () => {
  for (const method of ['POST', 'GET', 'DELETE']) {
    const answer = await fetch(url, { method });
    assert.equal(answer.status, 401, method);
    const challenge = challengeOf(answer.headers);
    assert.ok(challenge.startsWith('Bearer '));
    const metadata = `http://127.0.0.1:${sluice.port}/.well-known/oauth-protected-resource/mcp`;
    assert.ok(challenge.includes(`resource_metadata="${metadata}"`));
    assert.ok(challenge.includes('scope="mcp:read"'));
    // RFC 6750, 3: who has shown nothing is told no error.
    assert.ok(!challenge.includes('error'));
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  }
});

test('a token for this endpoint with the scope that it takes is let in', async () => {
  const answer = await list(await token());
  assert.equal(answer.status, 200, answer.body);
  assert.match(answer.body, /read_row/);
});

test('RFC 6750, 3.1: a token that is not taken is told why, and 401', async () => {
  const other = await TestIssuer.start();
  const cases: readonly (readonly [string, RegExp])[] = [
    ['not-a-token', /it is no JSON Web Token/],
    [await issuer.sign({ aud: url, scope: 'mcp:read' }, { expiresInS: -5 }), /it has expired/],
    [await issuer.sign({ aud: url, exp: undefined }), /it has no end/],
    [await issuer.sign({ aud: url, nbf: Math.floor(Date.now() / 1000) + 900 }), /it is not valid yet/],
    [await issuer.sign({ aud: url, iss: 'https://elsewhere.example' }), /it is from another issuer/],
    [`${(await token()).slice(0, -6)}AAAAAA`, /its signature is wrong/],
    [await other.sign({ aud: url, iss: issuer.url }), /signature is wrong|signed by a key/],
    [await issuer.sign({ aud: url, cnf: { jkt: 'x' } }), /bound to a key that nobody has shown/],
    [await issuer.sign({ aud: url }, { header: { typ: 'logout+jwt' } }), /of a type that proves no login/],
  ];
  for (const [shown, why] of cases) {
    const answer = await list(shown);
    assert.equal(answer.status, 401, String(why));
    assert.match(challengeOf(answer.headers), /error="invalid_token"/);
    assert.match(challengeOf(answer.headers), why);
    assert.match(challengeOf(answer.headers), /resource_metadata="/);
    assert.ok(!answer.body.includes(shown));
  }
  await other.stop();
});

test('RFC 8707: a token for another endpoint, for all of Sluice or for nobody is refused', async () => {
  const audiences = [
    `http://127.0.0.1:${sluice.port}/other`,
    `http://127.0.0.1:${sluice.port}`,
    `${url}/`,
    `${url}?x=1`,
    'https://127.0.0.1/mcp',
    AUDIENCE,
    undefined,
    [AUDIENCE, 'https://else.example'],
  ];
  for (const aud of audiences) {
    const answer = await list(await issuer.sign({ aud, scope: 'mcp:read' }));
    assert.equal(answer.status, 401, String(aud));
    assert.match(challengeOf(answer.headers), /error="invalid_token"/);
  }
  // One of several is enough (RFC 7519, 4.1.3).
  assert.equal((await list(await token({ aud: ['https://else.example', url] }))).status, 200);
});

test('a token of one listener is none of another', async () => {
  const second = await start(OAUTH);
  try {
    const there = `http://127.0.0.1:${second.port}/mcp`;
    const shown = await token();
    assert.equal((await ask(there, 'tools/list', {}, { token: shown })).status, 401);
    assert.equal((await list(shown)).status, 200);
  } finally {
    await second.stop();
  }
});

test('RFC 6750, 2: tokens come in Authorization, once, and nowhere else', async () => {
  const shown = await token();
  const before = upstream.raw.got.length;
  const query = await fetch(`${url}?access_token=${shown}`, { method: 'POST' });
  assert.equal(query.status, 400);
  assert.match(challengeOf(query.headers), /error="invalid_request"/);
  // A token beside it makes it no better.
  const both = await fetch(`${url}?access_token=${shown}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${shown}` },
  });
  assert.equal(both.status, 400);
  const form = await fetch(url, { method: 'POST', body: new URLSearchParams({ access_token: shown }) });
  assert.equal(form.status, 401);
  const cookie = await list(undefined, { cookie: `access_token=${shown}` });
  assert.equal(cookie.status, 401);
  const twice = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${sluice.port}\r\nAuthorization: Bearer ${shown}\r\nAuthorization: Bearer ${shown}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
  assert.match(await exchange(sluice.port, twice), /^HTTP\/1.1 400 /);
  for (const value of [
    `Bearer ${shown} ${shown}`,
    `Bearer ${shown},Bearer ${shown}`,
    'Bearer',
    'Bearer a=b',
  ]) {
    const answer = await list(undefined, { authorization: value });
    assert.equal(answer.status, 400, value.slice(0, 10));
    assert.match(challengeOf(answer.headers), /error="invalid_request"/);
  }
  assert.equal((await list(undefined, { authorization: `bearer ${shown}` })).status, 200);
  assert.equal((await list(undefined, { authorization: `Basic ${btoa(`ada:${shown}`)}` })).status, 401);
  assert.equal(upstream.raw.got.length - before, 1);
});

test('MCP: a token is shown with every request, also within a session', async () => {
  const inSession = await beginSession(url, { token: await token() });
  assert.equal((await inSession('tools/list')).status, 200);
  const opened = await post(
    url,
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    },
    { token: await token() },
  );
  const id = opened.headers.get('mcp-session-id') ?? '';
  const headers = { 'mcp-session-id': id };
  const bare = await post(url, { jsonrpc: '2.0', id: 2, method: 'tools/list' }, { headers });
  assert.equal(bare.status, 401);
  // Somebody else's token does not open the session.
  const eve = await token({ sub: 'eve' });
  const stolen = await post(url, { jsonrpc: '2.0', id: 2, method: 'tools/list' }, { headers, token: eve });
  assert.equal(stolen.status, 404);
});

test('promise 12: a session ends with the token that it was begun with', async () => {
  const shown = await issuer.sign({ aud: url, scope: 'mcp:read', sub: 'brief' }, { expiresInS: 2 });
  const inSession = await beginSession(url, { token: shown });
  assert.equal((await inSession('tools/list')).status, 200);
  const ended = () =>
    sluice.records().some(({ type, reason }) => type === 'session-end' && reason === 'login-expired');
  await until(ended, 'the session to end');
  const late = await inSession('tools/list');
  assert.equal(late.status, 401);
  assert.match(challengeOf(late.headers), /error="invalid_token"/);
});

test('RFC 6750, 3.1: a token without the scope of the endpoint is told which it takes, and 403', async () => {
  for (const scope of [undefined, '', 'mcp:write', 'mcp', 'MCP:READ']) {
    const answer = await list(await token({ scope }));
    assert.equal(answer.status, 403, String(scope));
    const challenge = challengeOf(answer.headers);
    assert.match(challenge, /error="insufficient_scope"/);
    assert.match(challenge, /scope="mcp:read/);
    assert.match(challenge, /resource_metadata="/);
  }
  // As some issuers have it.
  assert.equal((await list(await token({ scope: undefined, scp: ['mcp:read'] }))).status, 200);
});

test('MCP, step-up: a tool takes further scopes; with a token that has them the call is sent', async () => {
  const calls = upstream.calls.length;
  const call = (shown: string, name: string) =>
    ask(url, 'tools/call', { name, arguments: { id: 7 } }, { token: shown });
  const weak = await token();
  assert.equal((await call(weak, 'read_row')).status, 200);
  for (const name of ['delete_row', 'DELETE_row']) {
    const answer = await call(weak, name);
    assert.equal(answer.status, 403, name);
    // All that the call takes, and not only what is missing.
    assert.match(challengeOf(answer.headers), /error="insufficient_scope".*scope="mcp:read mcp:write"/);
    assert.match(challengeOf(answer.headers), /error_description="the token lacks the scope mcp:write"/);
  }
  assert.equal(upstream.calls.length - calls, 1);
  const strong = await call(await token({ scope: 'mcp:read mcp:write' }), 'delete_row');
  assert.equal(strong.status, 200, strong.body);
  assert.match(strong.body, /delete_row done/);
  // What it has and may need again is asked for as well.
  const prompt = await ask(
    url,
    'prompts/get',
    { name: 'p' },
    { token: await token({ scope: 'mcp:read mcp:write' }) },
  );
  assert.match(challengeOf(prompt.headers), /scope="mcp:read mcp:prompts mcp:write"/);
  const denied = sluice.records().filter(({ type, rule }) => type === 'denied' && rule === 'sluice/scope');
  assert.equal(denied.length, 3);
});

test('step-up holds within sessions too, and for each message of a batch', async () => {
  const inSession = await beginSession(url, { token: await token() });
  assert.equal((await inSession('tools/call', { name: 'delete_row' })).status, 403);
  assert.equal((await inSession('tools/call', { name: 'read_row' })).status, 200);
});

test('promise 11: a token of a client never reaches the server, nor a log, nor the journal', async () => {
  const shown = await token({ scope: 'mcp:read mcp:write' });
  await ask(url, 'tools/call', { name: 'delete_row', arguments: {} }, { token: shown });
  const inSession = await beginSession(url, { token: shown });
  await inSession('tools/list');
  const wire = upstream.raw.got.map(({ head, body }) => `${head}\n${body.toString()}`).join('\n');
  assert.ok(wire.includes('delete_row'));
  assert.ok(!/^authorization:/im.test(wire));
  for (const piece of [shown, shown.split('.')[2] ?? ''])
    for (const place of [wire, sluice.log(), JSON.stringify(sluice.records())])
      assert.ok(!place.includes(piece));
});

test('what identity.oidc takes elsewhere is not taken here as a password', async () => {
  const named = await start('oauth: { scopes: ["mcp:read"] }', ['oidc', 'password']);
  try {
    const there = `http://127.0.0.1:${named.port}/mcp`;
    const elsewhere = await issuer.sign({ aud: AUDIENCE, scope: 'mcp:read' });
    const authorization = `Basic ${btoa(`ada:${elsewhere}`)}`;
    const answer = await ask(there, 'tools/list', {}, { headers: { authorization } });
    assert.equal(answer.status, 401);
    assert.match(challengeOf(answer.headers), /^Bearer .*, Basic realm="shop"/);
  } finally {
    await named.stop();
  }
});

test('an issuer that knows no resources: an audience of its own is taken in place of the URL', async () => {
  const named = await start(
    `oauth: { audience: ["${AUDIENCE}"], authorization_servers: ["https://as.example"] }`,
  );
  try {
    const there = `http://127.0.0.1:${named.port}/mcp`;
    assert.equal((await ask(there, 'tools/list', {}, { token: await issuer.sign() })).status, 200);
    assert.equal(
      (await ask(there, 'tools/list', {}, { token: await issuer.sign({ aud: there }) })).status,
      401,
    );
    const metadata = await fetch(`http://127.0.0.1:${named.port}/.well-known/oauth-protected-resource/mcp`);
    assert.match(await metadata.text(), /"authorization_servers":\["https:\/\/as.example"\]/);
  } finally {
    await named.stop();
  }
});

test('an endpoint behind a name of its own: metadata, challenge and audience have it', async () => {
  const named = await start('url: "https://mcp.example.com/shop"');
  try {
    const raw = (path: string, more = '') =>
      exchange(
        named.port,
        `POST ${path} HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Length: 0\r\nConnection: close\r\n${more}\r\n`,
      );
    const refused = await raw('/shop');
    assert.match(refused, /^HTTP\/1.1 401 /);
    assert.ok(
      refused.includes(
        'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/shop"',
      ),
    );
    const local = await issuer.sign({ aud: `http://127.0.0.1:${named.port}/shop` });
    assert.match(await raw('/shop', `Authorization: Bearer ${local}\r\n`), /^HTTP\/1.1 401 /);
    const right = await issuer.sign({ aud: 'https://mcp.example.com/shop' });
    assert.match(await raw('/shop', `Authorization: Bearer ${right}\r\n`), /^HTTP\/1.1 4(?:06|15) /);
  } finally {
    await named.stop();
  }
});

test('an issuer that cannot be reached is no fault of the token: 503, and no challenge', async () => {
  const lost = await TestIssuer.start();
  const shown = await lost.sign({ aud: 'x' });
  lost.fault = 'down';
  const alone = await startSluice({
    upstream: upstream.url,
    protocol: 'mcp',
    auth: ['oidc'],
    oidc: `{ issuer: "${lost.url}", audience: x }`,
  });
  try {
    const answer = await ask(`http://127.0.0.1:${alone.port}/mcp`, 'tools/list', {}, { token: shown });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('www-authenticate'), null);
  } finally {
    await alone.stop();
    await lost.stop();
  }
});
