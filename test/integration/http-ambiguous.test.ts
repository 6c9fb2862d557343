/** BYPASSES 39: requests on raw sockets that two readers see in two ways. Refused, or forwarded exactly as judged. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exchange, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

let upstream: RawUpstream;
let sluice: Sluice;

before(async () => {
  upstream = await startRawUpstream();
  sluice = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}`,
    policy: `default: allow
rules:
  - { name: no-admin, when: { paths: ["/admin/**"] }, then: deny }
  - { name: no-delete, when: { methods: [DELETE] }, then: deny }
  - { name: no-large, when: { paths: [/x], body: { /amount: { over: 1000 } } }, then: deny }
`,
  });
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

const HOST = 'Host: api\r\n';
const END = '\r\n';
const SMUGGLED = 'GET /admin/smuggled HTTP/1.1\r\nHost: api\r\n\r\n';

const PATHS = [
  '//admin',
  '/x//admin',
  '/x/../admin',
  '/./admin',
  '/x/./../admin',
  '/%2e%2e/admin',
  '/x/%2e%2e/admin',
  '/x/.%2e/admin',
  '/x/%2E%2E%2Fadmin',
  '/x%2f..%2fadmin',
  '/x%2fadmin',
  '/%2fadmin',
  '/admin%2fx',
  '/x%5c..%5cadmin',
  '/%5cadmin',
  '/x\\..\\admin',
  '/admin;x=1',
  '/admin;/x',
  '/;/admin',
  '/..;/admin',
  '/x/..;/admin',
  '/admin%3b',
  '/admin%00',
  '/admin%00.json',
  '/%00admin',
  '/admin%0a',
  '/admin%0d%0aX: y',
  '/admin%09',
  '/admin%20%00',
  '/%252e%252e/admin',
  '/%2561dmin',
  '/admin%252f',
  '/x/%c0%ae%c0%ae/admin',
  '/%c0%afadmin',
  '/%e0%80%afadmin',
  '/%f0%80%80%afadmin',
  '/%ef%bc%8fadmin',
  '/%ef%bc%8e%ef%bc%8e/admin',
  '/x/%e2%80%a5/admin',
  '/x%ef%bc%bcadmin',
  '/%ff/admin',
  '/%u002fadmin',
  '/%zz',
  '/%',
  '/%2',
  '/admin?_method=DELETE',
  '/x?_method=DELETE',
  '/x?a=1;_method=DELETE',
  '/x?%5Fmethod=DELETE',
  '/x?_me%74hod=DELETE',
  '/x?+_METHOD=DELETE',
  '/x?.method=DELETE',
  '/x?_method%00x=DELETE',
  '/x#/admin',
  '/x?a#b',
  '/x?%00',
  '/x?%0d%0a',
  '/x"y',
  '/x<y>',
  '/{x}',
  '/x|y',
  '/x^y',
  '/x`y',
  'http://api/admin',
  'http://other/admin',
  'https://api/x',
  '*',
  'admin',
  'api:80',
  '?admin',
  '@admin',
  '/admin%3fx',
  '/admin%23x',
  '/\u00e9',
  '/admin\u007f',
];

const HEADS: readonly string[] = [
  // No Host, two of them, or none that is one.
  '',
  'Host: a\r\nHost: b\r\n',
  'Host: a\r\nhost: a\r\n',
  'Host: a, b\r\n',
  'Host: a/b\r\n',
  'Host: a@b\r\n',
  'Host: \r\n',
  'Host: a b\r\n',
  'Host: a:x\r\n',
  'Host: [::1\r\n',
  'Host:a\tb\r\n',
  // Space where none may be, folded lines, names that are none.
  'Host : a\r\n',
  ' Host: a\r\n',
  '\tHost: a\r\n',
  `${HOST}X-A: b\r\n c\r\n`,
  `${HOST}X-A: b\r\n\tc\r\n`,
  `${HOST}X A: b\r\n`,
  `${HOST}: b\r\n`,
  `${HOST}X-A\r\n`,
  `${HOST}X-A : b\r\n`,
  `${HOST}X(A): b\r\n`,
  `${HOST}X-A: b\u0000c\r\n`,
  `${HOST}X-A: b\u000bc\r\n`,
  `${HOST}X-A: b\rc\r\n`,
  `${HOST}X\u0000A: b\r\n`,
  `${HOST}X-A: b\u0008\r\n`,
  `${HOST}X-\u00e4: b\r\n`,
  // Another method or path for whoever believes these.
  `${HOST}X-HTTP-Method-Override: DELETE\r\n`,
  `${HOST}X-Method-Override: DELETE\r\n`,
  `${HOST}X-HTTP-Method: DELETE\r\n`,
  `${HOST}X-Original-URL: /admin\r\n`,
  `${HOST}X-Rewrite-URL: /admin\r\n`,
  `${HOST}x-original-method: DELETE\r\n`,
  `${HOST}X_HTTP_Method_Override: DELETE\r\n`,
  `${HOST}X-Forwarded-Uri: /admin\r\n`,
  // Upgrades and options of the connection.
  `${HOST}Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n`,
  `${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n`,
  `${HOST}Upgrade: foo\r\n`,
  `${HOST}Connection: Upgrade\r\n`,
  `${HOST}Connection: close, X-Role\r\n`,
  `${HOST}Connection: Authorization\r\n`,
  `${HOST}HTTP2-Settings: x\r\n`,
  `${HOST}Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n`,
  `${HOST}Expect: 200-ok\r\n`,
  `${HOST}Expect: 100-continue, x\r\n`,
  `${HOST}TE: a\r\nTE: b\r\n`,
  `${HOST}Content-Type: a/b\r\nContent-Type: c/d\r\n`,
  `${HOST}Range: bytes=0-1\r\nRange: bytes=2-3\r\n`,
  `${HOST}Authorization: Basic YTo=\r\nAuthorization: Basic Yjo=\r\n`,
  `${HOST}${Array.from({ length: 120 }, (_, n) => `X-${n}: a\r\n`).join('')}`,
  `${HOST}X-A: ${'a'.repeat(20_000)}\r\n`,
  `${HOST}X-A: ${'a'.repeat(9_000)}\r\n`,
];

const LENGTHS: readonly string[] = [
  'Content-Length: 5\r\nContent-Length: 5\r\n',
  'Content-Length: 5\r\nContent-Length: 6\r\n',
  'Content-Length: 5\r\ncontent-length: 0\r\n',
  'Content-Length: 5, 5\r\n',
  'Content-Length: 5,6\r\n',
  'Content-Length: +5\r\n',
  'Content-Length: -5\r\n',
  'Content-Length: 0x5\r\n',
  'Content-Length: 5.0\r\n',
  'Content-Length: 5e0\r\n',
  'Content-Length: \r\n',
  'Content-Length: five\r\n',
  'Content-Length: 5 5\r\n',
  'Content-Length: 99999999999999999999999\r\n',
  'Content-Length : 5\r\n',
  'Content_Length: 5\r\n',
  'Content-Length: 5\u0000\r\n',
  'Content-Length: \u000b5\r\n',
  'Content-Length:\r\n 5\r\n',
  'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding: identity, chunked\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Transfer-Encoding: chunkedx\r\n',
  'Transfer-Encoding: "chunked"\r\n',
  "Transfer-Encoding: 'chunked'\r\n",
  'Transfer-Encoding: chunked;a=b\r\n',
  'Transfer-Encoding: ,chunked\r\n',
  'Transfer-Encoding: chunked,\r\n',
  'Transfer-Encoding: \u000bchunked\r\n',
  'Transfer-Encoding:\u000cchunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  ' Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding\r\n: chunked\r\n',
  'Transfer-Encoding: chunked\u0000\r\n',
  'Transfer_Encoding: chunked\r\n',
  'X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n',
  'X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n',
  'Transfer-Encoding: ch\u0000unked\r\n',
  'Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n',
  'TRANSFER-ENCODING: chunked\r\nContent-Length: 5\r\n',
  'Transfer-encoding: Chunked\r\nContent-length: 5\r\n',
];

const CHUNKS: readonly string[] = [
  '5;\u0000\r\nhello\r\n0\r\n\r\n',
  'x\r\nhello\r\n0\r\n\r\n',
  '-5\r\nhello\r\n0\r\n\r\n',
  '+5\r\nhello\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  ' 5\r\nhello\r\n0\r\n\r\n',
  '5\nhello\r\n0\r\n\r\n',
  '5\r\nhello\n0\r\n\r\n',
  '5\r\nhelloX\r\n0\r\n\r\n',
  '5\rhello\r\n0\r\n\r\n',
  'fffffffffffffffff5\r\nhello\r\n0\r\n\r\n',
  '10000000000000005\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
  '\r\n5\r\nhello\r\n0\r\n\r\n',
  '5;a="\r\n"\r\nhello\r\n0\r\n\r\n',
  '5\u0000\r\nhello\r\n0\r\n\r\n',
  '5_\r\nhello\r\n0\r\n\r\n',
];

const LINES: readonly string[] = [
  'GET\t/x HTTP/1.1',
  'GET /x HTTP/1.1 ',
  ' GET /x HTTP/1.1',
  'get /x HTTP/1.1',
  'GET /x',
  'GET /x HTTP/0.9',
  'GET /x HTTP/2.0',
  'GET /x HTTP/1.2',
  'GET /x http/1.1',
  'GET /x HTTP/1.1x',
  'GET /x HTTP/11',
  'GET /x HTTP/1.1\u0000',
  'GET /x\u0000 HTTP/1.1',
  'GET /x\u000bHTTP/1.1',
  'G\u0000ET /x HTTP/1.1',
  'CONNECT api:80 HTTP/1.1',
  'CONNECT / HTTP/1.1',
  'TRACE /x HTTP/1.1',
  'PRI * HTTP/2.0',
  'FOO /x HTTP/1.1',
  'GET',
  'GET /x y HTTP/1.1',
  'GET /x HTTP/1.1\r',
  'OPTIONS * HTTP/1.1',
  'DELETE /x HTTP/1.1',
  'GET /admin HTTP/1.1',
  'GET /Admin/x HTTP/1.1',
  'GET /%61dmin HTTP/1.1',
  'GET /admin/ HTTP/1.1',
  'SOURCE /x ICE/1.0',
];

/** What no upstream may ever have got of all this. */
function noneSmuggled(from: number, what: string): void {
  for (const { head } of upstream.got.slice(from)) {
    assert.doesNotMatch(head, /admin|smuggled|^DELETE/im, `${what} → ${head}`);
  }
}

test('promise 1: paths, heads, lengths, chunks and request lines that servers read in two ways are refused', async () => {
  const requests = [
    ...PATHS.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n${END}`),
    ...HEADS.map((head) =>
      `GET /x HTTP/1.1\r\n${head}Connection: close\r\n${END}`.replace(
        /(Connection: [^\r]+\r\n[\s\S]*)Connection: close\r\n/,
        '$1',
      ),
    ),
    ...LENGTHS.map((head) => `POST /x HTTP/1.1\r\n${HOST}${head}${END}0\r\n\r\n${SMUGGLED}`),
    ...CHUNKS.map(
      (body) => `POST /x HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n${END}${body}${SMUGGLED}`,
    ),
    ...LINES.map((line) => `${line}\r\n${HOST}Connection: close\r\n${END}`),
  ];
  assert.ok(requests.length > 200, String(requests.length));
  const passed: string[] = [];
  for (const request of requests) {
    const from = upstream.got.length;
    const answer = await exchange(sluice.port, Buffer.from(request, 'latin1'), /HTTP\/1\.1 [45]\d\d/);
    noneSmuggled(from, request.slice(0, 300));
    if (!/^HTTP\/1\.1 [45]\d\d/.test(answer)) passed.push(request.slice(0, 200));
  }
  assert.deepEqual(passed, []);
});

test('what passes is forwarded as it was judged, one request for each', async () => {
  for (const [path, forwarded] of [
    ['/x', '/x'],
    ['/%78', '/x'],
    ['/caf%c3%a9?q=%2e%2E%2f&_a=b', '/caf%C3%A9?q=%2e%2E%2f&_a=b'],
    ['/a/?', '/a/?'],
    ['/administrator', '/administrator'],
  ]) {
    const from = upstream.got.length;
    const answer = await exchange(
      sluice.port,
      `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\nX-Forwarded-For: 1.1.1.1\r\nAccept: a\r\nCookie: c=d\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*hello$/);
    const got = upstream.got.slice(from);
    assert.equal(got.length, 1);
    assert.equal(
      got[0]?.head,
      `GET ${forwarded} HTTP/1.1\r\nhost: 127.0.0.1:${upstream.port}\r\nconnection: keep-alive\r\nAccept: a`,
    );
  }
});

test('what the parser takes for the same request is forwarded as that one', async () => {
  for (const line of ['GET  /x HTTP/1.1', 'GET /x  HTTP/1.1', 'GET /x RTSP/1.0']) {
    const from = upstream.got.length;
    await exchange(sluice.port, `${line}\r\n${HOST}Connection: close\r\n${END}`, /HTTP\/1\.1 \d\d\d/);
    for (const { head } of upstream.got.slice(from)) assert.match(head, /^GET \/x HTTP\/1\.1\r\n/);
    noneSmuggled(from, line);
  }
});

test('bodies are framed anew: chunks, extensions and trailers of the client are its own', async () => {
  const from = upstream.got.length;
  const chunked = '3;ext="x"\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: DELETE\r\n\r\n';
  const answer = await exchange(
    sluice.port,
    `POST /up HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${chunked}`,
  );
  assert.match(answer, /^HTTP\/1\.1 200/);
  const [got] = upstream.got.slice(from);
  assert.equal(got?.body.toString(), 'hello');
  assert.doesNotMatch(got?.head ?? '', /trailer|ext=/i);
});

test('BYPASSES 38: a JSON body that parsers read in two ways is refused, and rules on it hold', async () => {
  const send = (body: string, type = 'application/json') =>
    exchange(
      sluice.port,
      `POST /x HTTP/1.1\r\n${HOST}Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  const from = upstream.got.length;
  for (const body of [
    '{"amount":1,"amount":5000}',
    '{"amount":1,"Amount":5000}',
    '{"amount":1}x',
    '\ufeff{"amount":1}',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    '{"a":1e999}',
    '[1,]',
    `${'['.repeat(500)}${']'.repeat(500)}`,
  ])
    assert.match(await send(body), /^HTTP\/1\.1 400 [\s\S]*ambiguous-json/, body);
  for (const body of [
    '{"amount":5000}',
    '{"AMOUNT":5000}',
    '{"amount":"5000"}',
    '{"amount":1001.5}',
    '{"\\u0061mount":5e3}',
  ])
    assert.match(await send(body), /^HTTP\/1\.1 403 [\s\S]*no-large/, body);
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'APPLICATION/OCTET-STREAM',
  ])
    assert.match(await send('{"amount":5000}', type), /^HTTP\/1\.1 403 [\s\S]*no-large/, type);
  assert.equal(upstream.got.length, from);
  const body = '{ "amount" : 1000, "big": 12345678901234567890.10 }';
  assert.match(await send(body, 'Application/Vnd.x+JSON'), /^HTTP\/1\.1 200/);
  assert.equal(upstream.got.at(-1)?.body.toString(), body);
});

test('BYPASSES 39: a form that names another method is refused; one too long to be held never reaches the server whole', async () => {
  const post = (type: string, body: string, head = `Content-Length: ${Buffer.byteLength(body)}\r\n`) =>
    exchange(
      sluice.port,
      `POST /form HTTP/1.1\r\n${HOST}Content-Type: ${type}\r\n${head}Connection: close\r\n\r\n${body}`,
    );
  const part = (name: string) => `--b\r\nContent-Disposition: form-data; ${name}\r\n\r\nDELETE\r\n--b--\r\n`;
  const [form, parts] = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=b'];
  const from = upstream.got.length;
  for (const body of [
    '_method=DELETE',
    'a=1&_method=DELETE',
    'a=1;%5f%6Dethod=DELETE',
    '+_method=DELETE',
    '_method[]=DELETE',
  ])
    assert.match(await post(form, body), /^HTTP\/1\.1 400 [\s\S]*method-override/, body);
  for (const name of [
    'name="_method"',
    'name=_method',
    'filename="x"; NAME = "_Method"',
    "name*=UTF-8''%5Fmethod",
  ])
    assert.match(await post(parts, part(name)), /^HTTP\/1\.1 400 [\s\S]*method-override/, name);
  assert.match(
    await post('application/json', '{"a":1,"_method":"DELETE"}'),
    /^HTTP\/1\.1 400 [\s\S]*method-override/,
  );
  const long = `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${'x'.repeat(70_000)}\r\n${part('name="_method"')}`;
  const chunked = `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`;
  assert.match(
    await post(parts, chunked, 'Transfer-Encoding: chunked\r\n'),
    /^HTTP\/1\.1 400 [\s\S]*method-override/,
  );
  assert.equal(upstream.got.length, from);
  for (const [type, body] of [
    [form, 'method=DELETE&x=_method'],
    [parts, part('name="method"')],
    ['application/json', '{"a":{"_method":"GET"}}'],
  ] as const) {
    assert.match(await post(type, body), /^HTTP\/1\.1 200/, body);
    assert.equal(upstream.got.at(-1)?.body.toString(), body);
  }
  assert.match(
    await post(parts, `5\r\n--b\r\n\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked\r\n'),
    /^HTTP\/1\.1 200/,
  );
  assert.equal(upstream.got.at(-1)?.body.toString(), '--b\r\n');
});
