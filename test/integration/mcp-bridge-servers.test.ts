/** Servers that a bridge meets and that the SDKs do not make: how their era is found out, and what is odd about them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LegError } from '../../src/transport/mcp/legs.ts';
import { bridgeTo, legacyClient, type TestBridge } from '../support/mcp-bridge.ts';
import { answerTo, messageOf, messagesOf, modernMessage } from '../support/mcp-messages.ts';
import { serve } from '../support/mcp-servers.ts';
import { until } from '../support/until.ts';

interface Said {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly _meta?: Record<string, unknown> };
  readonly result?: unknown;
}

interface Served {
  readonly bridge: TestBridge;
  readonly said: Said[];
}

/** `answer` gets what is said; null: 202. */
async function withServer(
  answer: (said: Said, request: Request) => Response | null | Promise<Response | null>,
  run: (served: Served) => Promise<void>,
): Promise<void> {
  const all: Said[] = [];
  const server = await serve(async (request) => {
    const text = await request.text();
    const said: Said = text === '' ? {} : JSON.parse(text);
    all.push(said);
    return (await answer(said, request)) ?? new Response(null, { status: 202 });
  });
  const bridge = bridgeTo(server.port);
  try {
    await run({ bridge, said: all });
  } finally {
    await bridge.close();
    await server.close();
  }
}

const INITIALIZED = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {}, tasks: { list: {} } },
  serverInfo: { name: 'odd', version: '1' },
};

function result(said: Said, value: unknown): Response {
  return Response.json({ jsonrpc: '2.0', id: said.id, result: value });
}

function failure(said: Said, code: number, data?: unknown, status = 200): Response {
  return Response.json(
    { jsonrpc: '2.0', id: said.id ?? null, error: { code, message: 'no', data } },
    { status },
  );
}

function events(messages: readonly unknown[], headers: Record<string, string> = {}): Response {
  const text = messages
    .map((one) => (typeof one === 'string' ? one : `data: ${JSON.stringify(one)}\n\n`))
    .join('');
  return new Response(text, { headers: { 'content-type': 'text/event-stream', ...headers } });
}

const list = (id: number) => modernMessage(id, 'tools/list');

for (const [what, refuses] of [
  ['an error of its own', (said: Said) => failure(said, -32601)],
  ['an error with status 400', (said: Said) => failure(said, -32000, undefined, 400)],
  ['a page with status 404', () => new Response('<p>no</p>', { status: 404 })],
] as const) {
  test(`a server that answers server/discover with ${what} is of the legacy era`, async () => {
    await withServer(
      (said, request) => {
        if (request.method !== 'POST') return new Response(null, { status: 405 });
        if (said.method === 'server/discover') return refuses(said);
        if (said.method === 'initialize') return result(said, INITIALIZED);
        return said.method === 'tools/list' ? result(said, { tools: [] }) : null;
      },
      async ({ bridge, said }) => {
        const leg = bridge.leg('modern');
        const answer = await answerTo(leg, list(1));
        assert.deepEqual(answer.result?.['tools'], []);
        await answerTo(leg, list(2));
        assert.equal(said.filter(({ method }) => method === 'server/discover').length, 1);
        assert.equal(said.filter(({ method }) => method === 'initialize').length, 1);
        const { result: discovered } = await answerTo(leg, modernMessage(3, 'server/discover'));
        assert.deepEqual(discovered?.['capabilities'], { tools: {} });
        const tasks = await answerTo(leg, modernMessage(4, 'tasks/get', { taskId: 't' }));
        assert.equal(tasks.error?.code, -32601);
      },
    );
  });
}

test('that a server cannot be reached says nothing of its era', async () => {
  const server = await serve(() => Promise.resolve(new Response(null, { status: 500 })));
  await server.close();
  const bridge = bridgeTo(server.port);
  await assert.rejects(
    bridge.leg('modern').send(list(1)),
    (error: unknown) => error instanceof LegError && error.fault === 'unreachable',
  );
  await bridge.close();
});

test('a modern server of revisions to come is told of in the words of the legacy era', async () => {
  await withServer(
    (said) =>
      said.method === 'initialize'
        ? new Response(null, { status: 400 })
        : failure(said, -32022, { supported: ['2030-01-01'], requested: '2026-07-28' }, 400),
    async ({ bridge }) => {
      const initialize = messageOf({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
      });
      const { id, error } = await answerTo(bridge.leg('legacy'), initialize);
      assert.equal(id, 1);
      assert.deepEqual(error, {
        code: -32602,
        message: 'Unsupported protocol version',
        data: { supported: ['2030-01-01'], requested: '2025-06-18' },
      });
    },
  );
});

test('a legacy server that lets go of a stream is asked for the rest of it', async () => {
  const resumed: (string | null)[] = [];
  await withServer(
    (said, request) => {
      const last = request.headers.get('last-event-id');
      if (request.method === 'GET') {
        if (last === null) return new Response(null, { status: 405 });
        resumed.push(last);
        return events([{ jsonrpc: '2.0', id: 2, result: { content: [] } }]);
      }
      if (said.method === 'initialize') return result(said, INITIALIZED);
      if (said.method === 'server/discover') return failure(said, -32601);
      return said.method === 'tools/call' ? events(['id: e1\nretry: 5\ndata: \n\n']) : null;
    },
    async ({ bridge }) => {
      const answer = await answerTo(bridge.leg('modern'), modernMessage('x', 'tools/call', { name: 'a' }));
      assert.equal(answer.id, 'x');
      assert.deepEqual(answer.result?.['content'], []);
      assert.deepEqual(resumed, ['e1']);
    },
  );
});

test('what a legacy server asks before anything runs is asked with the first request that can ask', async () => {
  await withServer(
    (said, request) => {
      if (request.method === 'GET') return events([{ jsonrpc: '2.0', id: 'r', method: 'roots/list' }]);
      if (said.method === 'initialize') return result(said, INITIALIZED);
      if (said.method === 'server/discover') return failure(said, -32601);
      if (said.method === 'tools/list') return result(said, { tools: [] });
      return said.method === 'tools/call'
        ? events([{ jsonrpc: '2.0', id: said.id, result: { content: [] } }])
        : null;
    },
    async ({ bridge, said }) => {
      const leg = bridge.leg('modern');
      await answerTo(leg, list(1));
      await until(() => said.some((one) => Object.keys(one).length === 0), 'the stream of the session');
      const first = await answerTo(leg, modernMessage(2, 'tools/call', { name: 'a' }));
      assert.deepEqual(first.result?.['inputRequests'], { 'roots-1': { method: 'roots/list' } });
      const retry = {
        name: 'a',
        requestState: first.result?.['requestState'],
        inputResponses: { 'roots-1': { roots: [] } },
      };
      const second = await answerTo(leg, modernMessage(3, 'tools/call', retry));
      assert.deepEqual(second.result?.['content'], []);
      await until(
        () => said.some(({ id, result: given }) => id === 'r' && given !== undefined),
        'the answer',
      );
      assert.deepEqual(said.find(({ id }) => id === 'r')?.result, { roots: [] });
    },
  );
});

test('what a legacy server asks and its client has not declared is refused, and pings are answered', async () => {
  await withServer(
    (said, request) => {
      if (request.method === 'GET') return new Response(null, { status: 405 });
      if (said.method === 'initialize') return result(said, INITIALIZED);
      if (said.method === 'server/discover') return failure(said, -32601);
      if (said.method !== 'tools/call') return null;
      return events([
        { jsonrpc: '2.0', id: 'p', method: 'ping' },
        { jsonrpc: '2.0', id: 's', method: 'sampling/createMessage', params: {} },
        { jsonrpc: '2.0', id: 'u', method: 'tasks/list' },
        { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: 'unasked' } },
        { jsonrpc: '2.0', id: said.id, result: { content: [] } },
      ]);
    },
    async ({ bridge, said }) => {
      const bare = { 'io.modelcontextprotocol/clientCapabilities': {} };
      const call = modernMessage(1, 'tools/call', { name: 'a' }, undefined, bare);
      const messages = await messagesOf(bridge.leg('modern'), call);
      assert.deepEqual(
        messages.map(({ id }) => id),
        [1],
      );
      const answered = (id: string) => said.find((one) => one.id === id && one.method === undefined);
      await until(() => ['p', 's', 'u'].every((id) => answered(id) !== undefined), 'three answers');
      assert.deepEqual(answered('p')?.result, {});
      assert.equal(answered('s')?.result, undefined);
    },
  );
});

test('a page that has to be seen to first is asked for, and the request is sent anew', async () => {
  let calls = 0;
  const page = { mode: 'url', elicitationId: 'e', url: 'https://example.test/', message: 'log in' };
  await withServer(
    (said, request) => {
      if (request.method === 'GET') return new Response(null, { status: 405 });
      if (said.method === 'initialize') return result(said, INITIALIZED);
      if (said.method === 'server/discover') return failure(said, -32601);
      if (said.method !== 'tools/call') return null;
      calls++;
      return calls === 1 ? failure(said, -32042, { elicitations: [page] }) : result(said, { content: [] });
    },
    async ({ bridge }) => {
      const leg = bridge.leg('modern');
      const first = await answerTo(leg, modernMessage(1, 'tools/call', { name: 'a' }));
      const { elicitationId: _, ...params } = page;
      assert.deepEqual(first.result, {
        resultType: 'input_required',
        inputRequests: { 'page-1': { method: 'elicitation/create', params } },
      });
      const inputResponses = { 'page-1': { action: 'accept' } };
      const second = await answerTo(leg, modernMessage(2, 'tools/call', { name: 'a', inputResponses }));
      assert.deepEqual(second.result?.['content'], []);
    },
  );
});

test('what only results of the modern era may be, a legacy client does not get', async () => {
  const tools = [
    { name: 'a', inputSchema: { type: 'object' }, outputSchema: { type: 'array' } },
    { name: 'b', inputSchema: { type: 'object' }, outputSchema: { type: 'object' } },
  ];
  await withServer(
    (said) => {
      if (said.method === 'initialize') return failure(said, -32022, { supported: ['2026-07-28'] }, 400);
      if (said.method === 'server/discover')
        return result(said, {
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities: {
            tools: {},
            extensions: { 'io.modelcontextprotocol/tasks': {}, 'x.test/other': {} },
          },
          ttlMs: 0,
          cacheScope: 'private',
        });
      if (said.method === 'tools/list')
        return result(said, { resultType: 'complete', tools, ttlMs: 1, cacheScope: 'public' });
      return result(said, { resultType: 'complete', content: [], structuredContent: [1] });
    },
    async ({ bridge }) => {
      const { client, transport } = await legacyClient(bridge.leg('legacy'));
      assert.deepEqual(client.getServerCapabilities(), { tools: {}, extensions: { 'x.test/other': {} } });
      const listed = await client.listTools();
      assert.deepEqual(
        listed.tools.map(({ outputSchema }) => outputSchema),
        [undefined, { type: 'object' }],
      );
      await client.callTool({ name: 'a' });
      assert.equal(transport.received.at(-1)?.includes('structuredContent'), false);
      assert.ok(!transport.received.some((message) => /resultType|ttlMs|cacheScope/.test(message)));
      await client.close();
    },
  );
});
