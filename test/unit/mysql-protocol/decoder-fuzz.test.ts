import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzMysqlDecoders, wrongSubjects } from '../../fuzz/mysql-decoders.ts';

test('promise 13: decoders of the connection phase take nearly right bytes or call them malformed, and see no others', () => {
  assert.deepEqual(wrongSubjects(), []);
  let taken = 0;
  for (let seed = 1; seed <= 5000; seed++) taken += fuzzMysqlDecoders(seed);
  assert.ok(taken > 5000, `${taken} taken`);
});
