/** What a server counts and warns of tells of masked values as a comparison does; and texts the way the server itself takes them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import { execute, MysqlRawClient, query } from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `
default: allow
masks:
  - { columns: [shop.person.ssn], with: redact }
`;
const MULTI = C.MULTI_STATEMENTS | C.DEPRECATE_EOF;

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; USE shop;
      CREATE TABLE person (id int PRIMARY KEY, name varchar(20), ssn varchar(20));
      INSERT INTO person VALUES (1, 'ann', '111-22-3333'), (2, 'bob', '444-55-6666');
      CREATE PROCEDURE nothing() SELECT 1; CREATE USER agent@'%' IDENTIFIED BY ''; GRANT ALL ON *.* TO agent@'%'`);
    await admin.end();
    const upstream = pair[flavour].url('shop');
    sluices.set(flavour, await startSluice({ upstream, policy: POLICY, listener: 'multi_statements: true' }));
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  await pair?.stop();
});

const READS = "(SELECT COUNT(*) FROM person AS q WHERE q.name <> 'zz')";
/** Whether the query runs follows from the value, and how many rows were read can be asked for afterwards. */
const STEERED = [
  `IF(ssn LIKE '111%', ${READS}, 0)`,
  `CASE WHEN ssn LIKE '111%' THEN ${READS} END`,
  `CASE ssn WHEN '111-22-3333' THEN ${READS} END`,
  `ssn LIKE '111%' AND ${READS}`,
  `ssn LIKE '111%' OR EXISTS (SELECT 1 FROM person AS q WHERE q.name <> 'zz')`,
  `ssn LIKE '111%' AND 5 IN (SELECT id FROM person)`,
  `ssn LIKE '111%' AND 5 > ALL (SELECT id FROM person)`,
  `COALESCE(NULLIF(ssn, '111-22-3333'), ${READS})`,
  `IFNULL(NULLIF(ssn, '111-22-3333'), 1 + ${READS})`,
  `ssn IN ('111-22-3333', ${READS})`,
  `MAX(IF(ssn LIKE '111%', ${READS}, 0))`,
  `IF((SELECT q.ssn FROM person AS q WHERE q.id = 1) LIKE '111%', ${READS}, 0)`,
];
const OPEN = [
  `ssn, ${READS}`,
  `${READS} + id`,
  `IF(name LIKE 'a%', ${READS}, 0)`,
  "CONCAT((SELECT q.ssn FROM person AS q WHERE q.id = 1), 'x')",
];

const WARNS = 'SELECT CAST(ssn AS SIGNED) FROM person WHERE id = 1';
const TELLS = [
  'SELECT @@warning_count',
  'SELECT @@session.`error_count` + @@local . warning_count',
  'SET @n = @@warning_count; SELECT @n',
  'SHOW COUNT(*) WARNINGS',
  'SHOW WARNINGS',
  'SHOW ERRORS',
  'SELECT 1; SHOW COUNT(*) WARNINGS',
];

for (const flavour of FLAVOURS) {
  const port = () => sluices.get(flavour)?.port ?? 0;
  const open = (flags?: number) =>
    MysqlRawClient.connect(port(), { database: 'shop', ...(flags === undefined ? {} : { flags }) });

  test(`promise 4: ${flavour}: a masked value does not decide whether a query beside it runs`, async () => {
    const client = await open();
    for (const output of STEERED) {
      for (const sql of [
        `SELECT ${output} FROM person WHERE id = 1`,
        `EXPLAIN SELECT ${output} FROM person WHERE id = 1`,
      ]) {
        const { error } = await client.query(sql);
        assert.equal(error?.errno, 1227, sql);
        assert.match(error?.message ?? '', /shop\.person\.ssn/);
        assert.equal((await client.prepare(sql)).error?.errno, 1227, sql);
      }
    }
    for (const output of OPEN) assert.equal(await client.errno(`SELECT ${output} FROM person`), 0, output);
    client.end();
  });

  test(`promise 4: ${flavour}: in one text, nothing tells of the warnings of a statement that touched masked columns`, async () => {
    const client = await open(MULTI);
    for (const tells of TELLS) {
      const { error } = await client.query(`${WARNS}; ${tells}`);
      assert.match(error?.message ?? '', /sluice\/batch-warnings/, tells);
      assert.equal(await client.errno(`SELECT CAST('x' AS SIGNED); ${tells}`), 0, tells);
    }
    // Alone, its warnings are forgotten before the next statement comes.
    assert.equal(await client.errno(WARNS), 0);
    assert.deepEqual(await client.rows('SELECT @@warning_count'), [['0']]);
    client.end();
  });

  test(`promise 3: ${flavour}: spaces and semicolons at the end of a text, as the server takes them`, async () => {
    const direct = await MysqlRawClient.connect(pair[flavour].port, { database: 'shop', flags: MULTI });
    const client = await open(MULTI);
    for (const text of [
      'SELECT 1;',
      'SELECT 1; ',
      'SELECT 1;;',
      'SELECT 1 ; ;\t;\n ',
      'SELECT 1; -- x;',
      'SELECT 1 --;',
      "SELECT 'a;",
      "SELECT ';;';;",
      'SELECT 1;;SELECT 2',
      'SELECT 1; SELECT 2;;',
      ';SELECT 1',
      ' ; ; ',
      ';',
      '',
      ' ',
      '/* x */;;',
    ]) {
      const [own, servers] = [await client.query(text), await direct.query(text)];
      // A text with a mistake in it is refused as a whole, before any of it runs.
      const shown = ({ results, error }: typeof own) =>
        error === null ? results.map(({ rows }) => rows) : error.errno;
      assert.deepEqual(shown(own), shown(servers), JSON.stringify(text));
      const [prepared, there] = [await client.prepare(text), await direct.prepare(text)];
      assert.equal(prepared.error?.errno, there.error?.errno, `prepare ${JSON.stringify(text)}`);
      if (prepared.error === null) {
        const [ran, ranThere] = [await client.ask(execute(prepared.id)), await direct.ask(execute(there.id))];
        assert.deepEqual(ran.packets.at(-1)?.body, ranThere.packets.at(-1)?.body);
      }
    }
    client.end();
    direct.end();
  });

  test(`${flavour}: without a database a name without one is error 1046, as the server has it, and the next statement works`, async () => {
    const client = await MysqlRawClient.connect(port());
    const direct = await MysqlRawClient.connect(pair[flavour].port);
    for (const text of [
      'SELECT * FROM person',
      'SELECT * FROM user',
      'SELECT (SELECT 1 FROM nowhere)',
      'INSERT INTO person VALUES (1)',
      'UPDATE person SET name = 1 WHERE id = 1',
      'DELETE FROM person WHERE id = 1',
      'CREATE TABLE zz (n int)',
      'DROP TABLE person',
      'SHOW TABLES',
      'CALL nothing()',
    ]) {
      assert.equal(await direct.errno(text), 1046, text);
      assert.equal(await client.errno(text), 1046, text);
      const [own, servers] = [await client.prepare(text), await direct.prepare(text)];
      assert.equal(own.error?.errno, servers.error?.errno, `prepare ${text}`);
    }
    client.send(query('USE shop'), query('SELECT name FROM person WHERE id = 1'));
    assert.equal((await client.reply()).error, null);
    assert.equal((await client.reply()).results[0]?.rows.length, 1);
    client.end();
    direct.end();
  });
}
