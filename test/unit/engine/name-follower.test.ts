/** Masks stay on columns that are renamed on servers which number no columns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameFollower } from '../../../src/engine/name-follower.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';
import { sketchCatalog } from '../../support/mysql-catalog.ts';

function followed(before: Readonly<Record<string, string[]>>, after: Readonly<Record<string, string[]>>) {
  const { policy } = loadPolicy(
    'policy',
    'default: allow\nmasks: [ { columns: ["shop.person.ssn"], with: last4 } ]\n',
  );
  const follower = new NameFollower();
  follower.policyChanged(policy);
  follower.catalogChanged('shop', sketchCatalog({ tables: before }));
  follower.catalogChanged('shop', sketchCatalog({ tables: after }));
  const [mask] = policy.masks;
  return (table: string, column: string) => mask?.covers('shop', table, column) ?? false;
}

const PERSON = { 'shop.person': ['id', 'name', 'ssn'] };

test('a column under another name stays masked, and its neighbours do not become so', () => {
  const covers = followed(PERSON, { 'shop.person': ['id', 'name', 'number'] });
  assert.deepEqual([covers('person', 'number'), covers('person', 'name')], [true, false]);
});

test('a table under another name keeps its mask', () => {
  const covers = followed(PERSON, { 'shop.people': ['id', 'name', 'ssn'], 'shop.orders': ['id', 'ssn'] });
  assert.deepEqual(
    [covers('people', 'ssn'), covers('people', 'name'), covers('orders', 'ssn')],
    [true, false, false],
  );
});

test('where two columns have come at once, either may be it', () => {
  const covers = followed(PERSON, { 'shop.person': ['id', 'name', 'a', 'b'] });
  assert.deepEqual([covers('person', 'a'), covers('person', 'b')], [true, true]);
});

test('a column that comes while the masked one stays is none of it', () => {
  const covers = followed(PERSON, { 'shop.person': ['id', 'name', 'ssn', 'note'] });
  assert.equal(covers('person', 'note'), false);
});

test('promise 4: a table that has changed places with another keeps its mask, whichever name it has', () => {
  const vendor = ['id', 'title'];
  const covers = followed(
    { ...PERSON, 'shop.vendor': vendor },
    { 'shop.person': vendor, 'shop.vendor': ['id', 'name', 'ssn'] },
  );
  assert.deepEqual([covers('vendor', 'ssn'), covers('vendor', 'name')], [true, false]);
});

test('promise 4: the table whose place a copy has taken keeps its mask', () => {
  const columns = ['id', 'name', 'ssn'];
  const covers = followed(
    { ...PERSON, 'shop._person_new': columns },
    { 'shop.person': columns, 'shop._person_old': columns },
  );
  assert.deepEqual([covers('person', 'ssn'), covers('_person_old', 'ssn')], [true, true]);
});
