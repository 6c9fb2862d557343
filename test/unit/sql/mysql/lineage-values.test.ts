/** What values are made of: operators, functions, aggregates, windows, documents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MARIADB, MYSQL } from '../../../support/mysql-catalog.ts';
import { FLAVOURS_OF_READING, lineageOf, originsOf, usesOf } from '../../../support/mysql-lineage-cases.ts';

const COMPUTED = [
  '-ssn',
  '+ssn',
  '~ssn',
  'NOT ssn',
  'BINARY ssn',
  "ssn || ''",
  'ssn XOR 1',
  'ssn DIV 2 MOD 3',
  "CASE WHEN ssn > 'a' THEN 1 END",
  "CASE ssn WHEN 'a' THEN 1 ELSE 2 END",
  'CASE 1 WHEN 2 THEN ssn END',
  'CAST(ssn AS char)',
  'CONVERT(ssn USING utf8mb4)',
  'CONVERT(ssn, char(3))',
  "ssn LIKE '7%'",
  "ssn LIKE 'a' ESCAPE ssn",
  "ssn REGEXP '^7'",
  "ssn SOUNDS LIKE 'x'",
  "ssn BETWEEN '1' AND '2'",
  "'1' BETWEEN '0' AND ssn",
  'ssn IN (1, 2)',
  '1 IN (2, ssn)',
  '(ssn, 1) = (2, 1)',
  'ssn IS TRUE',
  "ssn = '7'",
  "IF(ssn, 'a', 'b')",
  'IFNULL(NULL, ssn)',
  'COALESCE(ssn, 1)',
  'SUBSTRING(ssn FROM 2 FOR 3)',
  "TRIM(LEADING '1' FROM ssn)",
  "POSITION('a' IN ssn)",
  'EXTRACT(YEAR FROM ssn)',
  'DATE_ADD(ssn, INTERVAL 1 DAY)',
  "'2020-01-01' + INTERVAL ssn DAY",
  'WEIGHT_STRING(ssn)',
  'HEX(AES_ENCRYPT(ssn, 1))',
  "JSON_OBJECT('a', ssn)",
  "JSON_EXTRACT(JSON_ARRAY(ssn), '$[0]')",
  "MATCH (ssn) AGAINST ('x')",
  'CHAR(65, ssn USING utf8mb4)',
];

test('promise 4: whatever is computed from a column has it among its origins', () => {
  for (const traits of FLAVOURS_OF_READING) {
    for (const expression of COMPUTED) {
      const sql = `SELECT ${expression} FROM person`;
      assert.deepEqual(originsOf(sql, traits), ['person.ssn computed'], `${traits.flavour}: ${sql}`);
    }
  }
});

test('a collation and an assignment leave the value what it is', () => {
  assert.deepEqual(originsOf('SELECT ssn COLLATE utf8mb4_bin, (ssn), @v := ssn FROM person'), [
    'person.ssn copied',
    'person.ssn copied',
    'person.ssn copied',
  ]);
});

test('aggregates keep what they were made of, and COUNT only whether there is a value', () => {
  const sql = `SELECT MAX(ssn), GROUP_CONCAT(DISTINCT ssn ORDER BY name SEPARATOR '|'), JSON_ARRAYAGG(ssn),
    COUNT(ssn), COUNT(DISTINCT ssn), COUNT(*), COUNT(ssn + 1) FROM person`;
  assert.deepEqual(originsOf(sql), [
    'person.ssn aggregated',
    'person.name aggregated, person.ssn aggregated',
    'person.ssn aggregated',
    'person.ssn presence',
    'person.ssn presence',
    '',
    'person.ssn computed',
  ]);
  assert.deepEqual(usesOf(lineageOf('SELECT COUNT(DISTINCT ssn) FROM person'), 'person.ssn'), [
    'group equality',
  ]);
});

test('the order within an aggregate is an order, by number too', () => {
  for (const by of ['ssn', '2']) {
    const sql = `SELECT GROUP_CONCAT(name, ssn ORDER BY ${by}) FROM person`;
    assert.deepEqual(usesOf(lineageOf(sql), 'person.ssn'), ['order anything'], sql);
  }
});

test('windows: what they go by has a say in every value', () => {
  const named = 'FROM person WINDOW w AS (PARTITION BY name), v AS (w ORDER BY ssn)';
  assert.deepEqual(originsOf(`SELECT FIRST_VALUE(id) OVER v, ROW_NUMBER() OVER w ${named}`), [
    'person.id computed, person.name computed, person.ssn computed',
    'person.name computed',
  ]);
  assert.deepEqual(originsOf('SELECT RANK() OVER (ORDER BY ssn) FROM person'), ['person.ssn computed']);
  assert.deepEqual(originsOf('SELECT COUNT(*) OVER (PARTITION BY ssn) FROM person'), ['person.ssn computed']);
  assert.deepEqual(usesOf(lineageOf('SELECT RANK() OVER (ORDER BY ssn) FROM person'), 'person.ssn'), [
    'order anything',
  ]);
});

test('MariaDB finds aliases in windows, those of later columns too', () => {
  const sql = 'SELECT RANK() OVER (ORDER BY x), ssn AS x FROM person';
  assert.deepEqual(originsOf(sql, MARIADB), ['person.ssn computed', 'person.ssn copied']);
  assert.equal(lineageOf(sql, MARIADB).unresolved, false);
  assert.deepEqual(originsOf(sql, MYSQL), [null, 'person.ssn copied']);
});

test('documents: arrows, JSON_TABLE, JSON_VALUE', () => {
  assert.deepEqual(originsOf("SELECT doc->'$.ssn', doc->>'$.ssn', JSON_VALUE(doc, '$.ssn') FROM person"), [
    'person.doc computed',
    'person.doc computed',
    'person.doc computed',
  ]);
  for (const traits of FLAVOURS_OF_READING) {
    const sql = `SELECT j.*, n FROM person, JSON_TABLE(doc, '$[*]' COLUMNS (o FOR ORDINALITY,
      a int PATH '$.a', NESTED PATH '$.b' COLUMNS (n varchar(9) PATH '$'))) AS j`;
    const made = 'person.doc computed';
    assert.deepEqual(originsOf(sql, traits), [made, made, made, made]);
  }
});

test('defaults: of no row, save in MariaDB, which may compute them from the others', () => {
  assert.deepEqual(originsOf('SELECT DEFAULT(name) FROM person', MYSQL), ['person.name computed']);
  assert.match(originsOf('SELECT DEFAULT(name) FROM person', MARIADB)?.[0] ?? '', /person.ssn computed/);
});

test('subqueries as values are what their column is', () => {
  assert.deepEqual(
    originsOf(`SELECT (SELECT ssn FROM person LIMIT 1), (SELECT MAX(ssn) FROM person), EXISTS (SELECT ssn FROM person),
      1 = ANY (SELECT ssn FROM person), ROW(1, 2) = (SELECT name, ssn FROM person), name IN (SELECT ssn FROM person)
      FROM person`),
    [
      'person.ssn copied',
      'person.ssn aggregated',
      '',
      'person.ssn computed',
      'person.name computed, person.ssn computed',
      'person.name computed, person.ssn computed',
    ],
  );
});
