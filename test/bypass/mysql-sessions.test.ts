/** Sessions that become others', are reset, or are to be ended by others: class 37 of attacks, and COM_CHANGE_USER. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPABILITY as C, STATUS } from '../../protocols/mysql/capabilities.ts';
import { command, execute, MysqlRawClient, query, received } from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const POLICY = `
default: allow
rules:
  - { name: vault-is-closed, when: { tables: [shop.vault], groups: [agents] }, then: deny }
  - { name: few, when: { tables: [shop.many], groups: [agents] }, then: { limit: { rows: 3, over: deny } } }
masks:
  - { columns: [shop.person.ssn], with: redact, unless: { groups: [dba] } }
`;

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; CREATE TABLE shop.vault (gold varchar(20));
      INSERT INTO shop.vault VALUES ('gold-bar-1'); CREATE TABLE shop.many (n int);
      INSERT INTO shop.many VALUES (1), (2), (3), (4), (5); CREATE TABLE shop.written (n int) ENGINE=InnoDB;
      CREATE TABLE shop.person (ssn varchar(20)); INSERT INTO shop.person VALUES ('111-22-3333')`);
    await admin.end();
    sluices.set(flavour, await startSluice({ upstream: pair[flavour].url('shop'), policy: POLICY }));
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  await pair?.stop();
});

function changeUser(user: string, database = 'shop'): Buffer {
  return command(0x11, `${user}\0\0${database}\0`, Buffer.from([45, 0]), 'mysql_native_password\0');
}

/** Goes through what is asked on the way; the last packet. */
async function changed(client: MysqlRawClient, bytes: Buffer): Promise<number> {
  client.send(bytes);
  for (;;) {
    const answer = await client.packet();
    if (answer === null) return -1;
    if (answer.body[0] === 0x00) return 0;
    if (answer.body[0] === 0xff) return answer.body.readUInt16LE(1);
    const reply = Buffer.from([0, 0, 0, (answer.sequence + 1) & 0xff]);
    client.send(reply);
  }
}

for (const flavour of FLAVOURS) {
  const sluice = () => {
    const found = sluices.get(flavour);
    assert.ok(found !== undefined);
    return found;
  };
  const open = (user = 'agent') =>
    MysqlRawClient.connect(sluice().port, { user, database: 'shop', flags: C.DEPRECATE_EOF });

  test(`promise 12: ${flavour}: COM_CHANGE_USER is another session: its rules, its masks, its limits, its records`, async () => {
    const client = await open('dba');
    assert.deepEqual(await client.rows('SELECT gold FROM vault'), [['gold-bar-1']]);
    assert.deepEqual(await client.rows('SELECT ssn FROM person'), [['111-22-3333']]);
    const old = await client.prepare('SELECT gold FROM vault');
    await client.query("PREPARE s FROM 'SELECT gold FROM vault'");
    await client.query('SET @kept = (SELECT gold FROM vault)');
    await client.query('CREATE TEMPORARY TABLE kept AS SELECT gold FROM vault');
    await client.query("SET sql_mode = 'ANSI_QUOTES'");
    await client.query('BEGIN');
    await client.query('INSERT INTO written VALUES (1)');
    const mark = client.chunks.length;
    assert.equal(await changed(client, changeUser('agent')), 0);
    assert.equal(await client.errno('SELECT gold FROM vault'), 1227);
    assert.doesNotMatch(String((await client.rows('SELECT ssn FROM person'))[0]?.[0]), /\d{3}/);
    const limited = await client.query('SELECT n FROM many');
    assert.equal(limited.results[0]?.rows.length, 3);
    assert.equal((await client.ask(execute(old.id))).error?.errno, 1243);
    assert.equal(await client.errno('EXECUTE s'), 1243);
    assert.notEqual(await client.errno('SELECT gold FROM kept'), 0);
    await client.query('SELECT @kept');
    const state = await client.query('SELECT 1');
    assert.equal(state.status & STATUS.IN_TRANSACTION, 0);
    await client.query('COMMIT');
    assert.deepEqual(await client.rows('SELECT n FROM written'), []);
    assert.deepEqual(await client.rows('SELECT "text", @@sql_mode LIKE \'%ANSI_QUOTES%\''), [['text', '0']]);
    assert.doesNotMatch(Buffer.concat(client.chunks.slice(mark)).toString('latin1'), /gold-bar|111-22/);
    client.end();
    const sessions = sluice()
      .records()
      .filter(({ type }) => type === 'session-start');
    const [before, now] = sessions.slice(-2);
    assert.notEqual(before?.['session'], now?.['session']);
    assert.match(JSON.stringify(before), /"dba"/);
    assert.match(JSON.stringify(now), /"agent"/);
  });

  test(`${flavour}: COM_CHANGE_USER that cannot be read ends the session`, async () => {
    for (const bytes of [command(0x11), command(0x11, 'dba'), command(0x11, 'dba\0\xff\xff\xff')]) {
      const client = await open();
      const errno = await changed(client, bytes);
      assert.notEqual(errno, 0);
      client.send(query('SELECT gold FROM vault'));
      await until(() => client.closed, 'the end');
      assert.doesNotMatch(received(client).toString('latin1'), /gold-bar/);
      client.end();
    }
  });

  test(`${flavour}: commands sent behind COM_CHANGE_USER are the new user's, and those before it the old one's`, async () => {
    const client = await open('dba');
    client.send(query('SELECT gold FROM vault'), changeUser('agent'));
    assert.equal((await client.reply()).results[0]?.rows.length, 1);
    assert.equal(await changed(client, Buffer.alloc(0)), 0);
    const mark = client.chunks.length;
    for (let n = 0; n < 5; n++) client.send(query('SELECT gold FROM vault'));
    for (let n = 0; n < 5; n++) assert.equal((await client.reply()).error?.errno, 1227);
    assert.doesNotMatch(Buffer.concat(client.chunks.slice(mark)).toString('latin1'), /gold-bar/);
    // To and fro.
    for (let n = 0; n < 4; n++) {
      assert.equal(await changed(client, changeUser(n % 2 === 0 ? 'dba' : 'agent')), 0);
      assert.equal(await client.errno('SELECT gold FROM vault'), n % 2 === 0 ? 0 : 1227);
    }
    client.end();
  });

  test(`${flavour}: COM_RESET_CONNECTION leaves nothing of the session`, async () => {
    const client = await open();
    const { id } = await client.prepare("SELECT 'prepared'");
    await client.query("PREPARE s FROM 'SELECT 1'");
    await client.query('SET @mine = 5');
    await client.query('CREATE TEMPORARY TABLE passing (n int)');
    await client.query("SET sql_mode = 'ANSI_QUOTES'");
    await client.query('BEGIN');
    await client.query('INSERT INTO written VALUES (7)');
    const reset = await client.ask(command(0x1f));
    assert.equal(reset.error, null);
    assert.equal((await client.ask(execute(id))).error?.errno, 1243);
    assert.equal(await client.errno('EXECUTE s'), 1243);
    assert.deepEqual(await client.rows('SELECT @mine'), [[null]]);
    assert.notEqual(await client.errno('SELECT n FROM passing'), 0);
    assert.deepEqual(await client.rows('SELECT "text"'), [['text']]);
    assert.deepEqual(await client.rows('SELECT n FROM written WHERE n = 7'), []);
    assert.equal(await client.errno('SELECT gold FROM vault'), 1227);
    client.end();
  });

  test(`[14] promise 3: ${flavour}: what was prepared in one sql_mode is not run as it reads in another`, async () => {
    const client = await open();
    const quotes = await client.prepare('SELECT "gold" AS a, hex("ssn") AS b FROM person');
    const escapes = await client.prepare("SELECT 'a\\', hex(ssn) FROM person -- ' AS a, 1 AS b FROM written");
    const plain = await client.prepare('SELECT n FROM many WHERE n = 1');
    const admin = await adminConnection(pair[flavour], 'shop');
    for (const mode of ['', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'STRICT_ALL_TABLES', 'PIPES_AS_CONCAT']) {
      await client.query(`SET sql_mode = '${mode}'`);
      // The server reads again what names a table that has changed.
      for (const table of ['person', 'written', 'many'])
        await admin.query(`ALTER TABLE ${table} COMMENT = 'for ${mode}'`);
      for (const { id } of [quotes, escapes, plain]) {
        const { error } = await client.ask(execute(id));
        const other = id === quotes.id ? 'ANSI_QUOTES' : id === escapes.id ? 'NO_BACKSLASH_ESCAPES' : null;
        assert.equal(error?.errno, mode === other && flavour === 'mysql' ? 1227 : undefined, `${id} ${mode}`);
      }
    }
    assert.doesNotMatch(received(client).toString('latin1'), /3131312D32322D33333333/);
    await admin.end();
    client.end();
  });

  test(`[37] ${flavour}: KILL of guessed ids, of the server's own, and of another principal's hits nobody`, async () => {
    const dba = await open('dba');
    const agent = await open();
    const idOf = (client: MysqlRawClient) => client.greeting.readUInt32LE(client.greeting.indexOf(0) + 1);
    const [[own] = []] = await agent.rows('SELECT connection_id()');
    const admin = await adminConnection(pair[flavour]);
    for (const id of [idOf(dba), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, Number(own), 0x7fffffff, 0]) {
      if (id === idOf(agent)) continue;
      assert.notEqual(await agent.errno(`KILL QUERY ${id}`), 0, `query ${id}`);
      assert.notEqual(await agent.errno(`KILL CONNECTION ${id}`), 0, `connection ${id}`);
      assert.notEqual(await agent.errno(`KILL ${id}`), 0, `${id}`);
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(id);
      assert.notEqual((await agent.ask(command(0x0c, bytes))).error, null, `command ${id}`);
    }
    for (const sql of [
      'KILL USER agent',
      'KILL SOFT CONNECTION 1',
      'KILL QUERY ID 1',
      'KILL (SELECT 1)',
      'KILL @a',
    ])
      assert.notEqual(await agent.errno(sql), 0, sql);
    assert.deepEqual(await dba.rows('SELECT 1'), [['1']]);
    await admin.query('SELECT 1');
    await admin.end();
    agent.end();
    dba.end();
  });

  test(`[37] ${flavour}: one's own other session can be cancelled, by its id of Sluice's`, async () => {
    const busy = await open();
    const other = await open();
    const id = busy.greeting.readUInt32LE(busy.greeting.indexOf(0) + 1);
    busy.send(query('SELECT SLEEP(20), 1'));
    const admin = await adminConnection(pair[flavour]);
    const isRunning = async () => {
      const [rows] = await admin.query(
        "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(20)%'",
      );
      return Array.isArray(rows) && rows.length > 0;
    };
    await until(isRunning, 'it to run');
    assert.equal(await other.errno(`KILL QUERY ${id}`), 0);
    await busy.reply();
    await until(async () => !(await isRunning()), 'it to end at the server');
    for (let n = 0; n < 10; n++)
      assert.deepEqual(await busy.rows('SELECT 2'), [['2']], 'what follows is not hit');
    assert.equal(await other.errno(`KILL ${id}`), 0);
    await until(() => busy.closed, 'the session to end');
    await admin.end();
    other.end();
  });
}
