/** Classes 28 to 32 of attacks, over raw packets and in front of real servers of both kinds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPABILITY, STATUS } from '../../protocols/mysql/capabilities.ts';
import {
  binaryStrings,
  CURSOR,
  closeStatement,
  command,
  execute,
  fetch,
  longData,
  MysqlRawClient,
  query,
  received,
  resetStatement,
} from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `
default: allow
rules:
  - { name: vault-is-closed, when: { tables: [shop.vault] }, then: deny }
  - { name: few, when: { tables: [shop.many] }, then: { limit: { rows: 10, over: deny } } }
  - { name: no-destruction, when: { effects: [destroy], tables: [shop.person, shop.vault] }, then: deny }
  - { name: bounded, when: { tables: [shop.bounded], unbounded: true }, then: deny }
masks:
  - { columns: ['*.*.ssn'], with: redact }
`;
const SCHEMA = `
CREATE DATABASE shop; CREATE DATABASE other;
CREATE TABLE shop.vault (gold varchar(20)); INSERT INTO shop.vault VALUES ('gold-bar-1');
CREATE TABLE other.vault (gold varchar(20)); INSERT INTO other.vault VALUES ('tin');
CREATE TABLE shop.person (id int PRIMARY KEY, name varchar(20), ssn varchar(20));
INSERT INTO shop.person VALUES (1, 'ann', '111-22-3333'), (2, 'bob', '444-55-6666'), (3, 'cyd', NULL);
CREATE TABLE other.person (id int PRIMARY KEY, name varchar(20), ssn varchar(20));
INSERT INTO other.person VALUES (1, 'zoe', '777-88-9999');
CREATE TABLE shop.many (n int PRIMARY KEY); INSERT INTO shop.many
  WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100) SELECT n FROM c;
CREATE TABLE shop.bounded AS SELECT n FROM shop.many;
CREATE TABLE shop.written (n int);
CREATE PROCEDURE shop.two() BEGIN SELECT 'first' AS a; SELECT name, ssn FROM shop.person; END;
`;
const SECRET = /\d{3}-\d{2}-\d{4}|gold-bar/;

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    for (const statement of SCHEMA.split(/;\n|; (?=CREATE|INSERT)/).filter((one) => one.trim() !== ''))
      await admin.query(statement.replace(/;$/, ''));
    await admin.end();
    const upstream = pair[flavour].url('shop');
    sluices.set(flavour, await startSluice({ upstream, policy: POLICY, listener: 'multi_statements: true' }));
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  await pair?.stop();
});

for (const flavour of FLAVOURS) {
  const open = (flags: number = CAPABILITY.DEPRECATE_EOF) =>
    MysqlRawClient.connect(sluices.get(flavour)?.port ?? 0, {
      database: 'shop',
      flags: flags | CAPABILITY.MULTI_STATEMENTS,
    });

  test(`[28] ${flavour}: names of one language used in the other`, async () => {
    const client = await open();
    const prepared = await client.prepare("SELECT 'by the protocol'");
    // SQL knows no ids, and the protocol no names.
    for (const name of [String(prepared.id), `\`${prepared.id}\``, '``', "''"])
      assert.notEqual(await client.errno(`EXECUTE ${name}`), 0);
    assert.equal(await client.errno("PREPARE s FROM 'SELECT name, ssn FROM person WHERE id = ?'"), 0);
    for (let id = 0; id < 4; id++) {
      if (id === prepared.id) continue;
      assert.equal((await client.ask(execute(id))).error?.errno, 1243);
    }
    assert.equal(await client.errno('SET @id = 1'), 0);
    const rows = await client.rows('EXECUTE s USING @id');
    assert.equal(rows[0]?.[0], 'ann');
    assert.doesNotMatch(String(rows[0]?.[1]), SECRET);
    // What is closed in one is open in the other.
    assert.equal(await client.errno('DEALLOCATE PREPARE s'), 0);
    assert.equal((await client.ask(execute(prepared.id))).error, null);
    client.end();
  });

  test(`[28] ${flavour}: SQL's PREPARE of what is denied, and of texts that cannot be read`, async () => {
    const client = await open();
    assert.notEqual(await client.errno("PREPARE v FROM 'SELECT gold FROM vault'"), 0);
    assert.notEqual(await client.errno('EXECUTE v'), 0);
    await client.query("SET @t = 'SELECT gold FROM vault'");
    assert.notEqual(await client.errno('PREPARE v FROM @t'), 0);
    assert.notEqual(await client.errno('EXECUTE v'), 0);
    assert.notEqual(await client.errno("EXECUTE IMMEDIATE 'SELECT gold FROM vault'"), 0);
    const inProtocol = await client.prepare("PREPARE v FROM 'SELECT gold FROM vault'");
    assert.notEqual(inProtocol.error, null);
    const dynamic = await client.prepare('EXECUTE v');
    if (dynamic.error === null) assert.notEqual((await client.ask(execute(dynamic.id))).error, null);
    assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    client.end();
  });

  test(`[29] ${flavour}: a refused prepare leaves nothing to run, and ids that were never given run nothing`, async () => {
    const client = await open();
    const before = await client.prepare("SELECT 'mine'");
    const denied = await client.prepare('SELECT gold FROM vault');
    assert.equal(denied.error?.errno, 1227);
    for (const id of [-1, 0, before.id + 1, before.id + 2, 0x7fffffff]) {
      assert.equal((await client.ask(execute(id))).error?.errno, 1243, `execute ${id}`);
      client.send(fetch(id, 5));
      assert.equal((await client.reply()).error?.errno, 1243, `fetch ${id}`);
      assert.equal((await client.ask(resetStatement(id))).error?.errno, 1243, `reset ${id}`);
      client.send(longData(id, 0, 'x'), closeStatement(id));
    }
    // A prepare that the server refuses: −1 stands for the last one in MariaDB.
    assert.equal((await client.prepare('SELECT nothing FROM person')).error?.errno, 1054);
    assert.equal((await client.ask(execute(-1))).error?.errno, 1243);
    const mine = await client.ask(execute(before.id));
    assert.deepEqual(
      mine.results[0]?.rows.map((row) => binaryStrings(row, 1)),
      [['mine']],
    );
    client.send(closeStatement(before.id));
    assert.equal((await client.ask(execute(before.id))).error?.errno, 1243);
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    client.end();
  });

  test(`[29] ${flavour}: a prepare that fails takes the name away, and so does one that is denied or not`, async () => {
    const client = await open();
    assert.equal(await client.errno("PREPARE s FROM 'SELECT name FROM person WHERE id = 1'"), 0);
    assert.notEqual(await client.errno("PREPARE s FROM 'SELECT gold FROM vault'"), 0);
    // Refused by Sluice: the server still has the old one, which was judged.
    assert.deepEqual(await client.rows('EXECUTE s'), [['ann']]);
    // Refused by the server: it has none.
    assert.notEqual(await client.errno("PREPARE s FROM 'SELECT nothing FROM person'"), 0);
    assert.equal(await client.errno('EXECUTE s'), 1243);
    client.end();
  });

  test(`[30] ${flavour}: USE between prepare and execute`, async () => {
    const client = await open();
    const tin = await client.prepare('SELECT gold FROM other.vault');
    assert.equal(tin.error, null);
    await client.query('USE other');
    // Names without a schema stay those of the database of then, at the server and here.
    const vault = await client.prepare('SELECT gold FROM vault');
    const person = await client.prepare('SELECT ssn FROM person');
    assert.equal(await client.errno("PREPARE s FROM 'SELECT gold FROM vault'"), 0);
    assert.equal((await client.ask(command(0x02, 'shop'))).error, null);
    assert.deepEqual(await client.rows('SELECT database()'), [['shop']]);
    const executed = await client.ask(execute(vault.id));
    assert.doesNotMatch(Buffer.concat(executed.packets.map(({ body }) => body)).toString(), SECRET);
    await client.ask(execute(person.id));
    await client.query('EXECUTE s');
    assert.notEqual(await client.errno('SELECT gold FROM vault'), 0);
    assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    client.end();
  });

  test(`[30] ${flavour}: sql_mode between prepare and execute, and between two texts`, async () => {
    const client = await open();
    // With ANSI_QUOTES it is a column, without a string.
    const quoted = await client.prepare('SELECT "ssn" FROM person WHERE id = 1');
    await client.query("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')");
    const now = await client.query('SELECT "ssn" FROM person WHERE id = 1');
    assert.equal(now.error, null);
    await client.ask(execute(quoted.id));
    const ansi = await client.prepare('SELECT "ssn" FROM person WHERE id = 1');
    await client.query("SET sql_mode = ''");
    await client.ask(execute(ansi.id));
    // A backslash that ends a string in one mode and not in the other.
    await client.query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'");
    await client.query("SELECT '\\' , (SELECT gold FROM vault) , '\\'");
    await client.query("SET sql_mode = ''");
    await client.query("SELECT '\\'', (SELECT gold FROM vault), '\\''");
    assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    client.end();
  });

  test(`[30] ${flavour}: ALTER and views between prepare and execute, through Sluice and beside it`, async () => {
    const client = await open();
    await client.query('CREATE TABLE safe (a varchar(20), b varchar(20))');
    await client.query("INSERT INTO safe VALUES ('x', 'y')");
    const star = await client.prepare('SELECT * FROM safe');
    assert.equal((await client.ask(execute(star.id))).error, null);
    await client.query('SELECT * FROM safe');
    const admin = await adminConnection(pair[flavour], 'shop');
    try {
      assert.equal(await client.errno('RENAME TABLE safe TO harmless'), 0);
      const view = 'CREATE VIEW safe AS SELECT name AS a, ssn AS b FROM person';
      // Who waits for a lock on the name would find it: so it is only made by those who see the column whole.
      assert.equal(await client.errno(view), 1227);
      await admin.query(view);
      await client.ask(execute(star.id));
      await client.query('SELECT * FROM safe');
      await client.query('SELECT a, b FROM safe');
      assert.doesNotMatch(received(client).toString('latin1'), SECRET);
      // Beside Sluice: the server tells that the result has another shape.
      await client.query('CREATE TABLE grows (a varchar(20))');
      await client.query("INSERT INTO grows VALUES ('x')");
      const growing = await client.prepare('SELECT * FROM grows');
      assert.equal((await client.ask(execute(growing.id))).error, null);
      assert.deepEqual(await client.rows('SELECT * FROM grows'), [['x']]);
      assert.deepEqual(await client.rows('SELECT * FROM grows'), [['x']]);
      await admin.query("ALTER TABLE grows ADD COLUMN ssn varchar(20) DEFAULT '999-99-9999'");
      await client.ask(execute(growing.id));
      await client.query('SELECT * FROM grows');
      assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    } finally {
      await admin.query('DROP VIEW IF EXISTS safe');
      await admin.query('DROP TABLE IF EXISTS harmless, grows');
      await admin.end();
    }
    client.end();
  });

  test(`[31] promise 5: ${flavour}: a cursor fetched in pieces is one result, cut at the row, and stays cut`, async () => {
    const client = await open();
    const { id } = await client.prepare('SELECT n FROM many ORDER BY n');
    const opened = await client.ask(execute(id, [], CURSOR));
    assert.equal(opened.error, null);
    assert.notEqual(opened.status & STATUS.CURSOR_EXISTS, 0);
    let rows = 0;
    let failures = 0;
    for (let n = 0; n < 8; n++) {
      client.send(fetch(id, 3));
      const piece = await client.fetched();
      rows += piece.results[0]?.rows.length ?? 0;
      if (piece.error !== null) failures++;
    }
    assert.equal(rows, 10);
    assert.ok(failures >= 4);
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    // Opened anew it is a new result.
    await client.ask(execute(id, [], CURSOR));
    client.send(fetch(id, 50));
    const again = await client.fetched();
    assert.equal(again.results[0]?.rows.length, 10);
    assert.equal(again.error?.errno, 1317);
    client.end();
  });

  for (const flags of [0, CAPABILITY.DEPRECATE_EOF]) {
    test(`[31] ${flavour}: a cursor keeps its masks, without definitions, ${flags === 0 ? 'EOF' : 'no EOF'}`, async () => {
      const client = await open(flags);
      const { id } = await client.prepare('SELECT name, ssn FROM person ORDER BY id');
      await client.ask(execute(id, [], CURSOR));
      const rows: (string | null)[][] = [];
      for (let n = 0; n < 3; n++) {
        client.send(fetch(id, 1));
        const piece = await client.fetched();
        assert.equal(piece.error, null);
        rows.push(...(piece.results[0]?.rows.map((row) => binaryStrings(row, 2)) ?? []));
      }
      assert.deepEqual(
        rows.map(([name]) => name),
        ['ann', 'bob', 'cyd'],
      );
      assert.equal(rows[2]?.[1], null, 'NULL stays NULL');
      assert.doesNotMatch(received(client).toString('latin1'), SECRET);
      client.end();
    });
  }

  test(`[31] ${flavour}: fetches of what has no cursor, after close, reset, execute and commit`, async () => {
    const client = await open();
    const { id } = await client.prepare('SELECT name, ssn FROM person ORDER BY id');
    const noCursor = async (what: string) => {
      client.send(fetch(id, 1));
      const answer = await client.fetched();
      assert.notEqual(answer.error, null, what);
    };
    await noCursor('never opened');
    await client.ask(execute(id));
    await noCursor('executed without');
    await client.ask(execute(id, [], CURSOR));
    assert.equal((await client.ask(resetStatement(id))).error, null);
    await noCursor('reset');
    // Cursors of other kinds are none.
    for (const flags of [2, 4, 8, 255])
      assert.notEqual((await client.ask(execute(id, [], flags))).error, null);
    await client.ask(execute(id, [], CURSOR));
    await client.ask(command(0x1f));
    await noCursor('the connection was reset');
    assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    client.end();
  });

  test(`[32] promise 1: ${flavour}: every command that is not served is refused in order, and the session goes on`, async () => {
    const client = await open();
    const connection = await client.rows('SELECT connection_id()');
    const served = new Set([
      0x01, 0x02, 0x03, 0x09, 0x0c, 0x0e, 0x11, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1c, 0x1f,
    ]);
    const arguments_ = [Buffer.alloc(0), Buffer.from('person\0%'), Buffer.alloc(4), Buffer.alloc(30, 1)];
    for (let code = 0; code < 256; code++) {
      if (served.has(code)) continue;
      for (const argument of arguments_) {
        const { packets, error } = await client.ask(command(code, argument));
        assert.deepEqual(
          [error?.errno, error?.sqlstate, packets[0]?.sequence],
          [1047, '08S01', 1],
          `command ${code}`,
        );
      }
    }
    assert.deepEqual(await client.rows('SELECT connection_id()'), connection);
    // Those that are served, with arguments of no sense: an answer each, and the session goes on.
    for (const code of [0x02, 0x16, 0x17, 0x1a]) {
      for (const argument of arguments_.slice(1)) {
        const { error } = await client.ask(command(code, argument));
        assert.notEqual(error, null, `command ${code}`);
      }
    }
    assert.deepEqual(await client.rows('SELECT connection_id()'), connection);
    client.end();
    // Without an id, they are no commands.
    for (const code of [0x17, 0x18, 0x19, 0x1a, 0x1c]) {
      const broken = await open();
      broken.send(command(code));
      broken.send(command(0x0e));
      const { error } = await broken.reply();
      assert.ok(code === 0x18 ? error === null : error?.errno === 1835, `command ${code}: ${error?.errno}`);
      broken.end();
    }
  });

  test(`[32] ${flavour}: commands in a pipeline are answered in order, refused ones among them`, async () => {
    const client = await open();
    client.send(
      query('SELECT 1'),
      command(0x04, 'person\0'),
      query('SELECT gold FROM vault'),
      command(0x0e),
      query('SELECT 2; SELECT 3'),
      command(0x1b, Buffer.from([1, 0])),
      query('DROP TABLE person'),
      query('SELECT ssn FROM person'),
    );
    const outcomes: string[] = [];
    for (let n = 0; n < 8; n++) {
      const { error, results } = await client.reply();
      outcomes.push(error === null ? `${results.flatMap(({ rows }) => rows).length}` : String(error.errno));
    }
    assert.deepEqual(outcomes, ['1', '1047', '1227', '0', '2', '1047', '1227', '3']);
    assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    client.end();
  });

  test(`[23] ${flavour}: a bound that is a parameter is judged when it has a value, in each type and by long data`, async () => {
    const client = await open();
    const { id, error } = await client.prepare('SELECT n FROM bounded LIMIT ?');
    assert.equal(error, null);
    assert.equal((await client.ask(execute(id, ['-1']))).error === null, false);
    assert.notEqual((await client.ask(execute(id, [null]))).error, null);
    assert.equal((await client.ask(execute(id))).error?.errno, 1210);
    // Long data where the packet has none.
    client.send(longData(id, 0, '5'));
    const withLong = execute(id, ['']);
    await client.ask(withLong.subarray(0, 4 + 1 + 9), withLong.subarray(14)).catch(() => null);
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    client.end();
  });

  test(`[4] ${flavour}: masks hold in the second result of a text, of a procedure and of a prepared call`, async () => {
    const client = await open();
    const batch = await client.query('SELECT 1; SELECT ssn FROM person; SELECT 2');
    assert.equal(batch.error, null);
    assert.equal(batch.results.length, 3);
    const called = await client.query('CALL two()');
    const { id } = await client.prepare('CALL two()');
    if (id !== -1) await client.ask(execute(id));
    assert.doesNotMatch(received(client).toString('latin1'), SECRET);
    if (called.error === null) assert.deepEqual(called.results[0]?.columns.length, 1);
    const over = await client.query('SELECT 1; SELECT n FROM many; SELECT 3');
    assert.equal(over.results[1]?.rows.length, 10);
    assert.equal(over.error?.errno, 1317);
    assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
    client.end();
  });
}
