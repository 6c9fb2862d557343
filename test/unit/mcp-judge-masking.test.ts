import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { REVISIONS } from '../../protocols/mcp/revisions.ts';
import { isObject, parseJson } from '../../src/core/json.ts';
import { judgeBench } from '../support/mcp-judge.ts';

const EMAIL = 'ann.canary@example.com';
const SSN = '078-05-1120';
const CANARY = /4711|ann\.canary|078-05-1120|0780511|YW5uLmNhbmFyeQ/;
const POLICY = `default: allow
masks:
  - { detect: [email, us-ssn], with: redact }
  - { json: ["$..ssn", "$..secret"], with: redact }
`;
const bench = judgeBench({ policy: POLICY });
after(() => bench.close());

const ROWS = JSON.stringify({ rows: [{ id: 1, email: EMAIL, ssn: SSN, secret: 4711 }] });
const TOOL = '{"tools":[{"name":"query","description":"d","inputSchema":{"type":"object"}}]}';
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Surfaces of results, by method: each holds the canary somewhere. */
const SURFACES: readonly (readonly [name: string, method: string, result: unknown])[] = [
  ['text', 'tools/call', { content: [{ type: 'text', text: `hello ${EMAIL}` }] }],
  ['JSON in text', 'tools/call', { content: [{ type: 'text', text: ROWS }] }],
  ['JSON in JSON in text', 'tools/call', { content: [{ type: 'text', text: JSON.stringify({ a: ROWS }) }] }],
  ['JSON between words', 'tools/call', { content: [{ type: 'text', text: `Found: ${ROWS} (1 row)` }] }],
  ['lines of JSON', 'tools/call', { content: [{ type: 'text', text: `${ROWS}\n${ROWS}\n` }] }],
  ['structuredContent', 'tools/call', { content: [], structuredContent: JSON.parse(ROWS) }],
  [
    'text of a resource',
    'tools/call',
    { content: [{ type: 'resource', resource: { uri: 'a:b', text: ROWS } }] },
  ],
  [
    'blob of a resource',
    'tools/call',
    { content: [{ type: 'resource', resource: { uri: 'a:b', blob: base64(ROWS) } }] },
  ],
  [
    'blob without a type',
    'tools/call',
    { content: [{ type: 'image', data: base64(`x ${EMAIL}`), mimeType: 'image/png' }] },
  ],
  [
    'link',
    'tools/call',
    { content: [{ type: 'resource_link', uri: `mailto:${EMAIL}`, name: EMAIL, description: SSN }] },
  ],
  ['unknown content', 'tools/call', { content: [{ type: 'new', payload: { deep: [EMAIL] } }] }],
  ['_meta', 'tools/call', { content: [], _meta: { 'x.y/z': { note: SSN } } }],
  ['unknown members', 'tools/call', { content: [], extra: { [EMAIL]: 1 } }],
  ['resources/read', 'resources/read', { contents: [{ uri: 'file:///a', text: ROWS }] }],
  [
    'resources/read, blob',
    'resources/read',
    { contents: [{ uri: 'file:///a', blob: base64(ROWS), mimeType: 'application/json' }] },
  ],
  ['resources/list', 'resources/list', { resources: [{ uri: 'file:///a', name: EMAIL, description: SSN }] }],
  [
    'templates',
    'resources/templates/list',
    { resourceTemplates: [{ uriTemplate: 'a:{b}', name: 'n', description: EMAIL }] },
  ],
  [
    'prompts/get',
    'prompts/get',
    { description: EMAIL, messages: [{ role: 'user', content: { type: 'text', text: ROWS } }] },
  ],
  ['completion', 'completion/complete', { completion: { values: [EMAIL, 'x'] } }],
  [
    'instructions',
    'initialize',
    {
      protocolVersion: '2025-11-25',
      capabilities: {},
      serverInfo: { name: 's', version: EMAIL },
      instructions: `ask ${EMAIL}`,
    },
  ],
  [
    'description of a tool',
    'tools/list',
    {
      tools: [
        {
          name: 'other',
          description: `call ${EMAIL}`,
          inputSchema: { type: 'object', properties: { a: { description: SSN } } },
        },
      ],
    },
  ],
];

const PARAMS: Readonly<
  Record<string, Record<string, never> | { readonly [name: string]: string | { [name: string]: string } }>
> = {
  'tools/call': { name: 'query', arguments: {} },
  'resources/read': { uri: 'file:///a' },
  'prompts/get': { name: 'p', arguments: {} },
};

test('promise 4: no canary leaves on any surface of a result, in any legacy revision', async () => {
  for (const revision of REVISIONS.filter((one) => one < '2026')) {
    for (const [name, method, result] of SURFACES) {
      const client = bench.session('agent', method === 'initialize' ? null : revision);
      const prompts = '{"prompts":[{"name":"p"}]}';
      client.answers = { 'tools/list': TOOL, 'prompts/list': prompts, [method]: JSON.stringify(result) };
      const params =
        method === 'initialize'
          ? { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'c', version: '1' } }
          : method === 'completion/complete'
            ? { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: 'b' } }
            : (PARAMS[method] ?? {});
      const shown = await client.ask(method, params);
      assert.match(shown, /"result":/, `${revision} ${name}: ${shown}`);
      assert.doesNotMatch(shown, CANARY, `${revision} ${name}`);
      for (const blob of shown.matchAll(/"(?:blob|data)":"([^"]*)"/g))
        assert.doesNotMatch(Buffer.from(blob[1] ?? '', 'base64').toString(), CANARY, name);
    }
  }
});

test('promise 4: nor in the modern era, on errors, notifications and what the server asks', async () => {
  const client = bench.session('agent', null);
  client.answers = { 'tools/list': TOOL };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const call = (id: number) =>
    Buffer.from(
      JSON.stringify({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'query', _meta: { ...meta, progressToken: 't' } },
      }),
    );
  const asks = {
    resultType: 'input_required',
    requestState: 'opaque',
    inputRequests: {
      a: { method: 'elicitation/create', params: { message: `Is ${EMAIL} you?`, requestedSchema: {} } },
    },
  };
  for (const rest of [
    `"result":${JSON.stringify(asks)}`,
    `"result":${JSON.stringify({ resultType: 'complete', content: [{ type: 'text', text: ROWS }] })}`,
    `"error":${JSON.stringify({ code: -32603, message: `no ${EMAIL}`, data: { row: ROWS, ssn: SSN } })}`,
  ]) {
    const { request } = await client.sent(call(7));
    assert.ok(request !== null);
    const progress = await client.told(
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1,"message":"at ${EMAIL}"}}`,
    );
    assert.match(progress, /"progressToken":"t"/);
    assert.doesNotMatch(progress, CANARY);
    const shown = await client.answer(request, rest);
    assert.match(shown, /"(?:result|error)":/);
    assert.doesNotMatch(shown, CANARY, rest);
  }
  const legacy = bench.session();
  const task = { taskId: 't', status: 'working', createdAt: '2026-01-01T00:00:00Z', ttl: 1000 };
  legacy.answers = { 'tools/list': TOOL, 'tools/call': JSON.stringify({ task }) };
  await legacy.ask('tools/call', { name: 'query', arguments: {}, task: {} });
  for (const message of [
    { method: 'notifications/message', params: { level: 'info', data: { ssn: SSN, text: EMAIL } } },
    { id: 1, method: 'elicitation/create', params: { message: EMAIL, requestedSchema: { type: 'object' } } },
    {
      id: 2,
      method: 'sampling/createMessage',
      params: {
        messages: [{ role: 'user', content: { type: 'text', text: ROWS } }],
        systemPrompt: SSN,
        maxTokens: 1,
      },
    },
    {
      method: 'notifications/tasks/status',
      params: { taskId: 't', status: 'working', statusMessage: EMAIL },
    },
  ]) {
    const shown = await legacy.told(JSON.stringify({ jsonrpc: '2.0', ...message }));
    assert.match(shown, new RegExp(message.method));
    assert.doesNotMatch(shown, CANARY, message.method);
  }
});

test('promise 10: what no mask changes leaves with the bytes that came, numbers and unknown members included', async () => {
  const client = bench.session();
  const odd =
    '{ "content":[{"type":"text","text":"a\\u0062\\/c"}],"structuredContent":{"n":9007199254740993,"d":1.0,"e":1E2,"z":-0.0,"b":1,"a":2},"_meta":{"k.x/y":[ 1 , 2 ]},"unknown":null }';
  client.answers = { 'tools/list': TOOL, 'tools/call': odd };
  assert.equal(
    await client.ask('tools/call', { name: 'query', arguments: {} }),
    `{"jsonrpc":"2.0","id":1,"result":${odd}}`,
  );
  client.answers = { ...client.answers, 'tools/call': odd.replace('"unknown":null', `"unknown":"${EMAIL}"`) };
  const masked = await client.ask('tools/call', { name: 'query', arguments: {} });
  assert.equal(
    masked.replace(/"unknown":"[^"]*"/, '"unknown":null'),
    `{"jsonrpc":"2.0","id":2,"result":${odd}}`,
  );
  assert.doesNotMatch(masked, CANARY);
});

test('tokens stay: ids, cursors, states and names of tools, whatever they look like', async () => {
  const client = bench.session();
  client.answers = {
    'tools/list': JSON.stringify({
      tools: [{ name: SSN, inputSchema: { type: 'object' } }],
      nextCursor: 'page-2',
    }),
  };
  const bytes = Buffer.from(`{"jsonrpc":"2.0","id":"${SSN}","method":"tools/list"}`);
  const shown = parseJson(await client.exchange(bytes));
  assert.ok(isObject(shown));
  assert.equal(shown['id'], SSN);
  assert.deepEqual(JSON.parse(JSON.stringify(shown['result'])), {
    tools: [{ name: SSN, inputSchema: { type: 'object' } }],
    nextCursor: 'page-2',
  });
});

test('binary data that may hold rows is withheld, pictures pass', async () => {
  const client = bench.session();
  const picture = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from([0, 1, 2])]).toString(
    'base64',
  );
  const sheet = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.from([0, 255])]).toString('base64');
  const content = [picture, sheet].map((data) => ({ type: 'image', data, mimeType: 'image/png' }));
  client.answers = { 'tools/list': TOOL, 'tools/call': JSON.stringify({ content }) };
  const shown = await client.ask('tools/call', { name: 'query', arguments: {} });
  assert.ok(shown.includes(picture));
  assert.ok(!shown.includes(sheet));
});

test('structured content fits its schema after it is masked, or the call fails in words', async () => {
  const outputSchema = {
    type: 'object',
    properties: {
      ssn: { type: 'string', pattern: '^\\d{3}-\\d{2}-\\d{4}$', maxLength: 11 },
      mail: { type: 'string', format: 'email' },
      secret: { type: 'integer', minimum: 10 },
    },
    required: ['mail'],
  };
  const client = bench.session('fitting');
  const tools = (schema: unknown, name: string) =>
    JSON.stringify({ tools: [{ name, inputSchema: { type: 'object' }, outputSchema: schema }] });
  const result = JSON.stringify({ content: [], structuredContent: { mail: EMAIL, secret: 99 } });
  client.answers = { 'tools/list': tools(outputSchema, 'typed'), 'tools/call': result };
  await client.ask('tools/list');
  const shown = JSON.parse(await client.ask('tools/call', { name: 'typed', arguments: {} }));
  assert.match(shown.result.structuredContent.mail, /@/);
  assert.ok(!shown.result.structuredContent.mail.includes('ann'));
  assert.ok(Number.isInteger(shown.result.structuredContent.secret));
  assert.notEqual(shown.result.structuredContent.secret, 99);
  assert.ok(shown.result.structuredContent.secret >= 10);
  client.answers = {
    ...client.answers,
    'tools/call': JSON.stringify({ content: [], structuredContent: { mail: 'a', ssn: SSN } }),
  };
  const failed = JSON.parse(await client.ask('tools/call', { name: 'typed', arguments: {} }));
  assert.equal(failed.result.isError, true);
  assert.match(failed.result.content[0].text, /output schema/);
  assert.doesNotMatch(JSON.stringify(failed), CANARY);
});
