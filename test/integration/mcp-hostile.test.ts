/** A listener of MCP between clients and servers that mean no good, over real sockets. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { isObject, parseJson } from '../../src/core/json.ts';
import {
  type Answer,
  exchange,
  type Got,
  ok,
  type RawUpstream,
  startRawUpstream,
} from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const SSN = '078-05-1120';
const CANARY = /078-?05-?1120/;
const JSON_TYPE = { 'Content-Type': 'application/json' };
const SSE_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n';
const TAKEN = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';

let upstream: RawUpstream;
let sluice: Sluice;
/** What a call, and a GET, are answered with. */
let called: (id: string) => Answer = (id) => ok(JSON_TYPE, resultOf(id));
let heard: (got: Got) => Answer = () => Buffer.from(`${SSE_HEAD}\r\n`);

before(async () => {
  upstream = await startRawUpstream();
  upstream.answer = answerOf;
  sluice = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}/mcp`,
    protocol: 'mcp',
    policy: 'default: allow\nmasks:\n  - { detect: [us-ssn], with: redact }\n',
  });
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

function resultOf(id: string): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}`;
}

function answerOf(got: Got): Answer {
  if (got.head.startsWith('GET')) return heard(got);
  if (!got.head.startsWith('POST')) return ok({});
  const message = parseJson(got.body.toString());
  if (!isObject(message) || message['id'] === undefined) return Buffer.from(TAKEN);
  const id = JSON.stringify(message['id']);
  const result = (members: string) => `{"jsonrpc":"2.0","id":${id},"result":{${members}}}`;
  switch (message['method']) {
    case 'initialize':
      return ok(
        { ...JSON_TYPE, 'Mcp-Session-Id': 'of-the-server' },
        result(
          '"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"h","version":"1"}',
        ),
      );
    case 'tools/list':
      return ok(JSON_TYPE, result('"tools":[{"name":"query","inputSchema":{"type":"object"}}]'));
    default:
      return called(id);
  }
}

const OPENING =
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}';
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
const CALL = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"query","arguments":{}}}';

/** Head and body of what comes back. */
function post(session: string | null, body: string): Promise<string> {
  const fields = [
    `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${sluice.port}`,
    'Connection: close',
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(session === null ? [] : [`Mcp-Session-Id: ${session}`]),
  ];
  return exchange(sluice.port, `${fields.join('\r\n')}\r\n\r\n${body}`);
}

async function begin(): Promise<string> {
  const opened = await post(null, OPENING);
  const id = /^mcp-session-id: (\S+)\r$/im.exec(opened)?.[1] ?? '';
  assert.notEqual(id, '', opened);
  await post(id, INITIALIZED);
  return id;
}

function listen(session: string, lastEventId: string): Promise<string> {
  return exchange(
    sluice.port,
    `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${sluice.port}\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session}\r\nLast-Event-ID: ${lastEventId}\r\nConnection: close\r\n\r\n`,
    /\n\n|"error"/,
  );
}

test('promise 4: nothing of a server’s heads, reasons, comments, ids and kinds of events gets through', async () => {
  const session = await begin();
  const error = (id: string) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-1,"message":"${SSN}"}}`;
  const fields = `X-Row: ${SSN}\r\nWWW-Authenticate: Basic realm="${SSN}"\r\nMcp-Session-Id: ${SSN}\r\n`;
  const answers: readonly ((id: string) => Answer)[] = [
    (id) => {
      const body = error(id);
      return Buffer.from(
        `HTTP/1.1 400 ${SSN}\r\n${fields}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    },
    () => Buffer.from(`HTTP/1.1 401 ${SSN}\r\n${fields}Content-Length: ${SSN.length}\r\n\r\n${SSN}`),
    () =>
      Buffer.from(
        `HTTP/1.1 302 Found\r\n${fields}Location: http://127.0.0.1:1/${SSN}\r\nContent-Length: 0\r\n\r\n`,
      ),
    (id) => (socket) =>
      socket.end(
        `${SSE_HEAD}${fields}Connection: close\r\n\r\n: ${SSN}\nevent: ${SSN}\ndata: ${SSN}\n\nid: ${SSN}\nretry: 5\ndata: \n\nid: ${SSN}\ndata: ${resultOf(id)}\n\n`,
      ),
    (id) => ok({ ...JSON_TYPE, 'X-Row': SSN }, `${resultOf(id)}{"row":"${SSN}"}`),
    (id) => ok(JSON_TYPE, `{"jsonrpc":"2.0","id":${id},"method":"${SSN}","params":{}}`),
    (id) => ok({ ...JSON_TYPE, 'Content-Encoding': SSN }, resultOf(id)),
    () => ok({ 'Content-Type': `text/${SSN}` }, SSN),
  ];
  for (const [n, answer] of answers.entries()) {
    called = answer;
    const shown = await post(session, CALL);
    assert.match(shown, /"jsonrpc":"2\.0","id":2/, `${n}: ${shown}`);
    assert.doesNotMatch(shown, CANARY, `${n}`);
  }
  assert.doesNotMatch(sluice.log(), CANARY);
  assert.doesNotMatch(JSON.stringify(sluice.records()), CANARY);
});

test('a stream is taken up in the session that it began in, and in no other', async () => {
  const [own, other] = [await begin(), await begin()];
  called = () => (socket) => socket.end(`${SSE_HEAD}Connection: close\r\n\r\nid: s_1\nretry: 5\ndata: \n\n`);
  assert.match(await post(own, CALL), /id: s_1/);
  let resumed = 0;
  heard = () => {
    resumed++;
    return Buffer.from(`${SSE_HEAD}\r\nid: s_2\ndata: ${resultOf('2')}\n\n`);
  };
  assert.match(await listen(other, 's_1'), /^HTTP\/1\.1 400 /);
  assert.match(await listen(own, 's_9'), /^HTTP\/1\.1 400 /);
  assert.equal(resumed, 0);
  assert.match(await listen(own, 's_1'), /id: s_2/);
  assert.equal(resumed, 1);
});

test('promise 9: a client of HTTP+SSE has one stream of the server’s, however often it says that it has begun', async () => {
  let streams = 0;
  heard = () => {
    streams++;
    return Buffer.from(`${SSE_HEAD}\r\n:\n\n`);
  };
  const socket = net.connect(sluice.port, '127.0.0.1');
  let events = '';
  socket.on('data', (chunk) => {
    events += chunk.toString();
  });
  socket.write(`GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${sluice.port}\r\nAccept: text/event-stream\r\n\r\n`);
  await until(() => /data: \/mcp\?session=\S+\n/.test(events), 'the endpoint');
  const path = /data: (\S+)/.exec(events)?.[1] ?? '';
  const tell = async (body: string) => {
    const { status } = await fetch(`http://127.0.0.1:${sluice.port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    assert.equal(status, 202);
  };
  await tell(OPENING);
  await until(() => events.includes('"protocolVersion"'), 'the beginning');
  for (let n = 0; n < 10; n++) await tell(INITIALIZED);
  called = (id) => ok(JSON_TYPE, resultOf(id));
  await tell(CALL);
  await until(() => events.includes('"content":[]'), 'the result');
  assert.equal(streams, 1);
  socket.destroy();
});

/** An MCP server as a program, which says on standard error what it is asked for. */
const CHATTY = `
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    process.stderr.write('row: ' + JSON.stringify({ ssn: '${SSN}' }) + '\\n');
    if (id === undefined) return;
    const result = method === 'initialize'
      ? { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'c', version: '1' } }
      : {};
    process.stdout.write('row ${SSN}, no JSON\\n' + JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
  });
`;

test('promise 4: what a program writes to standard error, or beside its messages, is masked in the log', async () => {
  const command = JSON.stringify([process.execPath, '-e', CHATTY]);
  const beside = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}/mcp`,
    protocol: 'mcp',
    policy: 'default: allow\nmasks:\n  - { detect: [us-ssn], with: redact }\n',
    listeners: [
      `{ name: chatty, protocol: mcp, listen: "127.0.0.1:0", upstream: { command: ${command} }, auth: [trust] }`,
    ],
  });
  after(() => beside.stop());
  const response = await fetch(`http://127.0.0.1:${beside.server.ports.get('chatty')}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: OPENING,
  });
  assert.match(await response.text(), /"name":"c"/);
  await until(() => beside.log().includes('row: '), 'standard error in the log');
  assert.match(beside.log(), /row: .*\[redacted\]/);
  assert.doesNotMatch(beside.log(), CANARY);
});
