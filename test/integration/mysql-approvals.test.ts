/** Statements that people have to approve, and results that pause for them, as MySQL clients meet them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createConnection as createPlain } from 'mysql2';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import { decide, recordsOf, requestIn, voteOn } from '../support/approvals.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const POLICY = `
default: allow
rules:
  - { name: second-person, when: { effects: [write], tables: [shop.orders] }, then: { approve: { by: [dba], within: 1m } } }
  - { name: waits, when: { effects: [write], tables: [shop.customers] }, then: { approve: { by: [dba], within: 1m, wait: 20s } } }
  - { name: quick, when: { effects: [write], tables: [shop.products] }, then: { approve: { by: [dba], within: 300ms, wait: 10s } } }
  - { name: pages, when: { tables: [shop.orders] }, then: { limit: { rows: 100, over: approve, by: [dba], within: 1m } } }
  - { name: kept-back, when: { tables: [shop.order_items] }, then: { limit: { rows: 100, bytes: 1MiB, over: approve, by: [dba], hold: true } } }
`;

let pair: MysqlPair;
const sluices = new Map<MysqlFlavour, Sluice>();

before(async () => {
  pair = await startMysqlPair();
  for (const flavour of FLAVOURS)
    sluices.set(flavour, await startSluice({ upstream: pair[flavour].url('shop'), policy: POLICY }));
});

after(async () => {
  await Promise.all([...sluices.values()].map((sluice) => sluice.stop()));
  await pair?.stop();
});

for (const flavour of FLAVOURS) {
  const at = () => {
    const sluice = sluices.get(flavour);
    assert.ok(sluice !== undefined);
    return sluice;
  };
  const connect = () =>
    createConnection({
      host: '127.0.0.1',
      port: at().port,
      user: 'agent',
      database: 'shop',
      flags: ['-IGNORE_SPACE'],
    });
  const real = async (sql: string): Promise<unknown> => {
    const admin = await adminConnection(pair[flavour], 'shop');
    const [rows] = await admin.query<RowDataPacket[]>(sql);
    await admin.end();
    return Object.values(rows[0] ?? {})[0];
  };
  const failure = async (client: Connection, sql: string, values?: readonly (string | number)[]) => {
    try {
      await (values === undefined ? client.query(sql) : client.execute(sql, [...values]));
    } catch (error) {
      assert.ok(error instanceof Error && 'errno' in error && 'sqlState' in error);
      return { errno: error.errno, message: error.message };
    }
    throw new Error(`it ran: ${sql}`);
  };
  const named = (rule: string) => (view: { readonly rule: string }) => view.rule === rule;

  test(`${flavour}: promise 7: an error with the id at once; approved, the same statement runs, once`, async () => {
    const client = await connect();
    const sql = "UPDATE orders SET status = 'approved-1' WHERE id = 1";
    const first = await failure(client, sql);
    const { id } = await requestIn(at(), 'pending', named('second-person'));
    assert.equal(first.errno, 1227);
    assert.match(first.message, new RegExp(`needs approval ${id} by rule "second-person"`));
    assert.match((await failure(client, sql)).message, new RegExp(id));
    await voteOn(at(), id, 'approve');
    assert.doesNotMatch((await failure(client, sql.replace('= 1', '= 2'))).message, new RegExp(id));
    assert.notEqual(await real('SELECT status FROM orders WHERE id = 1'), 'approved-1');
    await client.query(sql);
    assert.equal(await real('SELECT status FROM orders WHERE id = 1'), 'approved-1');
    assert.doesNotMatch((await failure(client, sql)).message, new RegExp(id));
    const records = await recordsOf(at(), id, 'statement');
    assert.deepEqual([...new Set(records.map(({ type }) => type))].sort(), [
      'approval',
      'approval-request',
      'approval-vote',
      'statement',
    ]);
    await client.end();
  });

  test(`${flavour}: promise 7: values of a prepared statement are a part of it`, async () => {
    const client = await connect();
    const sql = 'UPDATE orders SET status = ? WHERE id = ?';
    await failure(client, sql, ['bound', 3]);
    const { id, shown } = await requestIn(at(), 'pending', (view) => view.shown['text'] === sql);
    assert.match(JSON.stringify(shown['parameters']), /bound/);
    await voteOn(at(), id, 'approve');
    assert.doesNotMatch((await failure(client, sql, ['other', 3])).message, new RegExp(id));
    await client.execute(sql, ['bound', 3]);
    assert.equal(await real('SELECT status FROM orders WHERE id = 3'), 'bound');
    await client.end();
  });

  test(`${flavour}: promise 7: where a rule says so the client waits; approved, denied, expired, gone`, async () => {
    const client = await connect();
    const running = client.query("UPDATE customers SET city = 'waited' WHERE id = 1");
    await decide(at(), 'approve', { where: named('waits') });
    await running;
    assert.equal(await real('SELECT city FROM customers WHERE id = 1'), 'waited');
    const denied = failure(client, "UPDATE customers SET city = 'denied' WHERE id = 2");
    await decide(at(), 'deny', { reason: 'no', where: named('waits') });
    assert.match((await denied).message, /was denied by dana: no/);
    const expired = await failure(client, "UPDATE products SET name = 'late' WHERE id = 1");
    assert.equal(expired.errno, 1317);
    assert.match(expired.message, /expired/);
    await client.query('BEGIN');
    const gone = client.query("UPDATE customers SET city = 'gone' WHERE id = 3").catch(() => {});
    const { id } = await requestIn(at(), 'pending', named('waits'));
    client.destroy();
    await requestIn(at(), 'cancelled', (view) => view.id === id);
    assert.equal((await voteOn(at(), id, 'approve')).outcome, 'refused');
    assert.notEqual(await real('SELECT city FROM customers WHERE id = 3'), 'gone');
    void gone;
  });

  test(`${flavour}: promise 5: a result that passes its limit pauses, and goes on to its end when it is approved`, async () => {
    const client = await connect();
    const all = client.query<RowDataPacket[]>('SELECT id, status FROM orders');
    const request = await requestIn(at(), 'pending', named('pages'));
    assert.equal(request.kind, 'result');
    const { result } = request.shown;
    assert.match(JSON.stringify(result), /"unit":"rows","max":100/);
    assert.match(JSON.stringify(result), /"rows":100/);
    await voteOn(at(), request.id, 'approve');
    const [rows] = await all;
    assert.equal(rows.length, 8000);
    const [again] = await client.query<RowDataPacket[]>('SELECT 1 AS one');
    assert.equal(again[0]?.['one'], 1);
    const no = failure(client, 'SELECT id, status FROM orders');
    await decide(at(), 'deny', { where: named('pages') });
    assert.match(
      (await no).message,
      /truncated by rule "pages": it is limited to 100 rows \(approval .* was denied by dana\)/,
    );
    assert.equal((await client.query<RowDataPacket[]>('SELECT 2 AS two'))[0][0]?.['two'], 2);
    await client.end();
  });

  test(`${flavour}: promise 5: hold: no row arrives before the result is within its bounds, or approved`, async () => {
    const client = await connect();
    const few = await client.query<RowDataPacket[]>('SELECT * FROM order_items LIMIT 40');
    assert.equal(few[0].length, 40);
    const seen: unknown[] = [];
    // The callback interface tells of rows as they arrive.
    const plain = createPlain({
      host: '127.0.0.1',
      port: at().port,
      user: 'agent',
      database: 'shop',
      flags: ['-IGNORE_SPACE'],
    });
    const stream = plain.query('SELECT order_id FROM order_items');
    stream.on('result', (row: unknown) => seen.push(row));
    const ended = new Promise<Error | null>((resolve) => {
      stream.on('error', resolve);
      stream.on('end', () => resolve(null));
    });
    await requestIn(at(), 'pending', named('kept-back'));
    assert.equal(seen.length, 0);
    await decide(at(), 'deny', { where: named('kept-back') });
    assert.match((await ended)?.message ?? '', /truncated by rule "kept-back"/);
    assert.equal(seen.length, 0);
    plain.destroy();
    const all = client.query<RowDataPacket[]>('SELECT order_id FROM order_items');
    await decide(at(), 'approve', { where: named('kept-back') });
    assert.ok((await all)[0].length > 1000);
    await client.end();
  });

  test(`${flavour}: a paused result whose client goes is cancelled at the server`, async () => {
    const client = await connect();
    const gone = client.query('SELECT id, status FROM orders').catch(() => {});
    const { id } = await requestIn(at(), 'pending', named('pages'));
    client.destroy();
    await requestIn(at(), 'cancelled', (view) => view.id === id);
    await until(
      async () =>
        Number(
          await real(
            "SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT id, status%'",
          ),
        ) === 0,
      'the server to stop',
    );
    void gone;
  });

  test(`${flavour}: promise 9: rows that are kept back and find no memory: none of them is seen`, async () => {
    const small = await startSluice({
      upstream: pair[flavour].url('shop'),
      policy: `
default: allow
rules:
  - { name: kept-back, when: { tables: [shop.order_items] }, then: { limit: { bytes: 100MiB, over: approve, by: [dba], hold: true } } }
`,
      config: 'limits: { connections: 100, held: 100KiB }',
    });
    const client = await createConnection({
      host: '127.0.0.1',
      port: small.port,
      user: 'agent',
      database: 'shop',
      flags: ['-IGNORE_SPACE'],
    });
    for (const sql of [
      'SELECT * FROM order_items',
      "SELECT REPEAT('x', 1000000), order_id FROM order_items LIMIT 3",
    ]) {
      const { errno } = await failure(client, sql);
      assert.equal(errno, 1041);
    }
    const [rows] = await client.query<RowDataPacket[]>('SELECT * FROM order_items LIMIT 5');
    assert.equal(rows.length, 5);
    await client.end();
    await small.stop();
  });

  test(`${flavour}: promise 9: 10 million rows: paused, the server waits and memory stays; a million arrive whole`, async () => {
    const client = await connect();
    const [setting] = await client.query<RowDataPacket[]>('SELECT @@SESSION.net_write_timeout AS patience');
    assert.equal(setting[0]?.['patience'], 604_800);
    const many = 'SELECT a.id FROM orders a, orders b LIMIT 10000000';
    const cut = failure(client, many);
    const request = await requestIn(at(), 'pending', named('pages'));
    const before = process.memoryUsage.rss();
    await until(
      async () =>
        /net|client/i.test(
          String(await real(`SELECT STATE FROM information_schema.PROCESSLIST WHERE INFO = '${many}'`)),
        ),
      'the server to wait for its client',
    );
    assert.ok(process.memoryUsage.rss() - before < 32 * 1024 * 1024);
    await voteOn(at(), request.id, 'deny');
    assert.match((await cut).message, /limited to 100 rows/);
    assert.equal(
      Number(await real(`SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO = '${many}'`)),
      0,
    );
    const plain = createPlain({
      host: '127.0.0.1',
      port: at().port,
      user: 'agent',
      database: 'shop',
      flags: ['-IGNORE_SPACE'],
    });
    let rows = 0;
    const stream = plain.query('SELECT a.id FROM orders a, orders b LIMIT 1000000');
    stream.on('result', () => {
      rows++;
    });
    const ended = new Promise<void>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('end', resolve);
    });
    await decide(at(), 'approve', { where: named('pages') });
    await ended;
    assert.equal(rows, 1_000_000);
    plain.destroy();
    await client.end();
  });
}
