/** SCRAM-SHA-256 against the RFCs' own numbers, and against messages that are wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastingIdentity } from '../../../src/core/principal.ts';
import {
  formatVerifier,
  makeVerifier,
  parseVerifier,
  ScramClient,
  ScramServer,
  saltedPassword,
} from '../../../src/identity/scram.ts';
import { UpstreamPassword } from '../../../src/identity/upstream-password.ts';
import { ListenerIdentity, type User } from '../../../src/identity/users.ts';

// RFC 7677, section 3.
const PASSWORD = 'pencil';
const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const CLIENT_NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const CLIENT_FIRST = `n,,n=user,r=${CLIENT_NONCE}`;
const SERVER_FIRST = `r=${CLIENT_NONCE}${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const CLIENT_FINAL = `c=biws,r=${CLIENT_NONCE}${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

const verifier = makeVerifier(PASSWORD, SALT, 4096);
const server = () => new ScramServer(verifier, SERVER_NONCE);
const text = (step: ReturnType<ScramServer['step']>) =>
  step.step === 'failed' ? 'failed' : step.data.toString();

test('the server’s side of RFC 7677’s exchange', () => {
  const exchange = server();
  assert.equal(text(exchange.step(Buffer.from(CLIENT_FIRST))), SERVER_FIRST);
  const last = exchange.step(Buffer.from(CLIENT_FINAL));
  assert.equal(last.step, 'proven');
  assert.equal(text(last), SERVER_FINAL);
  assert.equal(exchange.step(Buffer.from(CLIENT_FINAL)).step, 'failed', 'once');
});

test('the client’s side, held against the server’s', () => {
  const client = new ScramClient(
    (salt, iterations) => saltedPassword(PASSWORD, salt, iterations),
    CLIENT_NONCE,
  );
  assert.equal(client.first.toString(), `n,,n=,r=${CLIENT_NONCE}`);
  const exchange = server();
  const first = exchange.step(client.first);
  assert.ok(first.step === 'continue');
  const final = client.step(first.data);
  assert.ok(final !== null);
  const proven = exchange.step(final);
  assert.ok(proven.step === 'proven');
  assert.ok(client.verify(proven.data));
  assert.ok(!client.verify(Buffer.from('v=AAAA')));
  assert.ok(!client.verify(Buffer.from('e=other-error')));
});

test('a verifier is stored as the server stores it', () => {
  const stored =
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
  assert.equal(formatVerifier(verifier), stored);
  const parsed = parseVerifier(stored);
  assert.ok(parsed !== null);
  assert.deepEqual(parsed, verifier);
  for (const wrong of [
    '',
    'pencil',
    stored.slice(0, -3),
    stored.replace('4096', '0'),
    stored.replace('256$', '1$'),
    stored.replace(':wfPL', ':!'),
  ]) {
    assert.equal(parseVerifier(wrong), null, wrong);
  }
});

test('first messages that are wrong end the exchange', () => {
  for (const message of [
    '',
    'n',
    'p=tls-server-end-point,,n=user,r=abc',
    'n,a=admin,n=user,r=abc',
    'n,,m=ext,n=user,r=abc',
    'n,,n=user',
    'n,,n=user,r=',
    'n,,r=abc,n=user',
    'x,,n=user,r=abc',
    'n,,n=user,r=a\u0001b',
    `n,,n=user,r=${'x'.repeat(10)}\u0000`,
  ]) {
    assert.equal(server().step(Buffer.from(message)).step, 'failed', JSON.stringify(message));
  }
  assert.equal(
    server().step(Buffer.from('y,,n=,r=abc')).step,
    'continue',
    'a client that would have liked channel binding',
  );
});

test('promise 13: last messages that are wrong end the exchange', () => {
  for (const message of [
    '',
    CLIENT_FINAL.replace('p=d', 'p=e'),
    CLIENT_FINAL.replace('c=biws', 'c=eSws'),
    CLIENT_FINAL.replace(`r=${CLIENT_NONCE}`, 'r=other'),
    CLIENT_FINAL.replace(',p=', ',x=1,p='),
    CLIENT_FINAL.slice(0, -4),
    CLIENT_FINAL.replace(/p=.*/, 'p='),
    CLIENT_FINAL.replace(/p=.*/, `p=${Buffer.alloc(32).toString('base64')}`),
    CLIENT_FIRST,
  ]) {
    const exchange = server();
    exchange.step(Buffer.from(CLIENT_FIRST));
    assert.equal(exchange.step(Buffer.from(message)).step, 'failed', message);
  }
});

test('what a hostile server sends is not followed', () => {
  const client = () => new ScramClient((salt, n) => saltedPassword('x', salt, n), 'abc');
  for (const message of [
    '',
    'r=abc,s=AAAA,i=1',
    'r=xyzabc1,s=AAAA,i=1',
    'r=abc1,s=AAAA,i=0',
    'r=abc1,s=AAAA,i=200001',
    'r=abc1,s=AAAA,i=99999999999',
    'm=x,r=abc1,s=AAAA,i=1',
  ]) {
    assert.equal(client().step(Buffer.from(message)), null, message);
  }
});

test('passwords are prepared as the server prepares them (RFC 4013, section 3, and pg_saslprep)', () => {
  const same = (left: string, right: string) =>
    saltedPassword(left, SALT, 1).equals(saltedPassword(right, SALT, 1));
  assert.ok(same('I\u00adX', 'IX'), 'soft hyphen');
  assert.ok(same('\u00aa', 'a'), 'compatibility form');
  assert.ok(same('\u2168', 'IX'), 'Roman nine');
  assert.ok(same('a\u00a0b', 'a b'), 'another space');
  assert.ok(same('e\u0301', '\u00e9'), 'composed');
  assert.ok(!same('USER', 'user'), 'case stays');
  assert.ok(!same('\u0007\u00aa', '\u0007a'), 'not allowed, so taken as it is');
  assert.ok(!same('\u00ad', ''), 'nothing left, so taken as it is');
});

const USERS = new Map<string, User>([
  ['agent', { name: 'agent', groups: ['agents'], verifier, mysql: null }],
  ['local', { name: 'local', groups: [], verifier: null, mysql: null }],
]);

function challengeOf(identity: ListenerIdentity, name: string): string {
  const plan = identity.login(name);
  assert.ok(plan.plan === 'sasl');
  const step = plan.start('SCRAM-SHA-256')?.step(Buffer.from('n,,n=,r=abc'));
  assert.ok(step?.step === 'continue');
  return step.data.toString();
}

test('a name that does not exist gets a challenge like any other, always the same salt, and is never let in', () => {
  const identity = new ListenerIdentity(USERS, ['password']);
  const shape = /^r=abc[A-Za-z0-9+/]{24},s=[A-Za-z0-9+/]{22}==,i=4096$/;
  for (const name of ['agent', 'nobody', 'local', '']) assert.match(challengeOf(identity, name), shape);
  const saltOf = (name: string) => /s=([^,]+)/.exec(challengeOf(identity, name))?.[1];
  assert.equal(saltOf('nobody'), saltOf('nobody'));
  assert.notEqual(saltOf('nobody'), saltOf('somebody'));
  const plan = identity.login('nobody');
  assert.ok(plan.plan === 'sasl');
  assert.equal(plan.start('SCRAM-SHA-256-PLUS'), null);
  const exchange = plan.start('SCRAM-SHA-256');
  exchange?.step(Buffer.from('n,,n=,r=abc'));
  const last = exchange?.step(Buffer.from('c=biws,r=abc,p=AAAA'));
  assert.ok(last?.step === 'failed');
  assert.equal(last.error.code, 'login-failed');
});

test('trust lets anybody in, except that who has a password proves it where passwords are taken', () => {
  const both = new ListenerIdentity(USERS, ['trust', 'password']);
  assert.equal(both.login('agent').plan, 'sasl');
  assert.equal(both.login('local').plan, 'trust');
  const trust = new ListenerIdentity(USERS, ['trust']);
  assert.deepEqual(trust.login('agent'), {
    plan: 'trust',
    identity: lastingIdentity({ name: 'agent', groups: ['agents'] }, 'trust'),
  });
  assert.deepEqual(trust.login('x'), {
    plan: 'trust',
    identity: lastingIdentity({ name: 'x', groups: [] }, 'trust'),
  });
});

test('promise 11: the upstream password answers requests, in clear only over TLS', () => {
  const account = new UpstreamPassword('app', 'secret');
  assert.equal(account.cleartext(false), null);
  assert.equal(account.cleartext(true), 'secret');
  // md5(md5(password + user) + salt), as PostgreSQL's documentation of AuthenticationMD5Password has it.
  assert.match(account.md5(Buffer.from([1, 2, 3, 4])) ?? '', /^md5[0-9a-f]{32}$/);
  assert.equal(account.sasl(['SCRAM-SHA-256-PLUS']), null);
  assert.equal(new UpstreamPassword('app', null).sasl(['SCRAM-SHA-256']), null);
  assert.doesNotMatch(JSON.stringify(account), /secret/);
});
