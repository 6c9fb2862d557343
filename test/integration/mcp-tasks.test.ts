/** Tasks of 2026-07-28 (SEP-2663) by HTTP, at a server that has them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { type Everything, startEverything } from '../support/mcp-everything.ts';
import { ask, type McpAnswer } from '../support/mcp-http.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `default: allow
rules:
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
