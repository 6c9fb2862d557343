/** Who is asked for a token, over which connections, and what OAUTHBEARER makes of messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyError } from '../../../src/core/errors.ts';
import type { IdentityPort } from '../../../src/core/login.ts';
import { lastingIdentity } from '../../../src/core/principal.ts';
import { OauthBearerExchange } from '../../../src/identity/oauth-bearer.ts';
import { OidcIssuer } from '../../../src/identity/oidc-issuer.ts';
import { OidcTokens } from '../../../src/identity/oidc-tokens.ts';
import { readStoredPassword } from '../../../src/identity/stored-password.ts';
import { TokenLogins } from '../../../src/identity/token-logins.ts';
import { type AuthMethod, ListenerIdentity } from '../../../src/identity/users.ts';

const USERS = new Map([['stored', { name: 'stored', groups: [], ...readStoredPassword('a password') }]]);
/** Never asked: nothing in this file sends a token that looks like one. */
const TOKENS = new OidcTokens(
  new OidcIssuer({ issuer: 'http://127.0.0.1:1', keysMaxAgeMs: 1 }, { onHealth() {} }),
  {
    audience: ['x'],
    algorithms: ['RS256'],
    clockSkewMs: 0,
    username: 'sub',
    groups: 'groups',
    clients: null,
    required: new Map(),
  },
);

function portOf(
  clientAddress: string | null,
  {
    methods = ['password'],
    postgres = 'cleartext',
  }: { methods?: AuthMethod[]; postgres?: 'cleartext' | 'oauthbearer' } = {},
  wake: () => void = () => {},
): IdentityPort {
  const logins = new TokenLogins(new ListenerIdentity(USERS, methods), TOKENS, {
    postgres,
    hint: { configurationUrl: 'https://idp/.well-known/openid-configuration', scope: 'openid' },
  });
  return logins.forConnection({ clientAddress, certificate: () => null, wake });
}

test('promise 11: a token is asked for over TLS or on loopback, and nowhere else', () => {
  for (const [address, secured, asked] of [
    ['10.0.0.7', true, true],
    ['10.0.0.7', false, false],
    ['127.0.0.1', false, true],
    ['::1', false, true],
    ['::ffff:127.0.0.1', false, true],
    ['::ffff:10.0.0.7', false, false],
    ['128.0.0.1', false, false],
    [null, false, true],
  ] as const) {
    const what = `${address} ${secured}`;
    for (const postgres of ['cleartext', 'oauthbearer'] as const) {
      const plan = portOf(address, { postgres }).login('ada', { secured });
      assert.equal(
        plan.plan,
        asked ? { cleartext: 'cleartext', oauthbearer: 'sasl' }[postgres] : 'refused',
        what,
      );
    }
    const mysql = portOf(address).mysqlLogin('ada', { secured });
    assert.equal(mysql.plan, asked ? 'password' : 'refused', what);
    if (mysql.plan === 'password') assert.equal(mysql.wantsCleartext, !secured, what);
  }
});

test('who has a stored password is asked for it, where the listener takes passwords', () => {
  assert.equal(portOf('10.0.0.7').login('stored', { secured: false }).plan, 'sasl');
  const mysql = portOf('10.0.0.7').mysqlLogin('stored', { secured: false });
  assert.equal(mysql.plan === 'password' && mysql.takesNative, true);
  const only = portOf('127.0.0.1', { methods: [] });
  assert.equal(only.login('stored', { secured: false }).plan, 'cleartext');
  const asked = only.mysqlLogin('stored', { secured: true });
  assert.equal(asked.plan === 'password' && asked.takesNative, false);
});

test('where only tokens are taken, a stored password opens nothing', async () => {
  const woken = new Promise<void>((resolve) => {
    const plan = portOf('127.0.0.1', { methods: [] }, resolve).login('stored', { secured: true });
    assert.equal(plan.plan, 'cleartext');
    if (plan.plan !== 'cleartext') return;
    const step = plan.check(Buffer.from('a password'));
    assert.equal(step.step, 'pending');
    if (step.step !== 'pending') return;
    assert.equal(step.answer(), null, 'not before it was woken');
    setImmediate(() => {
      const answer = step.answer();
      assert.equal(answer?.step, 'failed');
    });
  });
  await woken;
});

test('OAUTHBEARER waits for an answer, and refuses in two steps', () => {
  const hint = { configurationUrl: 'u', scope: 's' };
  const identity = lastingIdentity({ name: 'a,b', groups: [] }, 'trust');
  let settled = false;
  const exchange = new OauthBearerExchange('a,b', hint, (token) => {
    assert.equal(token, 'abc.def=');
    return { step: 'pending', answer: () => (settled ? { step: 'proven', identity } : null) };
  });
  const step = exchange.step(Buffer.from('n,a=a=2Cb,\x01auth=bearer  abc.def=\x01port=1\x01\x01'));
  assert.equal(step.step, 'pending');
  if (step.step !== 'pending') return;
  assert.equal(step.answer(), null);
  settled = true;
  assert.deepEqual(step.answer(), { step: 'done', data: null, identity });
  const error = new ProxyError('token-refused');
  const refused = new OauthBearerExchange('x', hint, () => ({ step: 'failed', error }));
  const told = refused.step(Buffer.from('n,,\x01auth=Bearer x\x01\x01'));
  assert.equal(told.step, 'continue');
  // Whatever the client says to that.
  assert.deepEqual(refused.step(Buffer.from('\x01')), { step: 'failed', error });
});
