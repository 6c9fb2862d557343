/** Results that reach a bound which people may lift: reading stops, memory stays, and they go on or are cut. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { decide, recordsOf, requestIn, voteOn } from '../support/approvals.ts';
import { bind, cancelRequest, execute, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { errorAmong, errorOf, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: pages, when: { listeners: [shop], tables: [shop.orders] }, then: { limit: { rows: 100, over: approve, by: [dba], within: 1m } } }
  - { name: never-more, when: { tables: [shop.orders] }, then: { limit: { rows: 5000 } } }
  - { name: many, when: { functions: ["*.generate_series"] }, then: { limit: { rows: 1000, over: approve, by: [dba], within: 1m } } }
  - { name: kept-back, when: { tables: [shop.order_items] }, then: { limit: { rows: 100, bytes: 1MiB, over: approve, by: [dba], within: 400ms, hold: true } } }
masks:
  - { columns: ["shop.orders.status"], with: redact }
`;

let postgres: PostgresServer;
let sluice: Sluice;
let admin: WireClient;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY });
  const url = new URL(postgres.url('shop'));
  admin = await WireClient.connect(Number(url.port), { user: decodeURIComponent(url.username) });
});

after(async () => {
  admin?.end();
  await sluice?.stop();
  await postgres?.stop();
});

const running = async (like: string) =>
  Number(
    rowsOf(
      await admin.ask(
        query(`SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '${like}'`),
      ),
    )[0]?.[0],
  );

/** Reads rows without keeping them, past the client's own reader: how many, and the tags of what ends them. */
function drain(client: WireClient): Promise<{ rows: number; end: string }> {
  const { socket } = client;
  socket.removeAllListeners('data');
  let rest: Buffer = Buffer.alloc(0);
  let rows = 0;
  let end = '';
  return new Promise((resolve) => {
    const more = (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (bytes.length - at >= 5 && bytes.length - at > bytes.readInt32BE(at + 1)) {
        const tag = String.fromCharCode(bytes[at] ?? 0);
        if (tag === 'D') rows++;
        else end += tag;
        at += bytes.readInt32BE(at + 1) + 1;
      }
      rest = bytes.subarray(at);
      if (!end.endsWith('Z')) return;
      socket.off('data', more);
      resolve({ rows, end });
    };
    socket.on('data', more);
  });
}

test('promise 5: 10 million rows, limit 1,000: reading stops, memory stays; approved, all of them arrive', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query('SELECT n FROM generate_series(1, 10000000) AS n'));
  const head = await client.until('N');
  assert.equal(rowsOf(head).length, 1000);
  assert.match(errorOf(head.at(-1))['M'] ?? '', /result paused by rule "many" for approval/);
  const request = await requestIn(sluice);
  assert.match(JSON.stringify(request.shown['result']), /"rows":1000/);
  // The server is stuck in a write: what it has sent fills the buffers between, and no more.
  await until(async () => {
    const waits = await admin.ask(
      query("SELECT wait_event FROM pg_stat_activity WHERE query LIKE 'SELECT n FROM%' AND state = 'active'"),
    );
    return rowsOf(waits)[0]?.[0] === 'ClientWrite';
  }, 'the server to wait for its client');
  const before = process.memoryUsage.rss();
  await requestIn(sluice);
  assert.ok(process.memoryUsage.rss() - before < 32 * 1024 * 1024);
  const rest = drain(client);
  await voteOn(sluice, request.id, 'approve');
  assert.deepEqual(await rest, { rows: 9_999_000, end: 'CZ' });
  const next = drain(client);
  client.send(query('SELECT 1'));
  assert.deepEqual(await next, { rows: 1, end: 'TCZ' });
  client.end();
});

test('promise 5: denied, it is cut at its limit, the server is told to stop, and the session goes on', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query('SELECT n FROM generate_series(1, 10000000) AS n'), query('SELECT 8'));
  const head = await client.until('N');
  assert.equal(rowsOf(head).length, 1000);
  const request = await decide(sluice, 'deny', { reason: 'too much' });
  const rest = await client.until('Z');
  assert.equal(tagsOf(rest), 'EZ');
  const error = errorAmong(rest);
  assert.equal(error?.['C'], '54000');
  assert.match(error?.['M'] ?? '', /limited to 1000 rows \(approval \S+ was denied by dana: too much\)/);
  assert.deepEqual(rowsOf(await client.until('Z')), [['8']]);
  assert.equal(await running('SELECT n FROM%'), 0);
  const records = await recordsOf(sluice, request.id);
  assert.equal(typeof records[0]?.['number'], 'number');
  client.end();
});

test('promise 5: CancelRequest amid the pause, and a client that goes, end it at the server', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query('SELECT n FROM generate_series(1, 10000000) AS n'));
  await client.until('N');
  const first = await requestIn(sluice);
  const key = client.greeting.find(({ tag }) => tag === 'K')?.body ?? Buffer.alloc(8);
  const canceller = await WireClient.dial(sluice.port);
  canceller.send(cancelRequest(key.readInt32BE(0), key.subarray(4)));
  const rest = await client.until('Z');
  assert.equal(tagsOf(rest), 'EZ');
  assert.equal(errorAmong(rest)?.['C'], '57014');
  await requestIn(sluice, 'cancelled', ({ id }) => id === first.id);
  client.send(query('SELECT n FROM generate_series(1, 10000000) AS n'));
  await client.until('N');
  const second = await requestIn(sluice);
  client.end();
  await requestIn(sluice, 'cancelled', ({ id }) => id === second.id);
  await until(async () => (await running('SELECT n FROM%')) === 0, 'the server to stop');
  canceller.end();
});

test('promise 5: the next bound holds behind the one that was lifted; masks hold behind both', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query('SELECT id, status FROM shop.orders'));
  const head = await client.until('N');
  assert.equal(rowsOf(head).length, 100);
  await decide(sluice, 'approve');
  const rest = await client.until('Z');
  assert.equal(rowsOf(rest).length, 4900);
  assert.match(errorAmong(rest)?.['M'] ?? '', /truncated by rule "never-more": it is limited to 5000 rows/);
  assert.ok(
    [...rowsOf(head), ...rowsOf(rest)].every(([, status]) => !/paid|open|shipped|new/.test(status ?? '')),
  );
  client.end();
});

test('promise 5: pages of a cursor pause together, and go on together', async () => {
  const client = await WireClient.connect(sluice.port);
  await client.ask(query('BEGIN'));
  await client.ask(parse('', 'SELECT id FROM shop.orders'), bind('c', ''), sync());
  const first = await client.ask(execute('c', 60), sync());
  assert.equal(rowsOf(first).length, 60);
  client.send(execute('c', 60), sync());
  const head = await client.until('N');
  assert.equal(rowsOf(head).length, 40);
  await decide(sluice, 'approve');
  assert.equal(tagsOf(await client.until('Z')), `${'D'.repeat(20)}sZ`);
  assert.equal(rowsOf(await client.ask(execute('c', 200), sync())).length, 200);
  client.end();
});

test('promise 5: hold: no row arrives before the result is within its bounds, or approved', async () => {
  const client = await WireClient.connect(sluice.port);
  assert.equal(rowsOf(await client.ask(query('SELECT * FROM shop.order_items LIMIT 40'))).length, 40);
  client.send(query('SELECT * FROM shop.order_items'));
  const head = await client.until('N');
  assert.equal(tagsOf(head), 'TN');
  // Nobody decides in time.
  const expired = await client.until('Z');
  assert.equal(tagsOf(expired), 'EZ');
  assert.match(errorAmong(expired)?.['M'] ?? '', /expired/);
  client.send(query('SELECT * FROM shop.order_items'));
  assert.equal(tagsOf(await client.until('N')), 'TN');
  await decide(sluice, 'approve');
  const all = await client.until('Z');
  assert.ok(rowsOf(all).length > 1000);
  client.end();
});

test('promise 9: rows that are kept back and find no memory: the result is cut, none of it is seen, the session goes on', async () => {
  const small = await startSluice({
    upstream: postgres.url('shop'),
    policy: `
default: allow
rules:
  - { name: kept-back, when: { tables: [shop.order_items] }, then: { limit: { bytes: 100MiB, over: approve, by: [dba], hold: true } } }
`,
    config: 'limits: { connections: 100, held: 100KiB }',
  });
  const client = await WireClient.connect(small.port);
  for (const sql of [
    'SELECT * FROM shop.order_items',
    "SELECT repeat('x', 1000000), order_id FROM shop.order_items LIMIT 3",
  ]) {
    const cut = await client.ask(query(sql));
    assert.equal(tagsOf(cut), 'TEZ');
    assert.equal(errorAmong(cut)?.['C'], '53200');
  }
  assert.equal(rowsOf(await client.ask(query('SELECT * FROM shop.order_items LIMIT 5'))).length, 5);
  client.end();
  await small.stop();
});
