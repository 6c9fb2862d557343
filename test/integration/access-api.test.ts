/** Access by the admin API: credentials that are made, access that is taken away and given back, and by whom. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  postgres = await startPostgres();
  await createShop((database) => postgres.url(database));
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    auth: ['session'],
    users:
      '[ { name: agent, groups: [agents] }, { name: ada, groups: [ops], password: ada-secret }, { name: vera, groups: [dev], password: vera-secret } ]',
    config: 'admin: { listen: "127.0.0.1:0", roles: { viewer: [dev], admin: [ops] } }',
  });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
});

const base = () => (sluice.server.adminUrl ?? '').replace(/\/$/, '');

type Ask = (
  path: string,
  body?: object,
) => Promise<{ readonly status: number; readonly json: Record<string, unknown> }>;

async function logIn(user: string): Promise<Ask> {
  const answer = await fetch(`${base()}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: base() },
    body: JSON.stringify({ user, password: `${user}-secret` }),
  });
  assert.equal(answer.status, 200);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrf }: { csrf: string } = JSON.parse(await answer.text());
  return async (path, body) => {
    const response = await fetch(`${base()}/api/v1/${path}`, {
      headers: { cookie, 'content-type': 'application/json', 'x-csrf-token': csrf, origin: base() },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: response.status, json: JSON.parse(await response.text()) };
  };
}

function connect(password: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: sluice.url('agent', password) });
  client.on('error', () => {});
  return client.connect().then(() => client);
}

test('promise 12: an admin makes a credential, cuts its session, takes all away and gives it back', async () => {
  const [ada, vera] = [await logIn('ada'), await logIn('vera')];
  const made = await ada('credentials', { principal: 'agent', seconds: 600 });
  assert.equal(made.status, 200, JSON.stringify(made.json));
  const [secret, id] = [String(made.json['token']), String(made.json['id'])];
  assert.equal(made.json['by'], 'ada');
  const client = await connect(secret);
  const ended = new Promise((resolve) => client.once('end', resolve));
  // Whoever may look sees that there is one, and not what it is.
  const seen = await vera('credentials');
  assert.equal(seen.status, 200);
  assert.ok(JSON.stringify(seen.json).includes(id) && !JSON.stringify(seen.json).includes(secret));
  assert.equal((await vera('credentials', { principal: 'agent' })).status, 403);
  assert.equal((await vera('revocations', { kind: 'principal', subject: 'agent' })).status, 403);
  assert.equal((await ada('revocations', { kind: 'credential', subject: id, reason: 'leaked' })).status, 200);
  await ended;
  await assert.rejects(connect(secret), /password authentication failed/);
  const other = await ada('credentials', { principal: 'agent' });
  const otherSecret = String(other.json['token']);
  await (await connect(otherSecret)).end();
  assert.equal((await ada('revocations', { kind: 'principal', subject: 'agent' })).status, 200);
  await assert.rejects(connect(otherSecret), /access has been revoked/);
  assert.match(JSON.stringify((await vera('revocations')).json), /"subject":"agent"/);
  assert.equal((await ada('revocations/lift', { kind: 'principal', subject: 'agent' })).status, 200);
  assert.equal((await ada('revocations/lift', { kind: 'principal', subject: 'agent' })).status, 404);
  await until(
    () =>
      connect(otherSecret).then(
        (again) => again.end().then(() => true),
        () => false,
      ),
    'the login',
  );
  const actions = sluice.records().filter(({ type, by }) => type === 'admin' && by === 'ada');
  assert.deepEqual(
    actions.map(({ action }) => action),
    ['login', 'mint', 'revoke', 'mint', 'revoke', 'lift', 'lift'],
  );
  assert.ok(!JSON.stringify(sluice.records()).includes('slc_'));
});

test('what cannot be made or taken away is refused in words', async () => {
  const ada = await logIn('ada');
  const refused = async (path: string, body: object) => {
    const { status, json } = await ada(path, body);
    return `${status} ${String(json['detail'])}`;
  };
  assert.match(await refused('credentials', { principal: 'agnt' }), /^400 .*did you mean "agent"/);
  assert.match(
    await refused('credentials', { principal: 'agent', groups: ['ops'] }),
    /^400 .*not in the group "ops"/,
  );
  assert.match(await refused('credentials', { principal: 'agent', listener: 'x' }), /^400 .*no listener "x"/);
  assert.match(
    await refused('credentials', { principal: 'agent', seconds: 99_999_999 }),
    /^400 .*from 1s to 30d/,
  );
  assert.match(await refused('credentials', {}), /^400 principal/);
  assert.match(await refused('revocations', { kind: 'quarantine', subject: 'agent' }), /^400 kind/);
  assert.match(
    await refused('revocations', { kind: 'session', subject: 'x', seconds: 5 }),
    /^400 seconds goes/,
  );
});

test('promise 12: an admin whose access is revoked is logged out', async () => {
  const [ada, vera] = [await logIn('ada'), await logIn('vera')];
  assert.equal((await ada('revocations', { kind: 'principal', subject: 'vera' })).status, 200);
  await until(async () => (await vera('revocations')).status === 401, 'the login to end', 1_000);
});
