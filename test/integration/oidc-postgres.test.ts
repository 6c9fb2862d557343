/** Postgres clients that log in by a token of an issuer, and how long they stay. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { sluice as command } from '../support/command-line.ts';
import { frame, query, startup } from '../support/frontend.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { AUDIENCE, CI, TestIssuer } from '../support/test-issuer.ts';
import { until } from '../support/until.ts';
import { errorOf, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: asked, when: { effects: [destroy] }, then: { approve: { by: [dba], within: 1m } } }
  - { name: paused, when: { functions: ["*.generate_series"], groups: [paused] }, then: { limit: { rows: 10, over: approve, by: [dba], within: 1m } } }
  - { name: agents-only-read, when: { effects: [write], groups: [readers] }, then: deny }
`;

let issuer: TestIssuer;
let postgres: PostgresServer;
let certificates: Certificates;
let sluice: Sluice;
let bearer: Sluice;

const oidc = (more = '') => `{ issuer: "${issuer.url}", audience: "${AUDIENCE}"${more} }`;
const options = (more: Partial<SluiceOptions> = {}): SluiceOptions => ({
  upstream: postgres.url('shop'),
  policy: POLICY,
  auth: ['oidc', 'password'],
  oidc: oidc(),
  users: '[ { name: dba, groups: [dba], password: dba-pass } ]',
  listener: `tls: { cert: ${certificates.certificate}, key: ${certificates.key} }`,
  ...more,
});

before(async () => {
  certificates = makeCertificates();
  issuer = await TestIssuer.start();
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice(options());
  bearer = await startSluice(options({ auth: ['oauthbearer'] }));
});

beforeEach(() => {
  issuer.fault = null;
  issuer.person = { sub: 'ada', groups: ['readers'] };
});

after(async () => {
  await sluice?.stop();
  await bearer?.stop();
  await postgres?.stop();
  await issuer?.stop();
  certificates?.remove();
});

interface Login {
  readonly to?: Sluice;
  readonly user?: string;
  readonly ssl?: boolean;
}

async function connect(
  token: string,
  { to = sluice, user = 'ada', ssl = true }: Login = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: to.port,
    user,
    database: 'shop',
    password: token,
    ...(ssl ? { ssl: { rejectUnauthorized: false } } : {}),
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** The error that a login gets, as SQLSTATE and text. */
async function refusal(token: string, login: Login = {}): Promise<string> {
  const client = await connect(token, login).catch((error: unknown) => error);
  if (client instanceof pg.DatabaseError) return `${client.code} ${client.message} (${client.detail})`;
  if (client instanceof pg.Client) await client.end();
  return `no refusal: ${String(client)}`;
}

/** A session of bytes, on loopback, by a token as the password. */
async function wire(token: string, to = sluice): Promise<WireClient> {
  const client = await WireClient.dial(to.port);
  client.send(startup({ user: 'ada', database: 'shop' }));
  assert.deepEqual((await client.next('a request for the password')).body, Buffer.from([0, 0, 0, 3]));
  client.send(frame('p', Buffer.from(`${token}\0`)));
  const greeting = await client.until('Z');
  assert.ok(tagsOf(greeting).endsWith('Z'), tagsOf(greeting));
  return client;
}

test('a token is the password, over TLS and on loopback; groups and the journal follow it', async () => {
  for (const ssl of [true, false]) {
    const token = await issuer.sign({ jti: `login-${ssl}` });
    const client = await connect(token, { ssl });
    assert.deepEqual((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
    await assert.rejects(client.query("UPDATE shop.customers SET full_name = 'x'"), /agents-only-read/);
    await client.end();
    const start = sluice.records().findLast(({ type }) => type === 'session-start');
    assert.equal(start?.['principal'], 'ada');
    assert.deepEqual(start?.['groups'], ['readers']);
    assert.equal(start?.['via'], 'oidc');
    assert.equal(start?.['issuer'], issuer.url);
    assert.equal(start?.['subject'], 'ada');
    assert.equal(start?.['credential'], `login-${ssl}`);
    const left = Date.parse(String(start?.['expires'])) - Date.now();
    assert.ok(left > 280_000 && left <= 300_000, String(left));
  }
});

test('what a client sends ahead of the answer to its token waits for it, byte by byte and all at once', async () => {
  const token = await issuer.sign();
  const all = Buffer.concat([
    startup({ user: 'ada', database: 'shop' }),
    frame('p', Buffer.from(`${token}\0`)),
    query('SELECT 7'),
    query('SELECT 8'),
  ]);
  for (const size of [1, all.length]) {
    const client = await WireClient.dial(sluice.port);
    for (let n = 0; n < all.length; n += size) client.send(all.subarray(n, n + size));
    const messages = await client.until('Z', 3);
    assert.deepEqual(rowsOf(messages), [['7'], ['8']]);
    client.end();
  }
});

test('psql takes a token as it is', async () => {
  const token = await issuer.ciToken();
  const { stdout } = await promisify(execFile)('psql', ['-X', '-A', '-t', '-c', 'SELECT 40 + 2'], {
    env: {
      ...process.env,
      PGHOST: '127.0.0.1',
      PGPORT: String(sluice.port),
      PGUSER: CI.id,
      PGDATABASE: 'shop',
      PGPASSWORD: token,
      PGSSLMODE: 'require',
    },
  });
  assert.equal(stdout.trim(), '42');
});

test('promise 12: what is no valid token of that user gets the protocol’s own error, and why', async () => {
  const expired = await issuer.sign({}, { expiresInS: -5 });
  assert.match(await refusal(expired), /^28000 .*the token is not accepted.*it has expired/s);
  assert.match(await refusal(await issuer.sign({ aud: 'x' })), /^28000 .*it is for another audience/s);
  assert.match(await refusal(await issuer.sign({ iss: 'x' })), /^28000 .*it is from another issuer/s);
  assert.match(await refusal('hunter2'), /^28000 .*it is no JSON Web Token/s);
  assert.match(await refusal(await issuer.sign(), { user: 'eve' }), /^28000 .*it is for another user/s);
  assert.match(await refusal('x'.repeat(60_000)), /^28000 .*longer than 16 KiB/s);
  const refused = sluice.records().filter(({ type }) => type === 'login-refused');
  assert.ok(
    refused.some(({ code, detail }) => code === 'token-refused' && /has expired/.test(String(detail))),
  );
});

test('whoever has a stored password proves that, and by SCRAM', async () => {
  const client = await connect('dba-pass', { user: 'dba' });
  assert.equal((await client.query('SELECT 1 AS one')).rows.length, 1);
  await client.end();
  assert.match(await refusal('wrong', { user: 'dba' }), /^28P01/);
  const raw = await WireClient.dial(sluice.port);
  raw.send(startup({ user: 'dba', database: 'shop' }));
  assert.equal((await raw.next()).body.readInt32BE(0), 10);
  raw.end();
});

const bearerMessage = (text: string) => {
  const data = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(data.length);
  return frame('p', Buffer.from('OAUTHBEARER\0'), length, data);
};

/** As libpq 18 begins: the mechanism is offered, and the client's first message goes. */
async function offer(text: string): Promise<WireClient> {
  const client = await WireClient.dial(bearer.port);
  client.send(startup({ user: 'ada', database: 'shop' }));
  const offered = await client.next('mechanisms');
  assert.equal(offered.body.subarray(4).toString(), 'OAUTHBEARER\0\0');
  client.send(bearerMessage(text));
  return client;
}

test('OAUTHBEARER: a token, a name that agrees, and what follows it', async () => {
  for (const header of ['n,,', 'y,,', 'n,a=ada,']) {
    const client = await offer(`${header}\x01host=x\x01auth=Bearer ${await issuer.sign()}\x01\x01`);
    const greeting = await client.until('Z');
    assert.match(tagsOf(greeting), /^RS+K.*Z$/);
    assert.deepEqual(greeting[0]?.body, Buffer.alloc(4), 'no last word of the mechanism');
    assert.equal(rowsOf(await client.ask(query('SELECT 1')))[0]?.[0], '1');
    client.end();
  }
});

test('OAUTHBEARER: who has no valid token is told where to get one, and refused once that is acknowledged', async () => {
  const expired = await issuer.sign({}, { expiresInS: -5 });
  for (const [auth, why] of [
    ['', 'there is none'],
    [`Bearer ${expired}`, 'it has expired'],
    ['Basic YTpi', 'there is none'],
  ]) {
    const client = await offer(`n,,\x01auth=${auth}\x01\x01`);
    const told = await client.next('the status');
    assert.equal(told.body.readInt32BE(0), 11);
    assert.deepEqual(JSON.parse(told.body.subarray(4).toString()), {
      status: 'invalid_token',
      'openid-configuration': `${issuer.url}/.well-known/openid-configuration`,
      scope: 'openid',
    });
    client.send(frame('p', Buffer.from('\x01')));
    const [error, ...rest] = await client.toEnd();
    assert.equal(errorOf(error)['C'], '28000');
    assert.match(JSON.stringify(errorOf(error)), new RegExp(why ?? ''));
    assert.deepEqual(rest, []);
  }
});

test('OAUTHBEARER: another name, a channel binding, and what is malformed are refused', async () => {
  const token = await issuer.sign();
  for (const text of [
    `n,a=eve,\x01auth=Bearer ${token}\x01\x01`,
    `p=tls-unique,,\x01auth=Bearer ${token}\x01\x01`,
    `n,,\x01auth=Bearer ${token}\x01`,
    `n,,\x01host=x\x01\x01`,
    '',
  ]) {
    const client = await offer(text);
    const [error] = await client.toEnd();
    assert.equal(error?.tag, 'E', JSON.stringify(text.slice(0, 20)));
  }
});

test('promise 12: a session ends with its token, idle, in a transaction, streaming, held, and paused', async () => {
  issuer.person = { sub: 'ada', groups: ['paused'] };
  const endsAt = Math.ceil(Date.now() / 1000) + 2;
  const short = await issuer.sign({ exp: endsAt });
  issuer.person = { sub: 'ada', groups: [] };
  const streaming = await issuer.sign({ exp: endsAt });
  const begun: readonly string[] = [
    '',
    'BEGIN',
    'SELECT pg_sleep(60)',
    'DROP TABLE shop.orders',
    'SELECT generate_series(1, 100000)',
  ];
  const clients = await Promise.all(
    begun.map(async (sql) => {
      const client = await wire(short);
      if (sql !== '') client.send(query(sql));
      return client;
    }),
  );
  const stream = await wire(streaming);
  stream.send(query("SELECT generate_series(1, 100000000), repeat('x', 1000), pg_sleep(0.01)"));
  const ends = await Promise.all(clients.map((client) => client.toEnd()));
  const endedAt = Date.now();
  const streamed = await stream.toEnd();
  for (const [n, messages] of ends.entries()) {
    const error = errorOf(messages.at(-1));
    assert.equal(error['C'], '57P01', begun[n] ?? '');
    assert.match(error['M'] ?? '', /has expired/, begun[n] ?? '');
  }
  assert.ok(tagsOf(streamed).includes('D'), 'rows came');
  // That people are asked is told by a notice.
  for (const n of [3, 4]) assert.ok(tagsOf(ends[n] ?? []).includes('N'), begun[n] ?? '');
  assert.ok(
    endedAt >= endsAt * 1000 && endedAt < endsAt * 1000 + 1_000,
    `${endedAt - endsAt * 1000} ms late`,
  );
  assert.ok(Date.now() < endsAt * 1000 + 1_500);
  const admin = new pg.Client({ connectionString: postgres.url('shop') });
  await admin.connect();
  await until(async () => {
    const sleeping =
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND state = 'active'";
    return (await admin.query(sleeping)).rows.length === 0;
  }, 'nothing of theirs to run at the server');
  assert.equal((await admin.query('SELECT count(*)::int AS n FROM shop.orders')).rows.length, 1);
  await admin.end();
  const reasons = sluice.records().flatMap(({ type, reason }) => (type === 'session-end' ? [reason] : []));
  assert.ok(reasons.filter((reason) => reason === 'login-expired').length >= 6);
});

test('promise 12: the contractor is gone, and the CI token that still counts at the issuer opens nothing', async () => {
  issuer.person = { sub: 'unused', groups: ['agents'] };
  const token = await issuer.ciToken();
  const open = await connect(token, { user: CI.id });
  assert.equal((await open.query('SELECT 1 AS one')).rows.length, 1);
  const cut = new Promise<void>((resolve) => open.once('end', () => resolve()));
  const { code, error } = await command(
    ['revoke', '--config', sluice.configFile, '--user', CI.id, '--reason', 'contract ended'],
    { input: '' },
  );
  assert.equal(code, 0, error);
  await cut;
  assert.match(await refusal(token, { user: CI.id }), /^28000 .*revoked/s);
  // A new one, signed and given out by the issuer after the fact, is no better.
  assert.match(await refusal(await issuer.ciToken(), { user: CI.id }), /^28000 .*revoked/s);
  const other = await connect(await issuer.sign({ sub: 'ada' }));
  await other.end();
});

test('while the issuer is down from the start, the listener is up, says so, and takes logins once it is there', async () => {
  issuer.fault = 'down';
  const late = await startSluice(options());
  try {
    assert.match(
      await refusal(await issuer.sign(), { to: late }),
      /^57P03 .*the issuer of tokens cannot be reached/s,
    );
    const dba = await connect('dba-pass', { user: 'dba', to: late });
    await dba.end();
    assert.match(late.log(), /the issuer of tokens cannot be used/);
    issuer.fault = null;
    await until(() => /the issuer of tokens can be reached/.test(late.log()), 'the issuer to be asked again');
    const client = await connect(await issuer.sign(), { to: late });
    await client.end();
  } finally {
    await late.stop();
  }
});

test('promise 13: an issuer that does not answer holds up its own logins, up to their deadline, and nobody else', async () => {
  issuer.fault = 'silent';
  const slow = await startSluice(options({ listener: `timeouts: { handshake: 700ms }` }));
  try {
    const waiting = refusal(await issuer.sign(), { to: slow, ssl: false });
    const dba = await connect('dba-pass', { user: 'dba', to: slow, ssl: false });
    assert.equal((await dba.query('SELECT 1 AS one')).rows.length, 1);
    assert.match(await waiting, /took too long/);
    await dba.end();
  } finally {
    issuer.fault = null;
    await slow.stop();
  }
});

test('keys that change while Sluice runs need no restart', async () => {
  await issuer.rotate();
  const client = await connect(await issuer.sign());
  await client.end();
});

test('promise 11: no token, and no part of one, is in the journal or the log', async () => {
  const token = await issuer.sign({ secret: 'x'.repeat(50) });
  const client = await connect(token);
  await client.end();
  const told = JSON.stringify(sluice.records()) + sluice.log();
  for (const part of token.split('.')) assert.ok(!told.includes(part.slice(0, 60)));
  assert.ok(!/eyJ[\w-]{20}/.test(told));
});
