/** Streams of MCP over HTTP, byte by byte: what comes from a server in any cut, from one that dies, and to slow clients. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { exchange, ok, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

let upstream: RawUpstream;
let sluice: Sluice;

before(async () => {
  upstream = await startRawUpstream();
  sluice = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}/mcp`,
    protocol: 'mcp',
    listener: 'era: legacy',
  });
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

const JSON_TYPE = { 'Content-Type': 'application/json' };
const BEGUN =
  '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"raw","version":"1"}}}';
const TOOLS =
  '{"jsonrpc":"2.0","id":ID,"result":{"tools":[{"name":"echo","description":"Echoes","inputSchema":{"type":"object"}}]}}';
const ANSWER =
  '{ "jsonrpc":"2.0",\n "id":2 ,"result":{"content":[{"type":"text","text":"größe 1.0 \\u00e9"}],"n":9007199254740993,"_meta":{"x/y":1.0},"unknown":[1e400000000000000000000]}}'.replace(
    '1e400000000000000000000',
    '12345678901234567890.10',
  );
const PROGRESS =
  '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1}}';
const CALL =
  '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"progressToken":"t"}}}';

const SSE_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
const LAST = Buffer.from('0\r\n\r\n');

/** What the server answers to tools/call. */
let answerCall: () => ReturnType<RawUpstream['answer']> = () => ok(JSON_TYPE, ANSWER);
let answerGet: () => ReturnType<RawUpstream['answer']> = () =>
  Buffer.from('HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n');

function serve(): void {
  upstream.answer = ({ head, body }) => {
    const text = body.toString();
    if (head.startsWith('GET')) return answerGet();
    if (head.startsWith('DELETE')) return ok({}, '');
    if (text.includes('"initialize"')) return ok({ ...JSON_TYPE, 'Mcp-Session-Id': 'of-the-server' }, BEGUN);
    if (text.includes('tools/list')) {
      const id = /"id":("[^"]*"|\d+)/.exec(text)?.[1] ?? '0';
      return ok(JSON_TYPE, TOOLS.replace('ID', id));
    }
    if (text.includes('tools/call')) return answerCall();
    return Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
  };
}

const HEAD = () =>
  `Host: 127.0.0.1:${sluice.port}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n`;

function post(session: string | null, body: string, close = true): string {
  const more = session === null ? '' : `Mcp-Session-Id: ${session}\r\n`;
  const length = Buffer.byteLength(body);
  return `POST /mcp HTTP/1.1\r\n${HEAD()}${more}${close ? 'Connection: close\r\n' : ''}Content-Length: ${length}\r\n\r\n${body}`;
}

async function begin(): Promise<string> {
  serve();
  const opening =
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}';
  const text = await exchange(sluice.port, post(null, opening));
  const id = /^mcp-session-id: (\S+)\r$/im.exec(text)?.[1] ?? '';
  assert.notEqual(id, '', text);
  assert.match(
    await exchange(sluice.port, post(id, '{"jsonrpc":"2.0","method":"notifications/initialized"}')),
    /^HTTP\/1\.1 202 /,
  );
  return id;
}

/** The body of an answer, without the chunks that carry it. */
function bodyOf(text: string): string {
  const [head = '', rest = ''] = [
    text.slice(0, text.indexOf('\r\n\r\n')),
    text.slice(text.indexOf('\r\n\r\n') + 4),
  ];
  if (!/transfer-encoding: chunked/i.test(head)) return rest;
  let body = '';
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at);
    const size = Number.parseInt(rest.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += rest.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

const latin = (text: string) => Buffer.from(text).toString('latin1');

test('promise 10: an answer that nothing masks has the very bytes of the server’s', async () => {
  const id = await begin();
  answerCall = () => ok(JSON_TYPE, ANSWER);
  const text = await exchange(sluice.port, post(id, CALL));
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(bodyOf(text), latin(ANSWER));
  const asked = upstream.got.at(-1);
  assert.equal(asked?.body.toString(), CALL);
  assert.match(asked?.head ?? '', /^mcp-session-id: of-the-server$/im);
  assert.match(asked?.head ?? '', /^mcp-protocol-version: 2025-11-25$/im);
});

test('promise 10: events are the same wherever the network cuts them, with ids, retry and comments', async () => {
  const id = await begin();
  const lines = ANSWER.replaceAll('\n', '\ndata: ');
  const stream = Buffer.from(
    `id: 1\nretry: 70\ndata: \n\n: alive\n\nevent: message\r\nid: 2\r\ndata: ${PROGRESS}\r\n\r\nid: 3\ndata: ${lines}\n\n`,
  );
  const expected = latin(
    `id: 1\nretry: 70\ndata: \n\n:\n\nevent: message\nid: 2\ndata: ${PROGRESS}\n\nevent: message\nid: 3\ndata: ${lines}\n\n`,
  );
  const cuts = [1, 2, 3, 5, 7, 11, ...Array.from({ length: 24 }, (_, n) => 17 + 9 * n)];
  for (const at of cuts) {
    answerCall = () => [
      Buffer.from(SSE_HEAD),
      chunk(stream.subarray(0, at)),
      chunk(stream.subarray(at)),
      LAST,
    ];
    assert.equal(bodyOf(await exchange(sluice.port, post(id, CALL))), expected, `cut at ${at}`);
  }
  answerCall = () => [Buffer.from(SSE_HEAD), ...[...stream].map((byte) => chunk(Buffer.from([byte]))), LAST];
  assert.equal(bodyOf(await exchange(sluice.port, post(id, CALL))), expected);
});

test('a server that dies in the middle is told as such, and the session goes on', async () => {
  const id = await begin();
  const broken: readonly (() => ReturnType<RawUpstream['answer']>)[] = [
    () => (socket) => void socket.destroy(),
    () => (socket) =>
      void socket.end(Buffer.concat([Buffer.from(SSE_HEAD), chunk(Buffer.from(`data: ${PROGRESS}\n\n`))])),
    () => (socket) =>
      void socket.end(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"json',
      ),
    () => [Buffer.from(SSE_HEAD), LAST],
    () => ok({ 'Content-Type': 'text/html' }, '<h1>hello</h1>'),
    () => ok(JSON_TYPE, '{"jsonrpc":"2.0","id":99,"result":{}}'),
    () => ok(JSON_TYPE, 'no JSON at all'),
    () => Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'),
    () => Buffer.from('HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nSECRET-PATH'),
  ];
  for (const [n, answer] of broken.entries()) {
    answerCall = answer;
    const text = await exchange(sluice.port, post(id, CALL));
    assert.match(text, /"id":2,"error":\{"code":-?\d+,"message":"/, `${n}: ${text}`);
    assert.doesNotMatch(text, /SECRET|at Object|\.ts:/, `${n}`);
  }
  answerCall = () => ok(JSON_TYPE, ANSWER);
  assert.equal(bodyOf(await exchange(sluice.port, post(id, CALL))), latin(ANSWER));
});

test('a session that the server has forgotten is unknown from then on', async () => {
  const id = await begin();
  answerCall = () => Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  assert.match(await exchange(sluice.port, post(id, CALL)), /^HTTP\/1\.1 404 [\s\S]*-32001/);
  answerCall = () => ok(JSON_TYPE, ANSWER);
  assert.match(await exchange(sluice.port, post(id, CALL)), /^HTTP\/1\.1 404 /);
});

test('a stream that was lost is taken up where it broke off', async () => {
  const id = await begin();
  answerCall = () => [Buffer.from(SSE_HEAD), chunk(Buffer.from('id: s_1\nretry: 10\ndata: \n\n')), LAST];
  const first = bodyOf(await exchange(sluice.port, post(id, CALL)));
  assert.equal(first, 'id: s_1\nretry: 10\ndata: \n\n');
  answerGet = () => [Buffer.from(SSE_HEAD), chunk(Buffer.from(`id: s_2\ndata: ${CALL_RESULT}\n\n`)), LAST];
  const get = `GET /mcp HTTP/1.1\r\nHost: localhost:${sluice.port}\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${id}\r\nLast-Event-ID: s_1\r\nConnection: close\r\n\r\n`;
  const rest = await exchange(sluice.port, get);
  assert.equal(bodyOf(rest), `event: message\nid: s_2\ndata: ${CALL_RESULT}\n\n`);
  assert.match(upstream.got.at(-1)?.head ?? '', /^last-event-id: s_1$/im);
  answerGet = () => Buffer.from('HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n');
  assert.match(await exchange(sluice.port, get), /^HTTP\/1\.1 405 /);
});

const CALL_RESULT = '{"jsonrpc":"2.0","id":2,"result":{"content":[]}}';

test('promise 9: a client that does not read slows its own server, and nobody else’s', async () => {
  const id = await begin();
  let sent = 0;
  let isFull = false;
  const big = Buffer.from(
    `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(60_000) } })}\n\n`,
  );
  answerCall = () => (socket) => {
    socket.write(SSE_HEAD);
    const pour = () => {
      while (sent < 64 * 1024 * 1024) {
        sent += big.length;
        if (!socket.write(chunk(big))) {
          isFull = true;
          socket.once('drain', pour);
          return;
        }
      }
    };
    pour();
  };
  const lazy = http.request({
    port: sluice.port,
    host: '127.0.0.1',
    path: '/mcp',
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': id,
    },
  });
  const response = new Promise<http.IncomingMessage>((resolve) => lazy.once('response', resolve));
  lazy.on('error', () => {});
  lazy.end(CALL);
  (await response).pause();
  await until(() => isFull, 'a server that cannot send any more');
  const other = await begin();
  answerCall = () => ok(JSON_TYPE, ANSWER);
  for (let n = 0; n < 20; n++)
    assert.equal(bodyOf(await exchange(sluice.port, post(other, CALL))), latin(ANSWER));
  assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken from the server`);
  lazy.destroy();
});
