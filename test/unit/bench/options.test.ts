import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../../../bench/options.ts';
import { SCENARIOS } from '../../../bench/scenarios/index.ts';

test('without arguments everything is measured, five rounds each', () => {
  const { options, save } = parseOptions([]);
  assert.equal(options.rounds, 5);
  assert.deepEqual(
    options.only,
    SCENARIOS.map(({ name }) => name),
  );
  assert.equal(save, true);
});

test('--quick is shorter, and --rounds counts all the same', () => {
  assert.ok(parseOptions(['--quick']).options.rounds < 5);
  assert.equal(parseOptions(['--quick', '--rounds', '7']).options.rounds, 7);
  assert.deepEqual(parseOptions(['--only', 'select,stream']).options.only, ['select', 'stream']);
});

test('--only mysql stands for every scenario of MySQL', () => {
  const { only } = parseOptions(['--only', 'mysql']).options;
  assert.deepEqual(
    only,
    SCENARIOS.map(({ name }) => name).filter((name) => name.startsWith('mysql-')),
  );
  assert.ok(only.length > 5);
});

test('arguments that make no sense say what would', () => {
  assert.throws(() => parseOptions(['--only', 'selects']), /no scenario "selects"; there are select, /);
  assert.throws(() => parseOptions(['--rounds', '0']), /--rounds takes a whole number/);
  assert.throws(() => parseOptions(['--sconds', '3']), /--sconds/);
});
