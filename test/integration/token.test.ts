/** Session credentials: made by the command line, shown by stock clients, gone in time. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { createMysqlShop } from '../../src/demo/mysql-shop.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { formatVerifier, makeVerifier } from '../../src/identity/scram.ts';
import { type CommandResult, sluice as command } from '../support/command-line.ts';
import { startRelay } from '../support/relay.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { asSuperuser } from '../support/state-stores.ts';
import { until } from '../support/until.ts';

const USERS = `[
  { name: agent, groups: [agents, dba], password: agent-pass },
  { name: stored, groups: [agents], password: "${formatVerifier(makeVerifier('stored-pass', Buffer.from('sixteen bytes ok'), 5000))}" },
  { name: bot, groups: [agents] } ]`;

let postgres: PostgresServer;
let proxy: Sluice;

const options = (more: Partial<SluiceOptions> = {}): SluiceOptions => ({
  upstream: postgres.url('shop'),
  auth: ['password', 'session'],
  users: USERS,
  policy: 'default: allow\n',
  ...more,
});

before(async () => {
  postgres = await startPostgres();
  await createShop((database) => postgres.url(database));
  proxy = await startSluice(options());
});

after(async () => {
  await proxy?.stop();
  await postgres?.stop();
});

const token = (one: Sluice, ...args: readonly string[]): Promise<CommandResult> =>
  command(['token', '--config', one.configFile, ...args], { input: '' });

interface Made {
  readonly token: string;
  readonly id: string;
}

async function made(one: Sluice, ...args: readonly string[]): Promise<Made> {
  const { code, out, error } = await token(one, '--json', ...args);
  assert.equal(code, 0, error);
  return JSON.parse(out);
}

async function logIn(one: Sluice, user: string, password: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: one.url(user, password) });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function refusal(one: Sluice, user: string, password: string): Promise<string> {
  try {
    await (await logIn(one, user, password)).end();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return `${error.code} ${error.message} ${error.detail ?? ''}`;
  }
  return 'let in';
}

test('a token is the password of a stock client, is never sent, and is nowhere in store, log and journal', async () => {
  const seen: Buffer[] = [];
  const { token: secret, id } = await made(proxy, '--for', 'bot', '--ttl', '1h');
  assert.match(secret, /^slc_[\w-]{43}$/);
  const relay = await startRelay(proxy.port, 0, (bytes) => seen.push(Buffer.from(bytes)));
  const { stdout } = await promisify(execFile)(
    'psql',
    [`postgres://bot@127.0.0.1:${relay.port}/shop`, '-Atc', 'SELECT 2'],
    { env: { ...process.env, PGPASSWORD: secret } },
  );
  relay.close();
  assert.equal(stdout, '2\n');
  assert.ok(!Buffer.concat(seen).includes(secret));
  const start = proxy.records().findLast(({ type }) => type === 'session-start');
  assert.equal(start?.['via'], 'session');
  assert.equal(start?.['credential'], id);
  assert.ok(Date.parse(String(start?.['expires'])) > Date.now());
  const listed = await token(proxy, 'list');
  assert.match(listed.out, new RegExp(`${id} +bot +agents +any`));
  for (const kept of [proxy.log(), JSON.stringify(proxy.records()), listed.out, listed.error])
    assert.ok(!kept.includes(secret));
  for (const file of ['sluice.db', 'sluice.db-wal'])
    assert.ok(!readFileSync(join(proxy.directory, file)).includes(secret), file);
});

test('password and tokens of one user work side by side, whatever is stored of the password', async () => {
  for (const [user, password] of [
    ['agent', 'agent-pass'],
    ['stored', 'stored-pass'],
  ] as const) {
    const tokens = [await made(proxy, '--for', user), await made(proxy, '--for', user, '--ttl', '8h')];
    for (const secret of [password, ...tokens.map((one) => one.token)]) {
      const client = await logIn(proxy, user, secret);
      assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
      await client.end();
    }
    assert.match(await refusal(proxy, user, 'wrong'), /^28P01 /);
  }
});

test('a token of one is none of another, and nothing of it may be missing', async () => {
  const { token: secret } = await made(proxy, '--for', 'bot');
  for (const [user, password] of [
    ['agent', secret],
    ['nobody', secret],
    ['bot', secret.slice(0, -1)],
    ['bot', `${secret}A`],
    ['bot', secret.replace('slc_', '')],
    ['bot', 'slc_'],
  ] as const)
    assert.match(await refusal(proxy, user, password), /^28P01 password authentication failed/, password);
});

test('a token has no more groups than asked for, nor than its principal has, and serves where it is bound', async () => {
  const { token: secret } = await made(proxy, '--for', 'agent', '--groups', 'agents', '--listener', 'shop');
  await (await logIn(proxy, 'agent', secret)).end();
  const start = proxy.records().findLast(({ type }) => type === 'session-start');
  assert.deepEqual(start?.['groups'], ['agents']);
  // Another listener over the same store, whose configuration has taken a user away and a group.
  const other = await startSluice(
    options({
      users: '[ { name: agent, groups: [dba], password: agent-pass } ]',
      config: `state: { url: ${JSON.stringify(`sqlite:${join(proxy.directory, 'sluice.db')}`)} }`,
    }),
  );
  try {
    await (await logIn(other, 'agent', secret)).end();
    assert.deepEqual(other.records().findLast(({ type }) => type === 'session-start')?.['groups'], []);
    const bot = await made(proxy, '--for', 'bot');
    assert.match(await refusal(other, 'bot', bot.token), /^28P01 /);
  } finally {
    await other.stop();
  }
  const no = async (...args: readonly string[]) => (await token(proxy, ...args)).error;
  assert.match(await no('--for', 'bot', '--groups', 'dba'), /"bot" is not in the group "dba"/);
  assert.match(await no('--for', 'agnt'), /none of identity\.users; did you mean "agent"/);
  assert.match(await no('--for', 'bot', '--listener', 'shp'), /no listener "shp"; did you mean "shop"/);
  assert.match(await no('--for', 'bot', '--ttl', '1y'), /a span of time such as 15m/);
  assert.match(await no('--for', 'bot', '--ttl', '40d'), /lasts from 1s to 30d/);
  assert.match(await no(), /expected --for NAME/);
  assert.match(await no('revoke', 'c-nothing'), /no open credential c-nothing/);
});

test('promise 12: a session ends with its token, also in the middle of a result', async () => {
  const { token: secret } = await made(proxy, '--for', 'bot', '--ttl', '2s');
  const client = await logIn(proxy, 'bot', secret);
  const startMs = performance.now();
  const failure = await client.query('SELECT generate_series(1, 1000000), pg_sleep(0.05)').then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof Error);
  assert.ok(performance.now() - startMs < 3_000);
  assert.match(await refusal(proxy, 'bot', secret), /^28P01 /);
});

test('promise 12: a token that is revoked cuts its session and no other, and is worth nothing', async () => {
  const [gone, kept] = [await made(proxy, '--for', 'bot'), await made(proxy, '--for', 'bot')];
  const [cut, other] = [await logIn(proxy, 'bot', gone.token), await logIn(proxy, 'bot', kept.token)];
  const ended = new Promise((resolve) => cut.once('end', resolve));
  const startMs = performance.now();
  assert.equal((await token(proxy, 'revoke', gone.id, '--reason', 'leaked')).code, 0);
  await ended;
  assert.ok(performance.now() - startMs < 1_000);
  assert.equal((await other.query('SELECT 1 AS n')).rows[0].n, 1);
  await other.end();
  assert.match(await refusal(proxy, 'bot', gone.token), /^28P01 /);
  const record = proxy.records().find(({ type, subject }) => type === 'revocation' && subject === gone.id);
  assert.equal(record?.['reason'], 'leaked');
});

test('a revoked principal has nothing, whatever its token says', async () => {
  const { token: secret } = await made(proxy, '--for', 'bot');
  await command(['revoke', '--config', proxy.configFile, '--user', 'bot'], { input: '' });
  await until(
    async () => /^28000 access has been revoked/.test(await refusal(proxy, 'bot', secret)),
    'the refusal',
  );
  assert.match((await token(proxy, '--for', 'bot')).error, /the access of "bot" is revoked/);
  await command(['revoke', '--config', proxy.configFile, '--undo', '--user', 'bot'], { input: '' });
  await until(async () => (await refusal(proxy, 'bot', secret)) === 'let in', 'the login to work again');
});

test('where the store cannot be asked, tokens are refused in words and passwords go on', async () => {
  await asSuperuser(postgres.url(), 'CREATE DATABASE state');
  const relay = await startRelay(postgres.port);
  const url = new URL(postgres.url('state'));
  url.port = String(relay.port);
  const one = await startSluice(options({ config: `state: { url: ${JSON.stringify(url.href)} }` }));
  try {
    const { token: secret } = await made(one, '--for', 'bot');
    await (await logIn(one, 'bot', secret)).end();
    relay.close();
    await until(
      () =>
        one.server.state.now().then(
          () => false,
          () => true,
        ),
      'the store to be gone',
    );
    assert.match(await refusal(one, 'bot', secret), /^57P03 it cannot be looked up/);
    await (await logIn(one, 'agent', 'agent-pass')).end();
    assert.match(await refusal(one, 'agent', 'wrong'), /^28P01 /);
  } finally {
    relay.close();
    await one.stop();
  }
});

test('a listener for tokens alone takes no passwords', async () => {
  const one = await startSluice(options({ auth: ['session'] }));
  try {
    assert.match(await refusal(one, 'agent', 'agent-pass'), /^28P01 /);
    const { token: secret } = await made(one, '--for', 'agent');
    await (await logIn(one, 'agent', secret)).end();
  } finally {
    await one.stop();
  }
});

describe('over MySQL', () => {
  let mariadb: MysqlServer;
  let one: Sluice;
  before(async () => {
    mariadb = await startMysql({ flavour: 'mariadb' });
    await createMysqlShop((database) => mariadb.url(database));
    one = await startSluice(options({ upstream: mariadb.url('shop') }));
  });
  after(async () => {
    await one?.stop();
    await mariadb?.stop();
  });

  test('a token is the password of drivers and programs without TLS, and is never sent', async () => {
    const { token: secret, id } = await made(one, '--for', 'bot', '--ttl', '3s');
    const seen: Buffer[] = [];
    const relay = await startRelay(one.port, 0, (bytes) => seen.push(Buffer.from(bytes)));
    const account = { host: '127.0.0.1', port: relay.port, user: 'bot', password: secret, database: 'shop' };
    const client = await createConnection(account);
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    const { file, args } = mariadb.programs.client('mariadb');
    const { stdout } = await promisify(execFile)(file, [
      ...args,
      ...['--no-defaults', '--skip-ssl', '--protocol=tcp', '--host=127.0.0.1', `--port=${relay.port}`],
      ...['--user=bot', `--password=${secret}`, '-N', '-e', 'SELECT 2', 'shop'],
    ]);
    assert.equal(stdout, '2\n');
    assert.ok(!Buffer.concat(seen).includes(secret));
    assert.equal(one.records().find(({ type }) => type === 'session-start')?.['credential'], id);
    await assert.rejects(createConnection({ ...account, user: 'agent' }), /password authentication failed/);
    await assert.rejects(
      createConnection({ ...account, password: `${secret}x` }),
      /password authentication failed/,
    );
    await (await createConnection({ ...account, user: 'agent', password: 'agent-pass' })).end();
    await until(() => errors.length > 0, 'the end of the token');
    await assert.rejects(createConnection(account), /password authentication failed/);
    client.destroy();
    relay.close();
  });
});
