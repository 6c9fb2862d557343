/** What a statement may fail by: that it does comes out, whatever is masked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MARIADB, MYSQL } from '../../../support/mysql-catalog.ts';
import { FLAVOURS_OF_READING, failureBy, lineageOf } from '../../../support/mysql-lineage-cases.ts';

const BY_VALUE: readonly string[] = [
  'EXP(ssn)',
  'ST_GEOMFROMTEXT(ssn)',
  'ssn + 1',
  '-ssn',
  'ssn DIV 1',
  "ssn REGEXP 'a'",
  "'a' REGEXP ssn",
  "'a' LIKE 'b' ESCAPE ssn",
  'ROUND(ssn, -1)',
  'ROUND(1, ssn)',
  "IF(ssn = 'x', EXP(1000), 1)",
  "IF(ssn = 'x', (SELECT 1 UNION SELECT 2), 1)",
  "CASE WHEN ssn = 'x' THEN (SELECT id FROM orders) END",
  "CASE ssn WHEN 'x' THEN EXP(1000) END",
  "ssn = 'x' AND EXP(1000)",
  "ssn IN ('x', EXP(1000))",
  'ELT(ssn, 1, EXP(1000))',
  "CONCAT(NULLIF(ssn, 'x'), EXP(1000))",
  '(SELECT EXP(s) FROM (SELECT ssn AS s) d)',
  // How often the query runs can be asked of the server.
  "IF(ssn = 'x', (SELECT COUNT(*) FROM orders), 1)",
];

const BY_NOTHING: readonly string[] = [
  'ssn',
  'UPPER(ssn)',
  "CONCAT(LEFT(ssn, 2), '…', id)",
  'MAX(ssn)',
  'SUM(ssn)',
  'ROUND(ssn, 2)',
  'CAST(ssn AS SIGNED)',
  "ssn LIKE 'x%'",
  "ssn = 'x'",
  "IF(ssn = 'x', -1, 1)",
  "COALESCE(ssn, 'none')",
  'CASE WHEN ssn IS NULL THEN 0 ELSE 1 END',
  "JSON_OBJECT('id', id, 'ssn', ssn)",
  'ssn + INTERVAL 1 DAY',
  'DATE_ADD(ssn, INTERVAL 1 DAY)',
  'GROUP_CONCAT(ssn ORDER BY id)',
];

test('promise 4: what may fail by a value tells of it', () => {
  for (const traits of FLAVOURS_OF_READING) {
    for (const value of BY_VALUE) {
      const lineage = lineageOf(`SELECT ${value} FROM person`, traits);
      assert.equal(failureBy(lineage, 'person.ssn'), 'anything', `${traits.flavour}: ${value}`);
    }
  }
});

test('what only warns in a query does not tell by failing', () => {
  for (const traits of FLAVOURS_OF_READING) {
    for (const value of BY_NOTHING) {
      const lineage = lineageOf(`SELECT ${value} FROM person`, traits);
      assert.equal(failureBy(lineage, 'person.ssn'), null, `${traits.flavour}: ${value}`);
    }
  }
});

test('what is computed beside a column fails at most by whether there is a value', () => {
  for (const traits of FLAVOURS_OF_READING) {
    const lineage = lineageOf('SELECT CONCAT(ssn, id * 2) FROM person', traits);
    assert.equal(failureBy(lineage, 'person.ssn'), 'presence');
  }
});

test('promise 4: documents: MySQL refuses what is none, MariaDB warns', () => {
  for (const value of [
    "JSON_EXTRACT(ssn, '$.a')",
    'JSON_UNQUOTE(ssn)',
    'JSON_SET(ssn, 1, 2)',
    'JSON_MERGE(ssn, 1)',
  ]) {
    const sql = `SELECT ${value} FROM person`;
    assert.equal(failureBy(lineageOf(sql, MYSQL), 'person.ssn'), 'anything', value);
    assert.equal(failureBy(lineageOf(sql, MARIADB), 'person.ssn'), null, value);
  }
  for (const value of ["JSON_UNQUOTE(JSON_EXTRACT(doc, '$.a'))", "doc -> '$.a'"])
    assert.equal(failureBy(lineageOf(`SELECT ${value} FROM person`, MYSQL), 'person.doc'), null, value);
});

test('promise 4: MySQL fails where a collation wants a character set that lacks a value', () => {
  const sql = "SELECT CONCAT(ssn, CONVERT('x' USING latin1) COLLATE latin1_bin) FROM person";
  assert.equal(failureBy(lineageOf(sql, MYSQL), 'person.ssn'), 'anything');
  const whole = "SELECT CONCAT(ssn COLLATE utf8mb4_bin, 'x') FROM person";
  assert.equal(failureBy(lineageOf(whole, MYSQL), 'person.ssn'), null);
});

test('promise 4: what a query would warn of fails in other statements, and where a recursion puts it', () => {
  for (const sql of [
    'INSERT INTO orders (id) SELECT 1 FROM (SELECT CAST(ssn AS SIGNED) s FROM person LIMIT 1) d',
    'DO (SELECT COUNT(*) FROM (SELECT CAST(ssn AS SIGNED) s FROM person LIMIT 1) d)',
    "WITH RECURSIVE r AS (SELECT 'a' x UNION ALL SELECT CONCAT(x, ssn) FROM r JOIN person ON 1 = 1) SELECT 1 FROM r",
  ]) {
    for (const traits of FLAVOURS_OF_READING)
      assert.equal(failureBy(lineageOf(sql, traits), 'person.ssn'), 'anything', `${traits.flavour}: ${sql}`);
  }
});
