/** Tasks of 2026-07-28 (SEP-2663): whose they are, and what of them may be seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/core/json.ts';
import { type Conversing, type JudgeBench, judgeBench } from '../support/mcp-judge.ts';

const EMAIL = 'ann.canary@example.com';
const CANARY = /4711|ann\.canary/;
const SCHEMA =
  '{"type":"object","properties":{"rows":{"type":"array","items":{"type":"object","properties":{"secret":{"type":"string"}}}}}}';
const TOOL = `{"tools":[{"name":"query","inputSchema":{"type":"object"},"outputSchema":${SCHEMA}}]}`;
const TASK = {
  taskId: 'task-1',
  status: 'working',
  createdAt: '2026-01-01T00:00:00Z',
  lastUpdatedAt: '2026-01-01T00:00:00Z',
  ttlMs: 60_000,
  pollIntervalMs: 50,
};
const BEGUN = JSON.stringify({ resultType: 'task', ...TASK });
const ACK = '{"resultType":"complete"}';
const told = (members: object) => JSON.stringify({ resultType: 'complete', ...TASK, ...members });
const completed = (result: object) => told({ status: 'completed', result });

const meta = (extensions: JsonObject): JsonObject => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { extensions, elicitation: {} },
});
const KNOWS = { 'io.modelcontextprotocol/tasks': {} };
const ABOUT = ['tasks/get', 'tasks/update', 'tasks/cancel'];

const ask = (client: Conversing, method: string, params: JsonObject, extensions: JsonObject = KNOWS) =>
  client.ask(method, { ...params, _meta: meta(extensions) });

async function begun(bench: JudgeBench, given: JsonObject = {}): Promise<Conversing> {
  const client = bench.session('ann', null);
  client.answers = {
    'tools/list': TOOL,
    'tools/call': BEGUN,
    'tasks/get': told({}),
    'tasks/update': ACK,
    'tasks/cancel': ACK,
    'subscriptions/listen': '{}',
  };
  assert.match(await ask(client, 'tools/call', { name: 'query', arguments: given }), /"resultType":"task"/);
  return client;
}

async function on(policy: string, run: (bench: JudgeBench) => Promise<void>): Promise<void> {
  const bench = judgeBench({ policy });
  try {
    await run(bench);
  } finally {
    await bench.close();
  }
}

test('promise 1: a task of another principal is not read, updated, cancelled or listened to', () =>
  on('default: allow\n', async (bench) => {
    const ann = await begun(bench);
    const bob = bench.session('bob', null);
    bob.answers = ann.answers;
    const listening = { notifications: { taskIds: ['task-1'] } };
    for (const method of [...ABOUT, 'subscriptions/listen']) {
      const params = method === 'subscriptions/listen' ? listening : { taskId: 'task-1', inputResponses: {} };
      assert.doesNotMatch(await ask(ann, method, params), /"error"/, method);
      const refused = JSON.parse(await ask(bob, method, params));
      const unknown = JSON.parse(
        await ask(bob, method, JSON.parse(JSON.stringify(params).replace('task-1', 'task-0'))),
      );
      assert.deepEqual(refused.error, { code: -32602, message: 'Task not found' }, method);
      // Nobody learns which tasks there are.
      assert.deepEqual(refused.error, unknown.error, method);
    }
    assert.deepEqual(bob.arrived, []);
    const push = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tasks', params: TASK });
    assert.equal(await ann.told(push), push);
    assert.match(await bob.told(push), /^dropped/);
  }));

test('who does not name the extension in a request is told what is missing, and nothing reaches the server', () =>
  on('default: allow\n', async (bench) => {
    const ann = await begun(bench);
    const before = ann.arrived.length;
    const requests: readonly (readonly [string, JsonObject])[] = [
      ...ABOUT.map((method) => [method, { taskId: 'task-1', inputResponses: {} }] as const),
      ['subscriptions/listen', { notifications: { taskIds: ['task-1'] } }],
    ];
    for (const [method, params] of requests) {
      const { error } = JSON.parse(await ask(ann, method, params, {}));
      assert.equal(error.code, -32021, method);
      assert.deepEqual(error.data, { requiredCapabilities: { extensions: KNOWS } });
    }
    for (const gone of ['tasks/result', 'tasks/list'])
      assert.equal(JSON.parse(await ask(ann, gone, { taskId: 'task-1' })).error.code, -32601, gone);
    assert.equal(ann.arrived.length, before);
  }));

test('what only looks like a task began nothing', () =>
  on('default: allow\n', async (bench) => {
    const client = bench.session('ann', null);
    client.answers = {
      'tools/list': TOOL,
      'tools/call': JSON.stringify({ resultType: 'complete', content: [], taskId: 'of-bob' }),
      'prompts/list': '{"prompts":[{"name":"p"}]}',
      'prompts/get': JSON.stringify({ resultType: 'task', messages: [], taskId: 'of-bob' }),
      'tasks/get': told({}),
    };
    await ask(client, 'tools/call', { name: 'query', arguments: {} });
    const older = JSON.stringify({ resultType: 'complete', content: [], task: { taskId: 'of-bob' } });
    client.answers = { ...client.answers, 'tools/call': older };
    await ask(client, 'tools/call', { name: 'query', arguments: {} });
    await ask(client, 'prompts/get', { name: 'p' });
    assert.match(await ask(client, 'tasks/get', { taskId: 'of-bob' }), /-32602/);
  }));

const MASKS = `default: allow
masks:
  - { detect: [email], with: redact }
  - { json: ["$..secret"], with: redact }
`;
const ROWS = { rows: [{ id: 1, email: EMAIL, secret: '4711' }] };

test('promise 4: results, errors, questions and words of a task leave only masked, asked for or told', () =>
  on(MASKS, async (bench) => {
    const ann = await begun(bench);
    const asks = { method: 'elicitation/create', params: { message: `is it ${EMAIL}?` } };
    for (const state of [
      { status: 'completed', result: { content: [{ type: 'text', text: JSON.stringify(ROWS) }] } },
      { status: 'completed', result: { content: [], structuredContent: ROWS } },
      { status: 'failed', error: { code: -32603, message: `no ${EMAIL}`, data: { secret: 4711 } } },
      { status: 'failed', error: { code: -32603, message: 'x', data: { row: JSON.stringify(ROWS) } } },
      { status: 'input_required', inputRequests: { a: asks } },
      { status: 'working', statusMessage: EMAIL },
    ]) {
      ann.answers = { ...ann.answers, 'tasks/get': told(state) };
      const shown = await ask(ann, 'tasks/get', { taskId: 'task-1' });
      const pushed = await ann.told(
        JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tasks', params: { ...TASK, ...state } }),
      );
      for (const one of [shown, pushed]) {
        assert.match(one, /"taskId":"task-1"/);
        assert.match(one, new RegExp(`"status":"${state.status}"`));
        assert.doesNotMatch(one, CANARY, one);
      }
    }
  }));

test('a masked result of a task fits the schema of its tool', () =>
  on('default: allow\nmasks:\n  - { json: ["$..secret"], with: "null" }\n', async (bench) => {
    const ann = await begun(bench);
    const result = { content: [], structuredContent: { rows: [{ secret: '4711' }] } };
    ann.answers = { ...ann.answers, 'tasks/get': completed(result) };
    const { result: shown } = JSON.parse(await ask(ann, 'tasks/get', { taskId: 'task-1' }));
    // The schema wants a string where the mask has null.
    assert.deepEqual(shown.result.structuredContent, { rows: [{ secret: '[masked]' }] });
  }));

test('promise 5: rows of a task’s result are counted and cut; a notification does not go around that', () =>
  on(
    'default: allow\nrules:\n  - { name: few, when: { tools: [query], arguments: { /table: [big] } }, then: { limit: { rows: 3 } } }\n',
    async (bench) => {
      const ann = await begun(bench, { table: 'big' });
      const rows = Array.from({ length: 20 }, (_, id) => ({ id, name: `row ${id}` }));
      const result = { content: [{ type: 'text', text: 'x' }], structuredContent: { rows } };
      ann.answers = { ...ann.answers, 'tasks/get': completed(result) };
      const { result: shown } = JSON.parse(await ask(ann, 'tasks/get', { taskId: 'task-1' }));
      assert.equal(shown.taskId, 'task-1');
      assert.deepEqual(shown.result.structuredContent.rows, rows.slice(0, 3));
      assert.deepEqual(shown.result._meta['dev.sluice/cut'].rows, { shown: 3, of: 20 });
      const params = { ...TASK, status: 'completed', result };
      const pushed = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tasks', params });
      assert.match(await ann.told(pushed), /^dropped/);
    },
  ));

test('polls are judged as the call was, by its arguments; what is said in them is judged as well', () =>
  on(
    'default: deny\nrules:\n  - { name: small, when: { tools: [query], arguments: { /table: [small] } }, then: allow }\n',
    async (bench) => {
      const ann = await begun(bench, { table: 'small' });
      const update = {
        taskId: 'task-1',
        inputResponses: { a: { action: 'accept', content: { all: true } } },
      };
      assert.match(await ask(ann, 'tasks/get', { taskId: 'task-1' }), /"status":"working"/);
      assert.match(await ask(ann, 'tasks/update', update), /"resultType":"complete"/);
      bench.policy(
        'default: allow\nrules:\n  - { name: not-all, when: { arguments: { /inputResponses/a/content/all: [true] } }, then: deny }\n',
      );
      assert.match(await ask(ann, 'tasks/update', update), /not-all/);
      bench.policy('default: allow\nrules:\n  - { name: no-query, when: { tools: [query] }, then: deny }\n');
      for (const method of ABOUT)
        assert.match(await ask(ann, method, { taskId: 'task-1', inputResponses: {} }), /no-query/);
      const listening = { notifications: { taskIds: ['task-1'] } };
      assert.match(await ask(ann, 'subscriptions/listen', listening), /-32602/);
    },
  ));

test('what a task asks of the client is judged', () =>
  on(
    'default: allow\nrules:\n  - { name: no-sampling, when: { calls: [sampling/createMessage] }, then: deny }\n',
    async (bench) => {
      const ann = await begun(bench);
      for (const method of ['sampling/createMessage', 'files/read']) {
        const state = { status: 'input_required', inputRequests: { a: { method, params: {} } } };
        ann.answers = { ...ann.answers, 'tasks/get': told(state) };
        assert.match(await ask(ann, 'tasks/get', { taskId: 'task-1' }), /"error":/);
        const params = { ...TASK, ...state };
        assert.match(
          await ann.told(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tasks', params })),
          /^dropped/,
        );
      }
    },
  ));
