/** Servers that lie, in every place where they can speak: the client gets an error or an end in good order, and no masked value. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPABILITY as C, STATUS } from '../../protocols/mysql/capabilities.ts';
import { authSwitchRequest, errPacket, greetingPacket, packetOf } from '../../protocols/mysql/encode.ts';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import {
  type FakeMysql,
  GREETING,
  type Lies,
  settingsAsTheyStand,
  startFakeMysql,
} from '../support/mysql-fake-server.ts';
import {
  CURSOR,
  execute,
  fetch,
  MysqlRawClient,
  query,
  type RawLogin,
  received,
} from '../support/mysql-raw-client.ts';
import { adminConnection } from '../support/mysql-servers.ts';
import { eof, ok, packet, text } from '../support/mysql-solo.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const POLICY = `
default: allow
rules:
  - { name: few, when: { tables: [shop.many] }, then: { limit: { rows: 1000, over: deny } } }
masks:
  - { columns: [shop.person.ssn], with: redact }
`;
const SECRET = '111-22-3333';
const SQL = 'SELECT name, ssn FROM person';
const MIB = 1024 * 1024;

let real: MysqlServer;
let fake: FakeMysql;
let sluice: Sluice;

before(async () => {
  real = await startMysql({ flavour: 'mysql' });
  const admin = await adminConnection(real);
  await admin.query(`CREATE DATABASE shop; CREATE TABLE shop.person (name varchar(20), ssn varchar(20));
    CREATE TABLE shop.many (n int)`);
  await admin.end();
  fake = await startFakeMysql();
  sluice = await startSluice({
    upstream: `mysql://root:rootpw@127.0.0.1:${fake.port}/shop?ssl-mode=DISABLED`,
    policy: POLICY,
    listener: `catalog: { upstream: "${real.url('shop')}" }, timeouts: { handshake: 700ms }`,
  });
});

after(async () => {
  await sluice?.stop();
  fake?.close();
  await real?.stop();
});

function column(n: number, table: string, name: string, type = 0xfd): Buffer {
  const names = ['def', 'shop', table, table, name, name].map(text);
  return packet(n, ...names, Buffer.from([0x0c, 45, 0, 200, 0, 0, 0, type, 0, 0, 0, 0, 0]));
}

const HEAD = Buffer.concat([packet(1, 2), column(2, 'person', 'name'), column(3, 'person', 'ssn')]);
const ROW = packet(4, text('ann'), text(SECRET));
const end = (n: number, status = 2) => ok(n, status, { end: true });
const result = (...packets: readonly Buffer[]) => Buffer.concat([HEAD, ...packets]);
const err = (n: number, message: string) => errPacket({ errno: 1062, sqlstate: '23000', message }, n);

function open(more: RawLogin = {}): Promise<MysqlRawClient> {
  return MysqlRawClient.connect(sluice.port, { database: 'shop', ...more });
}

/** Whatever it was told, nothing of the value came; then the next client is served as if nothing had been. */
async function harmless(client: MysqlRawClient): Promise<void> {
  assert.ok(!received(client).includes(SECRET), 'no masked value');
  client.end();
  await until(() => sluice.server.sessions.size === 0 && fake.open.size === 0, 'everything to be closed');
  fake.lies = { answer: () => result(ROW, end(5)) };
  const next = await open();
  const rows = await next.rows(SQL).finally(() => next.end());
  assert.equal(rows[0]?.[0], 'ann');
  assert.notEqual(rows[0]?.[1], SECRET);
}

/** Bytes in answer to the statement after which no more can be made of the connection. */
const BROKEN: readonly (readonly [string, Buffer])[] = [
  ['a row with a cell too many', result(packet(4, text('ann'), text('x'), text(SECRET)), end(5))],
  ['a row with a cell too few', result(packet(4, text(SECRET)), end(5))],
  ['a cell that says to be longer than its row', result(packet(4, text('ann'), 200, SECRET), end(5))],
  [
    'a cell of 2^64 - 1 bytes',
    result(packet(4, text('ann'), Buffer.alloc(9, 0xff).fill(0xfe, 0, 1), SECRET), end(5)),
  ],
  ['a length that begins with 0xff', result(packet(4, text('ann'), 0xff, SECRET), end(5))],
  ['an empty row', result(packet(4), end(5))],
  ['an OK packet where a row belongs', result(ok(4), end(5))],
  [
    'the end of the rows with more behind it than it has',
    result(ROW, packet(5, 0xfe, 0, 0, 2, 0, 0, 0, text(SECRET), 'more')),
  ],
  ['an end of rows that is cut', result(ROW, packet(5, 0xfe, 0, 0))],
  ['an EOF packet of old among the rows', result(ROW, packet(5, 0xfe, 0, 0, 2))],
  [
    '0xfe and a long text, which no end of rows is',
    result(packet(4, 0xfe, Buffer.alloc(300, SECRET)), end(5)),
  ],
  ['no columns at all', Buffer.concat([packet(1, 0xfc, 0, 0), end(2)])],
  ['more columns than there can be', Buffer.concat([packet(1, 0xfe, Buffer.alloc(8, 0x7f)), end(2)])],
  ['a number of columns that is NULL’s mark and more', packet(1, 0xfb, SECRET)],
  [
    'a definition whose name runs out of its packet',
    Buffer.concat([packet(1, 1), packet(2, text('def'), 200, SECRET)]),
  ],
  [
    'a definition with bytes behind its end',
    Buffer.concat([packet(1, 1), packet(2, column(2, 'person', 'ssn').subarray(4), SECRET)]),
  ],
  ['an OK packet in place of a definition', Buffer.concat([packet(1, 2), ok(2)])],
  ['a sequence id that jumps', result(packet(9, text('ann'), text(SECRET)), end(10))],
  ['a sequence id that repeats', result(ROW, ROW, end(5))],
  ['a result behind the last', result(ROW, end(5), HEAD, ROW, end(5))],
  ['an OK packet behind the last', Buffer.concat([ok(1), ok(1)])],
  ['rows before there is a result', ROW],
  ['an EOF packet in place of a result', eof(1)],
  ['an OK packet that is cut', packet(1, 0, 0)],
  [
    'an OK packet whose session state runs out of it',
    packet(1, 0, 0, 0, 2, 0x40, 0, 0, 0, 50, 0, 40, SECRET),
  ],
  [
    'a character set that is read in two ways',
    ok(1, 2, {
      state: Buffer.from([0, 25, 20, ...Buffer.from('character_set_client'), 3, ...Buffer.from('gbk')]),
    }),
  ],
  ['an error that is cut', packet(1, 0xff, 1)],
];

for (const [title, bytes] of BROKEN) {
  test(`promise 4: a server that answers with ${title}`, async () => {
    fake.lies = { answer: () => bytes };
    const client = await open();
    client.send(query(SQL));
    await until(() => client.closed, 'the end of the session');
    const last = (await client.toEnd()).at(-1);
    // What was begun cannot be followed by an error; everything else can.
    assert.equal(last?.body[0], 0xff, 'told why');
    await harmless(client);
  });
}

/** Lies that can be lived with: the session goes on. */
const BENT: readonly (readonly [string, Buffer])[] = [
  [
    'definitions of another table',
    Buffer.concat([packet(1, 2), column(2, 'x', 'a'), column(3, 'x', 'b'), ROW, end(5)]),
  ],
  [
    'fewer columns than the statement has',
    Buffer.concat([packet(1, 1), column(2, 'x', 'a'), packet(3, text(SECRET)), end(4)]),
  ],
  [
    'more columns than the statement has',
    Buffer.concat([
      packet(1, 3),
      column(2, 'x', 'a'),
      column(3, 'x', 'a'),
      column(4, 'x', 'a'),
      packet(5, text(SECRET), text(SECRET), text(SECRET)),
      end(6),
    ]),
  ],
  [
    'columns the other way round',
    Buffer.concat([
      packet(1, 2),
      column(2, 'person', 'ssn'),
      column(3, 'person', 'name'),
      packet(4, text(SECRET), text('ann')),
      end(5),
    ]),
  ],
  [
    'types that are none',
    Buffer.concat([
      packet(1, 2),
      column(2, 'person', 'name', 0x77),
      column(3, 'person', 'ssn', 0x77),
      ROW,
      end(5),
    ]),
  ],
  [
    'an error among the rows that quotes a value',
    result(ROW, err(5, `Duplicate entry '${SECRET}' for key 'ssn'`)),
  ],
  ['an error that quotes a value', err(1, `Duplicate entry '${SECRET}' for key 'ssn'`)],
  [
    'an error of names that quotes a value',
    errPacket({ errno: 1054, sqlstate: '42S22', message: `Unknown column '${SECRET}'` }, 1),
  ],
  ['an end of rows whose text is a value', result(ROW, packet(5, 0xfe, 0, 0, 2, 0, 0, 0, text(SECRET)))],
  ['an OK packet whose text is a value', packet(1, 0, 0, 0, 2, 0, 0, 0, text(SECRET))],
  ['a second result', result(ROW, end(5, 2 | STATUS.MORE_RESULTS), renumbered(result(ROW, end(5)), 5))],
];

function renumbered(bytes: Buffer, by: number): Buffer {
  const own = Buffer.from(bytes);
  for (let at = 0; at < own.length; at += 4 + own.readUIntLE(at, 3)) own[at + 3] = (own[at + 3] ?? 0) + by;
  return own;
}

for (const [title, bytes] of BENT) {
  test(`promise 4: a server that answers with ${title}: masked all the same, and the session goes on`, async () => {
    let asked = 0;
    fake.lies = { answer: () => (asked++ === 0 ? bytes : ok(1)) };
    const client = await open();
    await client.query(SQL);
    const next = await client.query('DELETE FROM many WHERE n = 1');
    assert.equal(next.error, null);
    await harmless(client);
  });
}

test('a request for a file is answered by an empty one, whatever the client can', async () => {
  fake.lies = {
    answer: (command) =>
      command.length === 0 ? packet(3, 0xff, 2, 0, '#HY000no file') : packet(1, 0xfb, '/etc/passwd'),
  };
  const client = await open({ flags: C.LOCAL_FILES | C.DEPRECATE_EOF });
  assert.match((await client.query(SQL)).error?.message ?? '', /withheld/);
  assert.ok(!received(client).includes('passwd'));
  assert.equal(fake.heard.at(-1)?.length, 0);
  await harmless(client);
});

test('requests for files without end', async () => {
  let asked = 0;
  fake.lies = { answer: () => packet(1 + 2 * asked++, 0xfb, '/etc/passwd') };
  const client = await open();
  client.send(query(SQL));
  await until(() => client.closed || asked > 1_000, 'an end');
  assert.ok(asked <= 1_000, 'a server has one request');
  await harmless(client);
});

/** COM_STMT_PREPARE_OK with its definitions. */
function preparedAs(id: number, columns: number, definitions: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(id, 1);
  head.writeUInt16LE(columns, 5);
  return Buffer.concat([packet(1, head), ...definitions]);
}

const DEFINED = preparedAs(7, 2, [column(2, 'person', 'name'), column(3, 'person', 'ssn')]);
const BINARY_ROW = packet(4, 0, 0, text('ann'), text(SECRET));
const EXECUTED: readonly (readonly [string, Buffer, boolean])[] = [
  ['as prepared', result(BINARY_ROW, end(5)), true],
  [
    'with its columns the other way round',
    Buffer.concat([
      packet(1, 2),
      column(2, 'person', 'ssn'),
      column(3, 'person', 'name'),
      packet(4, 0, 0, text(SECRET), text('ann')),
      end(5),
    ]),
    true,
  ],
  [
    'with a column less',
    Buffer.concat([packet(1, 1), column(2, 'x', 'x'), packet(3, 0, 0, text(SECRET)), end(4)]),
    true,
  ],
  [
    'with a column more',
    Buffer.concat([
      packet(1, 3),
      column(2, 'x', 'x'),
      column(3, 'x', 'x'),
      column(4, 'x', 'x'),
      packet(5, 0, 0, text(SECRET), text(SECRET), text(SECRET)),
      end(6),
    ]),
    true,
  ],
  [
    'with numbers where texts were',
    Buffer.concat([
      packet(1, 2),
      column(2, 'person', 'name', 3),
      column(3, 'person', 'ssn', 8),
      packet(4, 0, 0, 1, 0, 0, 0, '11122333'),
      end(5),
    ]),
    true,
  ],
  [
    'with numbers whose rows are texts',
    Buffer.concat([
      packet(1, 2),
      column(2, 'person', 'name', 3),
      column(3, 'person', 'ssn', 8),
      BINARY_ROW,
      end(5),
    ]),
    false,
  ],
  ['in a text row', result(ROW, end(5)), false],
  ['in a row whose bitmap is longer than the row', result(packet(4, 0), end(5)), false],
  ['in a row that ends in its last cell', result(packet(4, 0, 0, text('ann'), 60, SECRET), end(5)), false],
];

for (const [title, bytes, goesOn] of EXECUTED) {
  test(`promise 4: a prepared statement that is answered ${title}`, async () => {
    fake.lies = {
      answer: (command) => (command[0] === 0x16 ? DEFINED : command[0] === 0x17 ? bytes : ok(1)),
    };
    const client = await open();
    const { id } = await client.prepare(SQL);
    client.send(execute(id));
    if (goesOn) {
      const reply = await client.reply();
      assert.equal(reply.results[0]?.rows.length, 1);
      assert.ok(!Buffer.concat(reply.results[0]?.rows ?? []).includes('11122333'));
      assert.equal((await client.query('DELETE FROM many WHERE n = 1')).error, null);
    } else {
      await until(() => client.closed, 'the end of the session');
      assert.equal((await client.toEnd()).at(-1)?.body[0], 0xff);
    }
    await harmless(client);
  });
}

for (const [title, bytes] of [
  ['fewer definitions than it says', preparedAs(7, 2, [column(2, 'person', 'name'), ok(3)])],
  [
    'more definitions than it says',
    preparedAs(7, 1, [column(2, 'person', 'name'), column(3, 'person', 'ssn')]),
  ],
  ['a result', result(ROW, end(5))],
  ['an end', end(1)],
] as const) {
  test(`a prepare that is answered by ${title}`, async () => {
    fake.lies = { answer: () => bytes };
    const client = await open();
    client.send(packet(0, 0x16, SQL));
    client.send(query(SQL));
    await until(() => client.closed || received(client).includes(0xff), 'an error or the end');
    await harmless(client);
  });
}

test('promise 4: a cursor whose rows come without the definitions that they had', async () => {
  const opened = Buffer.concat([HEAD, end(4, 2 | STATUS.CURSOR_EXISTS)]);
  const fetched = Buffer.concat([packet(1, 0, 0, text(SECRET), text(SECRET), text(SECRET)), end(2)]);
  fake.lies = {
    answer: (command) => (command[0] === 0x16 ? DEFINED : command[0] === 0x17 ? opened : fetched),
  };
  const client = await open();
  const { id } = await client.prepare(SQL);
  client.send(execute(id, [], CURSOR), fetch(id, 10));
  await until(() => client.closed, 'the end of the session');
  await harmless(client);
});

test('promise 9: lengths of gigabytes take no memory: a row that never comes, a definition that never ends', async () => {
  const large = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 4]), Buffer.alloc(MIB, 0x20)]);
  for (const bytes of [
    Buffer.concat([HEAD, large]),
    Buffer.concat([packet(1, 2), Buffer.from([0xff, 0xff, 0xff, 2]), Buffer.alloc(1000)]),
  ]) {
    fake.lies = { answer: () => bytes };
    fake.heard.length = 0;
    const client = await open();
    client.send(query(SQL));
    await until(() => fake.heard.some((payload) => payload.includes(SQL)), 'it to be asked');
    client.socket.resetAndDestroy();
    await harmless(client);
  }
});

test('promise 5: a server that goes on sending rows when it was told to stop', async () => {
  const rows: Buffer[] = [packet(1, 1), column(2, 'many', 'n')];
  for (let n = 0; n < 5_000; n++) rows.push(packet(3 + n, text(String(n))));
  rows.push(end(3 + 5_000));
  fake.lies = { answer: () => Buffer.concat(rows) };
  const client = await open();
  const { results, error } = await client.query('SELECT n FROM many');
  assert.equal(results[0]?.rows.length ?? 1_000, 1_000);
  assert.equal(error?.errno, 1317);
  await harmless(client);
});

const switches = (plugin: string) => (_packet: Buffer, n: number) =>
  packetOf(authSwitchRequest(plugin, Buffer.alloc(20, 1)), 2 + 2 * n);
const greeted = (change: Partial<typeof GREETING>) => greetingPacket({ ...GREETING, ...change });

const LOGINS: readonly (readonly [string, Lies])[] = [
  ['greets with another protocol', { greeting: packet(0, 9, 'x\0') }],
  ['greets with an OK packet', { greeting: ok(0) }],
  ['greets with an error', { greeting: err(0, 'go away, root@localhost') }],
  ['greets by a packet that is cut', { greeting: packet(0, greeted({}).subarray(4, 30)) }],
  ['greets with a version that is none', { greeting: greeted({ version: 'x'.repeat(5_000) }) }],
  [
    'greets with a packet of 16 MB',
    { greeting: Buffer.concat([Buffer.from([0xfe, 0xff, 0xff, 0]), Buffer.alloc(MIB)]) },
  ],
  ['greets with a sequence id of its own', { greeting: packet(3, greeted({}).subarray(4)) }],
  ['has no capabilities', { greeting: greeted({ capabilities: 0 }) }],
  ['has a single one', { greeting: greeted({ capabilities: C.PROTOCOL_41 }) }],
  [
    'does not track sessions',
    { greeting: greeted({ capabilities: GREETING.capabilities & ~C.SESSION_TRACK }) },
  ],
  ['says nothing', { greeting: null }],
  ['speaks HTTP', { greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }],
  ['switches the plugin for ever', { login: switches('mysql_native_password') }],
  ['asks for the password in the clear', { login: switches('mysql_clear_password') }],
  ['asks for a plugin that nobody has', { login: switches('authentication_windows_client') }],
  ['asks as before MySQL 4.1', { login: () => packet(2, 0xfe) }],
  [
    'asks for the password in full',
    {
      greeting: greeted({ plugin: 'caching_sha2_password' }),
      login: (_packet, n) => packet(2 + 2 * n, 1, 4),
    },
  ],
  [
    'says for ever that it is satisfied',
    {
      greeting: greeted({ plugin: 'caching_sha2_password' }),
      login: () => Buffer.concat(Array.from({ length: 5_000 }, (_, n) => packet(2 + n, 1, 3))),
    },
  ],
  ['answers the login with a result', { login: () => packet(2, 2) }],
  ['asks for a file', { login: () => packet(2, 0xfb, '/etc/passwd') }],
  ['says nothing of its settings', { prepared: ok(1) }],
  ['refuses them', { prepared: err(1, 'no') }],
  ['answers them with a result', { prepared: result(ROW, end(5)) }],
  ['answers them twice', { prepared: Buffer.concat([settingsAsTheyStand(), settingsAsTheyStand()]) }],
  ['asks for a file in answer to them', { prepared: packet(1, 0xfb, '/etc/passwd') }],
];

for (const [title, lies] of LOGINS) {
  test(`promise 13: a server that ${title}: the client gets an error, and Sluice's password goes nowhere`, async () => {
    fake.heard.length = 0;
    fake.lies = lies;
    const client = await open().catch((error: unknown) => {
      assert.match(String(error), /^Error: \d{4} /, 'a native error');
      assert.doesNotMatch(String(error), /root|go away|passwd/);
      return null;
    });
    if (client !== null) await until(() => client.closed, 'the end of the session');
    for (const bytes of fake.heard) assert.ok(!bytes.includes('rootpw'));
    assert.ok(fake.heard.length < 200, `${fake.heard.length} answers to one server`);
    await harmless(client ?? (await MysqlRawClient.dial(sluice.port)));
  });
}
