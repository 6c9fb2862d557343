import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered } from '../../../src/core/remembered.ts';

test('what comes again is not read again; long texts and many of them are not kept', () => {
  const reads: string[] = [];
  const read = remembered((text) => {
    reads.push(text);
    return text.length;
  });
  assert.deepEqual([read('abc'), read('abc')], [3, 3]);
  assert.deepEqual(reads, ['abc']);
  const long = 'x'.repeat(257);
  assert.deepEqual([read(long), read(long)], [257, 257]);
  assert.equal(reads.length, 3);
  for (let n = 0; n < 64; n++) read(String(n));
  assert.equal(read('abc'), 3);
  assert.equal(reads.at(-1), 'abc');
});
