/** Alerts and budgets at listeners of HTTP: what is denied, taken and read there counts as it does in databases. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exchange, ok, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const CANARY = 'canary.person@example.com';
const POLICY = `
default: allow
rules:
  - { name: no-admin, when: { paths: [/admin], clients: [127.0.0.0/8] }, then: deny }
  - { name: few, when: { users: [few] }, then: { budget: { window: 1h, statements: 3 } } }
alerts:
  - { name: probing, on: denials, when: { users: [prober] }, after: 3, window: 10m, quarantine: 1h }
  - { name: spent, on: budgets, when: { users: [few] } }
  - { name: large, on: large-results, when: { users: [reader] }, bytes: 10000 }
  - { name: honey, on: canary, when: { users: [nosy] }, values: ["${CANARY}"], cut: true }
  - { name: seen, on: canary, when: { users: [reader] }, values: ["${CANARY}"] }
`;
const USERS = `[ ${['prober', 'few', 'reader', 'nosy'].map((name) => `{ name: ${name}, password: pass }`).join(', ')} ]`;

let upstream: RawUpstream;
let sluice: Sluice;

before(async () => {
  upstream = await startRawUpstream();
  sluice = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}`,
    users: USERS,
    policy: POLICY,
    auth: ['password'],
  });
});

beforeEach(() => {
  upstream.answer = () => ok({}, 'hello');
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

function ask(user: string, path = '/x', fields = ''): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${user}:pass`).toString('base64')}`;
  return exchange(
    sluice.port,
    `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n${fields}Connection: close\r\n\r\n`,
  );
}

const alerts = (name: string) =>
  sluice.records().filter(({ type, alert }) => type === 'alert' && alert === name);

test('denials in a row put whoever probes into quarantine, on HTTP too', async () => {
  for (let n = 0; n < 3; n++) assert.match(await ask('prober', '/admin'), /^HTTP\/1\.1 403/);
  await until(() => alerts('probing').length === 1, 'the alert');
  assert.equal(alerts('probing')[0]?.['principal'], 'prober');
  await until(async () => !(await ask('prober')).startsWith('HTTP/1.1 200'), 'the quarantine');
  assert.match(await ask('reader'), /^HTTP\/1\.1 200/);
});

test('promise 5: requests of a budget are counted over connections, and what it refuses raises an alert', async () => {
  for (let n = 0; n < 3; n++) assert.match(await ask('few'), /^HTTP\/1\.1 200/);
  assert.doesNotMatch(await ask('few'), /^HTTP\/1\.1 200/);
  await until(() => alerts('spent').length === 1, 'the alert');
});

test('a large answer raises an alert, and a canary that is not to be cut is told of', async () => {
  upstream.answer = () => ok({}, `${'x'.repeat(20_000)} ${CANARY}`);
  assert.match(await ask('reader'), /canary\.person/);
  await until(() => alerts('large').length === 1 && alerts('seen').length === 1, 'both alerts');
  assert.doesNotMatch(JSON.stringify(sluice.records()) + sluice.log(), /canary\.person/);
});

test('a canary ends the connection before the client has it: plain, in pieces, packed, and as events', async () => {
  const body = `[{"email":"${CANARY}"}]`;
  const packed = gzipSync(body);
  const answers = [
    ok({ 'content-type': 'application/json' }, body),
    ok({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, packed),
    ok({ 'content-type': 'text/event-stream' }, `data: one\n\ndata: ${CANARY}\n\n`),
    [
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`),
      Buffer.from(body.slice(20)),
    ],
  ];
  for (const [n, answer] of answers.entries()) {
    upstream.answer = () => answer;
    const from = upstream.got.length;
    const answered = await ask('nosy', '/x', 'Range: bytes=0-9\r\nAccept-Encoding: gzip\r\n').catch(() => '');
    assert.doesNotMatch(answered, /person@example/, `answer ${n}`);
    await until(() => alerts('honey').length === n + 1, `alert ${n}`);
    assert.doesNotMatch(upstream.got[from]?.head ?? '', /^range:|gzip/im);
  }
  const ended = sluice
    .records()
    .filter(({ type, reason }) => type === 'session-end' && reason === 'canary-read');
  assert.equal(ended.length, answers.length);
});
