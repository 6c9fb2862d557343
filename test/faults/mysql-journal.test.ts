/** Promise 8 on MySQL and MariaDB: killed, out of disk, and at every moment, nothing is done that is not recorded. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { JsonObject } from '../../src/core/json.ts';
import { segmentsIn } from '../../src/journal/segments.ts';
import { CURSOR, execute, fetch, MysqlRawClient, query } from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { startRelay } from '../support/relay.ts';
import { startSluice } from '../support/sluice.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';

const CONNECTIONS = 4;
let pair: MysqlPair;
const direct = new Map<string, Connection>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query('CREATE DATABASE shop; CREATE TABLE shop.t (id varchar(40) PRIMARY KEY)');
    direct.set(flavour, admin);
  }
});

after(async () => {
  for (const admin of direct.values()) await admin.end();
  await pair?.stop();
});

async function idsLike(flavour: string, pattern: string): Promise<readonly string[]> {
  const [rows] = (await direct
    .get(flavour)
    ?.query<RowDataPacket[]>('SELECT id FROM shop.t WHERE id LIKE ?', [pattern])) ?? [[]];
  return rows.map(({ id }) => String(id));
}

/** Ids in the texts and parameters of statement records. */
function idsIn(records: readonly JsonObject[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { type, text, parameters } of records) {
    if (type !== 'statement') continue;
    for (const [, id = ''] of String(text).matchAll(/'([^']+)'/g)) ids.add(id);
    if (Array.isArray(parameters)) for (const value of parameters) ids.add(String(value));
  }
  return ids;
}

/** Inserts ids of its own, several ahead of their answers, until the connection is gone. */
async function load(port: number, name: string): Promise<void> {
  const client = await MysqlRawClient.connect(port, { database: 'shop' });
  const { id } = await client.prepare('INSERT INTO t VALUES (?)');
  for (let n = 0; ; n += 3) {
    client.send(
      query(`INSERT INTO t VALUES ('${name}-${n}')`),
      execute(id, [`${name}-${n + 1}`]),
      query(`INSERT INTO t SELECT '${name}-${n + 2}'`),
    );
    for (let k = 0; k < 3; k++) await client.reply();
  }
}

for (const flavour of FLAVOURS) {
  test(`promise 8: ${flavour}: killed under load, nothing is in the database that the journal does not have`, async (context) => {
    const sluice = await startSluiceProcess({ upstream: pair[flavour].url('shop') });
    context.after(() => sluice.remove());
    const settled = Promise.allSettled(
      Array.from({ length: CONNECTIONS }, (_, n) => load(sluice.port, `k${n}`)),
    );
    await until(async () => (await idsLike(flavour, 'k%')).length > 200, 'some rows');
    sluice.child.kill('SIGKILL');
    assert.equal(await sluice.exited, 'SIGKILL');
    await settled;
    await until(async () => {
      const [rows] = (await direct
        .get(flavour)
        ?.query<RowDataPacket[]>("SELECT 1 FROM information_schema.processlist WHERE db = 'shop'")) ?? [[]];
      return rows.length === 0;
    }, 'the server to notice');
    const recorded = idsIn(sluice.records());
    const rows = await idsLike(flavour, 'k%');
    assert.deepEqual(
      rows.filter((id) => !recorded.has(id)),
      [],
    );
    context.diagnostic(`${rows.length} rows, ${recorded.size} recorded`);
  });

  for (const durability of ['written', 'synced']) {
    test(`promise 8: ${flavour}: with a full disk nothing passes, sessions live on, and it goes on (${durability})`, async (context) => {
      const sluice = await startSluiceProcess({
        upstream: pair[flavour].url('shop'),
        listener: `durability: ${durability}`,
      });
      context.after(() => sluice.remove());
      const limit = (bytes: string) =>
        execFileSync('prlimit', ['--pid', String(sluice.child.pid), `--fsize=${bytes}:unlimited`]);
      const client = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
      const other = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
      const { id } = await other.prepare('INSERT INTO t VALUES (?)');
      const reading = await other.prepare('SELECT id FROM t');
      await other.ask(execute(reading.id, [], CURSOR));
      limit(String(statSync(segmentsIn(sluice.journalDirectory).at(-1)?.path ?? '').size + 40));
      let n = 0;
      let refused = 0;
      const name = (k: number) => `${durability}-${k}`;
      for (; refused === 0 && n < 5_000; n++)
        refused = await client.errno(`INSERT INTO t VALUES ('${name(n)}')`);
      assert.ok(refused !== 0);
      const last = name(n - 1);
      assert.deepEqual(await idsLike(flavour, last), [], 'nothing went upstream');
      assert.notEqual((await other.ask(execute(id, [last]))).error, null);
      other.send(fetch(reading.id, 1));
      assert.notEqual((await other.fetched()).error, null);
      assert.deepEqual(await idsLike(flavour, last), []);
      await assert.rejects(MysqlRawClient.connect(sluice.port, { database: 'shop' }));
      limit('unlimited');
      await until(async () => (await client.errno(`INSERT INTO t VALUES ('${last}')`)) === 0, 'recovery');
      assert.equal((await other.ask(execute(id, [`${last}-more`]))).error, null);
      client.end();
      other.end();
      sluice.child.kill('SIGTERM');
      assert.equal(await sluice.exited, 0);
      assert.deepEqual(sluice.verify().problems, []);
      const recorded = idsIn(sluice.records());
      for (const row of await idsLike(flavour, `${durability}-%`)) assert.ok(recorded.has(row), row);
    });
  }

  test(`promises 8 and 11: ${flavour}: what arrives at the server is recorded before, and holds no client's secret`, async (context) => {
    let segment = '';
    const early: string[] = [];
    const bytes: Buffer[] = [];
    const relay = await startRelay(pair[flavour].port, 0, (chunk) => {
      bytes.push(chunk);
      const marks = chunk.toString('latin1').match(/mark-\d+-/g) ?? [];
      if (marks.length === 0) return;
      const file = openSync(segment, 'r');
      const size = statSync(segment).size;
      const written = Buffer.alloc(size);
      readSync(file, written, 0, size, 0);
      closeSync(file);
      for (const mark of marks) if (!written.includes(mark)) early.push(mark);
    });
    const upstream = pair[flavour].url('shop').replace(`:${pair[flavour].port}/`, `:${relay.port}/`);
    const sluice = await startSluice({ upstream });
    context.after(async () => {
      await sluice.stop();
      relay.close();
    });
    segment = segmentsIn(sluice.journalDirectory).at(-1)?.path ?? '';
    await Promise.all(
      Array.from({ length: 4 }, async (_, k) => {
        const client = await MysqlRawClient.connect(sluice.port, { database: 'shop' });
        for (let n = 0; n < 40; n++) {
          client.send(query(`SELECT 'mark-${k * 100 + n}-'`));
          if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        for (let n = 0; n < 40; n++) assert.equal((await client.reply()).error, null);
        client.end();
      }),
    );
    assert.deepEqual(early, []);
    // Sluice's own password goes nowhere but to the server, and there not in the clear.
    const everything = [
      Buffer.concat(bytes).toString('latin1'),
      sluice.log(),
      JSON.stringify(sluice.records()),
    ];
    for (const text of everything) assert.ok(!text.includes('rootpw'));
    assert.ok(!everything[0]?.includes('agent'), 'the client’s name stays here');
  });
}
