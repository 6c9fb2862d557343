/** A small part of the fuzzing, always the same: the rest is `npm run test:fuzz`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzMysqlSession } from '../../fuzz/mysql-session-fuzz.ts';

test('promise 13: commands and replies that are nearly right never get a session to throw, to stay, or to send what is denied', () => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= 4000; seed++) {
    const code = fuzzMysqlSession(seed);
    ends.set(code, (ends.get(code) ?? 0) + 1);
  }
  for (const code of ['left', 'malformed-frame', 'upstream-malformed', 'unsafe-reading'])
    assert.ok((ends.get(code) ?? 0) > 10, JSON.stringify([...ends]));
});
