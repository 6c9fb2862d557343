/** Tokens of a real issuer, and everything that looks like one and is none. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { generateKeyPair } from 'jose';
import { TOKEN_ALGORITHMS } from '../../src/core/oidc.ts';
import { OidcIssuer } from '../../src/identity/oidc-issuer.ts';
import { OidcTokens, type TokenSettings } from '../../src/identity/oidc-tokens.ts';
import { AUDIENCE, CI, TestIssuer } from '../support/test-issuer.ts';

let issuer: TestIssuer;
/** Clocks that tests set: the monotonic one of the keys, and the one of tokens. */
let monotonicMs = 0;
let wallMs = 0;
let health: (string | null)[] = [];
const opened: OidcIssuer[] = [];

before(async () => {
  issuer = await TestIssuer.start();
});

beforeEach(() => {
  issuer.fault = null;
  issuer.person = { sub: 'ada', groups: ['dba'] };
  monotonicMs = 1_000_000;
  wallMs = Date.now();
  health = [];
  for (const one of opened.splice(0)) one.close();
});

after(async () => {
  for (const one of opened) one.close();
  await issuer.stop();
});

const SETTINGS: TokenSettings = {
  audience: [AUDIENCE],
  algorithms: [...TOKEN_ALGORITHMS],
  clockSkewMs: 30_000,
  username: 'sub',
  groups: 'groups',
  clients: null,
  required: new Map(),
};

function tokensOf(settings: Partial<TokenSettings> = {}, url = issuer.url): OidcTokens {
  const keys = new OidcIssuer(
    { issuer: url, keysMaxAgeMs: 60 * 60_000 },
    { onHealth: (error) => void health.push(error?.message ?? null) },
    () => monotonicMs,
  );
  opened.push(keys);
  return new OidcTokens(keys, { ...SETTINGS, ...settings }, () => wallMs);
}

/** Who a token proves to be, or why it proves nothing. */
async function outcome(tokens: OidcTokens, token: string): Promise<string> {
  const answer = await tokens.check(token);
  if (answer.answer === 'proven') {
    const { name, groups } = answer.identity.principal;
    return `${name} [${groups.join(' ')}]`;
  }
  return `${answer.error.code}: ${answer.error.detail}`;
}

test('a token that the issuer itself gave out proves who it was given to, until it ends', async () => {
  const token = await issuer.ciToken();
  const answer = await tokensOf().check(token);
  assert.equal(answer.answer, 'proven');
  if (answer.answer !== 'proven') return;
  const { principal, proof } = answer.identity;
  assert.deepEqual(principal, { name: CI.id, groups: ['dba'] });
  assert.equal(proof.via, 'oidc');
  assert.equal(proof.issuer, issuer.url);
  assert.equal(proof.subject, CI.id);
  const left = (proof.expiresAtMs ?? 0) - Date.now();
  assert.ok(left > 290_000 && left <= 301_000, String(left));
});

test('promise 12: forged, foreign, early, late and broken tokens are refused, each with its reason', async () => {
  const tokens = tokensOf();
  const good = await issuer.sign();
  const [head = '', body = '', signature = ''] = good.split('.');
  const stranger = await generateKeyPair('RS256');
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  // The attack on libraries that take the public key for a shared secret.
  const response = await fetch(`${issuer.url}/jwks`);
  const published: unknown = await response.json();
  const key = JSON.parse(JSON.stringify(published)).keys[0];
  const spki = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const hs256 = await issuer.sign({}, { header: { alg: 'HS256' }, key: Buffer.from(spki) });
  const algorithm = 'it is signed by an algorithm that is not in identity.oidc.algorithms';
  const cases: readonly (readonly [what: string, token: string, expected: string])[] = [
    ['good', good, 'ada [dba]'],
    ['another issuer', await issuer.sign({ iss: 'https://evil.example' }), 'it is from another issuer'],
    ['nearly the issuer', await issuer.sign({ iss: `${issuer.url}/` }), 'it is from another issuer'],
    ['no issuer', await issuer.sign({ iss: undefined }), 'it is from another issuer'],
    ['another audience', await issuer.sign({ aud: 'urn:other' }), 'it is for another audience'],
    ['no audience', await issuer.sign({ aud: undefined }), 'it is for another audience'],
    ['expired', await issuer.sign({}, { expiresInS: -1 }), 'it has expired'],
    ['no end', await issuer.sign({ exp: undefined }), 'it has no end'],
    ['an end that is no number', await issuer.sign({ exp: 'never' }), 'it has no end'],
    ['an end that is no time', await issuer.sign({ exp: 1e300 }), 'its end is no time'],
    ['not yet valid', await issuer.sign({ nbf: now + 60 }), 'it is not valid yet'],
    [
      'issued tomorrow',
      await issuer.sign({ iat: now + 86_400 }),
      'it was issued in the future; are the clocks right?',
    ],
    ['another key, same kid', await issuer.sign({}, { key: stranger.privateKey }), 'its signature is wrong'],
    ['none', `${b64({ alg: 'none' })}.${body}.`, algorithm],
    ['HS256 with the public key', hs256, algorithm],
    [
      'another body',
      `${head}.${b64({ sub: 'root', iss: issuer.url, aud: AUDIENCE, exp: now + 60 })}.${signature}`,
      'its signature is wrong',
    ],
    ['truncated', good.slice(0, -20), 'its signature is wrong'],
    ['without signature', `${head}.${body}.`, 'its signature is wrong'],
    ['two parts', `${head}.${body}`, 'it is no JSON Web Token'],
    ['garbage', 'hunter2', 'it is no JSON Web Token'],
    ['nothing', '', 'it is no JSON Web Token'],
    ['a header that is no JSON', `eyJub3Bl.${body}.${signature}`, 'it is malformed'],
    ['oversize', await issuer.sign({ padding: 'x'.repeat(16 * 1024) }), 'it is longer than 16 KiB'],
    [
      'a logout token',
      await issuer.sign({}, { header: { typ: 'logout+jwt' } }),
      'it is of a type that proves no login',
    ],
    [
      'a critical header that is understood',
      await issuer.sign({}, { header: { crit: ['b64'], b64: true } }),
      'ada [dba]',
    ],
    [
      'no user name',
      await issuer.sign({ sub: undefined }),
      'it has no user name: its claim "sub" is missing, or is none',
    ],
    [
      'a user name with a line feed',
      await issuer.sign({ sub: 'a\nb' }),
      'it has no user name: its claim "sub" is missing, or is none',
    ],
    [
      'groups that are numbers',
      await issuer.sign({ groups: [1] }),
      'its claim "groups" is not a list of groups',
    ],
    [
      'too many groups',
      await issuer.sign({ groups: Array.from({ length: 257 }, String) }),
      'it names more than 256 groups',
    ],
    ['one group', await issuer.sign({ groups: 'dba' }), 'ada [dba]'],
    ['no groups', await issuer.sign({ groups: undefined }), 'ada []'],
  ];
  for (const [what, token, expected] of cases) {
    const refused = expected.startsWith('it') ? `token-refused: ${expected}` : expected;
    assert.equal(await outcome(tokens, token), refused, what);
  }
});

test('algorithms, clients, required claims, names and nested groups are as configured', async () => {
  const narrow = tokensOf({ algorithms: ['ES256'] });
  assert.match(
    await outcome(narrow, await issuer.sign()),
    /an algorithm that is not in identity.oidc.algorithms/,
  );
  const clients = tokensOf({ clients: [CI.id] });
  assert.equal(await outcome(clients, await issuer.ciToken()), 'ci [dba]');
  assert.match(
    await outcome(clients, await issuer.sign({ azp: 'other' })),
    /was given to a client that is not listed/,
  );
  assert.match(await outcome(clients, await issuer.sign()), /was given to a client that is not listed/);
  const required = tokensOf({ required: new Map([['amr', ['mfa', 'hwk']]]) });
  assert.equal(await outcome(required, await issuer.sign({ amr: ['pwd', 'mfa'] })), 'ada [dba]');
  assert.match(await outcome(required, await issuer.sign({ amr: ['pwd'] })), /its claim "amr" is not as/);
  assert.match(await outcome(required, await issuer.sign()), /its claim "amr" is not as/);
  const email = tokensOf({ username: 'email' });
  const address = { email: 'ada@example.com', email_verified: true };
  assert.equal(await outcome(email, await issuer.sign(address)), 'ada@example.com [dba]');
  for (const email_verified of [false, undefined, 'true'])
    assert.match(
      await outcome(email, await issuer.sign({ ...address, email_verified })),
      /has not been verified/,
    );
  const named = tokensOf({ username: 'preferred_username' });
  assert.equal(
    await outcome(named, await issuer.sign({ preferred_username: 'jos\u00e9' })),
    'jos\u00e9 [dba]',
  );
  assert.match(
    await outcome(named, await issuer.sign({ preferred_username: 'jose\u0301' })),
    /normal form NFC/,
  );
  const nested = tokensOf({ groups: 'realm_access.roles' });
  assert.equal(
    await outcome(nested, await issuer.sign({ realm_access: { roles: ['x', 'y'] } })),
    'ada [x y]',
  );
  assert.equal(await outcome(nested, await issuer.sign({ 'realm_access.roles': ['z'] })), 'ada [z]');
  assert.equal(await outcome(tokensOf({ groups: '__proto__.x' }), await issuer.sign()), 'ada []');
  const several = tokensOf({ audience: ['urn:a', 'urn:b'] });
  assert.equal(await outcome(several, await issuer.sign({ aud: ['urn:b', 'urn:c'] })), 'ada [dba]');
});

test('the issuer’s clock may be ahead by the skew; an end is an end', async () => {
  const tokens = tokensOf();
  const now = Math.floor(Date.now() / 1000);
  wallMs = now * 1000;
  const early = await issuer.sign({ iat: now + 29, nbf: now + 29, exp: now + 60 });
  assert.equal(await outcome(tokens, early), 'ada [dba]');
  const tooEarly = await issuer.sign({ iat: undefined, nbf: now + 32 });
  assert.match(await outcome(tokens, tooEarly), /not valid yet/);
  wallMs = (now + 60) * 1000 - 1;
  assert.equal(await outcome(tokens, early), 'ada [dba]');
  wallMs = (now + 60) * 1000;
  assert.equal(await outcome(tokens, early), 'token-refused: it has expired');
});

test('keys that the issuer changes are found without a restart, and unknown ones cost one question', async () => {
  const tokens = tokensOf();
  assert.equal(await outcome(tokens, await issuer.sign()), 'ada [dba]');
  const old = await issuer.sign();
  await issuer.rotate();
  const asked = issuer.requests.length;
  assert.equal(await outcome(tokens, await issuer.sign()), 'ada [dba]');
  const unknown = 'token-refused: it is signed by a key that the issuer does not have';
  assert.equal(await outcome(tokens, old), unknown);
  for (let n = 0; n < 20; n++)
    assert.equal(await outcome(tokens, await issuer.sign({}, { header: { kid: `made-up-${n}` } })), unknown);
  assert.equal(issuer.requests.length - asked, 2, 'a discovery document and a set of keys');
  // Later, it is asked again.
  monotonicMs += 11_000;
  await issuer.rotate();
  assert.equal(await outcome(tokens, await issuer.sign()), 'ada [dba]');
});

test('while the issuer is down its last keys serve as long as they may, and then nobody logs in', async () => {
  const tokens = tokensOf();
  const token = await issuer.sign({}, { expiresInS: 86_400 });
  assert.equal(await outcome(tokens, token), 'ada [dba]');
  issuer.fault = 'down';
  monotonicMs += 59 * 60_000;
  assert.equal(await outcome(tokens, token), 'ada [dba]');
  monotonicMs += 2 * 60_000;
  const down = 'identity-unavailable: the issuer of tokens cannot be reached';
  assert.equal(await outcome(tokens, token), down);
  assert.equal(health.length, 1);
  assert.match(health[0] ?? '', /./);
  issuer.fault = null;
  monotonicMs += 1_000;
  assert.equal(await outcome(tokens, token), 'ada [dba]');
  assert.deepEqual(health.slice(1), [null]);
});

test('documents that are too large, no JSON, elsewhere, or of another issuer, are not believed', async () => {
  const token = await issuer.sign();
  const why = new Map([
    ['huge', /more than 512 KiB/],
    ['garbage', /not JSON/],
    ['elsewhere', /redirect/],
    ['down', /./],
  ] as const);
  for (const [fault, expected] of why) {
    issuer.fault = fault;
    health = [];
    assert.match(await outcome(tokensOf(), token), /^identity-unavailable/);
    assert.match(health[0] ?? '', expected, fault);
  }
  issuer.fault = null;
  health = [];
  const alias = issuer.url.replace('127.0.0.1', 'localhost');
  assert.match(await outcome(tokensOf({}, alias), token), /^identity-unavailable/);
  assert.match(health[0] ?? '', /it says that it is "http:\/\/127/);
});

test('promise 11: no error holds any of the token', async () => {
  const tokens = tokensOf();
  const secret = 'contract-4711';
  for (const token of [
    await issuer.sign({ iss: secret }),
    await issuer.sign({ aud: secret }),
    await issuer.sign({}, { header: { kid: secret } }),
    await issuer.sign({ sub: `${secret}\n` }),
  ]) {
    const answer = await tokens.check(token);
    assert.equal(answer.answer, 'refused');
    if (answer.answer !== 'refused') continue;
    const told = `${answer.error.message} ${answer.error.detail} ${answer.error.stack} ${String(answer.error.cause)}`;
    assert.ok(!told.includes(secret), told);
    for (const part of token.split('.')) assert.ok(!told.includes(part));
  }
});
