import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aligned,
  folded,
  oneLine,
  plural,
  shortTime,
  withoutControls,
} from '../../../src/cli/text-layout.ts';

test('lines are folded at spaces, and a long word stays whole', () => {
  assert.deepEqual(folded('one two three', 4, 11), ['one two', 'three']);
  assert.deepEqual(folded('a 12345678901234567890 b', 0, 10), ['a', '12345678901234567890', 'b']);
  assert.deepEqual(folded('read   reads data', 0, 100), ['read   reads data']);
  assert.deepEqual(folded('', 0), ['']);
});

test('columns are as wide as their widest cell', () => {
  const lines = aligned(
    [
      { name: 'a', count: 10 },
      { name: 'longer', count: 5 },
    ],
    [
      { title: 'name', align: 'left', cell: ({ name }) => name },
      { title: 'n', align: 'right', cell: ({ count }) => String(count) },
    ],
    (text) => text,
  );
  assert.deepEqual(lines, ['name     n', 'a       10', 'longer   5']);
});

test('what a client sent cannot act on a terminal', () => {
  assert.equal(withoutControls('a\x1b[2J\x07\x9b\r\tb\n'), 'a\ufffd[2J\ufffd\ufffd\ufffd\tb\n');
  assert.equal(oneLine('  SELECT\n\t 1\x1b ', 20), 'SELECT 1\ufffd');
  assert.equal(oneLine('0123456789', 5), '0123…');
});

test('numbers and times for people', () => {
  assert.equal(plural(1, 'row'), '1 row');
  assert.equal(plural(1200, 'row'), '1,200 rows');
  assert.equal(shortTime('2026-03-01T12:00:07.123Z'), '2026-03-01 12:00:07');
});
