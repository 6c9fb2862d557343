import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareRounds,
  median,
  pairedDifferences,
  pairedRatios,
  quantile,
  spread,
} from '../../../bench/statistics.ts';

test('the median of an odd and of an even number of rounds, in any order', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), /no values/);
});

test('quantiles lie between the values', () => {
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([10, 20], 0.99), 19.9);
  assert.equal(quantile([10, 20], 0), 10);
  assert.equal(quantile([10, 20], 1), 20);
});

test('the spread is half the distance of the quartiles, as a share of the median', () => {
  assert.equal(spread([90, 95, 100, 105, 110]), 0.05);
  assert.equal(spread([100]), 0);
  assert.equal(spread([0, 0, 0]), 0);
});

test('rounds are compared with their own partners, so that a slow moment of the machine counts for both', () => {
  const sluice = [100, 50, 100, 25, 100];
  const direct = [200, 100, 200, 50, 200];
  assert.deepEqual(pairedRatios(sluice, direct), [0.5, 0.5, 0.5, 0.5, 0.5]);
  assert.deepEqual(pairedRatios([1, 2, 3], [1, 0]), [1]);
  assert.deepEqual(pairedDifferences([12, 15], [10, 11]), [2, 4]);
});

test('a change within what the rounds vary by is none', () => {
  const noisy = compareRounds([100, 110, 90, 105, 95], [97, 107, 87, 102, 92], 'higher');
  assert.equal(noisy.verdict, 'same');
  const steady = compareRounds([100, 100, 101, 100, 99], [97, 97, 96, 97, 98], 'higher');
  assert.equal(steady.verdict, 'worse');
  assert.ok(Math.abs(steady.change + 0.03) < 1e-9);
});

test('of memory and CPU, less is better', () => {
  assert.equal(compareRounds([50, 50, 50], [40, 40, 40], 'lower').verdict, 'better');
  assert.equal(compareRounds([50, 50, 50], [60, 60, 60], 'lower').verdict, 'worse');
});

test('one or two rounds prove only a large change', () => {
  assert.equal(compareRounds([100], [95], 'higher').verdict, 'same');
  assert.equal(compareRounds([100], [80], 'higher').verdict, 'worse');
});
