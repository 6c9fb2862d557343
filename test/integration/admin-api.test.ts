/** The admin API as a hostile or careless client meets it: who may, what is refused, and with which words. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import type { Json } from '../../src/core/json.ts';
import { isObject, parseJson } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const USERS =
  '[ { name: agent, groups: [agents] }, { name: dana, groups: [dba], password: dana-secret }, { name: vera, groups: [dev], password: vera-secret }, { name: nobody, groups: [guests], password: nobody-secret } ]';

let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    users: USERS,
    config: 'admin: { listen: "127.0.0.1:0", roles: { viewer: [dev], approver: [dba], admin: [dba] } }',
  });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Written by hand, since fetch sets Host and Origin by itself. */
function ask(path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  const { hostname, port } = new URL(sluice.server.adminUrl ?? '');
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function post(path: string, body: Json, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function logIn(user: string): Promise<{ cookie: string; csrf: string }> {
  const answer = await post('/api/v1/login', { user, password: `${user}-secret` });
  assert.equal(answer.status, 200, answer.text);
  const [cookie = ''] = answer.headers['set-cookie'] ?? [];
  const me = parseJson(answer.text);
  return { cookie: cookie.split(';')[0] ?? '', csrf: isObject(me) ? String(me['csrf']) : '' };
}

function problem({ text, headers }: Answer): { readonly status: unknown; readonly detail: string } {
  assert.match(String(headers['content-type']), /^application\/problem\+json/);
  const parsed = parseJson(text);
  assert.ok(isObject(parsed));
  assert.equal(typeof parsed['title'], 'string');
  return { status: parsed['status'], detail: String(parsed['detail']) };
}

test('without a login there is health, metrics and the page, and nothing else', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics', '/', '/console/main.js', '/api/openapi.json'])
    assert.equal((await ask(path)).status, 200, path);
  const document = parseJson((await ask('/api/openapi.json')).text);
  const paths = isObject(document) && isObject(document['paths']) ? Object.keys(document['paths']) : [];
  assert.ok(paths.length >= 11);
  for (const path of paths.filter((one) => !one.endsWith('/login'))) {
    const real = path.replace('{id}', 'abcd');
    const get = await ask(real);
    const posted = await post(real, {});
    assert.deepEqual(
      [get.status, posted.status].toSorted().map((status) => [401, 404].includes(status)),
      [true, true],
      path,
    );
    assert.ok([get.status, posted.status].includes(401), path);
  }
});

test('every answer forbids frames, foreign scripts and keeping', async () => {
  for (const path of ['/', '/console/main.js', '/api/v1/me', '/nothing-here']) {
    const { headers } = await ask(path);
    assert.match(String(headers['content-security-policy']), /default-src 'none'; script-src 'self'/);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|https?:/);
    assert.equal(headers['x-frame-options'], 'DENY', path);
    assert.equal(headers['cache-control'], 'no-store', path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
  }
  const { text } = await ask('/');
  assert.doesNotMatch(text, /https?:\/\/|<script>|style=|onclick=/);
});

test('the cookie is out of reach of scripts and of other sites', async () => {
  const answer = await post('/api/v1/login', { user: 'dana', password: 'dana-secret' });
  assert.match(
    String(answer.headers['set-cookie']),
    /^sluice=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
});

test('another host name than ours is refused, as DNS rebinding needs one', async () => {
  const { cookie } = await logIn('dana');
  const refused = await ask('/api/v1/live', { headers: { cookie, host: 'evil.example' } });
  assert.equal(refused.status, 421);
  assert.match(problem(refused).detail, /admin\.url/);
  assert.equal((await ask('/api/v1/live', { headers: { cookie, host: 'localhost:8600' } })).status, 200);
  // A probe knows the machine by any name.
  assert.equal((await ask('/healthz', { headers: { host: 'sluice.internal' } })).status, 200);
});

test('what changes something takes the token of the login, JSON, and our own origin', async () => {
  const { cookie, csrf } = await logIn('dana');
  const path = '/api/v1/policy/try';
  const trial = { listener: 'shop', sql: 'SELECT 1', user: 'agent' };
  const without = await post(path, trial, { cookie });
  assert.equal(without.status, 403);
  assert.match(problem(without).detail, /X-CSRF-Token/);
  assert.equal((await post(path, trial, { cookie, 'x-csrf-token': `${csrf}x` })).status, 403);
  const foreign = { cookie, 'x-csrf-token': csrf, origin: 'https://evil.example' };
  assert.equal((await post(path, trial, foreign)).status, 403);
  const form = { cookie, 'x-csrf-token': csrf, 'content-type': 'text/plain' };
  assert.equal((await post(path, trial, form)).status, 400);
  assert.equal((await post(path, trial, { cookie, 'x-csrf-token': csrf })).status, 200);
  assert.equal((await post('/api/v1/login', trial, { origin: 'https://evil.example' })).status, 403);
});

test('roles: a viewer ends no session and decides nothing; a group without a role does not get in', async () => {
  const vera = await logIn('vera');
  const headers = { cookie: vera.cookie, 'x-csrf-token': vera.csrf };
  assert.equal((await ask('/api/v1/live', { headers })).status, 200);
  const ended = await post('/api/v1/live/abcdefgh/terminate', {}, headers);
  assert.equal(ended.status, 403);
  assert.match(problem(ended).detail, /role admin/);
  const vote = await post('/api/v1/approvals/abcd-efgh/votes', { verdict: 'approve' }, headers);
  assert.equal(vote.status, 403);
  const guest = await post('/api/v1/login', { user: 'nobody', password: 'nobody-secret' });
  assert.equal(guest.status, 403);
  assert.match(problem(guest).detail, /admin\.roles/);
});

test('bad input is a problem that says what to do', async () => {
  const { cookie, csrf } = await logIn('dana');
  const headers = { cookie, 'x-csrf-token': csrf };
  const cases: readonly (readonly [number, Promise<Answer>])[] = [
    [404, ask('/api/v1/sessions/zzzz', { headers })],
    [404, ask('/api/v1/sessions/..%2f..%2fetc', { headers })],
    [400, ask('/api/v1/sessions?limit=100000', { headers })],
    [400, ask('/api/v1/sessions?since=yesterday', { headers })],
    [400, ask('/api/v1/sessions?colour=red', { headers })],
    [400, post('/api/v1/policy/try', { listener: 'shop' }, headers)],
    [404, post('/api/v1/policy/try', { listener: 'nope', sql: 'SELECT 1', user: 'a' }, headers)],
    [413, post('/api/v1/policy/try', { sql: 'x'.repeat(300_000) }, headers)],
    [404, post('/api/v1/live/zzzz/terminate', {}, headers)],
    [404, post('/api/v1/approvals/zzzz/votes', { verdict: 'approve' }, headers)],
  ];
  for (const [status, asked] of cases) {
    const answer = await asked;
    assert.equal(answer.status, status, answer.text);
    assert.equal(problem(answer).status, status);
  }
  const broken = await ask('/api/v1/policy/try', {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{"sql": ',
  });
  assert.equal(problem(broken).status, 400);
});

test('logging out ends the login', async () => {
  const { cookie, csrf } = await logIn('dana');
  assert.equal((await post('/api/v1/logout', {}, { cookie, 'x-csrf-token': csrf })).status, 200);
  assert.equal((await ask('/api/v1/me', { headers: { cookie } })).status, 401);
});

test('a principal that is revoked is logged out', async () => {
  const { cookie } = await logIn('vera');
  assert.equal((await ask('/api/v1/me', { headers: { cookie } })).status, 200);
  const { state } = sluice.server;
  await state.revocations.put({
    kind: 'principal',
    subject: 'vera',
    reason: null,
    by: 'test',
    at: Date.now(),
    until: null,
  });
  await until(
    async () => (await ask('/api/v1/me', { headers: { cookie } })).status === 401,
    'the login to end',
  );
  assert.equal((await post('/api/v1/login', { user: 'vera', password: 'vera-secret' })).status, 401);
  await state.revocations.lift('principal', 'vera', 'test', null);
});

test('metrics count what passed, by listener and by words of ours alone', async () => {
  const client = new Client({ connectionString: sluice.url() });
  await client.connect();
  await client.query('SELECT id FROM shop.orders LIMIT 7');
  await assert.rejects(client.query("SELECT pg_read_file('/etc/passwd')"));
  const value = async (name: string) => {
    const { text } = await ask('/metrics');
    const line = text.split('\n').find((one) => one.startsWith(name));
    assert.ok(line !== undefined, name);
    return Number(line.split(' ').at(-1));
  };
  assert.equal(await value('sluice_sessions{listener="shop"}'), 1);
  assert.ok((await value('sluice_statements_total{listener="shop",verdict="allow"}')) >= 1);
  assert.equal(await value('sluice_statements_total{listener="shop",verdict="deny"}'), 1);
  assert.ok((await value('sluice_rows_total{listener="shop"}')) >= 7);
  assert.equal(await value('sluice_journal_up'), 1);
  assert.equal(await value('sluice_approvals_pending'), 0);
  assert.ok((await value('sluice_catalog_age_seconds{listener="shop"}')) < 600);
  const { text } = await ask('/metrics');
  assert.doesNotMatch(text, /agent|dana|SELECT|shop\.orders/);
  await client.end();
});

test('guessing passwords is slowed down, for the one who guesses', async () => {
  const statuses: number[] = [];
  for (let n = 0; n < 7; n++)
    statuses.push((await post('/api/v1/login', { user: 'guessed', password: `p${n}` })).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
  const refused = await post('/api/v1/login', { user: 'guessed', password: 'x' });
  assert.ok(Number(refused.headers['retry-after']) > 0);
  await logIn('dana');
});
