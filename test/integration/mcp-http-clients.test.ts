/** The official SDKs, of both generations, at servers of both, through Sluice by HTTP. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { ProxyError } from '../../src/core/errors.ts';
import { type Everything, startEverything } from '../support/mcp-everything.ts';
import { startOlderServer } from '../support/mcp-older.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

let server: Everything;
let sluice: Sluice;

before(async () => {
  server = await startEverything();
  sluice = await startSluice({ upstream: server.url, protocol: 'mcp' });
});

after(async () => {
  await sluice.stop();
  await server.close();
});

const urlOf = (one: Sluice) => new URL(`http://127.0.0.1:${one.port}/mcp`);
const briefsOf = ({ server: { sessions } }: Sluice) => [...sessions.briefs()];
const INFO = { name: 'sdk', version: '1' };

interface Told {
  readonly logged: unknown[];
  readonly changed: string[];
}

function oldClient(): { readonly client: OldClient; readonly told: Told } {
  const client = new OldClient(INFO, { capabilities: { sampling: {}, elicitation: {} } });
  const told: Told = { logged: [], changed: [] };
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    model: 'none',
    role: 'assistant' as const,
    content: { type: 'text' as const, text: 'sampled' },
  }));
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept' as const,
    content: { username: 'anna', email: 'a@b.example' },
  }));
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    told.logged.push(params.data);
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    told.changed.push('tools');
  });
  return { client, told };
}

const textOf = (result: unknown) => JSON.stringify(result);

test('a legacy client has all that a session offers', async () => {
  const { client, told } = oldClient();
  const transport = new OldTransport(urlOf(sluice));
  await client.connect(transport);
  assert.equal(transport.protocolVersion, '2025-11-25');
  const { tools } = await client.listTools();
  assert.ok(tools.some(({ name }) => name === 'test_simple_text'));
  const progress: number[] = [];
  await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, undefined, {
    onprogress: (one) => progress.push(one.progress),
  });
  assert.deepEqual(progress, [0, 50, 100]);
  await client.setLoggingLevel('info');
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} });
  assert.deepEqual(told.logged, [
    'Tool execution started',
    'Tool processing data',
    'Tool execution completed',
  ]);
  const sampled = await client.callTool({ name: 'test_sampling', arguments: { prompt: 'x' } });
  assert.match(textOf(sampled), /LLM response: sampled/);
  const asked = await client.callTool({ name: 'test_elicitation', arguments: { message: 'who?' } });
  assert.match(textOf(asked), /action=accept.*anna/);
  assert.match(textOf(await client.readResource({ uri: 'test://template/7/data' })), /Data for ID: 7/);
  assert.match(
    textOf(
      await client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } }),
    ),
    /arg1='a', arg2='b'/,
  );
  const completed = await client.complete({
    ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
    argument: { name: 'arg1', value: 'par' },
  });
  assert.deepEqual(completed.completion.values, ['paris', 'park', 'party']);
  await until(() => {
    server.toolsChanged();
    return told.changed.length > 0;
  }, 'a change of the list');
  const again = await client.callTool({ name: 'test_reconnection', arguments: {} });
  assert.match(textOf(again), /Reconnection test completed/);
  await transport.terminateSession();
  await client.close();
});

test('a call that a legacy client cancels is cancelled at the server, and the session goes on', async () => {
  const { client } = oldClient();
  await client.connect(new OldTransport(urlOf(sluice)));
  const abort = new AbortController();
  const call = client.callTool({ name: 'test_cancelled', arguments: {} }, undefined, {
    signal: abort.signal,
    onprogress() {},
  });
  await until(() => briefsOf(sluice).some(({ phase }) => phase === 'busy'), 'a call');
  abort.abort();
  await assert.rejects(call);
  await until(() => briefsOf(sluice).every(({ phase }) => phase !== 'busy'), 'its end');
  assert.match(textOf(await client.callTool({ name: 'test_simple_text', arguments: {} })), /simple text/);
  await client.close();
});

test('a modern client has all that a request offers', async () => {
  const client = new Client(INFO, {
    capabilities: { sampling: {}, elicitation: { form: {} }, roots: {} },
    versionNegotiation: { mode: { pin: '2026-07-28' } },
  });
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'anna' } }));
  client.setRequestHandler('sampling/createMessage', () => ({
    model: 'none',
    role: 'assistant',
    content: { type: 'text', text: 'sampled' },
  }));
  client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///here' }] }));
  await client.connect(new StreamableHTTPClientTransport(urlOf(sluice)));
  assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
  const { tools } = await client.listTools();
  assert.ok(tools.some(({ name }) => name === 'test_headers'));
  const mirrored = await client.callTool({ name: 'test_headers', arguments: { region: 'äé', limit: 3 } });
  assert.match(textOf(mirrored), /äé/);
  const progress: number[] = [];
  await client.callTool(
    { name: 'test_tool_with_progress', arguments: {} },
    { onprogress: (one) => progress.push(one.progress) },
  );
  assert.deepEqual(progress, [0, 50, 100]);
  const asked = await client.callTool({ name: 'test_input_required_result_elicitation', arguments: {} });
  assert.match(textOf(asked), /Hello, anna!/);
  const several = await client.callTool({
    name: 'test_input_required_result_multiple_inputs',
    arguments: {},
  });
  assert.match(textOf(several), /All of it has come/);
  assert.match(textOf(await client.readResource({ uri: 'test://template/7/data' })), /Data for ID: 7/);
  const abort = new AbortController();
  const lost = client.callTool({ name: 'test_cancelled', arguments: {} }, { signal: abort.signal });
  await until(() => briefsOf(sluice).some(({ phase }) => phase === 'busy'), 'a call');
  abort.abort();
  await assert.rejects(lost);
  await until(() => briefsOf(sluice).every(({ phase }) => phase !== 'busy'), 'its end');
  await client.close();
});

test('clients of HTTP+SSE are served, and so are servers of it, each by itself and together', async () => {
  const older = await startOlderServer();
  const front = await startSluice({ upstream: older.url, protocol: 'mcp' });
  try {
    for (const [one, transport] of [
      [front, new SSEClientTransport(urlOf(front))],
      [front, new OldTransport(urlOf(front))],
    ] as const) {
      const { client } = oldClient();
      await client.connect(transport);
      assert.equal((await client.listTools()).tools[0]?.name, 'ask');
      const progress: number[] = [];
      const result = await client.callTool({ name: 'ask', arguments: {} }, undefined, {
        onprogress: ({ progress: at }) => progress.push(at),
      });
      assert.match(textOf(result), /said: .*sampled/);
      assert.deepEqual(progress, [1]);
      if (transport instanceof OldTransport) await transport.terminateSession();
      await client.close();
      await until(() => briefsOf(one).length === 0, 'the end of the session');
      await until(() => older.open === 0, 'the end of the server’s stream');
    }
    const { client } = oldClient();
    await client.connect(new SSEClientTransport(urlOf(sluice)));
    assert.match(textOf(await client.callTool({ name: 'test_simple_text', arguments: {} })), /simple text/);
    await client.close();
  } finally {
    await front.stop();
    await older.close();
  }
});

test('promise 12: a session that is ended is over at once, and unknown from then on', async () => {
  const { client } = oldClient();
  const transport = new OldTransport(urlOf(sluice));
  await client.connect(transport);
  const brief = briefsOf(sluice).findLast(({ application }) => application === 'sdk/1');
  assert.ok(brief !== undefined);
  const running = assert.rejects(client.callTool({ name: 'test_cancelled', arguments: {} }));
  await until(() => briefsOf(sluice).some(({ phase }) => phase === 'busy'), 'a call');
  assert.equal(sluice.server.sessions.terminate(brief.id, new ProxyError('terminated')), true);
  await until(() => briefsOf(sluice).every(({ id }) => id !== brief.id), 'the end of the session');
  await assert.rejects(client.callTool({ name: 'test_simple_text', arguments: {} }), /not known here/);
  await client.close();
  await running;
});

test('a stop lets what runs finish', async () => {
  const own = await startSluice({ upstream: server.url, protocol: 'mcp', drain: '5s' });
  const { client } = oldClient();
  await client.connect(new OldTransport(urlOf(own)));
  assert.equal(briefsOf(own)[0]?.application, 'sdk/1');
  const running = client.callTool({ name: 'test_tool_with_progress', arguments: {} });
  await until(() => briefsOf(own).some(({ phase }) => phase === 'busy'), 'a call');
  const stopped = own.stop();
  assert.match(textOf(await running), /content/);
  await client.close();
  await stopped;
});
