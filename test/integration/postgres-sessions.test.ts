/** What happens in a session besides questions and answers: COPY, notifications, cancels, timeouts, and its end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import {
  bind,
  cancelRequest,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  frame,
  parse,
  query,
  startup,
  sync,
  terminate,
} from '../support/frontend.ts';
import { described, type PostgresPair, startPair } from '../support/postgres-pair.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { commandsOf, errorAmong, errorOf, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const SCHEMA = `
CREATE TABLE items (id int PRIMARY KEY, name text, amount numeric);
CREATE FUNCTION warn(text) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', $1; END';
`;
let pair: PostgresPair;
let hasty: Sluice;
let admin: Client;

before(async () => {
  pair = await startPair(SCHEMA);
  hasty = await startSluice({
    upstream: pair.postgres.url('shop'),
    listener: 'timeouts: { statement: 300ms, idle: 800ms }',
  });
  admin = new Client({ connectionString: pair.postgres.url('shop') });
  await admin.connect();
});

after(async () => {
  await admin?.end();
  await hasty?.stop();
  await pair?.stop();
});

const through = () => WireClient.connect(pair.sluice.port);
const direct = () => WireClient.connect(pair.postgres.port, pair.direct);

/** Polls the real server until a query gives `true`. */
async function eventually(sql: string, what: string): Promise<void> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const { rows } = await admin.query<{ ok: boolean }>(`SELECT (${sql}) AS ok`);
    if (rows[0]?.ok === true) return;
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const running = (text: string, state = 'active') =>
  `SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%${text}%' AND state = '${state}' AND pid <> pg_backend_pid()`;
const gone = (text: string) =>
  `SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE '%${text}%' AND pid <> pg_backend_pid()`;

test('promise 10: COPY in and out in text, CSV and binary; broken off, refused and large', async () => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\tname ${n}\t${n / 4}\n`).join('');
  const chunks = Array.from({ length: Math.ceil(lines.length / 8000) }, (_, n) =>
    copyData(lines.slice(n * 8000, n * 8000 + 8000)),
  );
  const rounds: readonly (readonly Buffer[])[] = [
    [query('TRUNCATE items')],
    [query('COPY items FROM STDIN'), ...chunks, copyDone()],
    [query('SELECT count(*), sum(amount) FROM items')],
    [query('COPY (SELECT * FROM items ORDER BY id) TO STDOUT')],
    [query('COPY (SELECT * FROM items ORDER BY id) TO STDOUT (FORMAT binary)')],
    [
      query("COPY items FROM STDIN (FORMAT csv, NULL 'none')"),
      copyData('20001,"a, b",none\n'),
      copyData('20002,'),
      copyData('x,1\n'),
      copyDone(),
    ],
    [query('COPY items FROM STDIN'), copyData('30000\tx\t1\n'), copyFail('no more')],
    [
      query('COPY items FROM STDIN'),
      copyData('30000\tx\tno number\n'),
      copyData('30001\tx\t1\n'),
      copyDone(),
    ],
    [query('COPY items FROM STDIN'), copyData('1\tagain\t1\n'), copyDone()],
    [query('COPY nowhere FROM STDIN'), copyData('1\n'), copyDone()],
    [query('SELECT 1; COPY items (id) FROM STDIN; SELECT 2'), copyData('40000\n'), copyDone()],
    [
      query('COPY items (id) FROM STDIN; COPY items (id) FROM STDIN'),
      copyData('40001\n'),
      copyDone(),
      copyData('40002\n'),
      copyDone(),
    ],
    [
      parse('', 'COPY items (id) FROM STDIN'),
      bind('', ''),
      execute(),
      sync(),
      copyData('40003\n'),
      copyDone(),
      sync(),
    ],
    [copyData('stray'), copyDone(), query('SELECT count(*) FROM items')],
  ];
  const [a, b] = await Promise.all([direct(), through()]);
  for (const [n, round] of rounds.entries()) {
    const [expected, actual] = await Promise.all([a.ask(...round), b.ask(...round)]);
    assert.deepEqual(described(actual), described(expected), `round ${n}`);
  }
  a.end();
  b.end();
});

test('LISTEN and NOTIFY across sessions, also while idle and amid a transaction; notices at any time', async () => {
  const listener = await through();
  await listener.ask(query('LISTEN news'));
  const teller = await through();
  await teller.ask(query("NOTIFY news, 'first'"));
  const heard = await listener.next('a notification while idle');
  assert.equal(heard.tag, 'A');
  assert.match(heard.body.toString('latin1', 4), /^news\0first\0$/);
  await listener.ask(query('BEGIN'));
  await teller.ask(query("NOTIFY news, 'second'"));
  assert.equal(tagsOf(await listener.ask(query('SELECT 1'))), 'TDCZ');
  assert.equal(tagsOf(await listener.ask(query('COMMIT'))).replace('A', ''), 'CZ');
  const notice = await listener.ask(query("SELECT warn('careful')"));
  assert.match(tagsOf(notice), /N/);
  assert.equal(errorOf(notice.find(({ tag }) => tag === 'N'))['M'], 'careful');
  const changed = await listener.ask(query("SET application_name = 'renamed'; SET DateStyle = 'German'"));
  assert.deepEqual(
    changed
      .filter(({ tag }) => tag === 'S')
      .map(({ body }) => body.toString().split('\0')[0])
      .sort(),
    ['DateStyle', 'application_name'],
  );
  listener.end();
  teller.end();
});

test('portals come in pieces', async () => {
  const client = await through();
  const first = await client.ask(query('BEGIN'));
  assert.equal(tagsOf(first), 'CZ');
  client.send(
    parse('', 'SELECT n FROM generate_series(1, 5) n'),
    bind('p', ''),
    execute('p', 2),
    execute('p', 2),
    execute('p', 2),
    sync(),
  );
  const pieces = await client.until('Z');
  assert.equal(tagsOf(pieces), '12DDsDDsDCZ');
  assert.deepEqual(commandsOf(pieces), ['SELECT 1']);
  await client.ask(query('COMMIT'));
  client.end();
});

/** The key that a session may be cancelled with. */
function keyOf(client: WireClient): { processId: number; secret: Buffer } {
  const body = client.greeting.find(({ tag }) => tag === 'K')?.body ?? Buffer.alloc(8);
  return { processId: body.readInt32BE(0), secret: body.subarray(4) };
}

async function cancel(port: number, processId: number, secret: Buffer): Promise<void> {
  const canceller = await WireClient.dial(port);
  canceller.send(cancelRequest(processId, secret));
  await canceller.toEnd();
}

test('cancel works with keys of our own; wrong keys and the server’s own do nothing', async () => {
  const client = await through();
  const { processId, secret } = keyOf(client);
  client.send(query("SELECT pg_sleep(30), 'to be cancelled'"));
  await eventually(running('to be cancelled'), 'the statement runs');
  const { rows } = await admin.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE query LIKE '%to be cancelled%' AND pid <> pg_backend_pid()",
  );
  assert.notEqual(rows[0]?.pid, processId);
  await cancel(pair.sluice.port, processId, Buffer.from(secret).fill(0));
  await cancel(pair.sluice.port, processId + 1, secret);
  await cancel(pair.sluice.port, processId, Buffer.concat([secret, secret]));
  await cancel(pair.sluice.port, rows[0]?.pid ?? 0, secret);
  await eventually(running('to be cancelled'), 'wrong keys do nothing');
  await cancel(pair.sluice.port, processId, secret);
  const answer = await client.until('Z');
  assert.equal(errorAmong(answer)?.['C'], '57014');
  // What was asked behind the cancelled statement is not hit; a cancel while idle does nothing.
  for (let n = 0; n < 20; n++) {
    client.send(query("SELECT pg_sleep(30), 'again'"));
    await eventually(running('again'), 'the statement runs');
    void cancel(pair.sluice.port, processId, secret);
    client.send(query('SELECT 1'));
    const both = await client.until('Z', 2);
    assert.deepEqual(commandsOf(both), ['SELECT 1']);
  }
  await cancel(pair.sluice.port, processId, secret);
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 2'))), [['2']]);
  client.end();
});

test('statement and idle timeouts', async () => {
  const client = await WireClient.connect(hasty.port);
  const late = await client.ask(query('SELECT pg_sleep(30)'));
  assert.equal(errorAmong(late)?.['C'], '57014');
  assert.match(errorAmong(late)?.['M'] ?? '', /Sluice/);
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  const end = await client.toEnd();
  assert.equal(errorOf(end[0])['C'], '57P05');
  assert.equal(end.length, 1);
});

test('a server that ends the session says so itself, once; one that only goes away is reported', async () => {
  const [a, b] = await Promise.all([direct(), through()]);
  const ends: (readonly string[])[] = [];
  for (const client of [a, b]) {
    await client.ask(query("SELECT 'about to be terminated'"));
  }
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%about to be terminated%' AND pid <> pg_backend_pid()",
  );
  for (const client of [a, b]) ends.push(described(await client.toEnd()));
  assert.deepEqual(ends[1], ends[0]);
  const busy = await through();
  busy.send(query("SELECT pg_sleep(30), 'terminated amid it'"));
  await eventually(running('terminated amid it'), 'the statement runs');
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%terminated amid it%' AND pid <> pg_backend_pid()",
  );
  const end = await busy.toEnd();
  assert.equal(tagsOf(end), 'TE'.slice(end.length === 1 ? 1 : 0));
  assert.equal(errorOf(end.at(-1))['C'], '57P01');
});

test('Terminate ends the session at the server', async () => {
  const client = await through();
  await client.ask(query("SELECT 'soon over'"));
  client.send(terminate());
  await client.toEnd();
  await eventually(gone('soon over'), 'the upstream session is gone');
});

test('a client that vanishes amid a statement leaves nothing running at the server', async () => {
  const reset = await through();
  reset.send(query("SELECT pg_sleep(60), 'vanishes by reset'"));
  await eventually(running('vanishes by reset'), 'the statement runs');
  reset.socket.resetAndDestroy();
  await eventually(gone('vanishes by reset'), 'reset: the upstream session is gone');
  const closed = await through();
  closed.send(query("SELECT pg_sleep(60), 'vanishes by close'"));
  await eventually(running('vanishes by close'), 'the statement runs');
  closed.socket.destroy();
  await eventually(gone('vanishes by close'), 'close: the upstream session is gone');
});

test('a client that only closes its sending side reads the answer to what it asked', async () => {
  const client = await through();
  client.send(query("SELECT pg_sleep(0.3), 'half closed'"));
  client.socket.end();
  const answer = await client.until('Z');
  assert.equal(tagsOf(answer), 'TDCZ');
  await eventually(gone('half closed'), 'the upstream session is gone');
});

test('promise 1: FunctionCall is refused natively and the session goes on; replication commands are read as SQL', async () => {
  const client = await through();
  const call = frame('F', Buffer.from([0, 0, 0, 100, 0, 0, 0, 0, 0, 0]));
  const refused = await client.ask(call);
  assert.equal(tagsOf(refused), 'EZ');
  assert.equal(errorAmong(refused)?.['C'], '0A000');
  for (const text of ['IDENTIFY_SYSTEM', 'START_REPLICATION SLOT x LOGICAL 0/0', 'BASE_BACKUP']) {
    assert.equal(errorAmong(await client.ask(query(text)))?.['C'], '42601');
  }
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  client.end();
});

test('promise 1: message types that are not known end the session with a native error', async () => {
  for (const bytes of [
    frame('z'),
    frame('p', Buffer.from('x\0')),
    frame('\0'),
    frame('ÿ'),
    frame('R', Buffer.alloc(4)),
    frame('W'),
  ]) {
    const client = await through();
    client.send(bytes);
    const end = await client.toEnd();
    assert.equal(tagsOf(end), 'E', bytes.toString('latin1'));
    assert.equal(errorOf(end[0])['C'], '08P01');
    assert.equal(errorOf(end[0])['S'], 'FATAL');
  }
});

test('promise 9: a flood of messages whose answers nobody reads is bounded, and all of them are answered in the end', async () => {
  const client = await through();
  const count = 60_000;
  client.socket.pause();
  const flood = Buffer.concat([
    parse('s', 'SELECT 1'),
    ...Array.from({ length: count }, () => describe('S', 's')),
    sync(),
  ]);
  client.send(flood);
  client.socket.resume();
  const answer = await client.until('Z');
  assert.equal(answer.length, 1 + 2 * count + 1);
  const silent = await client.ask(flush(), sync());
  assert.equal(tagsOf(silent), 'Z');
  client.end();
});

test('early messages, sent along with the start-up packet, are kept for later', async () => {
  const client = await WireClient.dial(pair.sluice.port);
  client.send(startup({ user: 'agent', database: 'shop' }), query('SELECT 1'), query('SELECT 2'));
  assert.deepEqual(rowsOf(await client.until('Z', 3)), [['1'], ['2']]);
  client.end();
});
