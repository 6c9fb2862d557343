/** Records of a journal on their way to other systems: every format, every way, and what a receiver that fails costs. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { isObject, type JsonObject, parseJson } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { makeCertificates } from '../support/certificates.ts';
import { sluice as command } from '../support/command-line.ts';
import { startProcess } from '../support/process.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const POLICY = `
default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
  - { name: big-results, when: { groups: [agents] }, then: { limit: { rows: 10 } } }
`;
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

let postgres: PostgresServer;
let sluice: Sluice;
let scratch: string;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'sluice-export-'));
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY, journal: 'responses: whole' });
  const client = new Client({ connectionString: sluice.url('agent'), application_name: 'exporter' });
  await client.connect();
  await client.query("SELECT name, 'line\nbreak é' AS note FROM shop.customers WHERE id = 7");
  await assert.rejects(client.query('DROP TABLE shop.orders'));
  await assert.rejects(client.query('SELECT id FROM shop.orders LIMIT 50'));
  await client.query("UPDATE shop.orders SET note = 'x' WHERE id = 1");
  await client.end();
  const stranger = new Client({ connectionString: sluice.url('stranger').replace(/\/shop$/, '/elsewhere') });
  await assert.rejects(stranger.connect());
  await until(
    () =>
      ['session-end', 'login-refused'].every((type) => sluice.records().some((one) => one['type'] === type)),
    'the end of the session',
  );
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function objectsIn(text: string): readonly JsonObject[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const value = parseJson(line);
      assert.ok(isObject(value));
      return value;
    });
}

async function exported(...options: readonly string[]): Promise<string> {
  const { code, out, error } = await command(['export', sluice.journalDirectory, ...options]);
  assert.deepEqual([code, error], [0, '']);
  return out;
}

function portOf(address: AddressInfo | string | null): number {
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

test('JSON Lines: each record, with who is behind its session; responses only where asked for', async () => {
  const events = objectsIn(await exported());
  const types = events.map(({ type }) => type);
  for (const type of ['session-start', 'statement', 'denied', 'result', 'session-end', 'login-refused'])
    assert.ok(types.includes(type), String(type));
  assert.ok(!types.includes('response'));
  const denied = events.find(({ type }) => type === 'denied');
  assert.deepEqual(
    [denied?.['text'], denied?.['principal'], denied?.['listener'], denied?.['client']],
    ['DROP TABLE shop.orders', 'agent', 'shop', '127.0.0.1'],
  );
  assert.ok(objectsIn(await exported('--responses')).some(({ type }) => type === 'response'));
  assert.deepEqual(
    objectsIn(await exported('--type', 'denied', '--since', '1h')).map(({ type }) => type),
    ['denied'],
  );
  assert.equal(await exported('--until', '1h'), '');
});

/** What OCSF 1.3 requires of each class, beside what it requires of every event. */
const REQUIRED: ReadonlyMap<number, readonly string[]> = new Map([
  [6005, ['actor', 'src_endpoint', 'database']],
  [3002, ['user', 'service', 'dst_endpoint']],
  [6003, ['actor', 'api', 'src_endpoint']],
]);
const REQUIRED_OF_ALL = [
  'activity_id',
  'category_uid',
  'class_uid',
  'type_uid',
  'severity_id',
  'time',
  'metadata',
];

test('OCSF: the classes that fit, with all that they require', async () => {
  const events = objectsIn(await exported('--format', 'ocsf'));
  for (const event of events) {
    const required = REQUIRED.get(Number(event['class_uid']));
    assert.ok(required !== undefined, JSON.stringify(event));
    for (const name of [...REQUIRED_OF_ALL, ...required])
      assert.ok(event[name] !== undefined, `${name} is missing`);
    assert.equal(event['type_uid'], Number(event['class_uid']) * 100 + Number(event['activity_id']));
    assert.equal(Math.floor(Number(event['class_uid']) / 1000), event['category_uid']);
    assert.ok(Number.isSafeInteger(event['time']));
    const { metadata } = event;
    assert.ok(metadata !== undefined && isObject(metadata) && isObject(metadata['product'] ?? null));
    assert.equal(metadata['version'], '1.3.0');
  }
  const kinds = events.map((event) => `${event['type_name']} ${event['status']} ${event['disposition']}`);
  assert.deepEqual(
    [...new Set(kinds)].toSorted(),
    [
      'Authentication: Logoff Success Allowed',
      'Authentication: Logon Failure Blocked',
      'Authentication: Logon Success Allowed',
      'Datastore Activity: Delete Failure Blocked',
      'Datastore Activity: Query Failure Blocked',
      'Datastore Activity: Query Success Allowed',
      'Datastore Activity: Update Success Allowed',
    ].toSorted(),
  );
  const drop = events.find(({ activity_name }) => activity_name === 'Delete');
  assert.ok(
    drop !== undefined && isObject(drop['query_info'] ?? null) && isObject(drop['firewall_rule'] ?? null),
  );
  assert.match(JSON.stringify(drop), /"query_string":"DROP TABLE shop\.orders"/);
  assert.match(JSON.stringify(drop), /"firewall_rule":\{"name":"no-destruction"/);
  const uids = events.map(({ metadata }) =>
    metadata !== undefined && isObject(metadata) ? metadata['uid'] : null,
  );
  assert.equal(new Set(uids).size, uids.length);
});

/** The messages of a stream of octet-counted frames (RFC 6587, 3.4.1). */
function unframed(bytes: Buffer): readonly string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('ascii', at, space));
    assert.ok(Number.isSafeInteger(length) && length > 0 && space + 1 + length <= bytes.length);
    messages.push(bytes.toString('utf8', space + 1, space + 1 + length));
    at = space + 1 + length;
  }
  return messages;
}

const SYSLOG = /^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ sluice - (\S+) - (\{.*\})$/;

function checkSyslog(messages: readonly string[]): void {
  const parts = messages.map((message) => SYSLOG.exec(message));
  assert.ok(parts.every((part) => part !== null));
  const denied = parts.find((part) => part?.[2] === 'denied');
  assert.equal(denied?.[1], String(13 * 8 + 4));
  assert.ok(isObject(parseJson(denied?.[3] ?? '')));
  assert.ok(parts.some((part) => part?.[2] === 'statement' && part[1] === String(13 * 8 + 6)));
}

test('syslog over TCP and TLS: framed by octets, whatever is in a statement', async () => {
  const certificates = makeCertificates();
  for (const scheme of ['tcp', 'tls'] as const) {
    const chunks: Buffer[] = [];
    const take = (socket: net.Socket) => socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
    const server =
      scheme === 'tcp'
        ? net.createServer(take)
        : tls.createServer(
            { cert: readFileSync(certificates.certificate), key: readFileSync(certificates.key) },
            take,
          );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ca = certificates.authority;
    const to = `${scheme}://localhost:${portOf(server.address())}`;
    await exported('--format', 'syslog', '--to', to, ...(scheme === 'tls' ? ['--ca', ca] : []));
    const closed = once(server, 'close');
    server.close();
    await closed;
    checkSyslog(unframed(Buffer.concat(chunks)));
  }
  certificates.remove();
});

test('syslog over UDP: a datagram for each message', async () => {
  const socket = createSocket('udp4');
  const messages: string[] = [];
  socket.on('message', (message) => messages.push(message.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const lines = (await exported('--format', 'syslog')).split('\n').length - 1;
  await exported('--format', 'syslog', '--to', `udp://127.0.0.1:${socket.address().port}`);
  await until(() => messages.length === lines, 'all datagrams');
  checkSyslog(messages);
  socket.close();
});

test('HTTP: a batch that is refused for now is sent again, and a cursor goes on where the receiver is', async () => {
  const bodies: string[] = [];
  const answers = [503, 429, 200, 200];
  let authorization: string | undefined;
  const server = createHttp((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      authorization = request.headers.authorization;
      const status = answers.shift() ?? 500;
      if (status === 200) bodies.push(body);
      response.writeHead(status).end();
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const to = `http://127.0.0.1:${portOf(server.address())}/ingest`;
  const cursor = join(scratch, 'cursor.json');
  const args = ['export', sluice.journalDirectory, '--to', to, '--cursor', cursor];
  const first = await command(args, { environment: { SLUICE_EXPORT_AUTHORIZATION: 'Bearer 1234' } });
  assert.deepEqual([first.code, authorization], [0, 'Bearer 1234']);
  assert.match(first.error, /not delivered yet, and tried again: the receiver answered 503/);
  assert.equal(bodies.join(''), await exported());
  const again = await command(args);
  assert.deepEqual([again.code, bodies.length], [0, 1]);
  answers.splice(0, answers.length, 400);
  const refused = await command([
    'export',
    sluice.journalDirectory,
    '--to',
    to,
    '--cursor',
    join(scratch, 'other.json'),
  ]);
  assert.equal(refused.code, 2);
  assert.match(refused.error, /not delivered: the receiver answered 400/);
  assert.throws(() => readFileSync(join(scratch, 'other.json')), /ENOENT/);
  server.closeAllConnections();
  server.close();
});

test('--follow goes on with what is written, over a receiver that goes and comes, and nothing is missed', async () => {
  const file = join(scratch, 'followed.jsonl');
  const cursor = join(scratch, 'follow.json');
  const follower = () =>
    startProcess(process.execPath, [
      MAIN,
      'export',
      sluice.journalDirectory,
      '--to',
      file,
      '--cursor',
      cursor,
      '--follow',
    ]);
  const texts = () => {
    try {
      return objectsIn(readFileSync(file, 'utf8')).map(({ text }) => text);
    } catch {
      return [];
    }
  };
  const ask = async (text: string) => {
    const client = new Client({ connectionString: sluice.url('dba') });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  const one = follower();
  await ask('SELECT 1 AS followed');
  await until(() => texts().includes('SELECT 1 AS followed'), 'the first statement', 20_000);
  one.child.kill('SIGTERM');
  assert.equal(await one.ended, 0);
  await ask('SELECT 2 AS followed');
  const two = follower();
  await until(() => texts().includes('SELECT 2 AS followed'), 'the second statement', 20_000);
  two.child.kill('SIGTERM');
  assert.equal(await two.ended, 0);
  const numbers = objectsIn(readFileSync(file, 'utf8'))
    .filter(({ type }) => type !== 'result')
    .map(({ n }) => Number(n));
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((left, right) => left - right),
  );
});

test('places and formats that are none', async () => {
  for (const [args, expected] of [
    [['--format', 'cef'], /expected jsonl, ocsf or syslog for --format, not "cef"/],
    [['--to', 'ftp://x'], /expected a file, or tcp:\/\//],
    [['--to', 'udp://127.0.0.1:1'], /expected --format syslog for udp:/],
    [['--cursor', fileURLToPath(import.meta.url)], /is no cursor of an export/],
  ] as const) {
    const { code, error } = await command(['export', sluice.journalDirectory, ...args]);
    assert.equal(code, 2);
    assert.match(error, expected);
  }
});
