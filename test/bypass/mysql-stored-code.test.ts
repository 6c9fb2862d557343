/** Code that somebody else has stored in the database takes no masked values to where they can be read (BYPASSES 5, 7, 20). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Connection, createConnection } from 'mysql2/promise';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { startSluice } from '../support/sluice.ts';

const POLICY = `default: allow
baseline: { dynamic-sql: off }
masks:
  - { columns: ["*.person.ssn"], with: redact }
`;
/** Each case has a database of its own, so that one Sluice serves them all. */
const SCHEMA = `CREATE TABLE person (id int PRIMARY KEY, name varchar(20), ssn varchar(20), KEY (ssn));
  CREATE TABLE mine (id int, note varchar(100));
  CREATE VIEW tax AS SELECT id, concat(ssn, '') AS number FROM person;
  INSERT INTO person VALUES (1, 'Ada', '123-45-6789'), (2, 'Bob', '987-65-4321');
  INSERT INTO mine VALUES (1, 'x')`;

interface Case {
  readonly stored: readonly string[];
  readonly denied: readonly string[];
  readonly runs?: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'a procedure copies': {
    stored: ['CREATE PROCEDURE copies() INSERT INTO mine SELECT id, ssn FROM person'],
    denied: ['CALL copies()', 'CALL copies'],
  },
  'a procedure copies everything, from a view, by way of a function, by text of its own': {
    stored: [
      'CREATE PROCEDURE copies_all() REPLACE INTO mine SELECT p.*, 1 FROM person p',
      'CREATE PROCEDURE copies_view() INSERT INTO mine SELECT id, number FROM `tax`',
      'CREATE FUNCTION ssn_for(i int) RETURNS varchar(20) READS SQL DATA RETURN (SELECT ssn FROM person WHERE id = i)',
      'CREATE PROCEDURE copies_by() UPDATE mine SET note = ssn_for(1)',
      `CREATE PROCEDURE dynamic_one() BEGIN SET @q = concat('INSERT INTO mine SELECT id, s', 'sn FROM per', 'son');
         PREPARE z FROM @q; EXECUTE z; END`,
    ],
    denied: ['CALL copies_all()', 'CALL copies_view()', 'CALL copies_by()', 'CALL dynamic_one()'],
    runs: ['SELECT ssn_for(1)'],
  },
  'a function copies, in a query and in a view': {
    stored: [
      'CREATE FUNCTION copies() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO mine SELECT id, ssn FROM person; RETURN 1; END',
      'CREATE VIEW harmless AS SELECT copies() AS done',
    ],
    denied: ['SELECT copies()', 'SELECT done FROM harmless', 'DO copies()'],
  },
  'a trigger fills in what it finds elsewhere': {
    stored: [
      'CREATE TRIGGER fills BEFORE INSERT ON mine FOR EACH ROW SET NEW.note = (SELECT ssn FROM person WHERE id = NEW.id)',
    ],
    denied: [
      'INSERT INTO mine (id) VALUES (2)',
      'REPLACE INTO mine (id) VALUES (2)',
      'INSERT INTO mine (id) SELECT 2',
    ],
    runs: ["UPDATE mine SET note = 'fine'", 'DELETE FROM mine WHERE id = 9'],
  },
  'a trigger keeps what was there': {
    stored: [
      'CREATE TRIGGER keeps AFTER UPDATE ON person FOR EACH ROW INSERT INTO mine VALUES (OLD.id, OLD.ssn)',
      'CREATE TRIGGER notes BEFORE DELETE ON person FOR EACH ROW SET @kept = OLD.ssn',
    ],
    denied: [
      "UPDATE person SET name = 'x' WHERE id = 1",
      "INSERT INTO person VALUES (1, 'c', 'x') ON DUPLICATE KEY UPDATE name = 'z'",
      'DELETE FROM person WHERE id = 2',
    ],
    runs: ["INSERT INTO person VALUES (7, 'c', 'x')", 'SELECT @kept'],
  },
  'code that takes nothing masked along': {
    stored: [
      'CREATE TRIGGER tidies BEFORE UPDATE ON person FOR EACH ROW SET NEW.name = upper(NEW.name)',
      'CREATE TRIGGER names AFTER INSERT ON mine FOR EACH ROW UPDATE person SET name = NEW.note WHERE id = NEW.id',
      'CREATE PROCEDURE counts(i int) SELECT i + 1',
      "CREATE PROCEDURE adds() INSERT INTO mine VALUES (7, 'seven')",
    ],
    denied: [],
    runs: [
      "UPDATE person SET name = 'x' WHERE id = 1",
      "INSERT INTO mine VALUES (1, 'new')",
      'CALL counts(1)',
      'CALL adds()',
    ],
  },
  'a definition that asks of values whether they fit': {
    stored: [],
    denied: [
      'ALTER TABLE person MODIFY ssn int',
      "ALTER TABLE person MODIFY ssn enum ('123-45-6789', '987-65-4321')",
      'ALTER TABLE person CHANGE ssn ssn varchar(3)',
      'ALTER TABLE person CONVERT TO CHARACTER SET ascii',
      'CREATE TABLE child (k varchar(20), FOREIGN KEY (k) REFERENCES person (ssn))',
    ],
    runs: ['ALTER TABLE person MODIFY name varchar(200)', 'ALTER TABLE person ADD COLUMN more int'],
  },
  'a table that shows what others hold': {
    stored: ['CREATE TABLE old_one (id int, ssn varchar(20)) ENGINE=MyISAM'],
    denied: [
      'CREATE TABLE shows (id int, ssn varchar(20)) ENGINE=MERGE UNION=(person)',
      "CREATE TABLE far (ssn varchar(20)) ENGINE=FEDERATED CONNECTION='mysql://app@127.0.0.1/vault/person'",
      "CREATE TABLE far ENGINE=CONNECT TABLE_TYPE=MYSQL CONNECTION='mysql://app@127.0.0.1/vault/person'",
      'CREATE TABLE far (id int) ENGINE=SPIDER COMMENT=\'wrapper "mysql", table "person"\'',
    ],
    runs: ['CREATE TABLE alike LIKE person', 'SELECT ssn FROM alike'],
  },
};

let pair: MysqlPair;
before(async () => {
  pair = await startMysqlPair({ shop: false, settings: { 'log-bin-trust-function-creators': 'ON' } });
});
after(() => pair?.stop());

for (const flavour of FLAVOURS)
  test(`promise 4: what is stored in ${flavour} takes no masked values along`, async (t) => {
    const server = pair[flavour];
    const cases = Object.entries(CASES);
    const admin = await adminConnection(server);
    for (const [n, [, { stored }]] of cases.entries()) {
      await admin.query(`CREATE DATABASE vault${n}; USE vault${n}; GRANT ALL ON vault${n}.* TO app@'%'`);
      await admin.query(SCHEMA);
      for (const sql of stored) await admin.query(sql);
    }
    const sluice = await startSluice({ upstream: server.url(), policy: POLICY });
    t.after(async () => {
      await admin.end();
      await sluice.stop();
    });
    for (const [n, [title, { denied, runs }]] of cases.entries())
      await t.test(title, async () => {
        const client = await createConnection({
          host: '127.0.0.1',
          port: sluice.port,
          user: 'agent',
          database: `vault${n}`,
        });
        try {
          for (const sql of denied) await assert.rejects(client.query(sql), /denied by rule/, sql);
          for (const sql of [...(runs ?? []), 'SELECT * FROM mine', 'SELECT * FROM person'])
            assert.doesNotMatch(await answerTo(client, sql), /123-?45|987-?65/, sql);
          const [kept] = await admin.query(`SELECT ssn FROM vault${n}.person WHERE id < 3`);
          assert.deepEqual(kept, [{ ssn: '123-45-6789' }, { ssn: '987-65-4321' }]);
        } finally {
          client.destroy();
        }
      });
  });

async function answerTo(client: Connection, sql: string): Promise<string> {
  const [rows] = await client.query(sql);
  return JSON.stringify(rows);
}
