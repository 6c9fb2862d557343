/** Logins to the console while somebody floods them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Attempts } from '../../../src/admin/attempts.ts';
import { SignOnAttempts } from '../../../src/admin/sign-on-attempts.ts';

const state = (n: number) => ({
  state: `s${n}`,
  nonce: `n${n}`,
  verifier: `v${n}`,
  redirectUri: 'https://a/b',
});

test('promise 13: whoever fails from many addresses keeps nobody out who has logged in from theirs', () => {
  const attempts = new Attempts(() => 0);
  attempts.failed('dana', '192.0.2.1');
  attempts.succeeded('dana', '192.0.2.1');
  for (let n = 0; n < 1000; n++) attempts.failed('dana', `10.0.${n >> 8}.${n & 255}`);
  assert.equal(attempts.waitS('dana', '192.0.2.1'), 0);
  assert.ok(attempts.waitS('dana', '192.0.2.2') > 0);
  for (let n = 0; n < 5; n++) attempts.failed('dana', '192.0.2.1');
  assert.ok(attempts.waitS('dana', '192.0.2.1') > 0, 'their own failures count');
});

test('promise 13: logins by way of the issuer that somebody begins do not end those of others', () => {
  let now = 0;
  const attempts = new SignOnAttempts(() => now);
  const cookie = attempts.add(state(1));
  for (let n = 2; n < 5000; n++) attempts.add(state(n));
  assert.doesNotMatch(Buffer.from(cookie, 'base64url').toString('latin1'), /v1/);
  for (const forged of ['', 'x', `${cookie.slice(0, -2)}AA`, new SignOnAttempts(() => now).add(state(1))])
    assert.equal(attempts.take(forged, 's1'), null);
  assert.deepEqual(attempts.take(cookie, 's1'), state(1));
  assert.equal(attempts.take(cookie, 's1'), null, 'once');
  const other = attempts.add(state(9));
  assert.equal(attempts.take(other, 's8'), null);
  assert.equal(attempts.take(other, 's9'), null, 'another state has ended it');
  const late = attempts.add(state(10));
  now += 10 * 60_000;
  assert.equal(attempts.take(late, 's10'), null);
});
