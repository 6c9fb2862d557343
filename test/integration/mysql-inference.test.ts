/** `inference: equality` lets a masked text be compared with texts alone: a number would find all that begin with it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Connection, createConnection } from 'mysql2/promise';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `default: allow
baseline: { dynamic-sql: off }
masks:
  - { columns: [vault.person.ssn], with: redact, inference: equality }
  - { columns: [vault.person.pin], with: redact, inference: equality }
`;

let pair: MysqlPair;
before(async () => {
  pair = await startMysqlPair({ shop: false });
});
after(() => pair?.stop());

interface Vault {
  readonly sluice: Sluice;
  readonly client: Connection;
}

for (const flavour of FLAVOURS) {
  test(`promise 4: a parameter that is compared with a masked text is bound as a text on ${flavour}`, async (t) => {
    const { client } = await vaultOn(flavour, t);
    const ids = (sql: string, values: (string | number | Date | null | Buffer)[]) =>
      idsOf(client, sql, values);
    const denied = /denied by rule "mask vault.person.ssn": parameter \d is compared with a masked column/;
    assert.deepEqual(await ids('SELECT id FROM person WHERE ssn = ?', ['123-45-6789']), [1]);
    assert.deepEqual(await ids('SELECT id FROM person WHERE ssn = ?', [Buffer.from('987-65-4321')]), [2]);
    assert.deepEqual(await ids('SELECT id FROM person WHERE ssn = ?', ['123']), []);
    assert.deepEqual(await ids('SELECT id FROM person WHERE ssn = ?', [null]), []);
    assert.deepEqual(await ids('SELECT id FROM person WHERE id = ? AND ssn = ?', [1, '123-45-6789']), [1]);
    assert.deepEqual(await ids('SELECT id FROM person WHERE ssn IN (?, ?)', ['x', '987-65-4321']), [2]);
    assert.deepEqual(await ids('SELECT id FROM person WHERE pin = ?', [4711]), [1]);
    for (const [sql, values] of [
      ['SELECT id FROM person WHERE ssn = ?', [123]],
      ['SELECT id FROM person WHERE ? <=> ssn', [123]],
      ['SELECT id FROM person WHERE ssn <> ?', [123]],
      ['SELECT id FROM person WHERE ssn = ?', [new Date(0)]],
      ['SELECT id FROM person WHERE ssn IN (?, ?)', ['123-45-6789', 123]],
      ['SELECT id FROM person WHERE ? IN (name, ssn)', [123]],
      ['SELECT id FROM person p WHERE ? = (SELECT q.ssn FROM person q WHERE q.id = p.id)', [123]],
      ['SELECT ssn = ? FROM person', [123]],
      ['UPDATE person SET name = name WHERE ssn = ?', [123]],
      ['WITH p AS (SELECT id, ssn AS n FROM person) SELECT id FROM p WHERE n = ?', [123]],
      ['SELECT id FROM who WHERE number = ?', [123]],
    ] as const)
      await assert.rejects(ids(sql, [...values]), denied, sql);
    assert.deepEqual(await ids('SELECT id FROM person WHERE ssn = ?', ['987-65-4321']), [2]);
  });

  test(`promise 4: SQL's EXECUTE does not say of what type a parameter is, so that ${flavour} compares no masked text with it`, async (t) => {
    const { client } = await vaultOn(flavour, t);
    await client.query("PREPARE asks FROM 'SELECT id FROM person WHERE ssn = ?'");
    await client.query('SET @v = 123');
    const denied = /denied by rule "mask vault.person.ssn": parameter 1 is compared with a masked column/;
    await assert.rejects(client.query('EXECUTE asks USING @v'), denied);
    if (flavour === 'mariadb') {
      await assert.rejects(client.query('EXECUTE asks USING 123'), denied);
      const immediate = "EXECUTE IMMEDIATE 'SELECT id FROM person WHERE ssn = ?' USING 123";
      await assert.rejects(client.query(immediate), /denied by rule/);
    }
    const [rows] = await client.query("SELECT id FROM person WHERE ssn = '123-45-6789'");
    assert.deepEqual(rows, [{ id: 1 }]);
  });
}

async function vaultOn(
  flavour: (typeof FLAVOURS)[number],
  t: { after(step: () => Promise<void>): void },
): Promise<Vault> {
  const server = pair[flavour];
  const admin = await adminConnection(server);
  await admin.query(`DROP DATABASE IF EXISTS vault; CREATE DATABASE vault; USE vault;
    GRANT ALL ON vault.* TO app@'%';
    CREATE TABLE person (id int PRIMARY KEY, name varchar(20), ssn varchar(20), pin int);
    CREATE VIEW who AS SELECT id, ssn AS number FROM person;
    INSERT INTO person VALUES (1, 'Ada', '123-45-6789', 4711), (2, 'Bob', '987-65-4321', 12)`);
  await admin.end();
  const sluice = await startSluice({ upstream: server.url('vault'), policy: POLICY });
  const client = await createConnection({
    host: '127.0.0.1',
    port: sluice.port,
    user: 'agent',
    database: 'vault',
  });
  t.after(async () => {
    client.destroy();
    await sluice.stop();
  });
  return { sluice, client };
}

async function idsOf(
  client: Connection,
  sql: string,
  values: (string | number | Date | null | Buffer)[],
): Promise<unknown[]> {
  const [rows] = await client.execute({ sql, rowsAsArray: true }, values);
  return Array.isArray(rows) ? rows.map((row) => (Array.isArray(row) ? row[0] : row)) : [];
}
