/** How a session begins, in all the forms that clients and attackers have for it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { GSSENC_REQUEST, query, request, SSL_REQUEST, startup } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { errorOf, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const AGENT = { user: 'agent', database: 'shop' };
let certificates: Certificates;
let postgres: PostgresServer;
/** TLS offered, no password. */
let open: Sluice;
/** TLS required, three connections at most, little time to start. */
let strict: Sluice;

before(async () => {
  certificates = makeCertificates();
  postgres = await startPostgres();
  const admin = new pg.Client({ connectionString: postgres.url() });
  await admin.connect();
  await admin.query('CREATE DATABASE shop');
  await admin.end();
  const { certificate, key } = certificates;
  const upstream = postgres.url('shop');
  open = await startSluice({ upstream, listener: `tls: { cert: "${certificate}", key: "${key}" }` });
  strict = await startSluice({
    upstream,
    listener: `tls: { cert: "${certificate}", key: "${key}", mode: required }, timeouts: { handshake: 400ms }`,
    config: 'limits: { connections: 3 }',
  });
});

after(async () => {
  await open?.stop();
  await strict?.stop();
  await postgres?.stop();
  certificates?.remove();
});

/** What the other side says to bytes sent on a new connection, up to its end. */
async function answerTo(port: number, ...bytes: Buffer[]) {
  const client = await WireClient.dial(port);
  client.send(...bytes);
  const messages = await client.toEnd();
  client.end();
  return { tags: tagsOf(messages), error: errorOf(messages.at(-1)) };
}

/** A TLS client on top of a connection that has agreed on it, or from the first byte. */
async function secured(client: WireClient, options: tls.ConnectionOptions = {}): Promise<WireClient> {
  client.socket.removeAllListeners('data');
  const socket = tls.connect({
    socket: client.socket,
    ca: readFileSync(certificates.authority),
    host: '127.0.0.1',
    ...options,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return new WireClient(socket);
}

async function expectSession(client: WireClient, parameters: Readonly<Record<string, string>> = AGENT) {
  client.send(startup(parameters));
  assert.match(tagsOf(await client.until('Z')), /^RS+KZ$/);
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  client.end();
}

test('SSLRequest is answered S, and the session goes on over TLS', async () => {
  const client = await WireClient.dial(open.port);
  client.send(SSL_REQUEST);
  assert.equal(String(await client.bytes(1)), 'S');
  await expectSession(await secured(client));
});

test('TLS from the first byte with ALPN postgresql; without ALPN it is refused', async () => {
  const client = await WireClient.dial(open.port);
  const alpn = await secured(client, { ALPNProtocols: ['postgresql'] });
  await expectSession(alpn);
  const blind = await secured(await WireClient.dial(open.port));
  blind.send(startup(AGENT));
  assert.equal(tagsOf(await blind.toEnd()), '');
});

test('GSSENCRequest is answered N; SSLRequest or a clear session may follow', async () => {
  const client = await WireClient.dial(open.port);
  client.send(GSSENC_REQUEST);
  assert.equal(String(await client.bytes(1)), 'N');
  client.send(SSL_REQUEST);
  assert.equal(String(await client.bytes(1)), 'S');
  await expectSession(await secured(client));
  const clear = await WireClient.dial(open.port);
  clear.send(GSSENC_REQUEST);
  assert.equal(String(await clear.bytes(1)), 'N');
  await expectSession(clear);
});

test('promise 1: bytes that came in the clear behind SSLRequest are not taken into the session (CVE-2021-23222)', async () => {
  const injected = await answerTo(open.port, SSL_REQUEST, startup(AGENT));
  assert.equal(injected.tags, 'E');
  assert.equal(injected.error['C'], '08P01');
});

test('a listener that requires TLS refuses a clear session with a native error, and serves one over TLS', async () => {
  const { tags, error } = await answerTo(strict.port, startup(AGENT));
  assert.equal(tags, 'E');
  assert.equal(error['C'], '28000');
  assert.match(error['D'] ?? '', /sslmode=require/);
  const client = await WireClient.dial(strict.port);
  client.send(SSL_REQUEST);
  assert.equal(String(await client.bytes(1)), 'S');
  await expectSession(await secured(client));
});

test('protocol versions: 3.2 has long cancel keys, newer minors and unknown options are negotiated away', async () => {
  for (const [version, secretBytes] of [
    [0x30000, 4],
    [0x30002, 32],
  ] as const) {
    const client = await WireClient.dial(open.port);
    client.send(startup(AGENT, version));
    const greeting = await client.until('Z');
    assert.match(tagsOf(greeting), /^RS+KZ$/);
    assert.equal(greeting.find(({ tag }) => tag === 'K')?.body.length, 4 + secretBytes);
    client.end();
  }
  const wanted = { ...AGENT, '_pq_.compression': 'lz4', '_pq_.other': '1' };
  for (const version of [0x30063, 0x30000, 0x30002]) {
    const [through, direct] = await Promise.all([
      negotiated(open.port, startup(wanted, version)),
      negotiated(postgres.port, startup({ ...wanted, user: 'postgres' }, version)),
    ]);
    assert.deepEqual(through, direct, `version ${version.toString(16)}`);
  }
});

/** The NegotiateProtocolVersion message that a start-up packet gets. */
async function negotiated(port: number, packet: Buffer): Promise<string | undefined> {
  const client = await WireClient.dial(port);
  client.send(packet);
  const greeting = await client.until('Z');
  client.end();
  return greeting.find(({ tag }) => tag === 'v')?.body.toString('latin1');
}

test('other major versions get a native error', async () => {
  for (const version of [0x20000, 0x40000]) {
    const { tags, error } = await answerTo(open.port, startup(AGENT, version));
    assert.equal(tags, 'E');
    assert.equal(error['C'], '0A000');
  }
});

test('promise 1: start-up parameters that are not on the list are refused, those that are reach the server', async () => {
  const refused: Record<string, string>[] = [
    { replication: 'true' },
    { replication: 'database' },
    { session_preload_libraries: 'x' },
    { options: '-c session_replication_role=replica' },
    { options: '-c role=postgres' },
    { options: '--session-authorization=postgres' },
    { options: '-d 5' },
    { options: '-c' },
    { role: 'postgres' },
    { standard_conforming_strings: 'off' },
    { client_encoding: 'LATIN1' },
    { options: '-c client_encoding=sjis' },
    { options: '-cstandard_conforming_strings=off' },
  ];
  for (const parameters of refused) {
    const { tags, error } = await answerTo(open.port, startup({ ...AGENT, ...parameters }));
    assert.equal(tags, 'E', JSON.stringify(parameters));
    assert.equal(error['C'], '0A000', JSON.stringify(parameters));
    assert.equal(error['S'], 'FATAL');
  }
  const allowed = await WireClient.connect(open.port, {
    application_name: 'tested',
    options: '-c statement_timeout=5s --search-path=pg_catalog\\ ,public -cextra_float_digits=2',
    DateStyle: 'German',
  });
  const shown = await allowed.ask(
    query(
      "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('search_path'), current_setting('datestyle')",
    ),
  );
  assert.deepEqual(rowsOf(shown), [['tested', '5s', 'pg_catalog ,public', 'German, DMY']]);
  allowed.end();
});

test('bad start-up packets: huge, 2 GB, too short, without a user, unterminated, duplicate parameters', async () => {
  const huge = Buffer.alloc(4);
  huge.writeUInt32BE(0x7fffffff);
  const negative = Buffer.from([0xff, 0xff, 0xff, 0xff]);
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['larger than 10,000 bytes', startup({ ...AGENT, application_name: 'x'.repeat(10_000) }), '08P01'],
    ['2 GB', huge, '08P01'],
    ['negative', negative, '08P01'],
    ['of 4 bytes', Buffer.from([0, 0, 0, 4]), '08P01'],
    ['of 0 bytes', Buffer.alloc(4), '08P01'],
    ['without a user', startup({ database: 'shop' }), '0A000'],
    ['with an empty user', startup({ user: '', database: 'shop' }), '0A000'],
    ['without a last terminator', request(0x30000, Buffer.from('user\0agent\0')), '08P01'],
    ['with a name alone', request(0x30000, Buffer.from('user\0agent\0data')), '08P01'],
    ['with bytes behind its end', request(0x30000, Buffer.from('user\0agent\0\0rest')), '08P01'],
    ['a cancel request without a key', request(80877102, Buffer.alloc(4)), '08P01'],
    ['SSLRequest with a body', request(80877103, Buffer.alloc(4)), '08P01'],
    ['in HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), '08P01'],
  ];
  for (const [what, bytes, sqlstate] of cases) {
    const { tags, error } = await answerTo(open.port, bytes);
    assert.equal(tags, 'E', what);
    assert.equal(error['C'], sqlstate, what);
  }
  // As with the server, the last of duplicates counts.
  const pairs = Buffer.from('user\0nobody\0user\0agent\0database\0other\0database\0shop\0\0');
  const client = await WireClient.dial(open.port);
  client.send(request(0x30000, pairs));
  assert.match(tagsOf(await client.until('Z')), /Z$/);
  client.end();
});

test('another database is refused as the server would', async () => {
  const { error } = await answerTo(open.port, startup({ user: 'agent', database: 'postgres' }));
  assert.equal(error['C'], '3D000');
  assert.equal(error['S'], 'FATAL');
});

test('start-up byte by byte', async () => {
  const client = await WireClient.dial(open.port);
  for (const byte of startup(AGENT)) {
    client.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(tagsOf(await client.until('Z')), /^RS+KZ$/);
  client.end();
});

test('promise 13: a handshake that takes too long ends, in every phase of it', async () => {
  const begun: Buffer[][] = [[], [Buffer.from([0, 0])], [SSL_REQUEST]];
  const clients = await Promise.all(
    begun.map(async (bytes) => {
      const client = await WireClient.dial(strict.port);
      if (bytes.length > 0) client.send(...bytes);
      return client;
    }),
  );
  for (const client of clients) {
    await closing(client);
    client.end();
  }
});

async function closing(client: WireClient): Promise<void> {
  while (!client.closed) await Promise.race([client.bytes(1).catch(() => {})]);
}

test('promise 13: connections beyond the limit are told so, and room is made when one leaves', async () => {
  const secure = async () => {
    const client = await WireClient.dial(strict.port);
    client.send(SSL_REQUEST);
    assert.equal(String(await client.bytes(1)), 'S');
    return secured(client);
  };
  const sessions: WireClient[] = [];
  for (let n = 0; n < 3; n++) {
    const client = await secure();
    client.send(startup(AGENT));
    assert.match(tagsOf(await client.until('Z')), /Z$/);
    sessions.push(client);
  }
  const late = await secure();
  late.send(startup(AGENT));
  const refused = await late.toEnd();
  assert.equal(tagsOf(refused), 'E');
  assert.equal(errorOf(refused[0])['C'], '53300');
  sessions.pop()?.end();
  const deadline = Date.now() + 5000;
  for (;;) {
    const next = await secure();
    next.send(startup(AGENT));
    const greeting = await next.until('Z');
    next.end();
    if (greeting.at(-1)?.tag === 'Z') break;
    assert.ok(Date.now() < deadline, 'the place of a session that left is not given away');
  }
  for (const client of sessions) client.end();
});
