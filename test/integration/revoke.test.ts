/** Access that is taken away: what is open ends within a second, on every instance, and nothing comes in its place. */
import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { createMysqlShop } from '../../src/demo/mysql-shop.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { sluice as command } from '../support/command-line.ts';
import { query, startup } from '../support/frontend.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { asSuperuser } from '../support/state-stores.ts';
import { until } from '../support/until.ts';
import { errorOf, WireClient } from '../support/wire-client.ts';

/** From the moment that the command has said that it is so. */
const WITHIN_MS = 1_000;
const USERS =
  '[ { name: agent, groups: [agents], password: agent-pass }, { name: dba, groups: [dba], password: dba-pass } ]';

let postgres: PostgresServer;
let instances: readonly Sluice[] = [];

const options = (): SluiceOptions => ({
  upstream: postgres.url('shop'),
  config: `state: { url: ${JSON.stringify(postgres.url('state'))} }`,
  users: USERS,
});

before(async () => {
  postgres = await startPostgres();
  await createShop((database) => postgres.url(database));
  await asSuperuser(postgres.url(), 'CREATE DATABASE state');
  instances = await Promise.all([startSluice(options()), startSluice(options())]);
});

after(async () => {
  await Promise.all(instances.map((one) => one.stop()));
  await postgres?.stop();
});

function at(n: number): Sluice {
  const one = instances[n];
  assert.ok(one !== undefined);
  return one;
}

const revoke = (one: Sluice, ...args: readonly string[]) =>
  command(['revoke', '--config', one.configFile, ...args], { input: '' });

interface Stream {
  readonly socket: Socket;
  readonly bytes: number;
  /** When the socket was closed; null: it is open. */
  readonly closedAtMs: number | null;
}

/** A session in which rows come, a little at a time, for hours. */
function stream(port: number, user = 'agent', sleepS = 0.01): Stream {
  const socket = connectTcp({ port, host: '127.0.0.1' });
  const state = { socket, bytes: 0, closedAtMs: null as number | null };
  socket.write(
    Buffer.concat([
      startup({ user, database: 'shop' }),
      query(`SELECT generate_series(1, 100000000), repeat('x', 4000), pg_sleep(${sleepS})`),
    ]),
  );
  socket.on('data', (chunk) => {
    state.bytes += chunk.length;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    state.closedAtMs = performance.now();
  });
  return state;
}

test('promise 12: a hundred sessions that stream on two instances are cut within a second', async () => {
  const [one, two] = [at(0), at(1)];
  const streams = Array.from({ length: 100 }, (_, n) => stream((n % 2 === 0 ? one : two).port));
  const other = stream(two.port, 'dba');
  await until(
    () => [...streams, other].every(({ bytes }) => bytes > 50_000),
    'rows in every session',
    30_000,
  );
  const { code, out } = await revoke(one, '--user', 'agent', '--reason', 'contract ended');
  const saidAtMs = performance.now();
  assert.equal(code, 0);
  assert.match(out, /^"agent" has no access any more/);
  await until(() => streams.every(({ closedAtMs }) => closedAtMs !== null), 'the end of every session');
  const lastMs = Math.max(...streams.map(({ closedAtMs }) => (closedAtMs ?? Infinity) - saidAtMs));
  assert.ok(lastMs < WITHIN_MS, `the last was cut after ${lastMs} ms`);
  assert.equal(other.closedAtMs, null, 'somebody else goes on');
  // What ran for them has ended in the database as well.
  const admin = new Client({ connectionString: postgres.url('shop') });
  await admin.connect();
  const running = async () => {
    const { rows } = await admin.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT generate_series%'",
    );
    return rows[0]?.n === 1;
  };
  await until(running, 'the statements to end upstream');
  await admin.end();
  other.socket.destroy();
  // Each journal says who took it away, why, and what it ended.
  for (const { records } of [one, two]) {
    const record = records().find(({ type }) => type === 'revocation');
    assert.equal(record?.['subject'], 'agent');
    assert.equal(record?.['reason'], 'contract ended');
    assert.match(String(record?.['by']), /^\w+@/);
    assert.equal(Array.isArray(record?.['sessions']) && record['sessions'].length, 50);
    const ends = () =>
      records().filter(({ type, reason }) => type === 'session-end' && reason === 'session-revoked');
    await until(() => ends().length === 50, 'the records of their ends');
  }
  // Nobody logs in as them, on either; and then they may again.
  for (const instance of [one, two]) {
    await assert.rejects(WireClient.connect(instance.port), /28000.*access has been revoked.*of \\"agent\\"/);
  }
  const undone = await revoke(two, '--undo', '--user', 'agent', '--reason', 'a mistake');
  assert.equal(undone.code, 0);
  await until(
    () =>
      WireClient.connect(one.port).then(
        ({ socket }) => socket.destroy() !== undefined,
        () => false,
      ),
    'the login to work again',
  );
  await until(() => one.records().some(({ type }) => type === 'revocation-lifted'), 'the record of it');
  const lifted = one.records().find(({ type }) => type === 'revocation-lifted');
  assert.equal(lifted?.['reason'], 'a mistake');
  assert.match(String(lifted?.['by']), /^\w+@/);
});

test('an idle session reads the native error, and a session alone can be ended', async () => {
  const [idle, kept] = [await WireClient.connect(at(0).port), await WireClient.connect(at(0).port)];
  const start = at(0)
    .records()
    .filter(({ type }) => type === 'session-start');
  const id = String(start.at(-2)?.['session']);
  assert.equal((await revoke(at(1), '--session', id)).code, 0);
  const [error] = await idle.toEnd();
  assert.ok(error !== undefined);
  assert.equal(errorOf(error)['C'], '57P01');
  assert.match(errorOf(error)['M'] ?? '', /access has been revoked/);
  kept.send(query('SELECT 1'));
  assert.deepEqual(
    (await kept.until('Z')).map(({ tag }) => tag),
    ['T', 'D', 'C', 'Z'],
  );
  kept.socket.destroy();
});

test('a client that takes nothing of what was sent to it is cut as well', async () => {
  const slow = stream(at(0).port, 'agent', 0);
  slow.socket.pause();
  await until(
    () => [...at(0).server.sessions.briefs()].some(({ bytes }) => bytes > 100_000),
    'bytes that nobody takes',
  );
  await revoke(at(0), '--user', 'agent');
  await until(() => at(0).server.sessions.size === 0, 'the session to end', WITHIN_MS);
  // What it is sent meets a socket that is gone.
  const isGone = () => {
    slow.socket.write('x');
    return slow.closedAtMs !== null;
  };
  await until(isGone, 'the connection to be gone', WITHIN_MS);
  await revoke(at(0), '--undo', '--user', 'agent');
});

test('what cannot be meant is refused in words, and a name that nobody has is told', async () => {
  const said = async (...args: readonly string[]) => (await revoke(at(0), ...args)).error;
  assert.match(await said(), /expected one of --user NAME, --credential ID and --session ID/);
  assert.match(await said('--user', 'a', '--session', 'b'), /expected one of/);
  assert.match(await said('--undo', '--session', 'b'), /nothing to undo/);
  assert.match(await said('--user', 'agent', '--for', 'soon'), /a span of time such as 2h/);
  assert.match(await said('--user', 'agnet'), /"agnet" is none of identity\.users; did you mean "agent"\?/);
  assert.match((await revoke(at(0), '--list')).out, /principal +agnet/);
  assert.equal((await revoke(at(0), '--undo', '--user', 'agnet')).code, 0);
  assert.equal((await revoke(at(0), '--undo', '--user', 'agnet')).code, 1);
  assert.match((await revoke(at(0), '--list')).out, /session/);
  const wrong = await command(['revoke', '--config', at(0).configFile, '--user', 'agent', '--as', 'dba'], {
    input: 'no',
  });
  assert.match(wrong.error, /"dba" is not proven by this password/);
  const named = await command(
    ['revoke', '--config', at(0).configFile, '--user', 'x', '--as', 'dba', '--json', '--for', '1s'],
    { input: 'dba-pass' },
  );
  assert.equal(JSON.parse(named.out).by, 'dba');
});

describe('over MySQL', () => {
  let mariadb: MysqlServer;
  let proxy: Sluice;

  before(async () => {
    mariadb = await startMysql({ flavour: 'mariadb' });
    await createMysqlShop((database) => mariadb.url(database));
    proxy = await startSluice({ ...options(), upstream: mariadb.url('shop') });
  });
  after(async () => {
    await proxy?.stop();
    await mariadb?.stop();
  });

  test('promise 12: what is open is cut with a native error, and no login comes in its place', async () => {
    const account = { host: '127.0.0.1', port: proxy.port, user: 'agent', database: 'shop' };
    const idle = await createConnection(account);
    const errors: unknown[] = [];
    idle.on('error', (error) => errors.push(error));
    await idle.query('SELECT 1');
    const busy = await createConnection(account);
    const result = busy.query('SELECT SLEEP(20)').then(
      () => null,
      (error: unknown) => error,
    );
    await until(
      () => [...proxy.server.sessions.briefs()].some(({ phase }) => phase === 'busy'),
      'a statement',
    );
    const startMs = performance.now();
    await revoke(at(0), '--user', 'agent');
    assert.match(String(await result), /revoked/);
    assert.ok(performance.now() - startMs < WITHIN_MS + 500);
    await until(() => errors.length > 0, 'the error of the idle session');
    assert.match(String(errors[0]), /revoked|closed/i);
    await assert.rejects(createConnection(account), (error: { errno?: number }) => error.errno === 1045);
    await revoke(at(0), '--undo', '--user', 'agent');
    idle.destroy();
    busy.destroy();
  });
});
