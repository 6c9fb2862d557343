/** Every command, cut, stretched and out of its place, in each state of both phases: a native error or an end, and nobody else notices. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import { COMMAND } from '../../protocols/mysql/commands.ts';
import { Dice } from '../support/dice.ts';
import {
  BASE,
  CURSOR,
  command,
  execute,
  fetch,
  loginWith,
  longData,
  MysqlRawClient,
  packet,
  query,
  received,
} from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type SluiceProcess, startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';

const POLICY = `
default: allow
masks: [ { columns: [shop.person.ssn], with: redact } ]
`;
const SECRET = '111-22-3333';
const MIB = 1024 * 1024;
const AT_ONCE = 8;

let pair: MysqlPair;
const sluices = new Map<string, SluiceProcess>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; CREATE TABLE shop.person (id int PRIMARY KEY, ssn varchar(20));
      INSERT INTO shop.person VALUES (1, '${SECRET}'), (2, '${SECRET}'), (3, '${SECRET}')`);
    await admin.end();
    const upstream = pair[flavour].url('shop');
    const listener = 'timeouts: { handshake: 1s }';
    sluices.set(flavour, await startSluiceProcess({ upstream, policy: POLICY, listener }));
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.remove();
  await pair?.stop();
});

const SQL = 'SELECT id, ssn FROM person';
/** How a session is brought into a state; gives the id of a statement that there is. */
const STATES: Readonly<Record<string, (client: MysqlRawClient) => Promise<void>>> = {
  idle: async () => {},
  'in a transaction': async (client) => {
    await client.query('BEGIN');
  },
  'with a statement prepared and long data sent': async (client) => {
    const { id } = await client.prepare('SELECT ssn FROM person WHERE id = ?');
    client.send(longData(id, 0, '1'));
  },
  'with a cursor open': async (client) => {
    const { id } = await client.prepare(SQL);
    await client.ask(execute(id, [], CURSOR));
  },
  'while a result is due': async (client) => {
    client.send(query(SQL));
  },
};

/** A command of each kind as it should be, where there is anything behind its byte. */
const WHOLE: Readonly<Record<number, Buffer>> = {
  [COMMAND.InitDb]: command(COMMAND.InitDb, 'shop'),
  [COMMAND.Query]: query(SQL),
  [COMMAND.FieldList]: command(COMMAND.FieldList, 'person\0%'),
  [COMMAND.ProcessKill]: command(COMMAND.ProcessKill, Buffer.from([1, 0, 0, 0])),
  [COMMAND.ChangeUser]: command(
    COMMAND.ChangeUser,
    'agent\0\0shop\0',
    Buffer.from([45, 0]),
    'mysql_native_password\0',
  ),
  [COMMAND.BinlogDump]: command(COMMAND.BinlogDump, Buffer.alloc(10), 'binlog.000001'),
  [COMMAND.StmtPrepare]: command(COMMAND.StmtPrepare, SQL),
  [COMMAND.StmtExecute]: execute(1, ['1']),
  [COMMAND.StmtSendLongData]: longData(1, 0, 'data'),
  [COMMAND.StmtClose]: command(COMMAND.StmtClose, Buffer.from([9, 0, 0, 0])),
  [COMMAND.StmtReset]: command(COMMAND.StmtReset, Buffer.from([1, 0, 0, 0])),
  [COMMAND.SetOption]: command(COMMAND.SetOption, Buffer.from([0, 0])),
  [COMMAND.StmtFetch]: fetch(1, 2),
  [COMMAND.StmtBulkExecute]: command(COMMAND.StmtBulkExecute, Buffer.alloc(12)),
};

const EVERY = Array.from({ length: 256 }, (_, code) => code).filter(
  (code) => code <= COMMAND.SubscribeGroupReplication || code >= 0xfa || code % 32 === 0,
);
const SERVED = [
  ...Object.keys(WHOLE).map(Number),
  COMMAND.Quit,
  COMMAND.Ping,
  COMMAND.Statistics,
  COMMAND.ResetConnection,
];

/** The command cut and stretched; its length in the header is always what is there. */
function variants(code: number, dice: Dice): readonly Buffer[] {
  const whole = (WHOLE[code] ?? command(code)).subarray(4);
  const cuts = new Set([1, 2, 3, 4, 5, 6, 9, 10, 11, 12, whole.length - 1, whole.length]);
  const noise = Buffer.from(Array.from({ length: 24 }, () => dice.below(256)));
  return [
    ...[...cuts]
      .filter((size) => size >= 1 && size <= whole.length)
      .map((size) => packet(0, whole.subarray(0, size))),
    packet(0, whole, noise),
    packet(0, whole, Buffer.alloc(300, 0xff)),
    packet(0, Buffer.from([code]), noise),
    packet(0, Buffer.from([code]), Buffer.alloc(16, 0xff)),
  ];
}

async function inTurns<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await check(item);
  });
  await Promise.all(lanes);
}

/** What came: every error a native one, none of Sluice's own making, and no masked value. */
function assertSane(client: MysqlRawClient, what: string): void {
  const bytes = received(client);
  assert.ok(!bytes.includes(SECRET), `a masked value: ${what}`);
  assert.ok(!bytes.includes('internal error'), `an error of Sluice's own: ${what}`);
}

for (const flavour of FLAVOURS) {
  const of = (): SluiceProcess => {
    const found = sluices.get(flavour);
    assert.ok(found !== undefined);
    return found;
  };
  const open = (flags: number = C.DEPRECATE_EOF) =>
    MysqlRawClient.connect(of().port, { database: 'shop', flags });
  const assertUnharmed = async () => {
    assert.equal(of().child.exitCode, null, of().log());
    const client = await open();
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    client.end();
    assert.doesNotMatch(of().log(), /"code":"invariant"/);
  };

  for (const [state, enter] of Object.entries(STATES)) {
    test(`promise 13: ${flavour}: every command cut, stretched and filled with noise, ${state}`, async () => {
      const dice = new Dice(7);
      await inTurns(state === 'idle' ? EVERY : SERVED, async (code) => {
        const client = await open();
        await enter(client);
        // One behind the other: what one of them leaves behind is met by the next.
        client.send(...variants(code, dice), query('SELECT 424242'));
        client.socket.end();
        await client.toEnd();
        assertSane(client, `command ${code}`);
        client.end();
      });
      await assertUnharmed();
    });
  }

  test(`promise 13: ${flavour}: streams of commands changed at random`, async () => {
    const dice = new Dice(11);
    const whole = Buffer.concat([...Object.values(WHOLE), query('SELECT 1')]);
    await inTurns(
      Array.from({ length: 150 }, (_, n) => n),
      async (n) => {
        const bytes = Buffer.from(whole);
        for (let changes = 1 + dice.below(6); changes > 0; changes--)
          bytes[dice.below(bytes.length)] = dice.below(256);
        const client = await open(n % 2 === 0 ? 0 : C.DEPRECATE_EOF | C.SESSION_TRACK);
        client.send(bytes.subarray(0, dice.below(bytes.length)));
        client.socket.end();
        await client.toEnd();
        assertSane(client, bytes.toString('hex'));
        client.end();
      },
    );
    await assertUnharmed();
  });

  test(`promise 13: ${flavour}: logins cut, stretched, changed at random, and commands in their place`, async () => {
    const dice = new Dice(13);
    const login = loginWith((BASE | C.CONNECT_ATTRS | C.DEPRECATE_EOF) >>> 0);
    const packets = [
      ...Array.from(login.keys(), (size) => packet(1, login.subarray(0, size))),
      packet(1, login, Buffer.alloc(20, 0xff)),
      packet(1, login, Buffer.alloc(100_000)),
      packet(0, login),
      packet(2, login),
      ...Object.values(WHOLE),
      ...Object.values(WHOLE).map((bytes) => packet(1, bytes.subarray(4))),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from('160301020001000', 'hex'),
      ...Array.from({ length: 60 }, () => {
        const bytes = Buffer.from(login);
        for (let changes = 1 + dice.below(4); changes > 0; changes--)
          bytes[dice.below(bytes.length)] = dice.below(256);
        return packet(1, bytes);
      }),
    ];
    await inTurns(packets, async (bytes) => {
      const client = await MysqlRawClient.dial(of().port);
      client.send(bytes, query(SQL));
      client.socket.end();
      await client.toEnd();
      assertSane(client, bytes.toString('hex'));
      client.end();
    });
    await assertUnharmed();
  });

  test(`promise 9: ${flavour}: a command said to be gigabytes long takes no memory, and one over the limit is refused in its place`, async () => {
    const sluice = of();
    const client = await open();
    await client.query('SELECT 1');
    const beforeBytes = sluice.rssBytes();
    // Packets of 16 MB that go on: only their heads, for more than there may be.
    const head = Buffer.from([0xff, 0xff, 0xff, 0]);
    const piece = Buffer.concat([Buffer.from('\x03SELECT 1'), Buffer.alloc(MIB, 0x20)]);
    const slow = await Promise.all(Array.from({ length: 20 }, () => open()));
    for (const one of slow) one.send(head, piece);
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    await until(() => slow.every(({ socket }) => socket.writableLength === 0), 'all to be read');
    assert.ok(
      sluice.rssBytes() < beforeBytes + 110 * MIB,
      `${Math.round((sluice.rssBytes() - beforeBytes) / MIB)} MiB`,
    );
    for (const one of slow) one.end();
    assert.deepEqual(await client.rows('SELECT 2'), [['2']]);
    client.end();
    await assertUnharmed();
  });

  test(`promise 13: ${flavour}: logins in single bytes that take too long are ended in time, and keep nobody out`, async () => {
    const login = packet(1, loginWith((BASE | C.DEPRECATE_EOF) >>> 0));
    const slow = await Promise.all(Array.from({ length: 20 }, () => MysqlRawClient.dial(of().port)));
    let at = 0;
    const drip = setInterval(() => {
      // Never the last byte.
      if (at < login.length - 1) for (const client of slow) client.send(login.subarray(at, at + 1));
      at++;
    }, 50);
    await assertUnharmed();
    await until(() => slow.every(({ closed }) => closed), 'their end', 5_000);
    clearInterval(drip);
    for (const client of slow) client.end();
    await assertUnharmed();
  });
}
