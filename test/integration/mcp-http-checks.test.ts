/** What a request to an MCP endpoint has to be, by revision: heads, sessions, methods, bodies, on raw sockets too. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isObject, type Json, parseJson } from '../../src/core/json.ts';
import { exchange } from '../support/http-upstream.ts';
import { type Everything, startEverything } from '../support/mcp-everything.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

let server: Everything;
let sluice: Sluice;

before(async () => {
  server = await startEverything();
  sluice = await startSluice({
    upstream: server.url,
    protocol: 'mcp',
    listener: 'origins: ["https://app.example"], limits: { request: 64KiB, sessions: 3 }',
    users: '[ { name: agent, password: secret }, { name: other, password: secret } ]',
    auth: ['password'],
  });
});

after(async () => {
  await sluice.stop();
  await server.close();
});

const BOTH = 'application/json, text/event-stream';
const basic = (user: string) => `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`;

interface Asked {
  readonly method?: string;
  readonly user?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly body?: string;
}

async function ask({ method = 'POST', user = 'agent', headers = {}, path = '/mcp', body }: Asked) {
  const response = await fetch(`http://127.0.0.1:${sluice.port}${path}`, {
    method,
    headers: {
      authorization: basic(user),
      accept: BOTH,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const data = /^data: (\{.*)$/m.exec(text)?.[1] ?? text;
  const message = data.startsWith('{') ? parseJson(data) : undefined;
  return { status: response.status, headers: response.headers, text, message };
}

function codeOf(message: Json | undefined): Json | undefined {
  const error = message !== undefined && isObject(message) ? message['error'] : undefined;
  return error !== undefined && isObject(error) ? error['code'] : undefined;
}

const INITIALIZE = (revision: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"${revision}","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}`;
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
const CALL =
  '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"test_simple_text","arguments":{}}}';
const META =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}';
const modern = (method: string, params = '') =>
  `{"jsonrpc":"2.0","id":7,"method":"${method}","params":{${params}${params === '' ? '' : ','}${META}}}`;

async function begin(revision: string, user = 'agent'): Promise<string> {
  const { status, headers } = await ask({ user, body: INITIALIZE(revision) });
  assert.equal(status, 200);
  const id = headers.get('mcp-session-id') ?? '';
  assert.match(id, /^[A-Za-z0-9_-]{43}$/);
  const told = await ask({ user, headers: { 'mcp-session-id': id }, body: INITIALIZED });
  assert.equal(told.status, 202);
  assert.equal(told.text, '');
  return id;
}

test('promise 6: a session is its principal’s alone, and its id none of the server’s', async () => {
  const id = await begin('2025-11-25');
  const own = await ask({ headers: { 'mcp-session-id': id }, body: CALL });
  assert.equal(own.status, 200);
  assert.match(own.text, /This is a simple text response/);
  for (const [user, session] of [
    ['other', id],
    ['agent', `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`],
    ['agent', 'x'],
  ] as const) {
    const { status, message } = await ask({ user, headers: { 'mcp-session-id': session }, body: CALL });
    assert.equal(status, 404, `${user} ${session}`);
    assert.equal(codeOf(message), -32001);
    assert.equal((await ask({ method: 'DELETE', user, headers: { 'mcp-session-id': session } })).status, 404);
    assert.equal((await ask({ method: 'GET', user, headers: { 'mcp-session-id': session } })).status, 404);
  }
  const upstream = server.heads.map((head) => head['mcp-session-id']);
  assert.ok(!upstream.includes(id));
  assert.ok(server.heads.every((head) => head.authorization === undefined));
  assert.equal((await ask({ method: 'DELETE', headers: { 'mcp-session-id': id } })).status, 200);
  assert.equal((await ask({ headers: { 'mcp-session-id': id }, body: CALL })).status, 404);
  assert.equal(server.heads.at(-1)?.['mcp-session-id'] === undefined, false);
});

test('promise 9: of more sessions than a principal may have, the oldest unused one makes room', async () => {
  const ids = [];
  for (let n = 0; n < 4; n++) ids.push(await begin('2025-06-18', 'other'));
  const [first = '', ...rest] = ids;
  assert.equal((await ask({ user: 'other', headers: { 'mcp-session-id': first }, body: CALL })).status, 404);
  for (const id of rest)
    assert.equal(
      (await ask({ method: 'DELETE', user: 'other', headers: { 'mcp-session-id': id } })).status,
      200,
    );
});

test('requests that are none of a session’s, and none of the newest revision, are told what is missing', async () => {
  const without = await ask({ body: CALL });
  assert.equal(without.status, 400);
  assert.equal(codeOf(without.message), -32600);
  assert.equal((await ask({ body: '[]' })).status, 400);
  assert.equal((await ask({ body: `[${INITIALIZE('2025-03-26')}]` })).status, 400);
  assert.equal((await ask({ method: 'DELETE' })).status, 400);
  assert.equal((await ask({ method: 'GET', headers: { 'mcp-protocol-version': '2025-11-25' } })).status, 400);
  assert.equal((await ask({ method: 'PUT', body: CALL })).status, 405);
  assert.equal((await ask({ path: '/other', body: CALL })).status, 404);
});

test('what a body is, and what the client takes, is said in the head', async () => {
  const types: readonly (readonly [Record<string, string>, number])[] = [
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'application/json; charset=utf-16' }, 415],
    [{ 'content-encoding': 'compress' }, 415],
    [{ accept: 'application/json' }, 406],
    [{ accept: 'text/event-stream' }, 406],
    [{ accept: `${BOTH};q=0` }, 406],
    [{ accept: '*/*' }, 200],
    [{ 'content-type': 'application/json; charset=utf-8' }, 200],
  ];
  for (const [headers, expected] of types) {
    const { status } = await ask({ headers, body: INITIALIZE('2025-11-25') });
    assert.equal(status, expected, JSON.stringify(headers));
  }
  const long = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(70_000)}"}}`;
  assert.equal((await ask({ body: long })).status, 413);
});

test('promise 1: JSON that two parsers read in two ways is refused', async () => {
  const id = await begin('2025-11-25');
  const bodies = [
    '',
    '{',
    'null',
    '"x"',
    `${CALL}${CALL}`,
    `\uFEFF${CALL}`,
    CALL.replace('"method":', '"method":"ping","method":'),
    CALL.replace('"name":', '"Name":"x","name":'),
    CALL.replace('"2.0"', '"1.0"'),
    CALL.replace('"id":2', '"id":2.5'),
    CALL.replace('"id":2', '"id":null'),
    CALL.replace('"params"', '"extra":1,"params"'),
    CALL.replace('test_simple_text', 'test_\\u0000'),
    CALL.replace('test_simple_text', 'test_\\ud800'),
    `[${CALL}]`,
  ];
  for (const body of bodies) {
    const { status, message } = await ask({ headers: { 'mcp-session-id': id }, body });
    assert.equal(status, 400, body);
    assert.equal(typeof codeOf(message), 'number', body);
  }
});

test('batches are taken where the revision has them, and answered one by one', async () => {
  const id = await begin('2025-03-26');
  const batch = `[${CALL},{"jsonrpc":"2.0","id":3,"method":"ping"},${INITIALIZED}]`;
  const { status, text } = await ask({ headers: { 'mcp-session-id': id }, body: batch });
  assert.equal(status, 200);
  const answers = [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => parseJson(data));
  const ids = answers.flatMap((one) => (one !== undefined && isObject(one) ? [one['id']] : []));
  assert.deepEqual(ids.toSorted(), [2, 3]);
  const told = await ask({ headers: { 'mcp-session-id': id }, body: `[${INITIALIZED}]` });
  assert.equal(told.status, 202);
});

test('MCP-Protocol-Version names a revision that is known', async () => {
  const id = await begin('2025-06-18');
  const version = async (named: string) =>
    (await ask({ headers: { 'mcp-session-id': id, 'mcp-protocol-version': named }, body: CALL })).status;
  assert.equal(await version('2025-06-18'), 200);
  assert.equal(await version('1999-01-01'), 400);
  assert.equal(await version('2026-07-28'), 400);
  const twice = await exchange(
    sluice.port,
    `POST /mcp HTTP/1.1\r\nHost: localhost:${sluice.port}\r\nMcp-Session-Id: ${id}\r\nMcp-Session-Id: x\r\nContent-Length: 0\r\n\r\n`,
  );
  assert.match(twice, /^HTTP\/1\.1 400 /);
});

test('a modern request says in its head what its body says', async () => {
  const named = '"name":"test_headers","arguments":{"region":"Zürich","limit":42}';
  const body = modern('tools/call', named);
  const region = `=?base64?${Buffer.from('Zürich').toString('base64')}?=`;
  const good = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'test_headers',
    'mcp-param-region': region,
    'mcp-param-limit': '42.0',
  };
  const passed = await ask({ headers: good, body });
  assert.equal(passed.status, 200, passed.text);
  const head = server.heads.at(-1) ?? {};
  assert.equal(head['mcp-param-region'], region);
  assert.equal(head['mcp-param-limit'], '42');
  const wrong: readonly Readonly<Record<string, string>>[] = [
    { ...good, 'mcp-name': 'test_simple_text' },
    { ...good, 'mcp-method': 'tools/list' },
    { ...good, 'mcp-param-region': 'Bern' },
    { ...good, 'mcp-param-limit': '43' },
    { ...good, 'mcp-protocol-version': '2025-11-25' },
    { ...good, 'mcp-param-region': '=?base64?!?=' },
  ];
  for (const name of Object.keys(good)) {
    const rest = Object.fromEntries(Object.entries(good).filter(([one]) => one !== name));
    for (const headers of [rest, ...(name === 'mcp-protocol-version' ? wrong : [])]) {
      const { status, message } = await ask({ headers, body });
      assert.equal(status, 400, JSON.stringify(headers));
      assert.equal(codeOf(message), -32020, JSON.stringify(headers));
    }
  }
  const own = { 'mcp-protocol-version': '2026-07-28' };
  assert.equal((await ask({ method: 'GET', headers: own })).status, 405);
  assert.equal((await ask({ method: 'DELETE', headers: own })).status, 405);
  const unknown = await ask({ headers: { ...own, 'mcp-method': 'x/y' }, body: modern('x/y') });
  assert.equal(unknown.status, 404);
  assert.equal(codeOf(unknown.message), -32601);
  const future = body.replace('"2026-07-28"', '"2099-01-01"');
  const asked = await ask({ headers: { ...good, 'mcp-protocol-version': '2099-01-01' }, body: future });
  assert.equal(asked.status, 400);
  assert.equal(codeOf(asked.message), -32022);
});

test('promise 1: a name or a page that is not the endpoint’s is refused before anybody logs in', async () => {
  const raw = (lines: readonly string[]) =>
    exchange(
      sluice.port,
      `POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\nAccept: ${BOTH}\r\nContent-Type: application/json\r\nAuthorization: ${basic('agent')}\r\nConnection: close\r\nContent-Length: ${INITIALIZE('2025-11-25').length}\r\n\r\n${INITIALIZE('2025-11-25')}`,
    );
  const host = `Host: localhost:${sluice.port}`;
  const good = [
    [host],
    [`Host: 127.0.0.1:${sluice.port}`],
    [host, `Origin: http://localhost:${sluice.port}`],
    [host, 'Origin: https://app.example'],
  ];
  for (const lines of good) assert.match(await raw(lines), /^HTTP\/1\.1 200 /, lines.join());
  const bad = [
    [`Host: evil.example:${sluice.port}`],
    ['Host: localhost'],
    [host, 'Origin: null'],
    [host, 'Origin: https://evil.example'],
    [host, 'Origin: http://app.example'],
    [host, `Origin: http://localhost:${sluice.port}.evil.example`],
  ];
  for (const lines of bad) assert.match(await raw(lines), /^HTTP\/1\.1 403 /, lines.join());
  const page = await fetch(`http://127.0.0.1:${sluice.port}/mcp`, {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-headers': 'mcp-param-region, x-evil' },
  });
  assert.equal(page.status, 204);
  assert.equal(page.headers.get('access-control-allow-origin'), 'https://app.example');
  assert.match(page.headers.get('access-control-allow-headers') ?? '', /mcp-session-id.*mcp-param-region$/);
});
