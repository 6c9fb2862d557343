/** Answers of HTTP and MCP in the journal, as the client saw them: whole, sampled or off by rule, and what a replay makes of them. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isArray, isObject, type JsonObject, parseJson } from '../../src/core/json.ts';
import { sluice as command } from '../support/command-line.ts';
import { exchange, ok, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { beginSession } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream, tool } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const SSN = '123-45-6789';
const HTTP_POLICY = `
default: allow
rules:
  - { name: secrets, when: { paths: ["/vault/**"] }, then: { record: { responses: off } } }
  - { name: few, when: { paths: ["/few/**"] }, then: { record: { responses: sampled, rows: 3, bytes: 1KiB } } }
  - { name: short, when: { paths: ["/short"] }, then: { limit: { bytes: 2KiB } } }
masks:
  - { json: ["$..ssn"], with: redact }
`;
const MCP_POLICY = `
default: allow
rules:
  - { name: watched, when: { tools: [query] }, then: { record: { responses: whole } } }
masks:
  - { json: ["$..ssn"], with: redact }
`;

let api: RawUpstream;
let tools: McpUpstream;
let http: Sluice;
let mcp: Sluice;

before(async () => {
  [api, tools] = await Promise.all([startRawUpstream(), startMcpUpstream()]);
  tools.tools = [tool('query'), tool('other')];
  http = await startSluice({
    upstream: `http://127.0.0.1:${api.port}`,
    policy: HTTP_POLICY,
    journal: 'responses: whole',
  });
  mcp = await startSluice({ upstream: tools.url, protocol: 'mcp', policy: MCP_POLICY });
});

beforeEach(() => {
  api.answer = () => ok({ 'content-type': 'application/json' }, '"hello"');
});

after(async () => {
  await Promise.all([http.stop(), mcp.stop()]);
  await Promise.all([api.close(), tools.close()]);
});

function ask(path: string): Promise<string> {
  const login = Buffer.from('agent:').toString('base64');
  return exchange(
    http.port,
    `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${login}\r\nConnection: close\r\n\r\n`,
  );
}

/** The parts of the response to a request whose text begins so. */
async function responseTo(sluice: Sluice, text: string): Promise<readonly JsonObject[]> {
  const found = () => {
    const records = sluice.records();
    const statement = records.find(
      (record) => record['type'] === 'statement' && String(record['text']).startsWith(text),
    );
    return records.filter(
      ({ type, session, number }) =>
        type === 'response' && session === statement?.['session'] && number === statement?.['number'],
    );
  };
  await until(() => found().some(({ end }) => end === true), `the response to ${text}`);
  return found();
}

function bodyIn(parts: readonly JsonObject[]): string {
  return parts.map(({ body }) => (typeof body === 'string' ? body : '')).join('');
}

test('promise 4: what is recorded of an answer of HTTP is masked: its head and its body, and nothing secret', async () => {
  const body = JSON.stringify({ people: [{ name: 'ä', ssn: SSN }] });
  api.answer = () =>
    ok({ 'content-type': 'application/json', 'set-cookie': 'sid=secret-cookie', 'x-api-key': 'k-1' }, body);
  const seen = await ask('/people');
  const [response, ...more] = await responseTo(http, 'GET /people');
  assert.deepEqual(more, []);
  assert.ok(response !== undefined && isObject(response['answer']));
  assert.equal(response['answer']['status'], 200);
  assert.equal(response['body'], '{"people":[{"name":"ä","ssn":"[redacted]"}]}');
  assert.ok(Buffer.from(seen, 'latin1').includes(response['body']));
  assert.match(JSON.stringify(response['answer']), /"x-api-key","\[not recorded\]"/);
  const journal = JSON.stringify(http.records());
  assert.doesNotMatch(journal, /123-45|secret-cookie|k-1/);
});

test('promise 10: answers that are recorded arrive as they came; bounds and rules say how much is kept', async () => {
  const lines = Array.from({ length: 20 }, (_, n) => `{"id":${n}}\n`).join('');
  api.answer = ({ head }) =>
    head.startsWith('GET /few/lines')
      ? ok({ 'content-type': 'application/x-ndjson' }, lines)
      : ok({ 'content-type': 'application/json' }, JSON.stringify(['é'.repeat(5000)]));
  const headers = { authorization: `Basic ${Buffer.from('agent:').toString('base64')}` };
  const seen = await fetch(`http://127.0.0.1:${http.port}/few/lines`, { headers });
  assert.equal(await seen.text(), lines);
  const [sampled] = await responseTo(http, 'GET /few/lines');
  assert.equal(sampled?.['body'], '{"id":0}\n{"id":1}\n{"id":2}\n');
  assert.deepEqual(sampled?.['leftOut'], { rows: 17, bytes: lines.length - 27 });
  assert.equal(sampled?.['keptRows'], 3);
  await ask('/few/document');
  const [document] = await responseTo(http, 'GET /few/document');
  // To the last whole character within 1 KiB.
  assert.equal(document?.['body'], `["${'é'.repeat(511)}`);
  assert.deepEqual(document?.['leftOut'], { rows: 0, bytes: 2 * 4489 + 2 });
});

test('a rule has answers left out, an answer that is withheld or cut is recorded as what the client got', async () => {
  assert.match(await ask('/vault/keys'), /"hello"$/);
  api.answer = ({ head }) =>
    head.startsWith('GET /short')
      ? ok({ 'content-type': 'application/json' }, JSON.stringify({ text: 'x'.repeat(5000) }))
      : ok({ 'content-type': 'application/octet-stream' }, Buffer.from([0xff, 0xfe, 0x00]));
  assert.match(await ask('/short'), /^HTTP\/1\.1 429/);
  const [cut] = await responseTo(http, 'GET /short');
  assert.ok(isObject(cut?.['answer']));
  assert.equal(cut['answer']['status'], 429);
  assert.match(bodyIn([cut]), /longer than rule \\?"short\\?" allows/);
  assert.match(await ask('/binary'), /^HTTP\/1\.1 502/);
  assert.match(bodyIn(await responseTo(http, 'GET /binary')), /cannot be masked/);
  const vault = http.records().find(({ text }) => String(text).startsWith('GET /vault'));
  const recorded = http
    .records()
    .some(({ type, session }) => type === 'response' && session === vault?.['session']);
  assert.equal(recorded, false);
});

test('promise 9: a stream of 3 MB is recorded in parts of bounded size, as it passes', async () => {
  const events = Array.from(
    { length: 300 },
    (_, n) => `data: {"n":${n},"ssn":"${SSN}","pad":"${'x'.repeat(10_000)}"}\n\n`,
  );
  api.answer = () => [
    Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n'),
    ...events.map((event) => Buffer.from(event)),
    Buffer.from('data: done\n\n'),
  ];
  const login = Buffer.from('agent:').toString('base64');
  const seen = await exchange(
    http.port,
    `GET /stream HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${login}\r\n\r\n`,
    /data: \[?done|done\n/,
  );
  assert.doesNotMatch(seen, /123-45/);
  await until(
    () =>
      http.records().filter(({ type, body }) => type === 'response' && String(body).includes('"n":29'))
        .length > 0,
    'the later parts',
  );
  const parts = http
    .records()
    .filter(({ type, body }) => type === 'response' && typeof body === 'string' && body.includes('"pad"'));
  assert.ok(parts.length > 30, `${parts.length} parts`);
  for (const part of parts) assert.ok(JSON.stringify(part).length < 200_000);
  assert.ok(bodyIn(parts).includes('"n":250,"ssn":"[redacted]"'));
});

test('packed answers are asked for unpacked where they are recorded, so that they can be read', async () => {
  const { port } = api;
  const asked: string[] = [];
  const own = await startSluice({
    upstream: `http://127.0.0.1:${port}`,
    policy: 'default: allow\n',
    journal: 'responses: whole',
  });
  api.answer = ({ head }) => {
    asked.push(head);
    return /gzip/i.test(head) ? ok({ 'content-encoding': 'gzip' }, gzipSync('packed')) : ok({}, 'plain');
  };
  const login = Buffer.from('agent:').toString('base64');
  const seen = await exchange(
    own.port,
    `GET /p HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nAuthorization: Basic ${login}\r\nConnection: close\r\n\r\n`,
  );
  assert.match(seen, /plain$/);
  assert.equal(bodyIn(await responseTo(own, 'GET /p')), 'plain');
  await own.stop();
});

test('MCP: a rule has the answers of one tool recorded, masked; arguments that masks could be about are not', async () => {
  const url = `http://127.0.0.1:${mcp.port}/mcp`;
  const call = await beginSession(url);
  const rows = [{ id: 1, ssn: SSN }];
  tools.result = () => ({
    content: [{ type: 'text', text: JSON.stringify(rows) }],
    structuredContent: { rows },
  });
  const seen = await call('tools/call', { name: 'query', arguments: { ssn: SSN } });
  const [response, ...more] = await responseTo(mcp, 'tools/call query');
  assert.deepEqual(more, []);
  assert.deepEqual(parseJson(String(response?.['body'])), seen.message);
  assert.equal(response?.['keptRows'], 1);
  await call('tools/call', { name: 'other', arguments: {} });
  await call('tools/list');
  await until(() => mcp.records().some(({ text }) => text === 'tools/list'), 'the list');
  assert.equal(mcp.records().filter(({ type }) => type === 'response').length, 1);
  assert.doesNotMatch(JSON.stringify(mcp.records()), /123-45/);
});

test('MCP: what comes on the stream of a request before its answer is recorded with it, and so is a failure', async () => {
  const url = `http://127.0.0.1:${mcp.port}/mcp`;
  const call = await beginSession(url);
  const answer = tools.raw.answer;
  tools.raw.answer = (got) => {
    const body = got.body.toString();
    if (!body.includes('"tools/call"')) return answer(got);
    const message = parseJson(body);
    const id = isObject(message) ? message['id'] : null;
    if (body.includes('"fail"')) return Buffer.from('HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno');
    const log = {
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: { level: 'info', data: { ssn: SSN } },
    };
    const done = { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'done' }] } };
    const events = [log, done].map((one) => `event: message\ndata: ${JSON.stringify(one)}\n\n`).join('');
    return ok({ 'content-type': 'text/event-stream' }, events);
  };
  try {
    const seen = await call('tools/call', { name: 'query', arguments: { n: 2 } });
    assert.equal(seen.messages.length, 2);
    const session = () =>
      mcp
        .records()
        .filter(({ type }) => type === 'response')
        .at(-1);
    await until(() => String(session()?.['body']).includes('done'), 'the answer');
    const said = String(session()?.['body'])
      .trimEnd()
      .split('\n')
      .map((line) => parseJson(line));
    assert.deepEqual(said, seen.messages);
    assert.match(JSON.stringify(said[0]), /redacted/);
    const failed = await call('tools/call', { name: 'query', arguments: { fail: true } });
    await until(() => String(session()?.['body']).includes('"error"'), 'the failure');
    assert.deepEqual(parseJson(String(session()?.['body'])), failed.message);
  } finally {
    tools.raw.answer = answer;
  }
});

test('replay, the API of recordings and exports show answers of requests', async () => {
  const session = String(
    http.records().find(({ text }) => String(text).startsWith('GET /people'))?.['session'],
  );
  const replayed = await command(['replay', session, '--config', http.configFile]);
  assert.match(replayed.out, /200/);
  assert.match(replayed.out, /"ssn": ?"\[redacted\]"/);
  const json = parseJson((await command(['replay', session, '--config', http.configFile, '--json'])).out);
  assert.ok(isObject(json) && isArray(json['statements']) && isObject(json['statements'][0]));
  const [response] = isArray(json['statements'][0]['responses']) ? json['statements'][0]['responses'] : [];
  assert.ok(isObject(response) && isObject(response['head']));
  assert.equal(response['head']['status'], 200);
  const exported = await command(['export', http.journalDirectory, '--format', 'jsonl', '--responses']);
  assert.match(exported.out, /"body":"\{\\"people/);
  const without = await command(['export', http.journalDirectory, '--format', 'jsonl']);
  assert.doesNotMatch(without.out, /"body":"\{\\"people/);
});
