/** Budgets and rates before real MariaDB and MySQL servers: what arrived, as text, binary and by cursors. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Connection, createConnection } from 'mysql2';
import type { MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import { decide } from '../support/approvals.ts';
import { FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { failureAmong, MysqlWireClient } from '../support/mysql-wire-client.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `
default: allow
rules:
  - { name: hourly, when: { users: [agent] }, then: { budget: { window: 1h, rows: 1000 } } }
  - { name: sizes, when: { users: [sizes] }, then: { budget: { window: 1h, bytes: 64KiB } } }
  - { name: cursors, when: { users: [cursors] }, then: { budget: { window: 1h, rows: 70 } } }
  - { name: large, when: { users: [large] }, then: { budget: { window: 1h, bytes: 60MiB } } }
  - { name: ask, when: { users: [asker] }, then: { budget: { window: 1h, rows: 10, over: approve, by: [dba] } } }
  - { name: pace, when: { users: [fast] }, then: { rate: { statements: 3, every: 1h } } }
alerts:
  - { name: trap, on: canary, values: ["4929-0000-1111-2222"], cut: true, when: { users: [trapped] } }
`;
const USERS =
  '[ { name: agent }, { name: sizes }, { name: cursors }, { name: large }, { name: asker }, { name: fast }, { name: trapped }, { name: dana, groups: [dba] } ]';

let pair: MysqlPair;
const sluices = new Map<MysqlFlavour, Sluice>();

before(async () => {
  pair = await startMysqlPair({ settings: { max_allowed_packet: '64M' } });
  for (const flavour of FLAVOURS)
    sluices.set(
      flavour,
      await startSluice({ upstream: pair[flavour].url('shop'), policy: POLICY, users: USERS }),
    );
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
  const connect = (user: string) =>
    createConnection({
      host: '127.0.0.1',
      port: at().port,
      user,
      database: 'shop',
      flags: ['-IGNORE_SPACE'],
    });
  const series = (n: number) =>
    `WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < ${n}) SELECT n FROM s`;
  /** How many rows came, and the error behind them. */
  const taken = async (client: Connection, sql: string, binary = false) => {
    let rows = 0;
    const failure = await new Promise<{ errno: number | undefined; message: string } | null>((resolve) => {
      const query = binary ? client.execute(sql) : client.query(sql);
      query.on('result', () => rows++);
      query.on('error', ({ errno, message }) => resolve({ errno, message }));
      query.on('end', () => resolve(null));
    });
    return { rows, failure };
  };
  const count = async (client: Connection, sql: string) => (await taken(client, sql)).failure;

  test(`${flavour}: promise 5: rows are counted over sessions, text and binary alike, and the session goes on`, async () => {
    const first = connect('agent');
    const second = connect('agent');
    assert.deepEqual(await taken(first, series(400)), { rows: 400, failure: null });
    assert.deepEqual(await taken(second, series(400), true), { rows: 400, failure: null });
    const cut = await taken(first, series(900), true);
    assert.equal(cut.rows, 200);
    assert.equal(cut.failure?.errno, 1226);
    assert.match(
      cut.failure?.message ?? '',
      /the budget of 1000 rows within 1h is used up \(1000 rows counted/,
    );
    const refused = await taken(second, 'SELECT 1');
    assert.equal(refused.failure?.errno, 1226);
    assert.equal(await count(second, 'BEGIN'), null);
    assert.equal(await count(first, 'SET @x = 1'), null);
    first.destroy();
    second.destroy();
  });

  test(`${flavour}: promise 5: bytes are counted as they are on the wire`, async () => {
    const client = await MysqlWireClient.connect(at().port, { user: 'sizes', database: 'shop' });
    const packets = await client.query(
      `WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT repeat('x', 1000) FROM s`,
    );
    const rows = packets.filter(({ body }) => body.length > 900);
    const bytes = rows.reduce((sum, { body }) => sum + body.length + 4, 0);
    assert.ok(bytes <= 64 * 1024 && bytes > 63 * 1024, String(bytes));
    assert.equal(failureAmong(packets)?.number, 1226);
    client.end();
  });

  test(`${flavour}: promise 5: rows larger than a packet count whole`, async () => {
    const client = connect('large');
    const sql =
      "SELECT length(x) AS n, x FROM (SELECT repeat('x', 20000000) AS x UNION ALL SELECT repeat('y', 20000000)) AS t";
    assert.deepEqual(await taken(client, sql), { rows: 2, failure: null });
    const cut = await taken(client, sql);
    assert.equal(cut.rows, 1);
    assert.equal(cut.failure?.errno, 1226);
    client.destroy();
  });

  test(`${flavour}: promise 5: a cursor is counted as it is read`, async () => {
    const client = await MysqlWireClient.connect(at().port, { user: 'cursors', database: 'shop' });
    const { id } = await client.prepare('SELECT id FROM orders ORDER BY id');
    assert.ok(id !== null);
    await client.execute(id, [], true);
    assert.equal(failureAmong(await client.fetch(id, 40)), null);
    const rest = await client.fetch(id, 40);
    assert.equal(failureAmong(rest)?.number, 1226);
    assert.equal(rest.length, 31);
    client.end();
  });

  test(`${flavour}: promise 5: beyond a budget people decide on a result`, async () => {
    const client = connect('asker');
    const asked = taken(client, series(25));
    await decide(at(), 'approve', { where: ({ rule }) => rule === 'ask' });
    assert.deepEqual(await asked, { rows: 25, failure: null });
    const again = taken(client, series(25));
    await decide(at(), 'deny', { where: ({ rule }) => rule === 'ask' });
    const none = await again;
    assert.equal(none.rows, 0);
    assert.match(none.failure?.message ?? '', /denied by dana/);
    client.destroy();
  });

  test(`${flavour}: a rate lets so many statements pass and says when the next may`, async () => {
    const client = await MysqlWireClient.connect(at().port, { user: 'fast', database: 'shop' });
    for (let n = 0; n < 3; n++) assert.equal(failureAmong(await client.query('SELECT 1')), null);
    const late = failureAmong(await client.query('SELECT 1'));
    assert.equal(late?.number, 1226);
    assert.match(late?.message ?? '', /more than 3 statements within 1h for user:fast; Try again in/);
    client.end();
  });

  test(`${flavour}: a canary ends the session before the client has it, text and binary alike`, async () => {
    for (const binary of [false, true]) {
      const client = connect('trapped');
      client.on('error', () => {});
      assert.deepEqual(await taken(client, "SELECT '4929-0000-1111-222'", binary), {
        rows: 1,
        failure: null,
      });
      const sql = "SELECT 'before' AS x UNION ALL SELECT concat('4929-0000-', '1111-2222')";
      const trapped = await taken(client, sql, binary);
      assert.equal(trapped.rows, 0);
      assert.notEqual(trapped.failure, null);
      client.destroy();
    }
    const raised = at()
      .records()
      .filter((record) => record['type'] === 'alert');
    assert.equal(raised.length, 2);
    assert.doesNotMatch(JSON.stringify(raised), /4929/);
  });
}
