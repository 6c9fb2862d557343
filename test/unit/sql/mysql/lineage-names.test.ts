/** Names are found as the server finds them: by clause, from inside out, with its idea of case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerTraits } from '../../../../src/sql/mysql/catalog-model.ts';
import { MARIADB, MYSQL } from '../../../support/mysql-catalog.ts';
import { FLAVOURS_OF_READING, lineageOf, originsOf, usesOf } from '../../../support/mysql-lineage-cases.ts';

test('promise 4: case, quotes and schemas make no other column of one', () => {
  for (const column of ['SSN', '`ssn`', 'person.Ssn', '`person`.`SSN`', 'lin.person.ssn']) {
    assert.deepEqual(originsOf(`SELECT ${column} FROM person`), ['person.ssn copied'], column);
  }
  for (const column of ['p.ssn', 'lin.p.ssn', '`lin` . p . ssn']) {
    assert.deepEqual(originsOf(`SELECT ${column} FROM person p`), ['person.ssn copied'], column);
  }
});

test('promise 4: aliases swap names, not columns', () => {
  assert.deepEqual(originsOf('SELECT 1 AS ssn, ssn AS id FROM person'), ['', 'person.ssn copied']);
  assert.deepEqual(originsOf('SELECT ssn FROM (SELECT name AS ssn, ssn AS name FROM person) d'), [
    'person.name copied',
  ]);
  assert.deepEqual(originsOf('SELECT person.ssn FROM guesses AS person, person AS guesses'), [
    'guesses.ssn copied',
  ]);
});

test('names of tables have case where the server gives them one', () => {
  const folding: ServerTraits = { ...MYSQL, lowerCaseTableNames: 1 };
  assert.deepEqual(originsOf('SELECT P.ssn FROM PERSON p', folding), ['person.ssn copied']);
  const unfolded = lineageOf('SELECT ssn FROM PERSON');
  assert.equal(unfolded.unresolved, true);
  assert.deepEqual(
    unfolded.relations.map(({ name, known }) => [name, known]),
    [['PERSON', false]],
  );
  assert.deepEqual(originsOf('SELECT P.ssn, p.ssn FROM person p, guesses P'), [
    'guesses.ssn copied',
    'person.ssn copied',
  ]);
});

test('the select list finds tables first, then aliases before it', () => {
  for (const traits of FLAVOURS_OF_READING) {
    assert.deepEqual(originsOf('SELECT name AS ssn, (SELECT ssn) FROM person', traits), [
      'person.name copied',
      'person.ssn copied',
    ]);
    assert.deepEqual(originsOf('SELECT ssn AS x, (SELECT CONCAT(x, 1)) FROM person', traits), [
      'person.ssn copied',
      'person.ssn computed',
    ]);
  }
});

test('HAVING finds aliases, and what it groups by', () => {
  const own = usesOf(lineageOf("SELECT ssn AS x FROM person HAVING x LIKE '7%'"), 'person.ssn');
  assert.deepEqual(own, ['filter anything']);
  // The inner table has such a column, which HAVING does not see: the outer one is meant.
  const outer = lineageOf('SELECT id FROM person WHERE (SELECT total FROM orders HAVING ssn > 1) IS NULL');
  assert.deepEqual(usesOf(outer, 'person.ssn'), ['filter anything']);
  const both = lineageOf(
    'SELECT ssn FROM person p WHERE EXISTS (SELECT 1 FROM guesses GROUP BY number HAVING ssn > 1)',
  );
  assert.deepEqual(usesOf(both, 'person.ssn'), ['filter anything']);
});

test('WHERE and ON find no aliases; ON finds only what it joins', () => {
  assert.equal(lineageOf('SELECT ssn AS x FROM person WHERE x = 1').unresolved, true);
  const on = lineageOf('SELECT 1 FROM person p, orders o JOIN guesses g ON p.ssn = g.ssn');
  assert.equal(on.unresolved, true);
  assert.equal(on.comparesUnknown, true);
});

test('inner names hide outer ones, and outer ones are seen from within', () => {
  assert.deepEqual(originsOf('SELECT (SELECT MAX(ssn) FROM guesses) FROM person'), [
    'guesses.ssn aggregated',
  ]);
  assert.deepEqual(originsOf('SELECT (SELECT MAX(name) FROM guesses) FROM person'), [
    'person.name aggregated',
  ]);
  assert.deepEqual(originsOf('SELECT (SELECT MAX(person.ssn) FROM guesses) FROM person'), [
    'person.ssn aggregated',
  ]);
});

test('a derived table does not see its neighbours', () => {
  assert.deepEqual(originsOf('SELECT x FROM person, (SELECT ssn AS x FROM guesses) d'), [
    'guesses.ssn copied',
  ]);
  const blind = lineageOf('SELECT x FROM person, (SELECT name AS x FROM guesses) d');
  assert.equal(blind.outputs?.[0]?.origins, null);
});

test('while the database is not known a name stands for every table of that name', () => {
  const reading = { schema: undefined };
  const lineage = lineageOf('SELECT id FROM person', MYSQL, reading);
  assert.deepEqual(originsOf('SELECT id FROM person', MYSQL, reading), [
    'other.person.id copied, person.id copied',
  ]);
  assert.deepEqual(lineage.relations.map(({ schema }) => schema).sort(), ['lin', 'other']);
  // Which columns a star has is then not known.
  assert.equal(originsOf('SELECT * FROM person', MYSQL, reading), null);
  assert.deepEqual(originsOf('SELECT ssn FROM lin.person', MYSQL, reading), ['person.ssn copied']);
});

test('no database chosen: names without one are refused in the words of the server', () => {
  assert.throws(() => lineageOf('SELECT ssn FROM person', MYSQL, { schema: null }), /No database selected/);
});

test('a table that is not known has any column, and one of that name', () => {
  const lineage = lineageOf('SELECT SSN, other.* FROM elsewhere, other');
  assert.equal(lineage.outputs, null);
  assert.deepEqual(originsOf('SELECT SSN FROM elsewhere'), ['elsewhere.SSN copied']);
  assert.equal(lineage.unresolved, true);
  assert.equal(lineage.changesReading, true);
});

test('a temporary table may hide another, or not', () => {
  const temporary = [{ name: 'person', columns: ['id', 'name', 'ssn', 'doc'] }];
  assert.deepEqual(originsOf('SELECT * FROM person', MYSQL, { temporary }), [
    'person.id copied',
    'person.name copied',
    'person.ssn copied',
    'person.doc copied',
  ]);
  const moved = [{ name: 'person', columns: ['ssn', 'id', 'name', 'doc'] }];
  assert.equal(originsOf('SELECT * FROM person', MYSQL, { temporary: moved }), null);
  const fresh = [{ name: 'mine', columns: ['a'] }];
  assert.deepEqual(originsOf('SELECT * FROM mine', MYSQL, { temporary: fresh }), ['mine.a copied']);
  assert.equal(
    originsOf('SELECT * FROM mine', MYSQL, { temporary: [{ name: 'mine', columns: null }] }),
    null,
  );
});

test('MariaDB’s tables of numbers need no catalog', () => {
  const lineage = lineageOf('SELECT seq FROM seq_1_to_10', MARIADB);
  assert.equal(lineage.unresolved, false);
  assert.equal(lineageOf('SELECT seq FROM seq_1_to_10', MYSQL).unresolved, true);
});

test('a column that nothing has is of unknown origin', () => {
  const lineage = lineageOf('SELECT nothing FROM person ORDER BY nowhere');
  assert.deepEqual(lineage.outputs, [{ name: 'nothing', origins: null }]);
  assert.equal(lineage.comparesUnknown, true);
  assert.equal(lineage.unresolved, true);
});
