import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ColumnMask, MaskRoute, maskPlan, TEXT } from '../../../src/masking/index.ts';
import { every, found } from '../../support/masking.ts';

function routeOf(mask: ColumnMask): MaskRoute {
  return new MaskRoute(maskPlan([{ type: TEXT, format: 'text', label: null, mask }], 'postgres'));
}

test('cheap maskers stay in place, however much there is', () => {
  const route = routeOf(every('last4'));
  for (let i = 0; i < 1000; i++) assert.equal(route.take(10_000, 160_000), 'inline');
});

test('costly ones stay in place while a result is small, and then never come back', () => {
  const route = routeOf(found());
  assert.equal(route.take(10, 600), 'inline');
  assert.equal(route.take(100_000, 6_000_000), 'workers');
  assert.equal(route.take(1, 60), 'workers');
  const slow = routeOf(every('fpe', { key: 'k' }));
  assert.equal(slow.take(20, 220), 'inline');
  for (let i = 0; i < 3; i++) slow.take(20, 220);
  assert.equal(slow.take(20, 220), 'workers');
});

test('many small batches of one result count together', () => {
  const route = routeOf(found());
  let inline = 0;
  while (route.take(1, 60) === 'inline') inline++;
  assert.ok(inline > 100 && inline < 10_000, String(inline));
});

test('a batch is sent by its bytes, or earlier by what it costs', () => {
  assert.equal(routeOf(found()).isFull(100, 6_000), false);
  assert.equal(routeOf(found()).isFull(4_000, 300_000), true);
  assert.equal(routeOf(every('fpe', { key: 'k' })).isFull(1_000, 11_000), true);
});
