/**
 * MariaDB 11.8, a real one: what is new in it since 10.11, which the other tests run against. All of them run against it
 * with SLUICE_MARIADB=11.8, as `npm run test:matrix` does.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { requireMysql } from '../../src/demo/mysql-programs.ts';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { adminConnection } from '../support/mysql-servers.ts';
import { MysqlWireClient } from '../support/mysql-wire-client.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const SCHEMA = `
CREATE DATABASE g;
USE g;
CREATE TABLE person (id INT PRIMARY KEY, name VARCHAR(50), ssn VARCHAR(20), v VECTOR(2) NOT NULL, VECTOR INDEX (v));
INSERT INTO person VALUES (1, 'Ann', '123-45-6789', VEC_FromText('[1,2]')), (2, 'Bob', NULL, VEC_FromText('[3,4]'));
CREATE TABLE secrets (word VARCHAR(20));`;
const POLICY = `default: allow
rules:
  - name: no-secrets
    when: { tables: [g.secrets] }
    then: deny
masks:
  - columns: [g.person.ssn]
    with: last4
`;
const MASKED = '***-**-6789';

let server: MysqlServer;
let sluice: Sluice;
let client: Connection;

before(async () => {
  // As it comes: with a certificate that it has made itself.
  const programs = requireMysql('mariadb-11.8');
  server = await startMysql({ flavour: 'mariadb', programs, settings: { ssl: 'ON' } });
  const admin = await adminConnection(server);
  await admin.query(SCHEMA);
  await admin.end();
  sluice = await startSluice({ upstream: `${server.url('g')}?sslmode=require`, policy: POLICY });
  client = await createConnection({ host: '127.0.0.1', port: sluice.port, user: 'agent', database: 'g' });
});

after(async () => {
  await client?.end();
  await sluice?.stop();
  await server?.stop();
});

async function asked(sql: string, values: readonly (string | number)[] | null = null) {
  const [rows] =
    values === null
      ? await client.query<RowDataPacket[]>(sql)
      : await client.execute<RowDataPacket[]>(sql, [...values]);
  return rows;
}

test('promise 4: masked in text, prepared, by a cursor, and in what INSERT … RETURNING and DELETE … RETURNING give', async () => {
  assert.match(server.version, /^11\.8/);
  assert.deepEqual(await asked('SELECT ssn FROM person WHERE id = 1'), [{ ssn: MASKED }]);
  assert.deepEqual(await asked('SELECT ssn FROM person WHERE id = ?', [1]), [{ ssn: MASKED }]);
  const wire = await MysqlWireClient.connect(sluice.port, { database: 'g' });
  const { id } = await wire.prepare('SELECT ssn FROM person ORDER BY id');
  assert.ok(id !== null);
  await wire.execute(id, [], true);
  const fetched = (await wire.fetch(id, 5)).filter(({ kind }) => kind === 'binary row');
  assert.equal(fetched.length, 2);
  assert.ok(fetched[0]?.body.includes(MASKED));
  wire.end();
  const added = await asked(
    "INSERT INTO person VALUES (3, 'Cid', '987-65-4321', VEC_FromText('[5,6]')) RETURNING id, ssn",
  );
  assert.deepEqual(added, [{ id: 3, ssn: '***-**-4321' }]);
  assert.deepEqual(await asked('DELETE FROM person WHERE id = 3 RETURNING ssn'), [{ ssn: '***-**-4321' }]);
});

test('promise 6: what is denied leaves the session as it was; definitions are followed', async () => {
  await assert.rejects(asked('SELECT * FROM secrets'), /denied by rule "no-secrets"/);
  await asked('ALTER TABLE person RENAME COLUMN name TO called');
  assert.deepEqual(await asked('SELECT called, ssn FROM person WHERE id = 1'), [
    { called: 'Ann', ssn: MASKED },
  ]);
  await assert.rejects(asked('CREATE VIEW shown AS SELECT id, ssn AS other FROM person'), /denied by rule/);
  await asked('CREATE TABLE late (a INT)');
  assert.deepEqual(await asked('INSERT INTO late VALUES (1) RETURNING a'), [{ a: 1 }]);
});

test('promise 4: by functions that are new: vectors pass, what JSON has of a masked column does not', async () => {
  assert.deepEqual(
    await asked("SELECT id FROM person ORDER BY VEC_DISTANCE_EUCLIDEAN(v, VEC_FromText('[1,2]')) LIMIT 1"),
    [{ id: 1 }],
  );
  for (const sql of [
    "SELECT JSON_OBJECT_TO_ARRAY(JSON_OBJECT('a', ssn)) AS x FROM person WHERE id = 1",
    "SELECT JSON_KEY_VALUE(JSON_OBJECT('a', ssn), '$') AS x FROM person WHERE id = 1",
    'SELECT FORMAT_PICO_TIME(1), JSON_ARRAY_INTERSECT(JSON_ARRAY(ssn), JSON_ARRAY(ssn)) AS x FROM person WHERE id = 1',
    'SELECT NATURAL_SORT_KEY(ssn) AS x FROM person WHERE id = 1',
    'SELECT SFORMAT("{}", ssn) AS x FROM person WHERE id = 1',
  ]) {
    const told = await asked(sql).then(JSON.stringify, String);
    assert.doesNotMatch(told, /123|45-67/, sql);
  }
});

test('promise 10: columns are described with the collation that the client has agreed on', async () => {
  const described = async (port: number, account: { user: string; password?: string }) => {
    const connection = await createConnection({
      host: '127.0.0.1',
      port,
      database: 'g',
      charset: 'UTF8MB4_UNICODE_CI',
      ...account,
    });
    const [, fields] = await connection.query("SELECT 'x' AS x, name FROM (SELECT 'n' AS name) AS d");
    await connection.end();
    return fields.map((field) => [field.name, Reflect.get(field, 'characterSet')]);
  };
  const direct = await described(server.port, { user: 'root', password: 'rootpw' });
  assert.deepEqual(await described(sluice.port, { user: 'agent' }), direct);
});
