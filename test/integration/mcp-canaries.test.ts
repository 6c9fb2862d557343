/** Canaries in what MCP servers send, on every surface and in every spelling that masks look at, before masks. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { isObject, parseJson } from '../../src/core/json.ts';
import { exchange, ok } from '../support/http-upstream.ts';
import { ask, type McpAnswer } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream, tool } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const CANARY = 'canary.pérson@example.com';
const PLAIN = /canary\.p/;
const POLICY = `
default: allow
alerts:
  - { name: honey, on: canary, when: { users: [nosy] }, values: ["unused-value", "${CANARY}"], cut: true }
  - { name: seen, on: canary, when: { users: [reader] }, values: ["${CANARY}"] }
  - { name: trap, on: canary, when: { users: [thief] }, values: ["${CANARY}"], cut: true, quarantine: 1h }
masks:
  - { json: ["$..email"], with: redact }
`;
const USERS = `[ ${['nosy', 'reader', 'thief'].map((name) => `{ name: ${name}, password: pass }`).join(', ')} ]`;

let upstream: McpUpstream;
let sluice: Sluice;
let answer: McpUpstream['raw']['answer'];

before(async () => {
  upstream = await startMcpUpstream();
  upstream.tools = [tool('query')];
  answer = upstream.raw.answer;
  sluice = await startSluice({
    upstream: upstream.url,
    protocol: 'mcp',
    policy: POLICY,
    users: USERS,
    auth: ['password'],
  });
});

beforeEach(() => {
  upstream.raw.answer = answer;
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

function call(user: string): Promise<McpAnswer> {
  const headers = { authorization: `Basic ${Buffer.from(`${user}:pass`).toString('base64')}` };
  const url = `http://127.0.0.1:${sluice.port}/mcp`;
  return ask(url, 'tools/call', { name: 'query', arguments: {} }, { headers });
}

/** What comes in place of the answer to a call, as it stands on the wire. */
function answers(written: (id: string) => string, type = 'application/json'): void {
  upstream.raw.answer = (got) => {
    const body = got.body.toString();
    if (!body.includes('"tools/call"')) return answer(got);
    const message = parseJson(body);
    const id = isObject(message) ? JSON.stringify(message['id']) : 'null';
    return ok({ 'content-type': type }, written(id));
  };
}

const alerts = (name: string) =>
  sluice.records().filter(({ type, alert }) => type === 'alert' && alert === name);

const inner = JSON.stringify({ rows: [{ email: CANARY }] });
const escaped = [...CANARY].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const text = (value: string) =>
  `{"content":[{"type":"text","text":${JSON.stringify(value)}}],"resultType":"complete"}`;
const base64 = (value: string) => Buffer.from(value).toString('base64');
const SURFACES: readonly (readonly [name: string, result: string])[] = [
  ['a text', text(`the address is ${CANARY}.`)],
  ['JSON in a text', text(inner)],
  ['JSON in JSON in a text', text(JSON.stringify([inner]))],
  ['escapes', `{"content":[{"type":"text","text":"x ${escaped}"}],"resultType":"complete"}`],
  ['escapes within JSON in a text', text(`{"a":"${escaped}"}`)],
  [
    'structured content under a mask',
    `{"content":[],"structuredContent":{"email":"${CANARY}"},"resultType":"complete"}`,
  ],
  ['the name of a member', `{"content":[],"structuredContent":{"${CANARY}":1},"resultType":"complete"}`],
  ['_meta', `{"content":[],"_meta":{"x/y":"${CANARY}"},"resultType":"complete"}`],
  [
    'an embedded resource',
    `{"content":[{"type":"resource","resource":{"uri":"a:b","text":"${CANARY}"}}],"resultType":"complete"}`,
  ],
  [
    'a blob',
    `{"content":[{"type":"resource","resource":{"uri":"a:b","blob":"${base64(`${'x'.repeat(100)} ${CANARY}`)}"}}],"resultType":"complete"}`,
  ],
  [
    'a picture',
    `{"content":[{"type":"image","mimeType":"image/png","data":"${base64(`\x89PNG ${CANARY}`)}"}],"resultType":"complete"}`,
  ],
  ['Base64 in a text', text(`see: ${base64(`abc ${CANARY}`)} and so on`)],
  [
    'Base64 in lines',
    text((base64(`${'y'.repeat(130)}${CANARY}${'y'.repeat(130)}`).match(/.{1,76}/g) ?? []).join('\r\n')),
  ],
  [
    'JSON with escapes in a blob',
    `{"content":[{"type":"resource","resource":{"uri":"a:b","blob":"${base64(`{"pad":"${'z'.repeat(80)}","a":"${escaped}"}`)}"}}],"resultType":"complete"}`,
  ],
  ['percent-encoding', text(`https://x.example/?q=${encodeURIComponent(encodeURIComponent(CANARY))}`)],
  ['hexadecimal', text(`\\x${Buffer.from(`id ${CANARY}`).toString('hex')}`)],
  ['a token of the protocol', `{"content":[],"nextCursor":"${CANARY}","resultType":"complete"}`],
];

test('a canary in any part of a result, in any spelling, ends the session before the client has it', async () => {
  for (const [name, result] of SURFACES) {
    const count = alerts('honey').length;
    answers((id) => `{"jsonrpc":"2.0","id":${id},"result":${result}}`);
    const body = await call('nosy').then(
      (seen) => seen.body,
      () => '',
    );
    assert.doesNotMatch(body, /"result"/, name);
    await until(() => alerts('honey').length === count + 1, `the alert: ${name}`);
  }
  assert.match(String(alerts('honey')[0]?.['message']), /canary 2 of "honey" was read/);
  const ended = sluice.records().filter(({ reason }) => reason === 'canary-read');
  assert.equal(ended.length, SURFACES.length);
  assert.doesNotMatch(JSON.stringify(sluice.records()) + sluice.log(), PLAIN);
});

test('canaries in errors, in notifications and in requests of the server are found too', async () => {
  const notification = JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/message',
    params: { level: 'info', data: { deep: [CANARY] } },
  });
  const done = (id: string) => `{"jsonrpc":"2.0","id":${id},"result":${text('fine')}}`;
  const events = (first: string) => (id: string) => `event: message\ndata: ${first}\n\ndata: ${done(id)}\n\n`;
  const messages: readonly (readonly [name: string, written: (id: string) => string, type: string])[] = [
    [
      'an error',
      (id) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-1,"message":"no","data":{"a":"${CANARY}"}}}`,
      'application/json',
    ],
    ['an event', events(notification), 'text/event-stream'],
    ['the id of an event', (id) => `id: ${CANARY}\ndata: ${done(id)}\n\n`, 'text/event-stream'],
  ];
  for (const [name, written, type] of messages) {
    const count = alerts('honey').length;
    answers(written, type);
    const body = await call('nosy').then(
      (seen) => seen.body,
      () => '',
    );
    assert.doesNotMatch(body, PLAIN, name);
    await until(() => alerts('honey').length === count + 1, `the alert: ${name}`);
  }
});

test('a canary that is not to be cut is told of once, and masks are applied behind it', async () => {
  answers(
    (id) =>
      `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"ok"}],"structuredContent":{"email":"${CANARY}"},"resultType":"complete"}}`,
  );
  const { message, body } = await call('reader');
  assert.ok(isObject(message?.['result']), body);
  assert.doesNotMatch(body, PLAIN);
  await until(() => alerts('seen').length === 1, 'the alert');
  answers((id) => `{"jsonrpc":"2.0","id":${id},"result":${text('nothing of the kind')}}`);
  assert.match((await call('reader')).body, /nothing of the kind/);
  assert.equal(alerts('seen').length, 1);
});

test('who reads a canary is kept out where the alert says so', async () => {
  answers((id) => `{"jsonrpc":"2.0","id":${id},"result":${text(CANARY)}}`);
  await call('thief').catch(() => null);
  await until(() => alerts('trap').length === 1, 'the alert');
  answers((id) => `{"jsonrpc":"2.0","id":${id},"result":${text('again')}}`);
  await until(async () => (await call('thief')).status !== 200, 'the quarantine');
});

test('HTTP: canaries are found in escapes, encodings and header fields, over the borders of chunks', async () => {
  const api = upstream.raw;
  const http = await startSluice({
    upstream: `http://127.0.0.1:${api.port}`,
    policy: POLICY.replace(/masks:[\s\S]*/, ''),
    users: USERS,
    auth: ['password'],
  });
  const login = Buffer.from('nosy:pass').toString('base64');
  const get = () =>
    exchange(
      http.port,
      `GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${login}\r\nConnection: close\r\n\r\n`,
    );
  const noted = () =>
    http.records().filter(({ type, alert }) => type === 'alert' && alert === 'honey').length;
  const json = { 'content-type': 'application/json' };
  const torn = `{"a":"${'p'.repeat(3000)}${escaped}"}`;
  const bodies = [
    ok(json, `{"a":"${escaped}"}`),
    ok(json, JSON.stringify({ a: base64(`a${CANARY}`) })),
    ok({ 'x-who': encodeURIComponent(CANARY) }, 'hello'),
    [
      Buffer.from(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${torn.length}\r\n\r\n`,
      ),
      Buffer.from(torn.slice(0, 3050)),
      Buffer.from(torn.slice(3050)),
    ],
  ];
  try {
    for (const [n, one] of bodies.entries()) {
      api.answer = () => one;
      const body = await get();
      assert.doesNotMatch(body, /u0063[\s\S]*u006d|canary|YWNhbmFyeS/, `answer ${n}`);
      await until(() => noted() === n + 1, `alert ${n}`);
    }
  } finally {
    await http.stop();
  }
});
