/** The database fails in every way a database can: the client gets an error that it understands, in time. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { freePort } from '../../src/demo/private-server.ts';
import { bind, execute, parse, query, startup, sync } from '../support/frontend.ts';
import { startRelay } from '../support/relay.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { errorAmong, errorOf, rowsOf, tagsOf, WireClient, type WireMessage } from '../support/wire-client.ts';

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});

after(async () => {
  await postgres?.stop();
});

/** A TCP server that is no database: `answer` says what it does with each connection. */
async function fake(
  answer: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly server: Server; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    server,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Sluice whose catalog comes from a real server and whose sessions go to another address. */
function sluiceTo(port: number, listener = '', policy = 'default: allow\n'): Promise<Sluice> {
  return startSluice({
    upstream: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    listener: `catalog: { upstream: "${postgres.url()}" }${listener === '' ? '' : `, ${listener}`}`,
    policy,
    drain: '100ms',
  });
}

async function login(port: number): Promise<WireMessage[]> {
  const client = await WireClient.dial(port);
  client.send(startup({ user: 'agent', database: 'shop' }));
  return client.toEnd();
}

test('an upstream that refuses the connection: 08001, and nothing about its address', async (context) => {
  const sluice = await sluiceTo(await freePort());
  context.after(() => sluice.stop());
  const told = await login(sluice.port);
  assert.equal(tagsOf(told), 'E');
  assert.equal(errorOf(told[0])['C'], '08001');
  assert.equal(errorOf(told[0])['S'], 'FATAL');
  assert.doesNotMatch(JSON.stringify(errorOf(told[0])), /127\.0\.0\.1|ECONN/);
  assert.match(sluice.log(), /ECONNREFUSED/);
});

test('an upstream that accepts and says nothing: an error within the handshake time', async (context) => {
  const silent = await fake(() => {});
  const sluice = await sluiceTo(silent.port, 'timeouts: { handshake: 300ms }');
  context.after(async () => {
    await sluice.stop();
    silent.close();
  });
  const begun = performance.now();
  const told = await login(sluice.port);
  assert.equal(errorOf(told[0])['C'], '08001');
  assert.ok(performance.now() - begun < 2_000);
  assert.equal(sluice.server.sessions.size, 0);
});

test('an upstream that hangs after it asked for a password', async (context) => {
  const silent = await fake((socket) =>
    socket.once('data', () => socket.write(Buffer.from('520000000800000003', 'hex'))),
  );
  const sluice = await startSluice({
    upstream: `postgres://postgres:x@127.0.0.1:${silent.port}/postgres?sslmode=disable`,
    listener: `catalog: { upstream: "${postgres.url()}" }, timeouts: { handshake: 300ms }`,
  });
  context.after(async () => {
    await sluice.stop();
    silent.close();
  });
  const told = await login(sluice.port);
  // A password in clear text is not sent without TLS, whoever asks.
  assert.equal(errorOf(told[0])['C'], '08004');
});

test('an upstream that closes at once, and one that speaks something else', async (context) => {
  for (const [answer, sqlstate] of [
    [(socket: Socket) => socket.end(), '08006'],
    [(socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')), '08P01'],
    [(socket: Socket) => socket.once('data', () => socket.resetAndDestroy()), '08006'],
  ] as const) {
    const other = await fake(answer);
    const sluice = await sluiceTo(other.port);
    const told = await login(sluice.port);
    assert.equal(errorOf(told[0])['C'], sqlstate);
    await sluice.stop();
    other.close();
  }
  context.diagnostic('closed, HTTP, reset');
});

test('an upstream that falls silent in a statement: cancelled at the statement timeout, then given up', async (context) => {
  const relay = await startRelay(postgres.port);
  const sluice = await sluiceTo(relay.port, 'timeouts: { statement: 200ms }');
  context.after(async () => {
    await sluice.stop();
    relay.close();
  });
  const client = await WireClient.connect(sluice.port);
  const untouched = await WireClient.connect(sluice.port);
  await client.ask(query('SELECT 1'));
  client.send(query("SELECT g, repeat('x', 1000) FROM generate_series(1, 1000000) AS g"));
  await client.next('a row description');
  relay.hang();
  const begun = performance.now();
  // Another session's first statement needs an answer to a question of Sluice's own first.
  untouched.send(query('SELECT 1'));
  assert.equal(errorOf((await untouched.toEnd()).at(-1))['C'], '08006');
  await until(() => client.closed, 'the end of the session');
  assert.ok(performance.now() - begun < 8_000, `${performance.now() - begun} ms`);
  assert.equal(sluice.server.sessions.size, 0);
});

test('a statement timeout with a server that listens: 57014, the session goes on', async (context) => {
  const sluice = await startSluice({ upstream: postgres.url(), listener: 'timeouts: { statement: 300ms }' });
  context.after(() => sluice.stop());
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query('SELECT pg_sleep(30)'));
  assert.equal(tagsOf(answer).replace('T', ''), 'EZ');
  assert.equal(errorAmong(answer)?.['C'], '57014');
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 2'))), [['2']]);
  const extended = await client.ask(parse('', 'SELECT pg_sleep(30)'), bind('', ''), execute(), sync());
  assert.equal(errorAmong(extended)?.['C'], '57014');
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 3'))), [['3']]);
  client.end();
});

/** The answer to `SELECT repeat('x', 100) AS a FROM generate_series(1, 2)`: RowDescription, then rows. */
const DESCRIPTION_BYTES = 27;
const ROW_BYTES = 111;

for (const [where, bytes, tags] of [
  ['between two rows', DESCRIPTION_BYTES + ROW_BYTES, 'TDE'],
  ['in the header of a row', DESCRIPTION_BYTES + ROW_BYTES + 3, 'TDE'],
  ['in the middle of a row', DESCRIPTION_BYTES + ROW_BYTES + 50, 'TD'],
  ['in a message that is no row', DESCRIPTION_BYTES + 2 * ROW_BYTES + 8, 'TDDE'],
] as const) {
  test(`an upstream that is lost ${where}: the client never takes an error for data`, async (context) => {
    const relay = await startRelay(postgres.port);
    const sluice = await sluiceTo(relay.port);
    context.after(async () => {
      await sluice.stop();
      relay.close();
    });
    const client = await WireClient.connect(sluice.port);
    await client.ask(query('SELECT 1'));
    relay.cutAfter(bytes);
    const chunks: Buffer[] = [];
    client.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    client.send(query("SELECT repeat('x', 100) AS a FROM generate_series(1, 2)"));
    const told = await client.toEnd();
    assert.equal(tagsOf(told), tags);
    assert.equal(Buffer.concat(chunks).includes('08006'), tags.endsWith('E'));
  });
}

test('promise 13: an upstream killed in the middle of a result ends its sessions with an error, and others come when it is back', async (context) => {
  const own = await startPostgres();
  const sluice = await startSluice({ upstream: own.url() });
  context.after(async () => {
    await sluice.stop();
    await own.stop();
  });
  const idle = await WireClient.connect(sluice.port);
  const busy = await WireClient.connect(sluice.port);
  busy.send(query("SELECT repeat('x', 100000) FROM generate_series(1, 1000000)"));
  await busy.next('a row description');
  const first = await busy.next('a row');
  own.kill();
  // The error comes between two rows or not at all: inside of one it would pass for a part of it.
  for (const message of await busy.toEnd()) {
    if (message.tag === 'D') assert.equal(message.body.length, first.body.length, 'a row is whole');
    else assert.match(errorOf(message)['C'] ?? '', /^(08006|57P0[12])$/);
  }
  assert.match(errorAmong(await idle.toEnd())?.['C'] ?? '', /^(08006|57P0[12])$/);
  await until(() => sluice.server.sessions.size === 0, 'the sessions to end');
  const endings = () => sluice.records().filter(({ type }) => type === 'session-end');
  await until(() => endings().length === 2, 'the ends of the sessions in the journal');
  const ends = endings();
  assert.deepEqual([...new Set(ends.map(({ reason }) => reason))], ['upstream-lost']);
  const told = await login(sluice.port);
  assert.equal(errorOf(told[0])['C'], '08001');
});
