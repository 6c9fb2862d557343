/** Token buckets, with a clock of our own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rates } from '../../../src/limits/rates.ts';

function ratesAt() {
  const clock = { ms: 0 };
  return { clock, rates: new Rates(() => clock.ms) };
}

test('a burst passes at once, then one by one as the bucket fills', () => {
  const { clock, rates } = ratesAt();
  for (let n = 0; n < 3; n++) assert.equal(rates.take('a', 1, 1 / 1000, 3), 0);
  assert.equal(rates.take('a', 1, 1 / 1000, 3), 1000);
  clock.ms = 400;
  assert.equal(rates.take('a', 1, 1 / 1000, 3), 600);
  clock.ms = 1000;
  assert.equal(rates.take('a', 1, 1 / 1000, 3), 0);
  assert.equal(rates.take('a', 1, 1 / 1000, 3), 1000);
  // It never holds more than a burst.
  clock.ms = 1_000_000;
  for (let n = 0; n < 3; n++) assert.equal(rates.take('a', 1, 1 / 1000, 3), 0);
  assert.ok(rates.take('a', 1, 1 / 1000, 3) > 0);
});

test('buckets do not share', () => {
  const { rates } = ratesAt();
  assert.equal(rates.take('a', 1, 1, 1), 0);
  assert.equal(rates.take('b', 1, 1, 1), 0);
  assert.equal(rates.take('a', 1, 1, 1), 1);
});

test('a message of more statements than a burst passes from a full bucket, and is paid for', () => {
  const { clock, rates } = ratesAt();
  assert.equal(rates.take('a', 5, 1 / 1000, 3), 0);
  assert.equal(rates.take('a', 1, 1 / 1000, 3), 3000);
  clock.ms = 3000;
  assert.equal(rates.take('a', 1, 1 / 1000, 3), 0);
});
