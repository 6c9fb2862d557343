/** Classes 33 to 35 of attacks: capabilities, packets and values, over raw bytes and in front of real servers of both kinds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import { type Dribble, startDribble } from '../support/dribble.ts';
import {
  BASE,
  binaryStrings,
  command,
  execute,
  loginWith,
  MysqlRawClient,
  packet,
  query,
  received,
} from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `
default: allow
rules:
  - { name: vault-is-closed, when: { tables: [shop.vault] }, then: deny }
masks:
  - { columns: [shop.person.ssn], with: redact }
`;
const PAYLOAD_MAX = 0xffffff;
const GOLD = 'SELECT gold FROM shop.vault';
const SECRET = /\d{3}-\d{2}-\d{4}|gold-bar/;

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();
const dribbles: Dribble[] = [];

before(async () => {
  pair = await startMysqlPair({ shop: false, settings: { 'max-allowed-packet': '64M' } });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; CREATE TABLE shop.vault (gold varchar(20));
      INSERT INTO shop.vault VALUES ('gold-bar-1');
      CREATE TABLE shop.person (id int PRIMARY KEY, name varchar(20), ssn longtext);
      INSERT INTO shop.person VALUES (1, 'ann', '111-22-3333'), (2, 'bob', ''), (3, 'cyd', NULL),
        (4, 'big', REPEAT('444-55-6666 ', 20000)), (5, 'huge', REPEAT('777-88-9999 ', 1500000))`);
    await admin.end();
    const dribble = await startDribble(pair[flavour].port, [1, 3, 2, 7, 1]);
    dribbles.push(dribble);
    const upstream = pair[flavour].url('shop');
    sluices.set(flavour, await startSluice({ upstream, policy: POLICY }));
    sluices.set(
      `${flavour} in pieces`,
      await startSluice({
        upstream: upstream.replace(`:${pair[flavour].port}/`, `:${dribble.port}/`),
        policy: POLICY,
      }),
    );
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  for (const dribble of dribbles) dribble.close();
  await pair?.stop();
});

const UNOFFERED: readonly (readonly [string, number])[] = [
  ['compression', C.COMPRESS],
  ['zstd', C.ZSTD_COMPRESSION_ALGORITHM | C.COMPRESS],
  ['local files', C.LOCAL_FILES],
  ['query attributes', C.QUERY_ATTRIBUTES],
  ['optional metadata', C.OPTIONAL_RESULTSET_METADATA],
  ['several factors', C.MULTI_FACTOR_AUTHENTICATION],
  ['no schema', C.NO_SCHEMA],
  ['several statements', C.MULTI_STATEMENTS],
  ['TLS without TLS', C.SSL],
  ['everything', 0xffffffff & ~C.SSL],
];

for (const flavour of FLAVOURS) {
  const port = (how = '') => sluices.get(`${flavour}${how}`)?.port ?? 0;
  const open = (flags: number = C.DEPRECATE_EOF) =>
    MysqlRawClient.connect(port(), { database: 'shop', flags });

  for (const [title, flag] of UNOFFERED) {
    test(`[33] promise 1: ${flavour}: ${title}, which was not offered, is refused or without effect`, async () => {
      const client = await MysqlRawClient.dial(port(), (BASE | C.DEPRECATE_EOF) >>> 0);
      const offered = client.greeting.indexOf(0) + 1 + 4 + 8 + 1;
      const flags = client.greeting.readUInt16LE(offered) | (client.greeting.readUInt16LE(offered + 5) << 16);
      if (title !== 'everything') assert.equal(flags & flag, 0, 'not offered');
      client.send(packet(1, loginWith((BASE | C.DEPRECATE_EOF | flag) >>> 0)));
      let answer = await client.packet();
      while (answer !== null && answer.body[0] === 0xfe) {
        client.send(packet(answer.sequence + 1));
        answer = await client.packet();
      }
      if (answer?.body[0] === 0x00) {
        // As the flag would have it: attributes before the text, and metadata left out.
        for (const bytes of [
          command(0x03, Buffer.from([0, 1]), GOLD),
          query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE shop.vault"),
          query(`SELECT 1; ${GOLD}`),
        ]) {
          const reply = await client.ask(bytes);
          assert.notEqual(reply.error, null);
        }
        assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
        // A compressed packet is no packet.
        const inner = query(GOLD);
        const head = Buffer.alloc(7);
        head.writeUIntLE(inner.length, 0, 3);
        client.send(head, inner);
        client.socket.end();
        await client.toEnd();
      }
      assert.doesNotMatch(received(client).toString('latin1'), SECRET);
      client.end();
    });
  }

  test(`[33] ${flavour}: MariaDB's extended capabilities are none that count`, async () => {
    const payload = loginWith((BASE | C.DEPRECATE_EOF) & ~C.LONG_PASSWORD);
    payload.writeUInt32LE(0xffffffff, 28);
    const client = await MysqlRawClient.connect(port(), { payload, flags: C.DEPRECATE_EOF }).catch(
      () => null,
    );
    if (client === null) return;
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    client.send(command(0xfa, Buffer.alloc(20)));
    assert.equal((await client.reply()).error?.errno, 1047);
    client.end();
  });

  test(`[34] promise 2: ${flavour}: a text over 16 MB is one text, whatever its tail looks like`, async () => {
    const client = await open();
    const filler = Buffer.alloc(PAYLOAD_MAX - 1 - 'SELECT 1 /*'.length, 0x20);
    const first = Buffer.concat([Buffer.from('\x03SELECT 1 /*'), filler]);
    assert.equal(first.length, PAYLOAD_MAX);
    for (const tail of [`\x03${GOLD}`, `*/, (${GOLD})`, '']) {
      client.send(packet(0, first), packet(1, tail));
      const { error, packets, results } = await client.reply();
      assert.ok(error !== null || results[0]?.rows.length === 1);
      assert.equal(packets[0]?.sequence, 2, tail);
    }
    // A tail that does not count on is not looked at.
    client.send(packet(0, first), query(GOLD));
    const packets = await client.toEnd();
    assert.equal(packets.at(-1)?.body[0], 0xff);
    assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    client.end();
  });

  test(`[34] ${flavour}: sequence ids that restart, jump or run on end the session, told in order`, async () => {
    for (const bytes of [packet(1, '\x03SELECT 1'), packet(255, '\x0e'), packet(2, '\x01')]) {
      const client = await open();
      client.send(bytes, query(GOLD));
      assert.equal((await client.failure())?.errno, 1835);
      client.end();
    }
  });

  test(`[34] ${flavour}: empty packets, lengths that lie, headers in single bytes, commands sent ahead`, async () => {
    const client = await open();
    client.send(packet(0));
    assert.equal((await client.reply()).error?.errno, 1047);
    for (const byte of Buffer.concat([query('SELECT 7'), query(GOLD)])) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await client.reply()).results[0]?.rows.length, 1);
    assert.equal((await client.reply()).error?.errno, 1227);
    // A packet said to be shorter than it is: what is left is the next header, and no command.
    const short = query(GOLD);
    short.writeUIntLE(5, 0, 3);
    client.send(short);
    assert.ok((await client.toEnd()).every(({ body }) => body[0] === 0xff));
    // One said to be longer never comes to its end.
    const cut = await open();
    const long = query(GOLD);
    long.writeUIntLE(long.length + 100, 0, 3);
    cut.send(long);
    cut.socket.end();
    assert.deepEqual(await cut.toEnd(), []);
    assert.doesNotMatch(Buffer.concat([received(client), received(cut)]).toString('latin1'), SECRET);
    client.end();
    cut.end();
  });

  for (const how of ['', ' in pieces']) {
    test(`[35] promise 4: ${flavour}${how}: NULL, empty, large and huge values, in text and binary`, async () => {
      const client = await MysqlRawClient.connect(port(how), { database: 'shop', flags: C.DEPRECATE_EOF });
      // One byte at a time, 18 MB take too long.
      const where = how === '' ? 'id < 6' : 'id < 4';
      const sql = `SELECT name, ssn FROM person WHERE ${where} ORDER BY id`;
      const text = await client.rows(sql);
      const { id } = await client.prepare(sql);
      const { results, error } = await client.ask(execute(id));
      assert.equal(error, null);
      assert.deepEqual(
        results[0]?.rows.map((row) => binaryStrings(row, 2)),
        text,
      );
      assert.deepEqual(
        text.map(([name]) => name),
        ['ann', 'bob', 'cyd', 'big', 'huge'].slice(0, text.length),
      );
      assert.equal(text[2]?.[1], null);
      assert.notEqual(text[1]?.[1], null);
      assert.doesNotMatch(received(client).toString('latin1'), SECRET);
      client.end();
    });
  }
}
