/** The command phase through sockets, on real MariaDB and MySQL: what arrives, and what is in the database afterwards. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Connection, createConnection } from 'mysql2/promise';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { MysqlWireClient } from '../support/mysql-wire-client.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const SCHEMA = `
CREATE DATABASE g CHARACTER SET utf8mb4;
USE g;
CREATE TABLE person (id INT PRIMARY KEY, name VARCHAR(50), ssn VARCHAR(20) UNIQUE, pin INT);
INSERT INTO person VALUES (1, 'Ann', '123-45-6789', 4711), (2, 'Bob', NULL, NULL), (3, 'Cid', '987-65-4321', 42);
CREATE TABLE numbers (n INT PRIMARY KEY);
INSERT INTO numbers WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s;
CREATE TABLE secrets (word VARCHAR(20));`;
const POLICY = `default: allow
rules:
  - name: few
    when: { tables: [g.numbers] }
    then: { limit: { rows: 5 } }
  - name: no-secrets
    when: { tables: [g.secrets], users: [agent] }
    then: deny
masks:
  - columns: [g.person.ssn]
    with: last4
  - columns: [g.person.pin]
    with: "null"
`;

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(SCHEMA);
    await admin.end();
    sluices.set(flavour, await startSluice({ upstream: pair[flavour].url('g'), policy: POLICY }));
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  await pair?.stop();
});

function connect(flavour: string): Promise<Connection> {
  const port = sluices.get(flavour)?.port ?? 0;
  return createConnection({ host: '127.0.0.1', port, user: 'agent', database: 'g' });
}

/** The number of the error that a question is answered with; 0 for none. */
async function errno(asked: Promise<unknown>): Promise<number> {
  try {
    await asked;
    return 0;
  } catch (error) {
    return error instanceof Error && 'errno' in error ? Number(error.errno) : -1;
  }
}

for (const flavour of FLAVOURS) {
  test(`promise 4: masked in text and binary rows, errors and warnings, on ${flavour}`, async () => {
    const client = await connect(flavour);
    const expected = [
      { id: 1, ssn: '***-**-6789', pin: null },
      { id: 3, ssn: '***-**-4321', pin: null },
    ];
    const [text] = await client.query('SELECT id, ssn, pin FROM person WHERE id <> 2');
    assert.deepEqual(text, expected);
    const [binary] = await client.execute('SELECT id, ssn, pin FROM person WHERE id <> ?', [2]);
    assert.deepEqual(binary, expected);
    await assert.rejects(
      client.query("UPDATE person SET ssn = CONCAT('987-65-', '4321') WHERE id = 1"),
      (error: Error) => 'errno' in error && error.errno === 1062 && !error.message.includes('987-65'),
    );
    const [warnings] = await client.query('SHOW WARNINGS');
    // How many there are would tell of masked values, too: the server has forgotten them.
    assert.deepEqual(warnings, []);
    await client.end();
  });

  test(`promise 5: five rows and then the error, and the session goes on, on ${flavour}`, async () => {
    const client = await connect(flavour);
    for (let n = 0; n < 20; n++) {
      assert.equal(await errno(client.query('SELECT * FROM numbers')), 1317);
      const [row] = await client.query('SELECT 7 AS seven');
      assert.deepEqual(row, [{ seven: 7 }]);
      assert.equal(await errno(client.execute('SELECT * FROM numbers')), 1317);
    }
    const [rows] = await client.query('SELECT * FROM numbers LIMIT 5');
    assert.equal(Array.isArray(rows) ? rows.length : 0, 5);
    await client.end();
  });

  test(`promise 6: a denial leaves transaction and session as they are, on ${flavour}`, async () => {
    const client = await connect(flavour);
    await client.query('CREATE TABLE IF NOT EXISTS done (n INT)');
    await client.query('START TRANSACTION');
    await client.query('INSERT INTO done VALUES (1)');
    assert.equal(await errno(client.query('DELETE FROM secrets')), 1227);
    assert.equal(await errno(client.execute('SELECT * FROM secrets')), 1227);
    assert.equal(await errno(client.query('SELECT 1; DELETE FROM done')), 1064);
    await client.query('COMMIT');
    const [rows] = await client.query('SELECT n FROM done');
    assert.deepEqual(rows, [{ n: 1 }]);
    await client.query('DROP TABLE done');
    await client.end();
  });

  test(`COM_CHANGE_USER begins a session anew under other rules, on ${flavour}`, async () => {
    const client = await connect(flavour);
    assert.equal(await errno(client.query('SELECT * FROM secrets')), 1227);
    await client.query('SET @x = 5');
    await client.changeUser({ user: 'dba', database: 'g' });
    const [rows] = await client.query('SELECT @x AS x, COUNT(*) AS n, DATABASE() AS d FROM secrets');
    assert.deepEqual(rows, [{ x: null, n: 0, d: 'g' }]);
    await client.changeUser({ user: 'agent', database: 'g' });
    assert.equal(await errno(client.query('SELECT * FROM secrets')), 1227);
    await client.end();
  });

  test(`names that SQL prepares run what they stand for, on ${flavour}`, async () => {
    const client = await connect(flavour);
    await client.query("PREPARE p FROM 'SELECT n FROM numbers LIMIT ?'");
    await client.query('SET @few = 3');
    assert.equal(await errno(client.query('EXECUTE p USING @few')), 0);
    assert.equal(await errno(client.query("PREPARE p FROM 'SELECT * FROM secrets'")), 1227);
    assert.equal(await errno(client.query('DEALLOCATE PREPARE p')), 0);
    assert.equal(await errno(client.query('EXECUTE p USING @few')), 1243);
    await client.end();
  });
}

test('a prepared HELP that MariaDB answers at once leaves the session as it was', async () => {
  for (const flavour of FLAVOURS) {
    const client = await MysqlWireClient.connect(sluices.get(flavour)?.port ?? 0, { database: 'g' });
    const [first] = (await client.prepare("HELP 'zzz'")).packets;
    assert.ok(first !== undefined && ['ok', 'prepared', 'error'].includes(first.kind), flavour);
    const rows = await client.query('SELECT 42');
    assert.ok(rows.some(({ kind, body }) => kind === 'text row' && body.toString('latin1').endsWith('42')));
    client.end();
  }
});
