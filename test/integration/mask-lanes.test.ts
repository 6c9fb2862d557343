/** Large masked results over the wire: they go through worker threads and come out as if they had not. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PostgresServer } from '../../src/demo/postgres-server.ts';
import { startDribble } from '../support/dribble.ts';
import { cancelRequest, query, sync } from '../support/frontend.ts';
import {
  DETECTING_POLICY,
  extended,
  type Lanes,
  NOTES_ROWS,
  rowsBy,
  shows,
  startLanes,
  startNotes,
} from '../support/mask-lanes.ts';
import type { Sluice } from '../support/sluice.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';
import { commandsOf, errorAmong, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const SQL = 'SELECT id, email, note, ssn FROM notes ORDER BY id';
const MIB = 1024 * 1024;

let postgres: PostgresServer;
let lanes: Lanes;
/** The same without threads. */
let inline: Sluice;

before(async () => {
  postgres = await startNotes();
  lanes = await startLanes(postgres.url());
  inline = (await startLanes(postgres.url(), {}, { maskPool: null })).sluice;
});

after(async () => {
  await lanes?.sluice.stop();
  await inline?.stop();
  await postgres?.stop();
});

async function sessionsLike(sql: string): Promise<readonly (string | null)[]> {
  const watcher = await WireClient.connect(postgres.port, { user: 'postgres', database: 'postgres' });
  const answer = await watcher.ask(
    query(
      `SELECT wait_event FROM pg_stat_activity WHERE state = 'active' AND query LIKE '${sql}%' AND pid <> pg_backend_pid()`,
    ),
  );
  watcher.end();
  return rowsOf(answer).map(([event]) => event ?? null);
}

for (const [name, format] of [
  ['text', 0],
  ['binary', 1],
] as const) {
  test(`promise 4: a large result in ${name} comes through threads complete, in order, and equal to one masked in place`, async () => {
    const client = await WireClient.connect(lanes.sluice.port);
    const other = await WireClient.connect(inline.port);
    const masked = await rowsBy(client, SQL, format);
    const expected = await rowsBy(other, SQL, format);
    assert.equal(lanes.pools(), 1);
    assert.deepEqual(commandsOf(masked), [`SELECT ${NOTES_ROWS}`]);
    assert.equal(tagsOf(masked), tagsOf(expected));
    assert.ok(masked.every(({ body }, n) => body.equals(expected[n]?.body ?? Buffer.alloc(0))));
    assert.ok(!shows(masked));
    client.end();
    other.end();
  });
}

test('however the server cuts its bytes, the same comes out', async () => {
  const dribble = await startDribble(postgres.port, [1, 7, 4099, 3, 65_521, 5]);
  const cut = await startLanes(postgres.url().replace(`:${postgres.port}`, `:${dribble.port}`));
  const client = await WireClient.connect(cut.sluice.port);
  const other = await WireClient.connect(inline.port);
  const masked = await client.ask(query(SQL));
  const expected = await other.ask(query(SQL));
  assert.equal(cut.pools(), 1);
  assert.equal(masked.length, expected.length);
  assert.ok(masked.every(({ body }, n) => body.equals(expected[n]?.body ?? Buffer.alloc(0))));
  client.end();
  other.end();
  await cut.sluice.stop();
  dribble.close();
});

test('promise 5: a limit within a result that threads mask gives exactly its rows, then the error', async () => {
  const policy = `${DETECTING_POLICY}rules:\n  - { name: few, then: { limit: { rows: 12345 } } }\n`;
  const limited = await startLanes(postgres.url(), {}, { policy });
  const client = await WireClient.connect(limited.sluice.port);
  const answer = await client.ask(query(SQL));
  assert.equal(limited.pools(), 1);
  assert.deepEqual(
    rowsOf(answer).map(([id]) => Number(id)),
    Array.from({ length: 12_345 }, (_, n) => n + 1),
  );
  assert.ok(!shows(answer));
  assert.equal(errorAmong(answer)?.['C'], '54000');
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  client.end();
  await limited.sluice.stop();
});

test('two large results behind each other in one pipeline, and in one query', async () => {
  const client = await WireClient.connect(lanes.sluice.port);
  const backwards = `${SQL} DESC`;
  client.send(extended(SQL, 0), extended(backwards, 1), extended('SELECT 7', 0), sync());
  const piped = await client.until('Z');
  assert.deepEqual(commandsOf(piped), [`SELECT ${NOTES_ROWS}`, `SELECT ${NOTES_ROWS}`, 'SELECT 1']);
  const joined = await client.ask(query(`${SQL}; ${backwards}; SELECT 7`));
  assert.deepEqual(commandsOf(joined), commandsOf(piped));
  for (const answer of [piped, joined]) {
    assert.ok(!shows(answer));
    assert.equal(
      tagsOf(answer).replaceAll(/[12T]/g, ''),
      `${'D'.repeat(NOTES_ROWS)}C`.repeat(2).concat('DCZ'),
    );
  }
  const ids = rowsOf(joined).map(([id]) => Number(id));
  assert.deepEqual(ids.slice(0, 2), [1, 2]);
  assert.deepEqual(ids.slice(NOTES_ROWS, NOTES_ROWS + 2), [NOTES_ROWS, NOTES_ROWS - 1]);
  client.end();
});

test('an error in the middle of a result comes behind all of its rows', async () => {
  const client = await WireClient.connect(lanes.sluice.port);
  const answer = await client.ask(
    query('SELECT email, ssn, 1 / (id - 15000) FROM (SELECT * FROM notes ORDER BY id OFFSET 0) AS sorted'),
  );
  assert.equal(rowsOf(answer).length, 14_999);
  assert.ok(!shows(answer));
  assert.equal(errorAmong(answer)?.['C'], '22012');
  assert.match(tagsOf(answer), /^TD+EZ$/);
  client.end();
});

test('a cancellation during it ends it with the server’s error, behind rows that are masked', async () => {
  const client = await WireClient.connect(lanes.sluice.port);
  const key = client.greeting.find(({ tag }) => tag === 'K')?.body ?? Buffer.alloc(8);
  client.send(query('SELECT a.* FROM notes a, generate_series(1, 1000)'));
  const first = await client.next();
  const canceller = await WireClient.dial(lanes.sluice.port);
  canceller.send(cancelRequest(key.readInt32BE(0), key.subarray(4)));
  const rest = await client.until('Z');
  assert.equal(first.tag, 'T');
  assert.ok(!shows(rest));
  assert.equal(errorAmong(rest)?.['C'], '57014');
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  canceller.end();
  client.end();
});

test('promise 13: a client that leaves in the middle leaves nothing behind, and nobody notices', async () => {
  const sql = 'SELECT b.* FROM notes b, generate_series(1, 1000)';
  const leaving = await Promise.all([0, 1, 2].map(() => WireClient.connect(lanes.sluice.port)));
  for (const client of leaving) {
    client.send(query(sql));
    await client.next();
    client.end();
  }
  const client = await WireClient.connect(lanes.sluice.port);
  assert.equal(rowsOf(await client.ask(query(SQL))).length, NOTES_ROWS);
  await until(async () => (await sessionsLike(sql)).length === 0, 'the server to be rid of them');
  client.end();
});

test('promise 9: a reader that stops holds the server back, memory stays, and the rest comes when it reads on', async (context) => {
  const slow = await startSluiceProcess({ upstream: postgres.url(), policy: DETECTING_POLICY });
  context.after(() => slow.remove());
  const times = 12;
  const sql = `SELECT c.* FROM notes c, generate_series(1, ${times})`;
  const client = await WireClient.connect(slow.port, { database: 'postgres' });
  // Once before, so that threads have started and code is compiled.
  assert.equal(rowsOf(await client.ask(query(SQL))).length, NOTES_ROWS);
  const allowedBytes = slow.rssBytes() + 64 * MIB;
  client.socket.pause();
  client.send(query(sql));
  const held = async () => (await sessionsLike(sql))[0] === 'ClientWrite';
  await until(held, 'the server to be held back');
  const other = await WireClient.connect(slow.port);
  assert.equal(rowsOf(await other.ask(query(SQL))).length, NOTES_ROWS);
  // The first time may be between two reads of Sluice; a result let through would never be held again.
  await until(held, 'the server to be held back still');
  client.socket.resume();
  let rows = 0;
  let message = await client.next();
  for (; message.tag !== 'Z'; message = await client.next()) if (message.tag === 'D') rows++;
  assert.equal(rows, times * NOTES_ROWS);
  assert.ok(slow.rssBytes() < allowedBytes, `${slow.rssBytes() / MIB} of ${allowedBytes / MIB} MiB`);
  client.end();
  other.end();
});
