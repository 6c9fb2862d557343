/** Lineage of statements that change or keep values: RETURNING, copies from column to column, variables, tables made of queries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MARIADB, MYSQL } from '../../../support/mysql-catalog.ts';
import { FLAVOURS_OF_READING, lineageOf, originsOf, usesOf } from '../../../support/mysql-lineage-cases.ts';

test('promise 4: RETURNING puts out what the rows hold, old or new', () => {
  const cases = {
    "INSERT INTO person (id, ssn) VALUES (1, 'x') RETURNING id, ssn AS s": [
      'person.id copied',
      'person.ssn copied',
    ],
    'REPLACE INTO person (id) VALUES (1) RETURNING UPPER(ssn)': ['person.ssn computed'],
    'DELETE FROM person WHERE id = 1 RETURNING ssn, (SELECT MAX(ssn) FROM guesses)': [
      'person.ssn copied',
      'guesses.ssn aggregated',
    ],
    'INSERT INTO guesses SELECT note, total FROM orders RETURNING *': [
      'guesses.ssn copied',
      'guesses.number copied',
    ],
    'DELETE FROM staff WHERE id = 1 RETURNING tax': ['person.ssn copied, staff.tax copied'],
  };
  for (const [sql, origins] of Object.entries(cases)) assert.deepEqual(originsOf(sql, MARIADB), origins, sql);
});

/** What each of these does with `person.ssn`, in both flavours. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  'INSERT INTO orders (note) SELECT ssn FROM person': ['source anything'],
  'INSERT INTO orders (note) SELECT CONCAT(LEFT(s, 3), 1) FROM (SELECT ssn AS s FROM person) d': [
    'source anything',
  ],
  'INSERT INTO orders (note) VALUES ((SELECT MAX(ssn) FROM person))': ['source anything'],
  'INSERT INTO orders SET note = (SELECT MAX(ssn) FROM person)': ['source anything'],
  'REPLACE INTO orders (note) SELECT ssn FROM person': ['source anything'],
  "INSERT INTO orders (note) VALUES ('x') ON DUPLICATE KEY UPDATE note = (SELECT MAX(ssn) FROM person)": [
    'source anything',
  ],
  "INSERT INTO person (id, ssn) VALUES (1, 'x') ON DUPLICATE KEY UPDATE name = ssn": [
    'assignment anything',
    'source anything',
  ],
  'INSERT INTO orders (id, note) SELECT id, ssn FROM person ON DUPLICATE KEY UPDATE note = VALUES(note)': [
    'source anything',
  ],
  'UPDATE person SET name = ssn': ['source anything'],
  "UPDATE person SET name = IF(ssn LIKE '7%', 'a', 'b') WHERE id = 1": ['source anything'],
  'UPDATE orders o JOIN person p ON p.id = o.person_id SET o.note = p.ssn': ['source anything'],
  'UPDATE orders SET note = (SELECT MAX(ssn) FROM person)': ['source anything'],
  "UPDATE person SET ssn = 'x' WHERE id = 1": ['assignment anything'],
  "DELETE FROM person WHERE ssn LIKE '7%'": ['filter anything'],
  'DELETE FROM orders ORDER BY (SELECT MAX(ssn) FROM person) LIMIT 1': ['order anything'],
  'CREATE TABLE copy AS SELECT ssn FROM person': ['source anything'],
  'CREATE TEMPORARY TABLE copy SELECT ssn AS x FROM person': ['source anything'],
  'SET @v = (SELECT MAX(ssn) FROM person)': ['source anything'],
  'SET @a = 1, @v := (SELECT ssn FROM person LIMIT 1)': ['source anything'],
  'DO @v := (SELECT MAX(ssn) FROM person)': ['filter anything', 'source anything'],
  'SELECT ssn, id FROM person LIMIT 1 INTO @v, @w': ['source anything'],
  'SELECT MAX(ssn) INTO @v FROM person': ['source anything'],
};

/** No server of these numbers its columns, so nothing could follow them under another name. */
const RENAMED: Readonly<Record<string, readonly string[]>> = {
  'RENAME TABLE person TO people': ['source anything'],
  'RENAME TABLE staff TO workers': ['source anything'],
  'RENAME TABLE person TO p, orders TO person, p TO orders': ['source anything'],
  'ALTER TABLE person RENAME TO people': ['source anything'],
  'ALTER TABLE person RENAME people, ADD x int': ['source anything'],
  'ALTER TABLE person RENAME COLUMN ssn TO open': ['assignment anything', 'source anything'],
  'ALTER TABLE person RENAME COLUMN name TO x, RENAME COLUMN SSN TO name': [
    'assignment anything',
    'source anything',
  ],
  'ALTER TABLE person CHANGE ssn open varchar(11)': ['assignment anything', 'source anything'],
  'ALTER TABLE person CHANGE ssn ssn varchar(12)': ['assignment anything'],
  'ALTER TABLE person MODIFY ssn varchar(12)': ['assignment anything'],
  'ALTER TABLE person RENAME COLUMN name TO title': [],
  'ALTER TABLE orders EXCHANGE PARTITION p WITH TABLE person': ['source anything'],
};

test('promise 4: under another name it is kept elsewhere', () => {
  for (const [sql, places] of Object.entries(RENAMED)) {
    for (const traits of FLAVOURS_OF_READING) {
      assert.deepEqual(usesOf(lineageOf(sql, traits), 'person.ssn'), places, `${traits.flavour}: ${sql}`);
    }
  }
});

test('promise 4: copies are sources, however they are made', () => {
  for (const [sql, places] of Object.entries(KEPT)) {
    for (const traits of FLAVOURS_OF_READING) {
      assert.deepEqual(usesOf(lineageOf(sql, traits), 'person.ssn'), places, `${traits.flavour}: ${sql}`);
    }
  }
});

test('what a row alias stands for is what the row would be given', () => {
  const sql = `INSERT INTO orders (id, note) SELECT * FROM (SELECT id, ssn FROM person) AS fresh (a, b)
    ON DUPLICATE KEY UPDATE note = b`;
  assert.deepEqual(usesOf(lineageOf(sql, MYSQL), 'person.ssn'), ['source anything']);
});

test('stored code may leave values in variables and temporary tables, unless its text has neither', () => {
  assert.equal(lineageOf('CALL plain(@v)').storesUnknown, true);
  assert.equal(lineageOf('CALL plain(1)').storesUnknown, false);
  for (const name of ['closed', 'leaving', 'making', 'relaying']) {
    assert.equal(lineageOf(`CALL ${name}(1)`).storesUnknown, true, name);
  }
  assert.equal(lineageOf('SELECT f()').storesUnknown, true);
  assert.equal(lineageOf('SELECT g()').storesUnknown, false);
});
