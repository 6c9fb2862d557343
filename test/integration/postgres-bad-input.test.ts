/** Bytes that no client should send, in each state of a session: a native error or a close, and nobody else harmed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generator, mutatedStream, VALID, withWrongBody, withWrongLength } from '../fuzz/mutations.ts';
import { bind, copyData, frame, parse, query, startup, sync } from '../support/frontend.ts';
import { type PostgresPair, startPair } from '../support/postgres-pair.ts';
import { errorOf, rowsOf, tagsOf, WireClient, type WireMessage } from '../support/wire-client.ts';

const STREAMS = Number(process.env['SLUICE_FUZZ_STREAMS'] ?? 150);
const KNOWN_TAGS = /^[RSKZENATDCGHdcI123nstv]*$/;
let pair: PostgresPair;
let bystander: WireClient;
const crashes: unknown[] = [];
const onCrash = (error: unknown) => void crashes.push(error);

before(async () => {
  process.on('uncaughtException', onCrash);
  pair = await startPair('CREATE TABLE t (id int PRIMARY KEY, note text)', {
    users: '[ { name: agent } ]',
  });
  bystander = await WireClient.connect(pair.sluice.port);
});

after(async () => {
  bystander?.end();
  await pair?.stop();
  process.removeListener('uncaughtException', onCrash);
});

/** How a session is brought into each state. */
const STATES: Readonly<Record<string, readonly Buffer[]>> = {
  ready: [],
  'in a batch': [parse('s', 'SELECT $1::int, $2::text'), bind('p', 's', ['1', 'x'])],
  'in a transaction': [query('BEGIN')],
  'after an error': [parse('', 'SELECT nope')],
  'in a failed transaction': [query('BEGIN'), query('SELECT 1/0')],
  'in COPY FROM STDIN': [query('COPY t FROM STDIN'), copyData('1\tone\n')],
};

/** Everything that comes for bytes behind which the client stops sending; the connection has to end. */
async function afterwards(setUp: readonly Buffer[], bytes: Buffer): Promise<readonly WireMessage[]> {
  const client = await WireClient.connect(pair.sluice.port);
  client.send(...setUp, bytes);
  client.socket.end();
  const messages = await client.toEnd();
  client.end();
  return messages;
}

function assertSane(messages: readonly WireMessage[], what: string): void {
  assert.match(tagsOf(messages), KNOWN_TAGS, what);
  for (const message of messages.filter(({ tag }) => tag === 'E')) {
    const { C: sqlstate, M: text, R: routine } = errorOf(message);
    assert.match(sqlstate ?? '', /^[0-9A-Z]{5}$/, what);
    // The server has internal errors of its own for type numbers that do not exist.
    assert.ok(sqlstate !== 'XX000' || routine !== 'sluice', `${what}: ${text}`);
  }
}

async function assertUnharmed(): Promise<void> {
  assert.deepEqual(crashes, []);
  assert.deepEqual(rowsOf(await bystander.ask(query('SELECT 1'))), [['1']]);
}

/** Runs checks a few at a time. */
async function inTurns<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lanes = Array.from({ length: 8 }, async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await check(item);
  });
  await Promise.all(lanes);
}

for (const [state, setUp] of Object.entries(STATES)) {
  test(`promise 13: every message with its length wrong, ${state}`, async () => {
    await inTurns(VALID.flatMap(withWrongLength), async (bytes) => {
      assertSane(await afterwards(setUp, bytes), `${state}: ${bytes.toString('hex')}`);
    });
    await assertUnharmed();
  });

  test(`promise 13: unknown types, random bytes and truncated frames, ${state}`, async () => {
    const random = generator(1);
    const inputs = [
      ...Array.from({ length: 32 }, (_, n) => frame(String.fromCharCode(n * 8 + 1), Buffer.alloc(n))),
      ...Array.from({ length: 16 }, () =>
        Buffer.from(Array.from({ length: 60 }, () => Math.floor(random() * 256))),
      ),
      ...VALID.map((message) => message.subarray(0, message.length - 1)),
      ...VALID.map((message) => message.subarray(0, 3)),
    ];
    await inTurns(inputs, async (bytes) => {
      assertSane(await afterwards(setUp, bytes), `${state}: ${bytes.toString('hex')}`);
    });
    await assertUnharmed();
  });
}

test('promise 13: every count and length inside a message wrong is a native error and ends the session', async () => {
  await inTurns(VALID.flatMap(withWrongBody), async (bytes) => {
    assertSane(await afterwards([parse('s', 'SELECT $1::int, $2::text')], bytes), bytes.toString('hex'));
  });
  await assertUnharmed();
});

test('promise 13: streams of messages changed at random', async () => {
  const seeds = Array.from({ length: STREAMS }, (_, n) => n + 1);
  await inTurns(seeds, async (seed) => {
    assertSane(await afterwards([], mutatedStream(generator(seed))), `seed ${seed}`);
  });
  await assertUnharmed();
});

test('promise 9: a message said to be 2 GB long takes no memory, and messages in single bytes are read all the same', async () => {
  const before = process.memoryUsage().rss;
  const clients = await Promise.all(Array.from({ length: 50 }, () => WireClient.connect(pair.sluice.port)));
  for (const client of clients) {
    client.send(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(64 * 1024, 0x20));
  }
  for (const client of clients) {
    const refused = await client.next();
    assert.equal(errorOf(refused)['C'], '54000');
  }
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  for (const client of clients) client.end();
  const slow = await WireClient.connect(pair.sluice.port);
  for (const byte of Buffer.concat([query('SELECT 1'), parse('', 'SELECT 2'), bind('', ''), sync()])) {
    slow.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(tagsOf(await slow.until('Z', 2)), 'TDCZ12Z');
  slow.end();
});

test('promise 13: random bytes in place of a start-up packet', async () => {
  const random = generator(7);
  const good = startup({ user: 'agent', database: 'shop' });
  const inputs = [
    ...Array.from({ length: 60 }, (_, n) =>
      Buffer.from(Array.from({ length: n + 1 }, () => Math.floor(random() * 256))),
    ),
    ...Array.from({ length: 60 }, () => {
      const bytes = Buffer.from(good);
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return bytes;
    }),
  ];
  await inTurns(inputs, async (bytes) => {
    const client = await WireClient.dial(pair.sluice.port);
    client.send(bytes);
    client.socket.end();
    assertSane(await client.toEnd(), bytes.toString('hex'));
    client.end();
  });
  await assertUnharmed();
});

test('promise 13: hundreds of broken sessions leave nothing behind at the server', async () => {
  const server = await WireClient.connect(pair.postgres.port, pair.direct);
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await server.ask(
      query(
        `SELECT count(*) FROM pg_stat_activity
         WHERE datname = 'shop' AND backend_type = 'client backend' AND application_name <> 'sluice catalog'`,
      ),
    );
    // The bystander's, and the one that the pair itself holds.
    if (rowsOf(answer)[0]?.[0] === '2') break;
    assert.ok(Date.now() < deadline, `sessions left: ${rowsOf(answer)[0]?.[0]}`);
  }
  server.end();
  assert.equal(pair.sluice.server.sessions.size, 1);
});
