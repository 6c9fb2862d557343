/** The administrators' MCP server, asked by real clients of both eras: over HTTP with tokens, and over stdio. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { isArray, isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { connectMcp, ERAS, type McpClient, type ToolAnswer } from '../support/mcp-clients.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, TestIssuer } from '../support/test-issuer.ts';
import { until } from '../support/until.ts';

const POLICY = `default: allow
masks:
  - { columns: [shop.customers.email], with: redact }
rules:
  - name: no-secrets
    when: { tables: [shop.secrets] }
    then: deny
  - name: ask-first
    when: { effects: [write] }
    then: { approve: { by: [dba] } }
`;

const MAIN = join(import.meta.dirname, '../../src/main.ts');

let issuer: TestIssuer;
let postgres: PostgresServer;
let sluice: Sluice;
let token = '';

before(async () => {
  issuer = await TestIssuer.start();
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}" }`,
    users: '[ { name: agent, groups: [agents] }, { name: dana, groups: [dba], password: dana-pass } ]',
    listeners: [
      '{ name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: "http://127.0.0.1:1/mcp", sql: { listener: shop } }',
    ],
    config:
      'admin: { listen: "127.0.0.1:0", roles: { viewer: [dev], approver: [dba], admin: [ops] } }\nstate: { url: "sqlite:state.sqlite" }',
  });
  issuer.person = { sub: 'vera', groups: ['dev'] };
  token = await issuer.sign();
  const agent = new Client(sluice.url('agent'));
  await agent.connect();
  await agent.query('SELECT email FROM shop.customers ORDER BY id LIMIT 2');
  await assert.rejects(agent.query('SELECT * FROM shop.secrets'));
  await agent.query('SELECT count(*) FROM shop.orders');
  await agent.end();
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  await issuer?.stop();
});

const url = () => `${(sluice.server.adminUrl ?? '').replace(/\/$/, '')}/mcp`;
const overHttp = () => ({ url: url(), headers: { authorization: `Bearer ${token}` } });
const overStdio = () => ({
  command: process.execPath,
  args: [MAIN, 'mcp', '--config', sluice.configFile],
});

function good(answer: ToolAnswer): JsonObject {
  assert.equal(answer.isError, false, answer.text);
  assert.ok(answer.structured !== null);
  assert.deepEqual(JSON.parse(answer.text), answer.structured);
  return answer.structured;
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  assert.ok(value !== undefined && isArray(value));
  return value.map((one) => {
    assert.ok(isObject(one));
    return one;
  });
}

async function readsEverything(client: McpClient): Promise<void> {
  assert.match(client.instructions ?? '', /only read/);
  const tools = await client.tools();
  assert.deepEqual(
    tools.map((tool) => tool['name']),
    [
      'get_policy',
      'explain_statement',
      'dry_run_policy',
      'list_approvals',
      'get_approval',
      'list_alerts',
      'list_budgets',
      'list_quarantined',
      'search_sessions',
      'get_session',
      'search_statements',
    ],
  );
  for (const { annotations, inputSchema, outputSchema, name } of tools) {
    assert.ok(annotations !== undefined && isObject(annotations) && annotations['readOnlyHint'] === true);
    assert.ok(isObject(inputSchema ?? null) && isObject(outputSchema ?? null), String(name));
  }
  const policy = good(await client.call('get_policy'));
  assert.ok(listOf(policy['rules']).some(({ name }) => name === 'no-secrets'));

  const trial = { listener: 'shop', user: 'agent', groups: ['agents'] };
  const denied = good(
    await client.call('explain_statement', { ...trial, sql: 'SELECT * FROM shop.secrets' }),
  );
  assert.deepEqual([denied['verdict'], denied['rule']], ['deny', 'no-secrets']);
  const freed = good(
    await client.call('explain_statement', {
      ...trial,
      sql: 'SELECT * FROM shop.secrets',
      policy: 'default: allow\n',
    }),
  );
  assert.equal(freed['verdict'], 'allow');
  const called = good(
    await client.call('explain_statement', {
      ...trial,
      listener: 'tools',
      call: { name: 'query', arguments: { sql: 'SELECT value FROM shop.secrets' } },
    }),
  );
  assert.deepEqual([called['verdict'], called['rule']], ['deny', 'no-secrets']);
  assert.ok(isObject(called['request'] ?? null) && listOf(called['statements'])[0]?.['kind'] === 'SELECT');

  const run = good(
    await client.call('dry_run_policy', {
      policy: 'default: allow\nrules: [ { name: no-orders, when: { tables: [shop.orders] }, then: deny } ]\n',
      user: 'agent',
    }),
  );
  assert.deepEqual([run['statements'], run['unchanged'], run['whole'], run['problems']], [3, 1, true, []]);
  const changes = listOf(run['changes']).map(({ text, after: now }) => [
    text,
    now !== undefined && isObject(now) ? now['outcome'] : null,
  ]);
  assert.deepEqual(
    changes.toSorted(),
    [
      ['SELECT * FROM shop.secrets', 'allow'],
      ['SELECT count(*) FROM shop.orders', 'deny'],
    ].toSorted(),
  );

  const { sessions } = good(await client.call('search_sessions', { user: 'agent', table: 'shop.orders' }));
  const [session] = listOf(sessions);
  assert.deepEqual([session?.['statements'], session?.['denied']], [3, 1]);
  const id = String(session?.['id']);
  const recording = good(await client.call('get_session', { id, limit: 2 }));
  assert.equal(listOf(recording['statements']).length, 2);
  const rest = good(await client.call('get_session', { id, from: recording['next'] ?? null }));
  assert.deepEqual(
    listOf(rest['statements']).map(({ text }) => text),
    ['SELECT count(*) FROM shop.orders'],
  );
  const first = good(await client.call('search_statements', { user: 'agent', limit: 2 }));
  const second = good(
    await client.call('search_statements', { user: 'agent', limit: 2, after: first['next'] ?? '' }),
  );
  assert.deepEqual(
    [...listOf(first['statements']), ...listOf(second['statements'])].map(({ text, verdict }) => [
      text,
      verdict,
    ]),
    [
      ['SELECT email FROM shop.customers ORDER BY id LIMIT 2', 'allow'],
      ['SELECT * FROM shop.secrets', 'deny'],
      ['SELECT count(*) FROM shop.orders', 'allow'],
    ],
  );
  const ruled = good(await client.call('search_statements', { rule: 'no-*' }));
  assert.equal(listOf(ruled['statements']).length, 1);
  for (const tool of ['list_alerts', 'list_budgets', 'list_quarantined']) good(await client.call(tool));
}

for (const era of ERAS) {
  test(`a ${era} client reads policy, dry runs and journal over HTTP, and each call is recorded`, async () => {
    const client = await connectMcp(era, overHttp());
    if (era === 'modern') assert.equal(client.revision, '2026-07-28');
    const before = sluice.records().filter(({ action }) => action === 'mcp').length;
    await readsEverything(client);
    await client.close();
    const calls = sluice.records().filter(({ action }) => action === 'mcp');
    assert.equal(calls.length, before + 14);
    assert.ok(calls.every(({ by, type }) => by === 'vera' && type === 'admin'));
  });

  test(`a ${era} client reads the same over stdio`, async () => {
    const client = await connectMcp(era, overStdio());
    await readsEverything(client);
    await client.close();
  });
}

test('a pending request is listed and shown, and nothing can decide on it', async () => {
  const agent = new Client(sluice.url('agent'));
  agent.on('error', () => {});
  await agent.connect();
  const held = agent.query('UPDATE shop.orders SET status = $1 WHERE id = 1', ['paid']).catch(() => null);
  const client = await connectMcp('modern', overHttp());
  const pending = async () => listOf(good(await client.call('list_approvals'))['approvals']);
  await until(async () => (await pending()).length === 1, 'the request');
  const [request] = await pending();
  assert.deepEqual([request?.['rule'], request?.['principal']], ['ask-first', 'agent']);
  assert.equal(request?.['shown'], undefined);
  const { approval } = good(await client.call('get_approval', { id: String(request?.['id']) }));
  assert.ok(approval !== undefined && isObject(approval));
  assert.match(JSON.stringify(approval['shown']), /UPDATE shop\.orders/);
  for (const name of ['approve', 'vote', 'approve_request', 'deny']) {
    const answer = await client.call(name, { id: String(request?.['id']) }).catch(() => null);
    assert.ok(answer === null || answer.isError, name);
  }
  assert.equal((await pending()).length, 1);
  await client.close();
  await agent.end();
  await held;
});

test('what cannot be answered is said in words, without a stack', async () => {
  const client = await connectMcp('modern', overHttp());
  const said = async (name: string, given: JsonObject) => {
    const answer = await client.call(name, given);
    assert.equal(answer.isError, true);
    assert.doesNotMatch(answer.text, /\bat .*:\d+:\d+/);
    return answer.text;
  };
  assert.match(await said('get_session', { id: 'nobody' }), /no session "nobody"/);
  assert.match(
    await said('explain_statement', { listener: 'none', user: 'a', sql: 'SELECT 1' }),
    /no listener "none"/,
  );
  assert.match(await said('dry_run_policy', { policy: 'rulez: []' }), /The policy cannot be read:\npolicy:1/);
  assert.match(await said('search_statements', { after: 'x' }), /"next" of the page before/);
  assert.match(await said('search_sessions', { userr: 'x' }), /userr/);
  await client.close();
});

function post(body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(url(), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body,
  });
}

const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

test('without a token of the issuer, or with a role that is none, nobody is served', async () => {
  const nobody = await post(PING, {});
  assert.equal(nobody.status, 401);
  const metadata = /^Bearer resource_metadata="([^"]+)"$/.exec(
    nobody.headers.get('www-authenticate') ?? '',
  )?.[1];
  assert.ok(metadata !== undefined);
  assert.deepEqual(await (await fetch(metadata)).json(), {
    resource: url(),
    authorization_servers: [issuer.url],
    bearer_methods_supported: ['header'],
  });
  const forged = await post(PING, { authorization: 'Bearer abc.def.ghi' });
  assert.equal(forged.status, 401);
  assert.match(forged.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
  issuer.person = { sub: 'guest', groups: ['guests'] };
  assert.equal((await post(PING, { authorization: `Bearer ${await issuer.sign()}` })).status, 403);
  const { headers } = await fetch(`${new URL(url()).origin}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'dana', password: 'dana-pass' }),
  });
  const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
  assert.ok(cookie !== '');
  assert.equal((await post(PING, { cookie })).status, 401);
});

test('hostile bodies: JSON that can be read in two ways, too much of it, another origin', async () => {
  const authorization = `Bearer ${token}`;
  const twice = await post('{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', {
    authorization,
  });
  assert.equal(twice.status, 400);
  assert.match(await twice.text(), /-32700.*two names/);
  assert.equal((await post(`"${'x'.repeat(2 << 20)}"`, { authorization })).status, 413);
  assert.equal((await post(PING, { authorization, origin: 'https://evil.example' })).status, 403);
  assert.equal((await post('', { authorization })).status, 400);
  assert.equal((await post(PING, { authorization, 'content-type': 'text/plain' })).status, 415);
});
