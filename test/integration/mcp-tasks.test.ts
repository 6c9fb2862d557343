/** Tasks (SEP-2663) and subscriptions of 2026-07-28 by HTTP, at a server that has them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/core/json.ts';
import { type Everything, startEverything } from '../support/mcp-everything.ts';
import { ask, type McpAnswer } from '../support/mcp-http.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `default: allow
rules:
  - { name: no-binaries, when: { resources: ["test://static-binary"] }, then: deny }
  - { name: one-job, when: { tools: [failing_job] }, then: { rate: { statements: 1, every: 1h } } }
`;

let server: Everything;
let sluice: Sluice;

before(async () => {
  server = await startEverything();
  sluice = await startSluice({
    upstream: server.url,
    protocol: 'mcp',
    users: '[ { name: ann, password: secret }, { name: bob, password: secret } ]',
    auth: ['password'],
    policy: POLICY,
  });
});

after(async () => {
  await sluice.stop();
  await server.close();
});

function said(
  user: string,
  method: string,
  params: JsonObject,
  {
    name = params['taskId'],
    capable = true,
  }: { readonly name?: Json | undefined; readonly capable?: boolean } = {},
): Promise<McpAnswer> {
  const headers = {
    authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  };
  const capabilities: JsonObject = capable ? { extensions: { 'io.modelcontextprotocol/tasks': {} } } : {};
  return ask(`http://127.0.0.1:${sluice.port}/mcp`, method, params, { headers, capabilities });
}

const resultOf = ({ message }: McpAnswer): JsonObject => {
  const result = message?.['result'];
  return isObject(result) ? result : {};
};
const codeOf = ({ message }: McpAnswer) => {
  const error = message?.['error'];
  return isObject(error) ? error['code'] : null;
};

async function begun(tool: string, args: JsonObject): Promise<string> {
  const answer = await said('ann', 'tools/call', { name: tool, arguments: args }, { name: tool });
  assert.equal(resultOf(answer)['resultType'], 'task', answer.body);
  return String(resultOf(answer)['taskId']);
}

test('promise 1: a task of another principal is as one that does not exist, and stays as it was', async () => {
  const taskId = await begun('confirm_delete', { filename: 'a.txt' });
  const accepted = { confirm: { action: 'accept', content: { confirm: true } } };
  const params = { taskId, inputResponses: accepted };
  const arrived = server.heads.length;
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    assert.equal(codeOf(await said('bob', method, params)), -32602, method);
    assert.equal(codeOf(await said('ann', method, params, { capable: false })), -32021, method);
    assert.equal(codeOf(await said('ann', method, params, { name: 'other' })), -32020, method);
    assert.equal(codeOf(await said('ann', method, params, { name: null })), -32020, method);
  }
  assert.equal(server.heads.length, arrived);
  assert.equal(resultOf(await said('ann', 'tasks/get', { taskId }))['status'], 'input_required');
  assert.equal(server.heads.at(-1)?.['mcp-name'], taskId);
  assert.deepEqual(resultOf(await said('ann', 'tasks/update', params)), { resultType: 'complete' });
  const done = resultOf(await said('ann', 'tasks/get', { taskId }));
  assert.equal(done['status'], 'completed');
  assert.match(JSON.stringify(done['result']), /deleted a\.txt/);
});

test('asking how a task is is no call again: its rate counts the call alone', async () => {
  const taskId = await begun('failing_job', {});
  for (let n = 0; n < 5; n++)
    assert.equal(resultOf(await said('ann', 'tasks/get', { taskId }))['taskId'], taskId);
  const params = { name: 'failing_job', arguments: {} };
  const again = await said('ann', 'tools/call', params, { name: 'failing_job' });
  assert.match(again.body, /one-job/);
  assert.deepEqual(resultOf(await said('ann', 'tasks/cancel', { taskId })), { resultType: 'complete' });
});

/** The first message of a subscription, or the error. */
async function listening(user: string, notifications: JsonObject): Promise<JsonObject> {
  const stop = new AbortController();
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
  };
  const method = 'subscriptions/listen';
  const response = await fetch(`http://127.0.0.1:${sluice.port}/mcp`, {
    method: 'POST',
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'listen-1', method, params: { _meta, notifications } }),
  });
  let text = '';
  try {
    for await (const piece of response.body ?? []) {
      text += Buffer.from(piece).toString();
      const written = /^data: ?(\{.+)$/m.exec(text)?.[1] ?? (text.startsWith('{') ? text : null);
      if (written === null) continue;
      const message = parseJson(written);
      if (isObject(message)) return message;
    }
  } finally {
    stop.abort();
  }
  return {};
}

test('promise 1: of a subscription the part that may be is passed on and acknowledged, and the rest is in the journal', async () => {
  const taskId = await begun('confirm_delete', { filename: 'b.txt' });
  const resources = ['test://watched-resource', 'test://static-binary'];
  const wanted = { toolsListChanged: true, resourceSubscriptions: resources, taskIds: [taskId, 'a-guess'] };
  const told = await listening('ann', wanted);
  assert.equal(told['method'], 'notifications/subscriptions/acknowledged');
  const text = JSON.stringify(told['params']);
  assert.match(text, /"resourceSubscriptions":\["test:\/\/watched-resource"\]/);
  assert.ok(!text.includes('static-binary') && !text.includes('a-guess'));
  const denied = sluice.records().filter(({ type, rule }) => type === 'denied' && rule === 'no-binaries');
  assert.equal(denied.length, 1);
  assert.match(JSON.stringify(denied), /test:\/\/static-binary, a-guess/);
  // Somebody else's task is one that does not exist; the rest holds.
  const others = JSON.stringify(await listening('bob', { ...wanted, resourceSubscriptions: [] }));
  assert.match(others, /acknowledged/);
  assert.ok(!others.includes(taskId));
  // Where nothing is left, the client is told why.
  const none = JSON.stringify(await listening('ann', { resourceSubscriptions: ['test://static-binary'] }));
  assert.match(none, /"error".*no-binaries/);
});

test('promise 1: a resource that a rule is against is read under no other spelling', async () => {
  const read = (uri: string) => said('ann', 'resources/read', { uri }, { name: uri });
  assert.match((await read('test://static-text')).body, /"contents"/);
  const arrived = server.heads.length;
  for (const uri of [
    'test://static-binary',
    'test://ann@static-binary',
    'test://ann:x@static-binary',
    'test://static-binary:80',
    'test://static-binary/',
    'test://static-binary#1',
    'TEST://Static-Binary',
    'test://a@b@static-binary',
    'test://static-text%40static-binary',
  ])
    assert.match((await read(uri)).body, /"error".*denied by rule/, uri);
  assert.equal(server.heads.length, arrived);
});
