/** What lies behind a name: views to any depth, generated columns, functions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectSet, hasEffect } from '../../../../src/core/effects.ts';
import { FLAVOURS_OF_READING, lineageOf, originsOf, usesOf } from '../../../support/mysql-lineage-cases.ts';

test('promise 4: a view’s columns are what its query takes them from, however deep', () => {
  for (const traits of FLAVOURS_OF_READING) {
    assert.deepEqual(originsOf('SELECT tax, shout FROM staff', traits), [
      'person.ssn copied, staff.tax copied',
      'person.name computed, staff.shout copied',
    ]);
    assert.deepEqual(originsOf('SELECT * FROM deep', traits), [
      'deep.a copied, person.ssn copied, staff.tax copied',
      'deep.b copied, person.name computed, person.ssn computed, staff.shout computed, staff.tax computed',
    ]);
  }
});

test('what a view reads is read through it', () => {
  const { relations } = lineageOf('SELECT a FROM deep');
  const roles = Object.fromEntries(relations.map(({ name, role }) => [name, role]));
  assert.deepEqual(roles, { person: 'view', staff: 'view', deep: 'direct' });
  assert.ok(relations.every(({ effects }) => effects === effectSet('read')));
});

test('what a view keeps out is its maker’s affair; what is asked of it is not', () => {
  assert.deepEqual(usesOf(lineageOf('SELECT tax FROM staff'), 'person.id'), []);
  assert.deepEqual(usesOf(lineageOf("SELECT id FROM staff WHERE tax LIKE '7%'"), 'person.ssn'), [
    'filter anything',
  ]);
});

test('a view that calls a stored function is of unknown origin, and runs what is not read', () => {
  const { outputs, effects, functions } = lineageOf('SELECT v FROM calling');
  assert.equal(outputs?.[0]?.origins, null);
  assert.ok(hasEffect(effects, 'execute'));
  assert.deepEqual(functions, [{ schema: 'lin', name: 'f', volatility: 'unknown' }]);
});

test('a view whose definition is not shown may be of anything', () => {
  const { outputs, effects } = lineageOf('SELECT v FROM closed');
  assert.deepEqual(outputs, [{ name: 'v', origins: null }]);
  assert.ok(hasEffect(effects, 'execute'));
  assert.equal(lineageOf('SELECT 1 FROM closed WHERE v = 1').comparesUnknown, true);
});

test('promise 2: a view whose definition cannot be read is not judged', () => {
  assert.throws(() => lineageOf('SELECT v FROM broken'), /the definition of view lin\.broken/);
  assert.throws(() => lineageOf('SELECT v FROM broken'), /the definition of view lin\.broken/);
});

test('promise 4: generated columns are made of those that their expressions name', () => {
  assert.deepEqual(originsOf('SELECT tail, twice FROM made'), [
    'made.ssn computed, made.tail copied',
    'made.id computed, made.ssn computed, made.tail computed, made.twice copied',
  ]);
  // An expression that is not read may name them all.
  assert.match(originsOf('SELECT odd FROM made')?.[0] ?? '', /made\.ssn computed/);
});

test('stored functions: what they give is not known, what they are given is kept', () => {
  const lineage = lineageOf('SELECT f(ssn), lin.f(1), COUNT(*) FROM person');
  assert.deepEqual(
    lineage.outputs?.map(({ origins }) => origins),
    [null, null, []],
  );
  assert.deepEqual(usesOf(lineage, 'person.ssn'), ['source anything']);
  assert.ok(hasEffect(lineage.effects, 'execute'));
  assert.equal(lineage.unresolved, false);
  assert.equal(lineageOf('SELECT nobody(1)').unresolved, true);
});
