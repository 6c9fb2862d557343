/** Session credentials beside other ways to log in: what a client is offered, and when. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openCredentials } from '../../../src/cli/logins.ts';
import type { IdentityPort, IdentitySource, LoginPlan } from '../../../src/core/login.ts';
import { ITERATIONS } from '../../../src/identity/scram.ts';
import { mintCredential, type StoredCredential, saltFor } from '../../../src/identity/session-credential.ts';
import { SessionCredentials } from '../../../src/identity/session-credentials.ts';
import { SessionLogins } from '../../../src/identity/session-logins.ts';
import { openStore, sqliteGround } from '../../support/state-stores.ts';

const STORE_SALT = randomBytes(32).toString('hex');
const { secret, credential } = mintCredential({
  principal: 'bot',
  groups: ['agents'],
  listener: null,
  isConfigured: false,
  mintedBy: 'ada',
  nowMs: 0,
  ttlMs: 1_000,
  salt: saltFor(STORE_SALT, 'bot', ITERATIONS),
});

const other = (plan: LoginPlan): IdentitySource => ({
  forConnection: (): IdentityPort => ({
    login: () => plan,
    mysqlLogin: () => assert.fail('not asked'),
    mysqlNonce: () => Buffer.alloc(20),
  }),
});

const OAUTH: LoginPlan = { plan: 'sasl', mechanisms: ['OAUTHBEARER'], start: () => null };

/** The plan for a name, once the store has answered; null: it cannot. */
async function planFor(
  name: string,
  plan: LoginPlan,
  stored: readonly StoredCredential[] | null,
): Promise<LoginPlan> {
  const credentials = new SessionCredentials(
    {
      async list({ principal }) {
        if (stored === null) throw new Error('away');
        return stored.filter((one) => one.principal === principal);
      },
      salt: async () => STORE_SALT,
      watch: () => () => {},
    },
    () => 0,
  );
  const logins = new SessionLogins(other(plan), {
    listener: 'shop',
    users: new Map(),
    credentials,
    key: null,
  });
  const pending = await new Promise<LoginPlan>((resolve) => {
    const asked: LoginPlan = logins
      .forConnection({ clientAddress: null, certificate: () => null, wake: () => resolve(asked) })
      .login(name, { secured: false });
  });
  const settled = pending.plan === 'pending' ? pending.answer() : null;
  assert.ok(settled !== null);
  return settled;
}

test('who has no credential is asked for a token alone, and who has one may show either', async () => {
  const none = await planFor('ada', OAUTH, [credential]);
  assert.deepEqual(none.plan === 'sasl' && none.mechanisms, ['OAUTHBEARER']);
  const one = await planFor('bot', OAUTH, [credential]);
  assert.deepEqual(one.plan === 'sasl' && one.mechanisms, ['SCRAM-SHA-256', 'OAUTHBEARER']);
});

test('a store that is away keeps nobody from showing a token', async () => {
  assert.equal(await planFor('ada', OAUTH, null), OAUTH);
  const scram: LoginPlan = { plan: 'sasl', mechanisms: ['SCRAM-SHA-256'], start: () => null };
  const refused = await planFor('ada', scram, null);
  assert.equal(refused.plan === 'refused' && refused.error.code, 'identity-unavailable');
});

test('where the password itself comes, a credential is told by its beginning, and the rest goes on', async () => {
  const rest: string[] = [];
  const plan = await planFor(
    'bot',
    {
      plan: 'cleartext',
      check(password) {
        rest.push(password.toString());
        return { step: 'proven', identity: assert.fail('never here') };
      },
    },
    [credential],
  );
  assert.equal(plan.plan, 'cleartext');
  if (plan.plan !== 'cleartext') return;
  const proven = plan.check(Buffer.from(secret));
  assert.equal(proven.step === 'proven' && proven.identity.proof.credential, credential.id);
  assert.equal(plan.check(Buffer.from(`${secret}x`)).step, 'failed');
  assert.throws(() => plan.check(Buffer.from('ey.a.token')), /never here/);
  assert.deepEqual(rest, ['ey.a.token']);
});

test('a name that has none is believed to have none only while it is asked for again and again', async () => {
  const asked: string[] = [];
  let nowMs = 0;
  let stored: readonly StoredCredential[] = [];
  const source = {
    async list() {
      asked.push('');
      return stored;
    },
    salt: async () => STORE_SALT,
    watch: () => () => {},
  };
  const credentials = new SessionCredentials(source, () => nowMs);
  await credentials.of('bot');
  stored = [credential];
  assert.equal((await credentials.of('bot')).credentials.length, 1, 'one that was just made is found');
  stored = [];
  asked.length = 0;
  for (let n = 0; n < 100; n++) await credentials.of('nobody');
  assert.equal(asked.length, 10);
  nowMs += 250;
  await credentials.of('nobody');
  assert.equal(asked.length, 11);
  asked.length = 0;
  await Promise.all(Array.from({ length: 50 }, () => credentials.of('another')));
  assert.equal(asked.length, 1, 'many at once ask once');
});

test('promise 12: a session ends when the store says, where the clock of this machine is behind', async () => {
  const ground = sqliteGround();
  const store = openStore(await ground.fresh());
  const now = await store.now();
  const salt = { salt: Buffer.alloc(16), iterations: 4096 };
  const order = { principal: 'ci', groups: [], listener: null, isConfigured: false, mintedBy: 'dana', salt };
  await store.credentials.put(mintCredential({ ...order, nowMs: now, ttlMs: 60_000 }).credential);
  const HOUR_MS = 3_600_000;
  for (const [behindMs, lastsMs] of [
    [HOUR_MS, 60_000],
    [0, 60_000],
    // One that is ahead ends sessions early, and none late.
    [-30_000, 30_000],
  ] as const) {
    const credentials = openCredentials(store, () => Date.now() - behindMs);
    const [found] = (await credentials.of('ci')).credentials;
    credentials.close();
    const leftMs = (found?.expiresAt ?? 0) - (Date.now() - behindMs);
    assert.ok(leftMs <= lastsMs && leftMs > lastsMs - 5_000, `${behindMs}: ${leftMs}`);
  }
  await store.close();
  await ground.stop();
});
