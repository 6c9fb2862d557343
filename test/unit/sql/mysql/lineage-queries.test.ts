/** What comes out of queries: stars, joins, set operations, derived tables, WITH, VALUES, TABLE. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MARIADB, MYSQL } from '../../../support/mysql-catalog.ts';
import { FLAVOURS_OF_READING, lineageOf, originsOf, usesOf } from '../../../support/mysql-lineage-cases.ts';

function names(sql: string, traits = MYSQL): readonly string[] | undefined {
  return lineageOf(sql, traits).outputs?.map(({ name }) => name);
}

test('stars stand for the columns in the server’s own order', () => {
  assert.deepEqual(names('SELECT * FROM person'), ['id', 'name', 'ssn', 'doc']);
  assert.deepEqual(names('TABLE guesses'), ['ssn', 'number']);
  assert.deepEqual(names('SELECT g.*, p.id, lin.p.* FROM guesses g, person p'), [
    'ssn',
    'number',
    'id',
    'id',
    'name',
    'ssn',
    'doc',
  ]);
  assert.deepEqual(names('SELECT * FROM guesses NATURAL JOIN person'), [
    'ssn',
    'number',
    'id',
    'name',
    'doc',
  ]);
  assert.deepEqual(names('SELECT * FROM guesses NATURAL RIGHT JOIN person'), [
    'ssn',
    'id',
    'name',
    'doc',
    'number',
  ]);
  assert.deepEqual(names('SELECT * FROM guesses RIGHT JOIN person ON 1'), [
    'ssn',
    'number',
    'id',
    'name',
    'ssn',
    'doc',
  ]);
  assert.deepEqual(names('SELECT * FROM person a JOIN person b USING (ssn, id)'), [
    'id',
    'ssn',
    'name',
    'doc',
    'name',
    'doc',
  ]);
});

test('an invisible column is in no star, but under its name', () => {
  assert.deepEqual(names('SELECT * FROM made'), ['id', 'ssn', 'tail', 'twice', 'odd']);
  assert.deepEqual(originsOf('SELECT hidden FROM made'), ['made.hidden copied']);
});

test('merged columns are both', () => {
  const both = 'guesses.ssn copied, person.ssn copied';
  for (const join of ['JOIN person USING (ssn)', 'NATURAL JOIN person', 'LEFT JOIN person USING (ssn)']) {
    const lineage = lineageOf(`SELECT ssn FROM guesses ${join}`);
    assert.deepEqual(originsOf(`SELECT ssn FROM guesses ${join}`), [both]);
    assert.deepEqual(usesOf(lineage, 'person.ssn'), ['join equality']);
  }
  assert.deepEqual(originsOf('SELECT guesses.ssn FROM guesses JOIN person USING (ssn)'), [
    'guesses.ssn copied',
  ]);
});

test('promise 4: set operations unite by position, and take the first names', () => {
  for (const traits of FLAVOURS_OF_READING) {
    const sql = 'SELECT id AS a, name FROM person UNION ALL SELECT total, ssn FROM orders, person';
    assert.deepEqual(originsOf(sql, traits), [
      'orders.total copied, person.id copied',
      'person.name copied, person.ssn copied',
    ]);
    assert.deepEqual(names(sql, traits), ['a', 'name']);
    assert.deepEqual(originsOf('SELECT name FROM person EXCEPT SELECT ssn FROM person', traits), [
      'person.name copied',
    ]);
    assert.deepEqual(originsOf('SELECT name FROM person INTERSECT SELECT ssn FROM person', traits), [
      'person.name copied, person.ssn copied',
    ]);
  }
  assert.deepEqual(usesOf(lineageOf('SELECT ssn FROM person UNION SELECT note FROM orders'), 'person.ssn'), [
    'group equality',
  ]);
  assert.deepEqual(
    usesOf(lineageOf('SELECT ssn FROM person UNION ALL SELECT note FROM orders'), 'person.ssn'),
    [],
  );
  assert.deepEqual(
    usesOf(lineageOf('(SELECT ssn FROM person LIMIT 3) UNION ALL TABLE guesses ORDER BY ssn'), 'person.ssn'),
    ['order anything'],
  );
});

test('promise 4: derived tables, LATERAL, WITH and recursion pass on what they are made of', () => {
  assert.deepEqual(originsOf('SELECT d.b FROM (SELECT ssn AS a, name FROM person) AS d (b, c)'), [
    'person.ssn copied',
  ]);
  assert.deepEqual(
    originsOf('SELECT x FROM orders o, LATERAL (SELECT ssn AS x FROM person WHERE id = o.person_id) d'),
    ['person.ssn copied'],
  );
  for (const traits of FLAVOURS_OF_READING) {
    assert.deepEqual(
      originsOf('WITH a (x) AS (SELECT ssn FROM person), b AS (SELECT x FROM a) SELECT x FROM b', traits),
      ['person.ssn copied'],
    );
    const recursive = `WITH RECURSIVE r (n, a, b) AS (SELECT 1, ssn, name FROM person
      UNION ALL SELECT n + 1, b, a FROM r WHERE n < 3) SELECT a, b, n FROM r`;
    const either = 'person.name copied, person.ssn copied';
    assert.deepEqual(originsOf(recursive, traits), [either, either, '']);
  }
});

test('a WITH query hides a table only where the server says so', () => {
  const sql = 'WITH person AS (SELECT ssn AS s FROM person) SELECT * FROM person';
  assert.deepEqual(originsOf(sql), ['person.ssn copied']);
  assert.deepEqual(names('WITH person AS (SELECT 1 AS one) SELECT * FROM lin.person'), [
    'id',
    'name',
    'ssn',
    'doc',
  ]);
  assert.deepEqual(names('WITH Person AS (SELECT 1 AS one) SELECT * FROM person', MARIADB), ['one']);
  assert.deepEqual(names('WITH Person AS (SELECT 1 AS one) SELECT * FROM person', MYSQL), [
    'id',
    'name',
    'ssn',
    'doc',
  ]);
  const forward = 'WITH RECURSIVE a AS (SELECT * FROM guesses), guesses AS (SELECT 1 AS one) SELECT * FROM a';
  assert.deepEqual(names(forward, MYSQL), ['ssn', 'number']);
  assert.throws(() => names(forward, MARIADB), /comes later/);
});

test('VALUES are named by each server’s own rule', () => {
  assert.deepEqual(names('SELECT column_0 FROM (VALUES ROW(1, 2)) v', MYSQL), ['column_0']);
  assert.deepEqual(names('SELECT * FROM (VALUES (1, 2)) v', MARIADB), ['1', '2']);
  assert.deepEqual(originsOf("VALUES ROW('x', (SELECT ssn FROM person LIMIT 1)), ROW('y', 2)"), [
    '',
    'person.ssn copied',
  ]);
});

test('PROCEDURE ANALYSE makes columns of its own of all', () => {
  const sql = 'SELECT ssn FROM person PROCEDURE ANALYSE()';
  assert.equal(originsOf(sql, MARIADB), null);
});

test('numbers and names in ORDER BY and GROUP BY are output columns', () => {
  for (const clause of [
    'ORDER BY 2',
    'ORDER BY s',
    'ORDER BY `S` DESC',
    'ORDER BY s + 1',
    'ORDER BY (SELECT s)',
  ]) {
    assert.deepEqual(usesOf(lineageOf(`SELECT id, ssn AS s FROM person ${clause}`), 'person.ssn'), [
      'order anything',
    ]);
  }
  for (const clause of ['GROUP BY 2', 'GROUP BY s', 'GROUP BY id, s WITH ROLLUP']) {
    assert.deepEqual(usesOf(lineageOf(`SELECT id, ssn AS s FROM person ${clause}`), 'person.ssn'), [
      'group equality',
    ]);
  }
  // With a star of unknown width a number may be any.
  const open = lineageOf('SELECT u.*, ssn, name FROM unknown u, person ORDER BY 2');
  assert.deepEqual(usesOf(open, 'person.ssn'), ['order anything']);
  assert.equal(open.comparesUnknown, true);
  // A parameter may be a column's number.
  assert.deepEqual(usesOf(lineageOf('SELECT id, ssn FROM person ORDER BY ?'), 'person.ssn'), [
    'order anything',
  ]);
});
