/** MySQL and MariaDB servers that are lost, and clients that are, in the middle of a masked result; readers that are slow; disks that are full. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import { execute, failureOf, MysqlRawClient, query, received } from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { startRelay } from '../support/relay.ts';
import { startSluice } from '../support/sluice.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
const POLICY = `
default: allow
masks: [ { columns: [shop.person.ssn], with: redact } ]
`;
/** In every masked value. */
const SECRET = '111-22-3333';
const RESULT_MB = Number(process.env['SLUICE_RESULT_MB'] ?? 100);

let pair: MysqlPair;
const direct = new Map<string, Connection>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; USE shop; CREATE TABLE digits (d int);
      INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
      CREATE TABLE person (id int PRIMARY KEY, ssn varchar(60), note varchar(1000));
      INSERT INTO person SELECT a.d + 10 * b.d + 100 * c.d, CONCAT('${SECRET}-', a.d), REPEAT('n', 900)
        FROM digits a, digits b, digits c`);
    direct.set(flavour, admin);
  }
});

after(async () => {
  for (const admin of direct.values()) await admin.end();
  await pair?.stop();
});

async function running(flavour: string, like: string): Promise<number> {
  const [rows] = (await direct
    .get(flavour)
    ?.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE command <> 'Sleep' AND info LIKE ?",
      [`${like}%`],
    )) ?? [[]];
  return rows.length;
}

/** So many million bytes of which each row has a masked cell. */
function large(mb: number): string {
  return `SELECT ssn, note FROM person, digits a, digits b, digits c, digits e LIMIT ${mb * 1000}`;
}

/** A port on which relays can be started, one after the other. */
async function freeRelayPort(upstreamPort: number): Promise<number> {
  const relay = await startRelay(upstreamPort);
  relay.close();
  return relay.port;
}

for (const flavour of FLAVOURS) {
  test(`promises 4 and 13: ${flavour}: a server lost at each place of a result: whole packets, then an error or the end`, async () => {
    const real = pair[flavour];
    for (const policy of [POLICY, 'default: allow\n']) {
      const port = await freeRelayPort(real.port);
      const sluice = await startSluice({
        upstream: real.url('shop').replace(`:${real.port}/`, `:${port}/`),
        policy,
        listener: `catalog: { upstream: "${real.url('shop')}" }`,
      });
      for (const bytes of [0, 3, 40, 150, 170, 200]) {
        const relay = await startRelay(real.port, port);
        const client = await MysqlRawClient.connect(sluice.port, {
          database: 'shop',
          flags: C.DEPRECATE_EOF,
        });
        assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
        relay.cutAfter(bytes);
        client.send(query('SELECT id, ssn FROM person WHERE id < 6 ORDER BY id'));
        const packets = await client.toEnd();
        const failure = failureOf(packets.at(-1)?.body ?? Buffer.alloc(0));
        if (failure !== null) assert.equal(failure.errno, 1158, `${bytes}: ${failure.message}`);
        assert.ok(failure !== null || bytes > 3, 'told where nothing was begun');
        if (policy === POLICY) assert.ok(!received(client).includes(SECRET));
        await until(() => sluice.server.sessions.size === 0, 'the session to end');
        client.end();
        relay.close();
      }
      await sluice.stop();
    }
  });

  test(`promise 13: ${flavour}: server and client lost in the middle of large masked results; the others go on`, async (context) => {
    const real = pair[flavour];
    const relay = await startRelay(real.port);
    const sluice = await startSluice({
      upstream: real.url('shop').replace(`:${real.port}/`, `:${relay.port}/`),
      policy: POLICY,
      listener: `catalog: { upstream: "${real.url('shop')}" }`,
    });
    context.after(async () => {
      await sluice.stop();
      relay.close();
    });
    const other = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    const gone = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    gone.send(query(large(900)));
    await until(() => gone.chunks.length > 5, 'some of it');
    gone.socket.resetAndDestroy();
    await until(async () => (await running(flavour, 'SELECT ssn')) === 0, 'it to be cancelled');
    await until(() => sluice.server.sessions.size === 1, 'its session to end');
    assert.deepEqual(await other.rows('SELECT 1'), [['1']]);
    const half = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    half.send(query(large(5)));
    half.socket.end();
    assert.equal((await half.reply()).results[0]?.rows.length, 5_000);
    const cut = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    relay.cutAfter(3 * MIB);
    cut.send(query(large(900)));
    await until(() => cut.closed && other.closed, 'the ends');
    for (const client of [gone, half, cut]) assert.ok(!received(client).includes(SECRET));
    await until(() => sluice.server.sessions.size === 0, 'the sessions to end');
    await until(async () => (await running(flavour, 'SELECT ssn')) === 0, 'nothing to run');
  });

  test(`promise 9: ${flavour}: a slow reader of ${RESULT_MB} MB of masked rows holds its server back, in bounded memory`, async (context) => {
    const sluice = await startSluiceProcess({ upstream: pair[flavour].url('shop'), policy: POLICY });
    context.after(() => sluice.remove());
    const other = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    // Threads, and what masking takes for itself, are there once it has been done.
    await other.query(large(5));
    other.chunks.length = 0;
    const beforeBytes = sluice.rssBytes();
    const slow = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    slow.socket.removeAllListeners('data');
    slow.socket.pause();
    slow.send(query(large(RESULT_MB)));
    await until(async () => (await running(flavour, 'SELECT ssn')) === 1, 'it to run');
    for (let n = 0; n < 50; n++) assert.deepEqual(await other.rows(`SELECT ${n}`), [[String(n)]]);
    assert.equal(await running(flavour, 'SELECT ssn'), 1, 'the server is held back');
    const heldBytes = sluice.rssBytes();
    let bytes = 0;
    let peakBytes = 0;
    let shows = false;
    slow.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      shows ||= chunk.includes(SECRET);
      peakBytes = Math.max(peakBytes, sluice.rssBytes());
    });
    slow.socket.resume();
    await until(() => bytes > RESULT_MB * 900_000, 'all of it', 60_000);
    await until(async () => (await running(flavour, 'SELECT ssn')) === 0, 'its end');
    assert.ok(!shows);
    const mib = [beforeBytes, heldBytes, peakBytes].map((size) => Math.round(size / MIB));
    context.diagnostic(`${RESULT_MB} MB; MiB: ${mib.join(', ')} before, held, at most`);
    assert.ok(peakBytes < beforeBytes + 90 * MIB, `${mib.join(', ')} MiB`);
    slow.end();
    other.end();
  });
}

// Only root can make a disk of its own.
for (const flavour of process.getuid?.() === 0 ? FLAVOURS : []) {
  test(`promise 8: ${flavour}: a disk that is full (ENOSPC): nothing passes, and it goes on when there is room`, async (context) => {
    const journalDirectory = mkdtempSync('/tmp/sluice-disk-');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', journalDirectory]);
    context.after(() => {
      execFileSync('umount', ['--lazy', journalDirectory]);
      rmSync(journalDirectory, { recursive: true });
    });
    const sluice = await startSluiceProcess({ upstream: pair[flavour].url('shop'), journalDirectory });
    context.after(() => sluice.remove());
    await direct.get(flavour)?.query('CREATE TABLE shop.kept (n int)');
    const client = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
    const { id } = await client.prepare('INSERT INTO kept SELECT 1');
    fillUp(join(journalDirectory, 'filler'));
    let refused = 0;
    let passed = 0;
    for (; refused === 0 && passed < 5_000; passed++)
      refused = await client.errno(`INSERT INTO kept VALUES (${passed})`);
    assert.notEqual(refused, 0);
    assert.notEqual((await client.ask(execute(id))).error, null);
    assert.notEqual((await client.prepare('SELECT 1')).error, null);
    client.send(query('INSERT INTO kept VALUES (-1)'), query('INSERT INTO kept VALUES (-2)'));
    for (let n = 0; n < 2; n++) assert.notEqual((await client.reply()).error, null);
    await assert.rejects(MysqlRawClient.connect(sluice.port, { database: 'shop' }));
    const [rows] = (await direct.get(flavour)?.query<RowDataPacket[]>('SELECT n FROM shop.kept')) ?? [[]];
    assert.equal(rows.length, passed - 1, 'nothing went upstream');
    rmSync(join(journalDirectory, 'filler'));
    await until(async () => (await client.errno('INSERT INTO kept VALUES (-3)')) === 0, 'recovery');
    assert.equal((await client.ask(execute(id))).error, null);
    client.end();
    sluice.child.kill('SIGTERM');
    assert.equal(await sluice.exited, 0);
    assert.deepEqual(sluice.verify().problems, []);
  });
}

function fillUp(path: string): void {
  for (const size of [4096, 1]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size));
    } catch {
      // Full.
    }
  }
}
