/** Clients of one era at servers of the other, and of their own: the official SDKs on both sides, HTTP towards the server. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import {
  bridgeTo,
  legacyClient,
  modernClient,
  PLACES,
  SAID,
  type TestBridge,
} from '../support/mcp-bridge.ts';
import { legacyServer, modernServer, type TestServer } from '../support/mcp-servers.ts';
import { until } from '../support/until.ts';

const SERVERS = [
  { name: 'a modern server', start: () => modernServer(), era: 'modern' },
  { name: 'a legacy server', start: () => legacyServer(), era: 'legacy' },
] as const;

function textOf(result: unknown): string {
  const content: unknown =
    typeof result === 'object' && result !== null && 'content' in result ? result.content : null;
  const first: unknown = Array.isArray(content) ? content[0] : null;
  return typeof first === 'object' && first !== null && 'text' in first ? String(first.text) : '';
}

for (const { name, start, era } of SERVERS) {
  describe(`a legacy client and ${name}`, () => {
    let server: TestServer;
    let bridge: TestBridge;
    before(async () => {
      server = await start();
      bridge = bridgeTo(server.port);
    });
    after(async () => {
      await bridge.close();
      await server.close();
    });

    test('tools, resources, prompts, completion', async () => {
      const { client } = await legacyClient(bridge.leg('legacy'));
      assert.equal(client.getInstructions(), 'for tests');
      assert.equal(client.getServerVersion()?.name, `${era}-test`);
      const { tools } = await client.listTools();
      assert.ok(tools.some(({ name: tool }) => tool === 'echo'));
      assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { text: 'hi' } })), 'hi');
      const { contents } = await client.readResource({ uri: 'note://1' });
      assert.deepEqual(contents, [{ uri: 'note://1', text: 'a note' }]);
      const prompt = await client.getPrompt({ name: 'greet', arguments: { style: 'plain' } });
      assert.deepEqual(prompt.messages[0]?.content, { type: 'text', text: 'greet me, plain' });
      const ref = { type: 'ref/prompt' as const, name: 'greet' };
      const { completion } = await client.complete({ ref, argument: { name: 'style', value: 'po' } });
      assert.deepEqual(completion.values, ['poetic']);
      await client.ping();
      await assert.rejects(client.readResource({ uri: 'note://none' }), { code: -32602 });
      await client.close();
    });

    test('progress, and log messages from the level on that was set', async () => {
      const { client } = await legacyClient(bridge.leg('legacy'));
      const logged: unknown[] = [];
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
        logged.push(params.data);
      });
      const steps: number[] = [];
      await client.callTool({ name: 'steps' }, undefined, {
        onprogress: ({ progress }) => steps.push(progress),
      });
      assert.deepEqual(steps, [1, 2, 3]);
      await client.setLoggingLevel('error');
      await client.callTool({ name: 'logs' });
      if (era === 'modern') assert.deepEqual(logged, ['loud']);
      await client.setLoggingLevel('debug');
      logged.length = 0;
      await client.callTool({ name: 'logs' });
      assert.deepEqual(logged, ['quiet', 'loud']);
      await client.close();
    });

    test('a cancelled call is cancelled at the server', async () => {
      const { client } = await legacyClient(bridge.leg('legacy'));
      const controller = new AbortController();
      const before = server.cancelled.length;
      const called = client.callTool({ name: 'slow' }, undefined, { signal: controller.signal });
      await until(() => server.received.at(-1)?.includes('"slow"') === true, 'the call has arrived');
      controller.abort();
      await assert.rejects(called);
      await until(() => server.cancelled.length > before, 'the call was cancelled');
      await client.close();
    });

    test('elicitation, sampling and roots in the middle of a call', async () => {
      const { client } = await legacyClient(bridge.leg('legacy'));
      const asked = textOf(await client.callTool({ name: 'ask' }));
      assert.equal(asked, era === 'modern' ? 'hello Ann (kept "as" it is)' : 'hello Ann');
      const all = textOf(await client.callTool({ name: 'ask-all' }));
      assert.deepEqual(JSON.parse(all), [SAID, PLACES]);
      await client.close();
    });

    test('a client that cannot answer is told so, and not asked', async () => {
      const { client } = await legacyClient(bridge.leg('legacy'), false);
      const answer = await client.callTool({ name: 'ask' }).then(textOf, (error: Error) => error.message);
      assert.match(answer, /elicitation/i);
      await client.close();
    });

    test('changes of lists and resources that were subscribed to', async () => {
      const { client } = await legacyClient(bridge.leg('legacy'));
      const updated: string[] = [];
      let lists = 0;
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
        updated.push(params.uri);
      });
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
        lists++;
      });
      await client.subscribeResource({ uri: 'note://1' });
      await client.callTool({ name: 'touch' });
      await until(() => updated.length > 0, 'the change of the resource was told');
      assert.deepEqual(updated, ['note://1']);
      await until(() => {
        if (lists === 0) server.toolsChanged();
        return lists > 0;
      }, 'the change of the list was told');
      await client.unsubscribeResource({ uri: 'note://1' });
      await client.close();
    });
  });

  describe(`a modern client and ${name}`, () => {
    let server: TestServer;
    let bridge: TestBridge;
    before(async () => {
      server = await start();
      bridge = bridgeTo(server.port);
    });
    after(async () => {
      await bridge.close();
      await server.close();
    });

    test('tools, resources, prompts, completion', async () => {
      const { client, transport } = await modernClient(bridge.leg('modern'));
      assert.equal(client.getInstructions(), 'for tests');
      const { tools } = await client.listTools();
      assert.ok(tools.some(({ name: tool }) => tool === 'echo'));
      assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { text: 'hi' } })), 'hi');
      const { contents } = await client.readResource({ uri: 'note://1' });
      assert.deepEqual(contents, [{ uri: 'note://1', text: 'a note' }]);
      const prompt = await client.getPrompt({ name: 'greet', arguments: { style: 'plain' } });
      assert.deepEqual(prompt.messages[0]?.content, { type: 'text', text: 'greet me, plain' });
      const ref = { type: 'ref/prompt' as const, name: 'greet' };
      const { completion } = await client.complete({ ref, argument: { name: 'style', value: 'po' } });
      assert.deepEqual(completion.values, ['poetic']);
      await assert.rejects(client.readResource({ uri: 'note://none' }), { code: -32602 });
      for (const message of transport.received.filter((one) => one.includes('"result"'))) {
        const { result } = JSON.parse(message);
        assert.equal(result.resultType, 'complete', message);
        assert.equal(result._meta['io.modelcontextprotocol/serverInfo'].name, `${era}-test`, message);
      }
      await client.close();
    });

    test('progress, and log messages of the level that the request asks for', async () => {
      const { client } = await modernClient(bridge.leg('modern'));
      const logged: unknown[] = [];
      client.setNotificationHandler('notifications/message', ({ params }) => {
        logged.push(params.data);
      });
      const steps: number[] = [];
      await client.callTool({ name: 'steps' }, { onprogress: ({ progress }) => steps.push(progress) });
      assert.deepEqual(steps, [1, 2, 3]);
      await client.callTool({ name: 'logs' });
      assert.deepEqual(logged, []);
      const logLevel = (level: string) => ({ 'io.modelcontextprotocol/logLevel': level });
      await client.callTool({ name: 'logs', _meta: logLevel('error') });
      assert.deepEqual(logged, ['loud']);
      await client.callTool({ name: 'logs', _meta: logLevel('debug') });
      assert.deepEqual(logged, ['loud', 'quiet', 'loud']);
      await client.close();
    });

    test('a cancelled call is cancelled at the server', async () => {
      const { client } = await modernClient(bridge.leg('modern'));
      const controller = new AbortController();
      const before = server.cancelled.length;
      const called = client.callTool({ name: 'slow' }, { signal: controller.signal });
      await until(() => server.received.at(-1)?.includes('"slow"') === true, 'the call has arrived');
      controller.abort();
      await assert.rejects(called);
      await until(() => server.cancelled.length > before, 'the call was cancelled');
      await client.close();
    });

    test('elicitation, sampling and roots in the middle of a call', async () => {
      const { client } = await modernClient(bridge.leg('modern'));
      const asked = textOf(await client.callTool({ name: 'ask' }));
      assert.equal(asked, era === 'modern' ? 'hello Ann (kept "as" it is)' : 'hello Ann');
      const all = textOf(await client.callTool({ name: 'ask-all' }));
      assert.deepEqual(JSON.parse(all), [SAID, PLACES]);
      await client.close();
    });

    test('a client that cannot answer is told so, and not asked', async () => {
      const { client } = await modernClient(bridge.leg('modern'), false);
      const answer = await client.callTool({ name: 'ask' }).then(textOf, (error: Error) => error.message);
      assert.match(answer, /elicitation/i);
      await client.close();
    });

    test('changes of lists and resources that were subscribed to', async () => {
      const { client } = await modernClient(bridge.leg('modern'));
      const updated: string[] = [];
      let lists = 0;
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
        updated.push(params.uri);
      });
      client.setNotificationHandler('notifications/tools/list_changed', () => {
        lists++;
      });
      const listening = await client.listen({ toolsListChanged: true, resourceSubscriptions: ['note://1'] });
      assert.deepEqual(listening.honoredFilter, {
        toolsListChanged: true,
        resourceSubscriptions: ['note://1'],
      });
      await client.callTool({ name: 'touch' });
      await until(() => updated.length > 0, 'the change of the resource was told');
      assert.deepEqual(updated, ['note://1']);
      await until(() => {
        if (lists === 0) server.toolsChanged();
        return lists > 0;
      }, 'the change of the list was told');
      await listening.close();
      await client.callTool({ name: 'touch' });
      assert.deepEqual(updated, ['note://1']);
      await client.close();
    });
  });
}

test('a server that speaks both eras is not bridged', async () => {
  const server = await modernServer({ alsoLegacy: true });
  const bridge = bridgeTo(server.port);
  const legacy = await legacyClient(bridge.leg('legacy'));
  assert.equal(textOf(await legacy.client.callTool({ name: 'echo', arguments: { text: 'a' } })), 'a');
  assert.ok(!server.received.some((body) => body.includes('server/discover')));
  const modern = await modernClient(bridge.leg('modern'));
  assert.equal(textOf(await modern.client.callTool({ name: 'echo', arguments: { text: 'b' } })), 'b');
  assert.equal(server.received.filter((body) => body.includes('"initialize"')).length, 1);
  await Promise.all([legacy.client.close(), modern.client.close()]);
  await bridge.close();
  await server.close();
});

test('a modern server that asks without end is given up', async () => {
  const server = await modernServer();
  const bridge = bridgeTo(server.port);
  const { client } = await legacyClient(bridge.leg('legacy'));
  await assert.rejects(client.callTool({ name: 'ask-for-ever' }), /asked for input 10 times/);
  assert.equal(server.received.filter((body) => body.includes('ask-for-ever')).length, 11);
  await client.close();
  await bridge.close();
  await server.close();
});
