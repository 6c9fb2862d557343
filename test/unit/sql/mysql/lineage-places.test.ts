/** Where in a statement a column is used, and how much of its value that tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasEffect } from '../../../../src/core/effects.ts';
import { MARIADB, MYSQL } from '../../../support/mysql-catalog.ts';
import { readMysql } from '../../../support/mysql-lineage.ts';
import {
  FLAVOURS_OF_READING,
  lineageOf,
  originsOf,
  readingOf,
  usesOf,
} from '../../../support/mysql-lineage-cases.ts';

/** Where the whole statement uses `person.ssn`. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  "SELECT id FROM person WHERE ssn LIKE '7%'": ['filter anything'],
  'SELECT id FROM person ORDER BY ssn LIMIT 1': ['order anything'],
  'SELECT id FROM guesses JOIN person USING (ssn)': ['join equality'],
  'SELECT id FROM guesses NATURAL JOIN person': ['join equality'],
  'SELECT id FROM guesses g JOIN person p ON g.ssn = p.ssn': ['join equality'],
  'SELECT id FROM guesses g JOIN person p ON g.number = p.ssn': ['join anything'],
  'SELECT name FROM person GROUP BY name HAVING MAX(ssn) > 1': ['filter anything'],
  'SELECT DISTINCT ssn FROM person': ['group equality'],
  'SELECT COUNT(*) FROM person GROUP BY ssn': ['group equality'],
  'SELECT COUNT(*) FROM person GROUP BY LEFT(ssn, 1)': ['group anything'],
  "SELECT id FROM person WHERE ssn = '123-45-6789'": ['filter equality'],
  "SELECT id FROM person WHERE '123-45-6789' <=> ssn": ['filter equality'],
  'SELECT id FROM person WHERE ssn = ?': ['filter equality'],
  "SELECT id FROM person WHERE ssn IN ('1', '2')": ['filter equality'],
  'SELECT id FROM person WHERE ssn IN (SELECT note FROM orders)': ['filter equality'],
  'SELECT id FROM person WHERE ssn IN (SELECT total FROM orders)': ['filter anything'],
  'SELECT id FROM person WHERE ssn = (SELECT note FROM orders)': ['filter equality'],
  // A text is read as a number as far as it goes: 123 equals '123-45-6789'.
  'SELECT id FROM person WHERE ssn = 123': ['filter anything'],
  "SELECT id FROM person WHERE ssn IN ('1', 2)": ['filter anything'],
  'SELECT id FROM person WHERE ssn = id': ['filter anything'],
  'SELECT id FROM person WHERE ssn = TRUE': ['filter anything'],
  "SELECT id FROM person WHERE ssn = DATE '2020-01-01'": ['filter anything'],
  "SELECT id FROM person WHERE ssn = CONCAT('1', '2')": ['filter anything'],
  "SELECT id FROM person WHERE ssn > '1'": ['filter anything'],
  "SELECT id FROM person WHERE ssn BETWEEN '1' AND '2'": ['filter anything'],
  "SELECT id FROM person WHERE LOWER(ssn) = 'x'": ['filter anything'],
  "SELECT id FROM person WHERE CASE WHEN ssn = '1' THEN 1 END": ['filter equality'],
  "SELECT id FROM person WHERE (ssn, id) = ('1', 1)": ['filter anything'],
  'SELECT id FROM person WHERE ssn IS NULL': ['filter presence'],
  'SELECT id FROM person WHERE NOT ssn IS NOT NULL': ['filter presence'],
  'SELECT id FROM person WHERE id IN (SELECT ssn FROM person)': ['filter anything'],
  "SELECT 1 WHERE EXISTS (SELECT 1 FROM person WHERE ssn LIKE '7%')": ['filter anything'],
  'SELECT id FROM person LIMIT 3': [],
  'SELECT @v := ssn FROM person': ['source anything'],
  'SELECT @v := @w := LEFT(ssn, 1) FROM person': ['source anything'],
  'SELECT LAST_INSERT_ID(ssn) FROM person': ['source anything'],
  'SELECT GET_LOCK(ssn, 1) FROM person': ['source anything'],
  'SELECT ssn FROM person INTO @v': ['source anything'],
  "SELECT ssn FROM person INTO OUTFILE '/tmp/x'": ['source anything'],
};

test('promise 4: what a column is used for, and what that tells of it', () => {
  for (const [sql, places] of Object.entries(PLACES)) {
    for (const traits of FLAVOURS_OF_READING) {
      if (traits.flavour === 'mariadb' && sql.startsWith('SELECT 1 WHERE')) continue;
      assert.deepEqual(usesOf(lineageOf(sql, traits), 'person.ssn'), places, `${traits.flavour}: ${sql}`);
    }
  }
});

test('numbers and dates that are equal are the same, whatever they are compared with', () => {
  for (const other of ['7', "'7'", '?', 'total', "CONCAT('7')"]) {
    const lineage = lineageOf(`SELECT 1 FROM person p JOIN orders o WHERE p.id = ${other}`);
    assert.deepEqual(usesOf(lineage, 'person.id'), ['filter equality'], other);
  }
});

test('a user variable holds nothing that may not be stored', () => {
  assert.deepEqual(originsOf('SELECT @v, @@version'), ['', '']);
});

test('what is stored of unknown origin is told', () => {
  assert.equal(lineageOf('SELECT @v := nothing FROM person').storesUnknown, true);
  assert.equal(lineageOf('SELECT v FROM closed INTO @v').storesUnknown, true);
  assert.equal(lineageOf('SELECT name FROM person INTO @v').storesUnknown, false);
});

test('files: what goes into them leaves the server otherwise than in rows', () => {
  const { effects } = lineageOf("SELECT name FROM person INTO DUMPFILE '/tmp/x'");
  assert.ok(hasEffect(effects, 'file'));
  assert.ok(hasEffect(effects, 'copy-out'));
});

test('locks are writes', () => {
  for (const lock of ['FOR UPDATE', 'LOCK IN SHARE MODE']) {
    const { relations } = lineageOf(`SELECT id FROM person ${lock}`);
    assert.ok(hasEffect(relations[0]?.effects ?? 0, 'write'), lock);
  }
  assert.ok(hasEffect(lineageOf('SELECT id FROM person FOR SHARE SKIP LOCKED').effects, 'write'));
});

test('hints that set variables are settings', () => {
  const { settings } = lineageOf('SELECT /*+ SET_VAR(sql_mode = "") */ id FROM person');
  assert.deepEqual(settings, ['sql_mode', 'unsafe sql_mode']);
});

test('sequences: taking a number writes', () => {
  const { relations } = lineageOf('SELECT NEXT VALUE FOR counter', MARIADB);
  assert.ok(hasEffect(relations[0]?.effects ?? 0, 'write'));
});

test('literals on which no fact depends are told from those that were looked at', () => {
  const sql = "SELECT id, ssn + 5 FROM person WHERE name = 'x' ORDER BY 2 LIMIT 7";
  const read = readMysql(sql, readingOf(MYSQL));
  const free = read.outcome === 'facts' ? [...read.freeConstants] : [];
  assert.deepEqual(free, [sql.indexOf("'x'")]);
});

test('statistics, activity and accounts are relations like others, known or not', () => {
  for (const name of [
    'information_schema.PROCESSLIST',
    'performance_schema.events_statements_history',
    'mysql.user',
  ]) {
    const [relation] = lineageOf(`SELECT * FROM ${name}`).relations;
    assert.equal(`${relation?.schema}.${relation?.name}`, name);
  }
});
