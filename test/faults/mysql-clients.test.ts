/** Clients and servers that are slow, gone or silent, on MySQL and MariaDB: nobody else is harmed, nothing keeps running. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { MysqlRawClient, query } from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { startSluice } from '../support/sluice.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
const RESULT_MB = Number(process.env['SLUICE_RESULT_MB'] ?? 200);
let pair: MysqlPair;
const direct = new Map<string, Connection>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; CREATE TABLE shop.digits (d int);
      INSERT INTO shop.digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
      CREATE TABLE shop.person (id int, ssn varchar(20)); INSERT INTO shop.person VALUES (1, '111-22-3333')`);
    direct.set(flavour, admin);
  }
});

after(async () => {
  for (const admin of direct.values()) await admin.end();
  await pair?.stop();
});

/** What runs at the server, by the beginning of its text. */
async function running(flavour: string, like: string): Promise<number> {
  const [rows] = (await direct
    .get(flavour)
    ?.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE command <> 'Sleep' AND info LIKE ?",
      [`${like}%`],
    )) ?? [[]];
  return rows.length;
}

/** `mb` million bytes in rows of a thousand. */
function large(mb: number): string {
  const tables = ['a', 'b', 'c', 'e', 'f', 'g'].map((name) => `digits ${name}`).join(', ');
  return `SELECT REPEAT('x', 1000) FROM ${tables} LIMIT ${mb * 1000}`;
}

for (const flavour of FLAVOURS) {
  test(`promises 9 and 13: ${flavour}: a reader that stops holds its server back, in bounded memory, and no other`, async (context) => {
    const sluice = await startSluiceProcess({ upstream: pair[flavour].url('shop') });
    context.after(() => sluice.remove());
    const other = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    for (let n = 0; n < 200; n++) await other.query(`SELECT ${n}`);
    const beforeBytes = sluice.rssBytes();
    // Less than half of the result, so that what is held would show.
    const allowedBytes = beforeBytes + 90 * MIB;
    const slow = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    slow.socket.pause();
    slow.send(query(large(RESULT_MB)));
    await until(async () => (await running(flavour, 'SELECT REPEAT')) === 1, 'it to run');
    const latenciesMs: number[] = [];
    for (let n = 0; n < 200; n++) {
      const begun = performance.now();
      assert.deepEqual(await other.rows(`SELECT ${n}`), [[String(n)]]);
      latenciesMs.push(performance.now() - begun);
    }
    const median = latenciesMs.sort((a, b) => a - b)[100] ?? Number.NaN;
    assert.ok(median < 50, `${median} ms`);
    assert.equal(await running(flavour, 'SELECT REPEAT'), 1, 'the server is held back');
    const heldBytes = sluice.rssBytes();
    assert.ok(heldBytes < allowedBytes, `${Math.round(heldBytes / MIB)} MiB while it is held`);
    let peak = sluice.rssBytes();
    let bytes = 0;
    slow.socket.removeAllListeners('data');
    slow.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes % 64 === 0) peak = Math.max(peak, sluice.rssBytes());
    });
    slow.socket.resume();
    await until(() => bytes > RESULT_MB * 1_000_000, 'all of it', 60_000);
    assert.ok(
      peak < allowedBytes,
      `${Math.round(beforeBytes / MIB)} MiB before, ${Math.round(heldBytes / MIB)} held, ${Math.round(peak / MIB)} at most`,
    );
    context.diagnostic(
      `${RESULT_MB} MB, median ${median.toFixed(2)} ms beside it; MiB: ${[beforeBytes, heldBytes, peak].map((size) => Math.round(size / MIB)).join(', ')} before, held, at most`,
    );
    slow.end();
    other.end();
  });

  test(`promise 5: ${flavour}: a cut result's work is cancelled at the server, and what follows is not hit`, async (context) => {
    const sluice = await startSluice({
      upstream: pair[flavour].url('shop'),
      policy:
        'default: allow\nrules: [ { name: few, when: { tables: [shop.digits] }, then: { limit: { rows: 20, over: deny } } } ]\n',
    });
    context.after(() => sluice.stop());
    const client = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    for (let round = 0; round < 5; round++) {
      const { results, error } = await client.query(large(900));
      assert.equal(results.length === 0 ? 20 : results[0]?.rows.length, 20);
      assert.equal(error?.errno, 1317);
      assert.match(error.message, /few/);
      for (let n = 0; n < 5; n++) assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
      assert.equal(await running(flavour, 'SELECT REPEAT'), 0);
    }
    client.end();
  });

  test(`promise 6: ${flavour}: denials amid a transaction leave it as it is, and its state is told truly`, async (context) => {
    const sluice = await startSluice({
      upstream: pair[flavour].url('shop'),
      policy: 'default: allow\nrules: [ { name: no, when: { tables: [shop.person] }, then: deny } ]\n',
    });
    context.after(() => sluice.stop());
    const client = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    await client.query('CREATE TABLE IF NOT EXISTS kept (n int) ENGINE=InnoDB');
    await client.query('BEGIN');
    await client.query('INSERT INTO kept VALUES (1)');
    for (const ask of [
      () => client.query('SELECT * FROM person'),
      () => client.query('DROP TABLE person'),
      () => client.prepare('SELECT * FROM person'),
      () => client.query("PREPARE s FROM 'DELETE FROM person'"),
      () => client.query('SELEC nonsense'),
    ]) {
      assert.notEqual((await ask()).error, null);
      const next = await client.query('SELECT n FROM kept');
      assert.equal(next.results[0]?.rows.length, 1);
      assert.equal(next.status & 1, 1, 'still in the transaction');
    }
    assert.equal((await client.query('ROLLBACK')).status & 1, 0);
    assert.deepEqual(await client.rows('SELECT n FROM kept'), []);
    client.end();
  });

  test(`promise 13: ${flavour}: a client that vanishes takes its statement with it; one that half closes is answered`, async (context) => {
    const sluice = await startSluice({ upstream: pair[flavour].url('shop') });
    context.after(() => sluice.stop());
    const gone = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    gone.send(query('SELECT SLEEP(41)'));
    await until(async () => (await running(flavour, 'SELECT SLEEP(41)')) === 1, 'it to run');
    gone.socket.resetAndDestroy();
    await until(async () => (await running(flavour, 'SELECT SLEEP(41)')) === 0, 'it to be cancelled');
    const half = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    half.send(query('SELECT SLEEP(0.4), 7'));
    half.socket.end();
    assert.equal((await half.reply()).results[0]?.rows.length, 1);
    await until(() => sluice.server.sessions.size === 0, 'the sessions to end');
  });

  test(`promise 13: ${flavour}: clients that never log in are ended in time and keep nobody out`, async (context) => {
    const sluice = await startSluice({
      upstream: pair[flavour].url('shop'),
      listener: 'timeouts: { handshake: 1s }',
      config: 'limits: { connections: 200 }',
    });
    context.after(() => sluice.stop());
    const silent = await Promise.all(Array.from({ length: 400 }, () => MysqlRawClient.dial(sluice.port)));
    const client = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    for (const one of silent) await until(() => one.closed, 'it to be ended');
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    assert.equal(sluice.server.sessions.size, 1);
    client.end();
  });

  test(`${flavour}: statement and idle timeouts; the server is cancelled, the session goes on`, async (context) => {
    const sluice = await startSluice({
      upstream: pair[flavour].url('shop'),
      listener: 'timeouts: { statement: 400ms, idle: 2s }',
    });
    context.after(() => sluice.stop());
    const client = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    const late = await client.query('SELECT SLEEP(43) FROM digits');
    context.diagnostic(`${late.error?.errno} ${late.error?.message}`);
    await until(async () => (await running(flavour, 'SELECT SLEEP(43)')) === 0, 'it to be cancelled');
    for (let n = 0; n < 5; n++) assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    // MySQL answers a SLEEP that was cancelled by a row, MariaDB by an error.
    const slept = await client.query('SELECT SLEEP(44)');
    assert.ok(
      slept.error === null
        ? slept.results[0]?.rows[0]?.toString() === '\x011'
        : /400 ms/.test(slept.error.message),
    );
    for (let n = 0; n < 5; n++) assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    const end = await client.failure();
    assert.notEqual(end, null);
  });

  test(`${flavour}: SIGTERM: what runs may finish, idle sessions are told, the journal is sealed`, async (context) => {
    const sluice = await startSluiceProcess({ upstream: pair[flavour].url('shop'), drain: '10s' });
    context.after(() => sluice.remove());
    const idle = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    const busy = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    const within = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    await within.query('BEGIN');
    busy.send(query('SELECT SLEEP(0.8), 1'));
    await until(async () => (await running(flavour, 'SELECT SLEEP(0.8)')) === 1, 'it to run');
    sluice.child.kill('SIGTERM');
    assert.match((await idle.failure())?.message ?? '', /shutting down/);
    assert.equal(await within.errno('COMMIT'), 0);
    assert.equal((await busy.reply()).results[0]?.rows.length, 1);
    assert.match((await busy.failure())?.message ?? '', /shutting down/);
    assert.equal(await sluice.exited, 0);
    assert.deepEqual([sluice.verify().problems, sluice.verify().unsealed], [[], 0]);
  });
}
