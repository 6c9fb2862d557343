/** Canaries in every kind of body, cut at every byte; and bodies in which nothing is masked, byte for byte. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { exchange, ok, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const SSN = '523-45-6789';
const CARD = '4111 1111 1111 1111';
const CANARY = /523-45-6789|523456789|4111.?1111|hunter2/;

let upstream: RawUpstream;
let sluice: Sluice;

before(async () => {
  upstream = await startRawUpstream();
  sluice = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}`,
    users:
      '[ { name: agent, groups: [agents] }, { name: finder, groups: [] }, { name: dba, groups: [dba] } ]',
    listener: 'limits: { response: 64KiB }',
    policy: `default: allow
masks:
  - { json: ["$..secret", "$.people[*].ssn"], with: redact, unless: { users: [dba, finder] } }
  - { detect: [us-ssn, credit-card], with: last4, unless: { users: [dba] } }
`,
  });
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

async function ask(user: string, method = 'GET'): Promise<string> {
  const login = Buffer.from(`${user}:`).toString('base64');
  return exchange(
    sluice.port,
    `${method} /x HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${login}\r\nConnection: close\r\n\r\n`,
  );
}

function bodyOf(answer: string): Buffer {
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  if (!/transfer-encoding: chunked/i.test(head)) return Buffer.from(body, 'latin1');
  let out = '';
  for (let at = 0; ; ) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, line), 16);
    if (!(size > 0)) return Buffer.from(out, 'latin1');
    out += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

const JSON_BODY = `{ "people" : [ {"ssn": "${SSN}", "id": 12345678901234567890, "x": 1.0},\n {"ssn": 523456789, "SECRET": {"a": ["hunter2"]}} ], "card": "${CARD}",
 "text": "{\\"inner\\": \\"${SSN}\\"}", "esc": "\\u0035\\u0032\\u0033-45-6789", "${SSN}": null, "keep": "\\u00e9 \\/" }`;
const EVENTS = `: comment ${SSN}\nevent: a\ndata: {"secret": "hunter2", "n": 1.0}\nid: 7\n\ndata: {"a":\r\ndata: "${SSN}"}\r\n\r\ndata: [DONE]\n\ndata: {"card": "${CARD}"}`;
const LINES = `{"secret":"hunter2","n":1e2}\n\n{"ssn":"${SSN}"}\r\n{"card":"${CARD}"}`;

const KINDS: readonly { readonly type: string; readonly body: string; readonly user: string }[] = [
  { type: 'application/json', body: JSON_BODY, user: 'agent' },
  { type: 'application/problem+json; charset=utf-8', body: JSON_BODY, user: 'agent' },
  { type: 'text/event-stream', body: EVENTS, user: 'agent' },
  { type: 'application/x-ndjson', body: LINES, user: 'agent' },
  { type: 'text/csv', body: `name,ssn\n"a\nb",${SSN}\nc,${CARD}\n`, user: 'finder' },
  { type: 'text/plain', body: `call ${SSN} or ${CARD}`, user: 'finder' },
  { type: 'text/html; charset=iso-8859-1', body: `<b>${SSN}</b>`, user: 'finder' },
  { type: 'application/xml', body: `<a b="${SSN}">${CARD}</a>`, user: 'finder' },
];

test('promise 4: no canary passes in any kind of body, cut at every byte', async () => {
  for (const { type, body, user } of KINDS) {
    const bytes = Buffer.from(body);
    const head = Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\nETag: "x"\r\n\r\n`,
    );
    let whole: Buffer | null = null;
    for (let cut = 0; cut <= bytes.length; cut++) {
      upstream.answer = () => [Buffer.concat([head, bytes.subarray(0, cut)]), bytes.subarray(cut)];
      const answer = await ask(user);
      assert.match(answer, /^HTTP\/1\.1 200/, `${type} ${cut}: ${answer}`);
      assert.doesNotMatch(answer, CANARY, `${type} ${cut}`);
      assert.doesNotMatch(answer, /etag/i);
      const masked = bodyOf(answer);
      if (whole !== null) assert.deepEqual(masked, whole, `${type} ${cut}`);
      whole = masked;
    }
    assert.match(whole?.toString() ?? '', /6789|redacted/, type);
  }
});

test('promise 4: values in another spelling are masked: percent-encoded in URLs, Base64 in data URLs', async () => {
  const percent = `523%2D45-6789%0d%0aX-Evil:%201`;
  const twice = '%35%32%33%252d45%252d6789';
  const data = `data:text/plain;base64,${Buffer.from(`is ${SSN}`).toString('base64')}`;
  const values = [`/next?a=b%20c&ssn=${percent}`, `/next?ssn=${twice}`, data];
  const json = JSON.stringify({ secret: 1, n: '50% of %41', values });
  for (const [type, body] of [
    ['application/json', json],
    ['application/x-ndjson', `${json}\n${json}\n`],
    ['text/event-stream', `data: ${json}\n\n: ${percent}\n\n`],
    ['text/plain', `${values.join(' ')} and 50%`],
  ] as const) {
    upstream.answer = () => ok({ 'Content-Type': type, Location: `/next?ssn=${percent}` }, body);
    const answer = await ask(type === 'text/plain' ? 'finder' : 'agent');
    assert.match(answer, /^HTTP\/1\.1 200 /, answer);
    assert.match(answer, /50%/);
    assert.doesNotMatch(answer, /^X-Evil/im);
    let decoded = answer;
    for (let round = 0; round < 3; round++)
      decoded = decoded.replaceAll(/%([0-9a-f]{2})/gi, (_, byte: string) =>
        String.fromCharCode(Number.parseInt(byte, 16)),
      );
    const inside = [...answer.matchAll(/;base64,([\w+/=]+)/g)].map(([, written = '']) =>
      Buffer.from(written, 'base64').toString(),
    );
    assert.ok(inside.length > 0);
    assert.doesNotMatch(`${decoded} ${inside.join(' ')}`, CANARY, type);
  }
});

test('promise 4: so are other forms of Unicode, and bare Base64 and hexadecimal digits', async () => {
  const wide = SSN.replaceAll(/[0-9-]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
  const base64 = Buffer.from(`is ${SSN}`).toString('base64');
  const hex = Buffer.from(SSN).toString('hex');
  const values = [wide, [...SSN].join('\u200b'), base64, hex];
  for (const [type, body, user] of [
    ['application/json', JSON.stringify({ values }), 'agent'],
    ['text/event-stream', `data: ${JSON.stringify({ values })}\n\n: ${values.join(' ')}\n\n`, 'agent'],
    ['text/plain', values.join(' '), 'finder'],
    ['text/csv', `a,b\n${values.join(',')}\n`, 'finder'],
  ] as const) {
    upstream.answer = () => ok({ 'Content-Type': type, 'X-Value': base64 }, body);
    const answer = await ask(user);
    assert.match(answer, /^HTTP\/1\.1 200 /, answer);
    for (const value of values)
      assert.ok(!answer.includes(Buffer.from(value).toString('latin1')), `${type} ${value}: ${answer}`);
  }
});

test('masked JSON is JSON of the same shape, and every other byte is as it was', async () => {
  upstream.answer = () => ok({ 'Content-Type': 'application/json' }, JSON_BODY);
  const masked = bodyOf(await ask('agent')).toString();
  const parsed: unknown = JSON.parse(masked);
  assert.ok(typeof parsed === 'object');
  for (const kept of ['12345678901234567890', '"x": 1.0', '\\u00e9 \\/', '{ "people" : [ {"ssn": '])
    assert.ok(masked.includes(kept), `${kept} in ${masked}`);
  upstream.answer = () => ok({ 'Content-Type': 'text/event-stream' }, EVENTS);
  const events = bodyOf(await ask('agent')).toString();
  assert.match(
    events,
    /^: comment [^\n]*\nevent: a\ndata: \{"secret": "\[redacted\]", "n": 1\.0\}\nid: 7\n\ndata: [\s\S]*\ndata: \[DONE\]\n\ndata: \{"card": "/,
  );
});

test('promise 10: where nothing is masked the body is the upstream’s, byte for byte', async () => {
  const plain = '{"a": 1.0,\t"b":[ 12345678901234567890, -0.0e+1 ],"c":"\\u00e9\\/"}\n';
  for (const [user, body, type] of [
    ['agent', plain, 'application/json'],
    ['agent', `${plain.trim()}\r\n${plain}`, 'application/x-ndjson'],
    ['finder', 'plain \u00e9 text', 'text/plain'],
    ['dba', JSON_BODY, 'application/json'],
    ['dba', EVENTS, 'text/event-stream'],
    ['dba', '\u0000\u0001\u00ff', 'image/png'],
  ] as const) {
    const bytes = Buffer.from(body);
    upstream.answer = () => ok({ 'Content-Type': type, 'X-Y': 'z' }, bytes);
    const answer = await ask(user);
    assert.deepEqual(bodyOf(answer), bytes, `${user} ${type}`);
    assert.match(answer, /\r\nX-Y: z\r\n/);
  }
  // Chunked, in the upstream's order, without a length.
  upstream.answer = () =>
    Buffer.from(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: image/png\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n',
    );
  assert.equal(bodyOf(await ask('dba')).toString(), 'abcdefg');
});

test('content codings are taken off where something is masked, and stay where nothing is', async () => {
  const bytes = Buffer.from(JSON_BODY);
  for (const [coding, packed] of [
    ['gzip', gzipSync(bytes)],
    ['deflate', deflateSync(bytes)],
    ['br', brotliCompressSync(bytes)],
    ['zstd', zstdCompressSync(bytes)],
    ['gzip, br', brotliCompressSync(gzipSync(bytes))],
  ] as const) {
    upstream.answer = () => ok({ 'Content-Type': 'application/json', 'Content-Encoding': coding }, packed);
    const masked = await ask('agent');
    assert.match(masked, /^HTTP\/1\.1 200/, `${coding}: ${masked}`);
    assert.doesNotMatch(masked, /content-encoding/i);
    assert.doesNotMatch(masked, CANARY);
    assert.match(bodyOf(masked).toString(), /redacted/);
    assert.deepEqual(bodyOf(await ask('dba')), packed);
  }
});

test('what cannot be masked is not passed, and the client is told that the request was carried out', async () => {
  const bomb = gzipSync(Buffer.alloc(1024 * 1024, 0x20));
  for (const [fields, body] of [
    [{ 'Content-Type': 'image/png' }, 'hunter2'],
    [{}, 'hunter2'],
    [{ 'Content-Type': 'application/json; charset=utf-16' }, 'hunter2'],
    [{ 'Content-Type': 'text/csv' }, 'secret\nhunter2'],
    [{ 'Content-Type': 'text/html' }, 'hunter2'],
    [{ 'Content-Type': 'application/json' }, '{"secret":"hunter2"'],
    [{ 'Content-Type': 'application/json' }, '{"secret":1,"secret":"hunter2"}'],
    [{ 'Content-Type': 'application/json' }, `"${'x'.repeat(70_000)}hunter2"`],
    [{ 'Content-Type': 'application/json', 'Content-Encoding': 'compress' }, 'hunter2'],
    [{ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, 'hunter2'],
    [{ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, bomb],
    [{ 'Content-Type': 'application/x-ndjson' }, 'hunter2\n'],
    [{ 'Content-Type': 'text/event-stream' }, 'data: hunter2\n\n'],
    [{ 'Content-Type': 'application/json, text/plain' }, '{"secret":"hunter2"}'],
  ] as const) {
    upstream.answer = () => ok({ ...fields }, body);
    const answer = await ask('agent');
    assert.match(answer, /^HTTP\/1\.1 502 [\s\S]*carried out/, JSON.stringify(fields));
    assert.doesNotMatch(answer, CANARY);
  }
  upstream.answer = () =>
    Buffer.from(
      'HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\n{}',
    );
  assert.match(await ask('agent'), /^HTTP\/1\.1 502 [\s\S]*cannot-mask/);
});

test('header fields are masked too, and neither a length nor a hash tells of what was', async () => {
  upstream.answer = () =>
    ok(
      {
        'Content-Type': 'application/json',
        'X-Debug': `for ${SSN}`,
        'X-Hash': 'abc',
        ETag: '"h"',
        'Set-Cookie': 'upstream=session',
        'WWW-Authenticate': 'Basic',
      },
      '{}',
    );
  const answer = await ask('agent');
  assert.doesNotMatch(answer, CANARY);
  assert.doesNotMatch(answer, /etag|set-cookie|www-authenticate/i);
  assert.match(answer, /X-Hash: abc/);
  const before = upstream.got.length;
  await exchange(
    sluice.port,
    'GET /x HTTP/1.1\r\nHost: a\r\nRange: bytes=0-3\r\nIf-None-Match: "h"\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n',
  );
  const head = upstream.got[before]?.head ?? '';
  assert.doesNotMatch(head, /range|if-none|gzip/i);
  const headOnly = await ask('agent', 'HEAD');
  assert.match(headOnly, /^HTTP\/1\.1 200/);
  assert.doesNotMatch(headOnly, /content-length|523/i);
});
