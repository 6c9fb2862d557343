/** How clients of HTTP listeners prove who they are: passwords, verifiers, session credentials, tokens; over TLS. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { formatVerifier, makeVerifier } from '../../src/identity/scram.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { sluice as command } from '../support/command-line.ts';
import { exchange, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { AUDIENCE, CI, TestIssuer } from '../support/test-issuer.ts';
import { until } from '../support/until.ts';

const USERS = `[
  { name: agent, groups: [agents], password: "pass:word" },
  { name: stored, groups: [agents], password: "${formatVerifier(makeVerifier('stored-pass', Buffer.from('sixteen bytes ok'), 5000))}" },
  { name: bot, groups: [agents, dba] } ]`;
const POLICY = 'default: deny\nrules: [ { name: known, when: { groups: [agents, dba] }, then: allow } ]\n';

let upstream: RawUpstream;
let certificates: Certificates;

before(async () => {
  upstream = await startRawUpstream();
  certificates = makeCertificates();
});

after(async () => {
  await upstream.close();
  certificates.remove();
});

const start = (more: Partial<SluiceOptions>): Promise<Sluice> =>
  startSluice({ upstream: `http://127.0.0.1:${upstream.port}`, users: USERS, policy: POLICY, ...more });

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** The status of a request with that field. */
async function status(port: number, authorization: string | null): Promise<string> {
  const field = authorization === null ? '' : `Authorization: ${authorization}\r\n`;
  const answer = await exchange(port, `GET /x HTTP/1.1\r\nHost: a\r\n${field}Connection: close\r\n\r\n`);
  return answer.slice(9, 12);
}

test('passwords and stored verifiers are proven by Basic, session credentials too until they are revoked', async () => {
  const sluice = await start({ auth: ['password', 'session'] });
  try {
    assert.equal(await status(sluice.port, basic('agent', 'pass:word')), '200');
    assert.equal(await status(sluice.port, basic('stored', 'stored-pass')), '200');
    for (const [user, password] of [
      ['agent', 'stored-pass'],
      ['stored', 'pass:word'],
      ['stored', ''],
      ['bot', ''],
      ['bot', 'x'],
    ] as const)
      assert.equal(await status(sluice.port, basic(user, password)), '401', `${user} ${password}`);
    assert.equal(await status(sluice.port, null), '401');
    const made = await command(['token', '--config', sluice.configFile, '--json', '--for', 'bot'], {
      input: '',
    });
    assert.equal(made.code, 0, made.error);
    const { token, id } = JSON.parse(made.out);
    await until(
      async () => (await status(sluice.port, basic('bot', token))) === '200',
      'the credential to be known',
    );
    const starts = sluice
      .records()
      .filter(({ type, principal }) => type === 'session-start' && principal === 'bot');
    assert.equal(starts[0]?.['via'], 'session');
    const revoked = await command(['token', 'revoke', id, '--config', sluice.configFile], { input: '' });
    assert.equal(revoked.code, 0, revoked.error);
    await until(
      async () => (await status(sluice.port, basic('bot', token))) === '401',
      'the credential to be revoked',
    );
    assert.doesNotMatch(JSON.stringify(sluice.records()) + sluice.log(), new RegExp(token));
  } finally {
    await sluice.stop();
  }
});

test('a client whose password is a verifier of SCRAM goes on; who guesses waits, and no one else', async () => {
  const sluice = await start({ auth: ['password'] });
  try {
    for (let n = 0; n < 15; n++)
      assert.equal(await status(sluice.port, basic('stored', 'stored-pass')), '200', `request ${n}`);
    for (let n = 0; n < 10; n++) assert.equal(await status(sluice.port, basic('stored', 'wrong')), '401');
    assert.notEqual(await status(sluice.port, basic('stored', 'stored-pass')), '200');
    assert.equal(await status(sluice.port, basic('agent', 'pass:word')), '200');
  } finally {
    await sluice.stop();
  }
});

test('promise 12: a token is taken as Bearer, and goes to nobody', async () => {
  const issuer = await TestIssuer.start();
  const sluice = await start({
    auth: ['oidc'],
    users: '[]',
    oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}", groups: groups }`,
  });
  try {
    const token = await issuer.ciToken();
    const from = upstream.got.length;
    await until(
      async () => (await status(sluice.port, `Bearer ${token}`)) === '200',
      'the issuer to be known',
    );
    for (const { head } of upstream.got.slice(from)) assert.doesNotMatch(head, /authorization|eyJ/i);
    for (const wrong of [
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -8)}AAAAAAAA`,
      'Bearer x',
      `Basic ${token}`,
      `bearer  `,
    ])
      assert.equal(await status(sluice.port, wrong), '401', wrong.slice(0, 20));
    const challenge = await exchange(sluice.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(challenge, /www-authenticate: Bearer realm="shop"/);
    const started = sluice.records().find(({ type }) => type === 'session-start');
    assert.equal(started?.['principal'], CI.id);
  } finally {
    await sluice.stop();
    await issuer.stop();
  }
});

test('with a certificate every client comes by TLS', async () => {
  const sluice = await start({
    auth: ['password'],
    listener: `tls: { cert: "${certificates.certificate}", key: "${certificates.key}" }`,
  });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      const ca = readFileSync(certificates.authority);
      const request = https.get(
        { port: sluice.port, host: '127.0.0.1', ca, auth: 'agent:pass:word', agent: false },
        (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += String(chunk);
          });
          response.on('end', () => resolve(`${response.statusCode} ${body}`));
        },
      );
      request.on('error', reject);
    });
    assert.equal(answer, '200 hello');
    assert.doesNotMatch(await exchange(sluice.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /HTTP\/1\.1 200/);
    assert.equal(sluice.records().find(({ type }) => type === 'session-start')?.['tls'], true);
  } finally {
    await sluice.stop();
  }
});
