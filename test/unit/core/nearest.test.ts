import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../src/core/nearest.ts';

test('a name in another case is the nearest, whatever else is near by letters', () => {
  assert.equal(
    nearest('information_schema.tables', ['information_schema.EVENTS', 'information_schema.TABLES']),
    'information_schema.TABLES',
  );
  assert.equal(nearest('ordres', ['customers', 'orders']), 'orders');
  assert.equal(nearest('abc', ['xyz']), null);
});
