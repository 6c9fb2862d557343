/** A small part of the fuzzing, always the same: the rest is `npm run test:fuzz`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fuzzSession } from '../../fuzz/session-fuzz.ts';
import { GOLDEN_SCHEMA } from '../../golden/scripts.ts';
import { type SoloDomain, soloDomain } from '../../golden/solo-session.ts';

let domain: SoloDomain;
before(async () => {
  domain = await soloDomain(GOLDEN_SCHEMA);
});
after(() => domain?.close());

test('promise 13: bytes that are nearly right, from both sides, never get a session to throw or to stay', () => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= 3000; seed++) {
    const code = fuzzSession(domain, seed);
    ends.set(code, (ends.get(code) ?? 0) + 1);
  }
  assert.ok((ends.get('malformed-frame') ?? 0) > 100, JSON.stringify([...ends]));
  assert.ok((ends.get('left') ?? 0) > 100, JSON.stringify([...ends]));
});
