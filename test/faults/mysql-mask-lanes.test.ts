/** A worker thread that fails in the middle of a large result of MySQL's or MariaDB's: over the wire, as a client sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import { MaskPool } from '../../src/masking/index.ts';
import { DETECTING_POLICY, SECRETS } from '../support/mask-lanes.ts';
import {
  binaryStrings,
  CURSOR,
  closeStatement,
  execute,
  fetch,
  MysqlRawClient,
  query,
  type RawReply,
  textCells,
} from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const ENTRY = new URL('../support/faulty-mask-worker.ts', import.meta.url);
const ROWS = 20_000;
const FAULTY_FROM = ROWS * 0.9;
const DIGITS = ['a', 'b', 'c', 'd', 'e'].map((name) => `digits ${name}`).join(', ');
const NOTES = `CREATE TABLE notes (id int PRIMARY KEY, email varchar(60), note varchar(60), ssn varchar(60));
  INSERT INTO notes SELECT n, IF(n % 10 = 0, 'nobody', CONCAT('someone.', n, '@example.com')),
    CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE CONCAT('called about item ', n) END,
    CONCAT('has the number 253-57-', 1000 + n % 8999, ' since ', n)
  FROM (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n FROM ${DIGITS}) AS numbers
  WHERE n <= ${ROWS}`;
const SQL = 'SELECT CAST(id AS CHAR) AS id, email, note, ssn FROM notes ORDER BY notes.id';

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; USE shop; CREATE TABLE digits (d int);
      INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9); ${NOTES}`);
    await admin.end();
    const maskPool = () => new MaskPool({ deadlineMs: 400, entry: ENTRY });
    sluices.set(
      flavour,
      await startSluice({ upstream: pair[flavour].url('shop'), policy: DETECTING_POLICY, maskPool }),
    );
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  await pair?.stop();
});

/** The large result, with what makes a worker fail in the row before the last tenth. */
function faulty(fault: string): string {
  return `SELECT CAST(id AS CHAR) AS id, IF(id = ${FAULTY_FROM}, '${fault}', email) AS email, note, ssn FROM notes ORDER BY notes.id`;
}

function shows({ packets }: RawReply): boolean {
  const bytes = Buffer.concat(packets.map(({ body }) => body)).toString('latin1');
  return SECRETS.some((secret) => secret.test(bytes));
}

/** Each packet of a reply counts on from the one before: a client that looks would be lost otherwise. */
function countsOn({ packets }: RawReply): boolean {
  return packets.every(({ sequence }, n) => sequence === ((n + 1) & 0xff));
}

function ids(reply: RawReply, binary: boolean): number[] {
  const rows = reply.results[0]?.rows ?? [];
  return rows.map((row) => Number((binary ? binaryStrings(row, 4) : textCells(row))[0]));
}

for (const flavour of FLAVOURS) {
  const open = (flags?: number) =>
    MysqlRawClient.connect(sluices.get(flavour)?.port ?? 0, {
      database: 'shop',
      ...(flags === undefined ? {} : { flags }),
    });

  for (const fault of ['throw', 'hang', 'die', 'give back junk'] as const) {
    for (const binary of fault === 'throw' ? [false, true] : [false]) {
      test(`promise 4: ${flavour}: a worker told to "${fault}" ends that ${binary ? 'binary' : 'text'} result with an error; nothing unmasked, and the session goes on`, async () => {
        const client = await open(binary ? 0 : C.DEPRECATE_EOF);
        const neighbour = await open();
        neighbour.send(query(SQL));
        const ask = async (sql: string) => {
          if (!binary) return client.query(sql);
          const { id } = await client.prepare(sql);
          const reply = await client.ask(execute(id));
          client.send(closeStatement(id));
          return reply;
        };
        const failed = await ask(faulty(fault));
        assert.match(failed.error?.message ?? '', /mask/);
        assert.ok(!shows(failed));
        assert.ok(countsOn(failed));
        const got = ids(failed, binary);
        assert.deepEqual(
          got,
          got.map((_id, n) => n + 1),
          'rows from the first on, without a gap',
        );
        assert.ok(got.length < FAULTY_FROM);
        assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
        const again = await ask(SQL);
        assert.equal(ids(again, binary).length, ROWS, 'the pool has recovered');
        assert.ok(!shows(again) && countsOn(again));
        const beside = await neighbour.reply();
        assert.equal(ids(beside, false).length, ROWS);
        assert.ok(!shows(beside));
        client.end();
        neighbour.end();
      });
    }
  }

  test(`promise 6: ${flavour}: in a pipeline the error stands where the result would end, and a transaction stays what it was`, async () => {
    const client = await open();
    client.send(query('BEGIN'), query(faulty('throw')), query('SELECT 7'), query('ROLLBACK'));
    assert.equal((await client.reply()).error, null);
    const failed = await client.reply();
    assert.notEqual(failed.error, null);
    assert.ok(!shows(failed));
    const next = await client.reply();
    assert.deepEqual(next.results[0]?.rows.map(textCells), [['7']]);
    assert.equal(next.status & 1, 1, 'still in the transaction');
    assert.equal((await client.reply()).status & 1, 0);
    client.end();
  });

  test(`promise 4: ${flavour}: a cursor whose rows could not be masked is over`, async () => {
    const client = await open();
    const { id } = await client.prepare(faulty('die'));
    assert.equal((await client.ask(execute(id, [], CURSOR))).error, null);
    client.send(fetch(id, ROWS));
    const failed = await client.fetched();
    assert.notEqual(failed.error, null);
    assert.ok(!shows(failed));
    client.send(fetch(id, ROWS));
    const again = await client.fetched();
    assert.notEqual(again.error, null);
    assert.ok(!shows(again));
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    client.end();
  });
}
