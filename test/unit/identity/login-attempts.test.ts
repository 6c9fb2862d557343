/** Logins that fail too often wait; others do not wait for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdentityPort, LoginPlan } from '../../../src/core/login.ts';
import { networkOf } from '../../../src/core/network.ts';
import { LimitedLogins } from '../../../src/identity/limited-logins.ts';
import { LoginAttempts } from '../../../src/identity/login-attempts.ts';
import { verifierOf } from '../../../src/identity/mysql-password.ts';
import { ListenerIdentity } from '../../../src/identity/users.ts';

const HERE = '10.0.0.1';
const MINUTE_MS = 60_000;

test('ten failures of one name from one address in a minute, then it waits', () => {
  let now = 0;
  const attempts = new LoginAttempts(() => now);
  for (let n = 0; n < 10; n++) {
    assert.equal(attempts.waitMs('agent', HERE), 0);
    attempts.failed('agent', HERE);
  }
  assert.equal(attempts.waitMs('agent', HERE), 6_000);
  assert.equal(attempts.waitMs('dba', HERE), 0, 'another name');
  assert.equal(attempts.waitMs('agent', '10.0.0.2'), 0, 'another address');
  now += 6_000;
  assert.equal(attempts.waitMs('agent', HERE), 0);
  attempts.failed('agent', HERE);
  assert.ok(attempts.waitMs('agent', HERE) > 0);
  now += MINUTE_MS;
  assert.equal(attempts.waitMs('agent', HERE), 0);
});

test('a hundred names from one address, and a burst is paid for afterwards, for a quarter of an hour at most', () => {
  let now = 0;
  const attempts = new LoginAttempts(() => now);
  for (let n = 0; n < 100; n++) attempts.failed(`name-${n}`, HERE);
  assert.ok(attempts.waitMs('another', HERE) > 0);
  for (let n = 0; n < 10_000; n++) attempts.failed('agent', HERE);
  assert.ok(attempts.waitMs('agent', HERE) > 14 * MINUTE_MS);
  assert.ok(attempts.waitMs('agent', HERE) <= 15 * MINUTE_MS + 6_000);
  now += 16 * MINUTE_MS;
  assert.equal(attempts.waitMs('agent', HERE), 0);
});

test('promise 9: as many names as an attacker makes up take bounded memory', () => {
  const attempts = new LoginAttempts(() => 0);
  for (let n = 0; n < 50_000; n++) attempts.failed(`name-${n}`, `10.0.${n % 256}.${n % 250}`);
  attempts.failed('agent', HERE);
  assert.equal(attempts.waitMs('agent', HERE), 0);
});

test('promise 13: who has one address of IPv6 has a network of them, which is one', () => {
  const attempts = new LoginAttempts(() => 0);
  for (let n = 0; n < 10; n++) attempts.failed('agent', `2001:db8:0:7::${n.toString(16)}`);
  assert.ok(attempts.waitMs('agent', '2001:db8::7:a:b:c:d') > 0);
  assert.equal(attempts.waitMs('agent', '2001:db8:0:8::1'), 0);
  assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('guesses by the fast answer of caching_sha2_password are bounded; who then sends the password has not guessed', () => {
  const attempts = new LoginAttempts(() => 0);
  const users = new Map([
    ['agent', { name: 'agent', groups: [], verifier: null, mysql: verifierOf('right') }],
  ]);
  const plan = () => {
    const logins = new LimitedLogins(new ListenerIdentity(users, ['password']), attempts);
    const port = logins.forConnection({ clientAddress: HERE, certificate: () => null, wake: () => {} });
    return port.mysqlLogin('agent', { secured: true });
  };
  const guess = () => {
    const found = plan();
    if (found.plan !== 'password') return found;
    assert.equal(found.cachingSha2(Buffer.alloc(20), Buffer.alloc(32, 7)), null);
    return found;
  };
  for (let n = 0; n < 1000; n++) {
    const found = guess();
    assert.equal(found.plan === 'password' && found.cleartext(Buffer.from('right')).step, 'proven');
  }
  let guesses = 0;
  while (guess().plan === 'password' && guesses < 10_000) guesses++;
  assert.equal(guesses, 300);
});

test('failures are counted wherever a login fails, on both protocols, and successes and trust are not', () => {
  const attempts = new LoginAttempts(() => 0);
  const users = new Map([['agent', { name: 'agent', groups: [], verifier: null, mysql: null }]]);
  const port = (methods: readonly ('password' | 'trust')[]): IdentityPort =>
    new LimitedLogins(new ListenerIdentity(users, methods), attempts).forConnection({
      clientAddress: HERE,
      certificate: () => null,
      wake: () => {},
    });
  const fail = (plan: LoginPlan) => {
    assert.equal(plan.plan, 'sasl');
    if (plan.plan !== 'sasl') return;
    const step = plan.start('SCRAM-SHA-256')?.step(Buffer.from('nonsense'));
    assert.equal(step?.step, 'failed');
  };
  for (let n = 0; n < 5; n++) fail(port(['password']).login('agent', { secured: false }));
  for (let n = 0; n < 5; n++) {
    const plan = port(['password']).mysqlLogin('agent', { secured: false });
    assert.equal(plan.plan === 'password' && plan.cachingSha2(Buffer.alloc(20), Buffer.alloc(32)), null);
    assert.equal(plan.plan === 'password' && plan.cleartext(Buffer.from('x')).step, 'failed');
  }
  const blocked = port(['password']).login('agent', { secured: false });
  assert.equal(blocked.plan === 'refused' && blocked.error.code, 'login-blocked');
  assert.equal(port(['password']).mysqlLogin('agent', { secured: false }).plan, 'refused');
  assert.equal(port(['trust']).login('dba', { secured: false }).plan, 'trust');
});
