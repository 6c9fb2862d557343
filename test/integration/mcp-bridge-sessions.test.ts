/** Sessions at legacy servers that modern clients do not know of: whose they are, how many, and what waits in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeTo, type TestBridge } from '../support/mcp-bridge.ts';
import { answerTo, messagesOf, modernMessage } from '../support/mcp-messages.ts';
import { legacyServer, type TestServer } from '../support/mcp-servers.ts';
import { until } from '../support/until.ts';

async function withLegacyServer(
  run: (server: TestServer, bridge: TestBridge) => Promise<void>,
  limits: Parameters<typeof bridgeTo>[2] = {},
): Promise<void> {
  const server = await legacyServer();
  const bridge = bridgeTo(server.port, 'legacy', limits);
  try {
    await run(server, bridge);
  } finally {
    await bridge.close();
    await server.close();
  }
}

const echo = (id: number, text: string) =>
  modernMessage(id, 'tools/call', { name: 'echo', arguments: { text } });

function begun(server: TestServer): number {
  return server.received.filter((body) => body.includes('"initialize"')).length;
}

function idsAt(server: TestServer): unknown[] {
  return server.received.map((body) => JSON.parse(body).id).filter((id) => id !== undefined);
}

test('requests of several streams that have the same id and token share a session and never meet', async () => {
  await withLegacyServer(async (server, bridge) => {
    const steps = () =>
      modernMessage(1, 'tools/call', { name: 'steps' }, undefined, { progressToken: 'same' });
    const [a, b, first, second] = await Promise.all([
      answerTo(bridge.leg('modern'), echo(1, 'a')),
      answerTo(bridge.leg('modern'), echo(1, 'b')),
      messagesOf(bridge.leg('modern'), steps()),
      messagesOf(bridge.leg('modern'), steps()),
    ]);
    assert.deepEqual(
      [a, b].map(({ id, result }) => [id, result?.['content']]),
      ['a', 'b'].map((text) => [1, [{ type: 'text', text }]]),
    );
    for (const messages of [first, second]) {
      assert.deepEqual(
        messages.map(({ id, params }) => id ?? [params?.['progressToken'], params?.['progress']]),
        [['same', 1], ['same', 2], ['same', 3], 1],
      );
    }
    assert.equal(begun(server), 1);
    assert.equal(new Set(idsAt(server)).size, idsAt(server).length);
  });
});

test('principals, clients and capabilities have sessions of their own', async () => {
  await withLegacyServer(async (server, bridge) => {
    await answerTo(bridge.leg('modern', 'ann'), echo(1, 'a'));
    await answerTo(bridge.leg('modern', 'ann'), echo(2, 'a'));
    assert.equal(begun(server), 1);
    await answerTo(bridge.leg('modern', 'bob'), echo(1, 'b'));
    assert.equal(begun(server), 2);
    const other = modernMessage(1, 'tools/list', {}, undefined, {
      'io.modelcontextprotocol/clientCapabilities': {},
    });
    await answerTo(bridge.leg('modern', 'bob'), other);
    assert.equal(begun(server), 3);
    assert.equal(server.sessions, 3);
  });
});

test('a session that the server has forgotten is begun anew, and the request sent again', async () => {
  await withLegacyServer(async (server, bridge) => {
    const leg = bridge.leg('modern');
    await answerTo(leg, echo(1, 'a'));
    server.forget();
    const { result } = await answerTo(leg, echo(2, 'b'));
    assert.deepEqual(result?.['content'], [{ type: 'text', text: 'b' }]);
    assert.equal(begun(server), 2);
  });
});

test('a session that nobody uses ends; one that is listened on does not', async () => {
  await withLegacyServer(
    async (server, bridge) => {
      await answerTo(bridge.leg('modern', 'ann'), echo(1, 'a'));
      const stop = new AbortController();
      const listen = modernMessage(
        1,
        'subscriptions/listen',
        { notifications: { toolsListChanged: true } },
        stop.signal,
      );
      const stream = await bridge.leg('modern', 'bob').send(listen);
      const events = stream.events[Symbol.asyncIterator]();
      await events.next();
      await until(() => server.sessions === 1, 'one session to end');
      stop.abort();
      assert.equal((await events.next()).done, true);
      await until(() => server.sessions === 0, 'the other to end');
    },
    { sessionIdleMs: 50 },
  );
});

test('where there are too many sessions, one that nobody uses makes room', async () => {
  await withLegacyServer(
    async (server, bridge) => {
      for (const principal of ['ann', 'bob', 'cid'])
        await answerTo(bridge.leg('modern', principal), echo(1, 'x'));
      await until(() => server.sessions === 2, 'the oldest to end');
      assert.equal(begun(server), 3);
    },
    { sessionsMax: 2 },
  );
});

const ask = (id: number, rest: Record<string, unknown> = {}) =>
  modernMessage(id, 'tools/call', { name: 'ask', ...rest });
const ANSWERS = { 'elicitation-1': { action: 'accept', content: { who: 'Ann' } } };

test('what waits for its client is taken up once, by the same principal, for the same request', async () => {
  await withLegacyServer(async (_server, bridge) => {
    const { id, result } = await answerTo(bridge.leg('modern'), ask(1));
    assert.equal(id, 1);
    assert.equal(result?.['resultType'], 'input_required');
    assert.deepEqual(Object.keys(result?.['inputRequests'] ?? {}), ['elicitation-1']);
    const requestState = result?.['requestState'];
    const retry = { inputResponses: ANSWERS, requestState };
    for (const [principal, message] of [
      ['bob', ask(2, retry)],
      ['ann', ask(3, { ...retry, arguments: { more: 1 } })],
      ['ann', ask(4, { ...retry, requestState: 'made up' })],
      ['ann', modernMessage(5, 'tools/call', { name: 'echo', arguments: { text: 'x' }, ...retry })],
    ] as const) {
      const { error } = await answerTo(bridge.leg('modern', principal), message);
      assert.equal(error?.code, -32602);
    }
    const done = await answerTo(bridge.leg('modern'), ask(6, retry));
    assert.equal(done.id, 6);
    assert.deepEqual(done.result?.['content'], [{ type: 'text', text: 'hello Ann' }]);
    const again = await answerTo(bridge.leg('modern'), ask(7, retry));
    assert.equal(again.error?.code, -32602);
  });
});

test('what the client leaves out is asked again', async () => {
  await withLegacyServer(async (_server, bridge) => {
    const leg = bridge.leg('modern');
    const first = await answerTo(leg, modernMessage(1, 'tools/call', { name: 'ask-all' }));
    const asked = first.result?.['inputRequests'] ?? {};
    assert.deepEqual(Object.keys(asked).length > 0, true);
    const second = await answerTo(
      leg,
      modernMessage(2, 'tools/call', { name: 'ask-all', requestState: first.result?.['requestState'] }),
    );
    assert.equal(second.result?.['resultType'], 'input_required');
    assert.notEqual(second.result?.['requestState'], first.result?.['requestState']);
  });
});

test('a client that does not come back has its request cancelled at the server', async () => {
  await withLegacyServer(
    async (server, bridge) => {
      await answerTo(bridge.leg('modern'), ask(1));
      await until(
        () => server.received.some((body) => body.includes('notifications/cancelled')),
        'the call to be cancelled',
      );
      assert.ok(server.received.some((body) => body.includes('the client has not answered in time')));
    },
    { inputWithinMs: 50 },
  );
});

test('a client that goes away has its request cancelled at the server, and nothing else', async () => {
  await withLegacyServer(async (server, bridge) => {
    const gone = new AbortController();
    const slow = answerTo(
      bridge.leg('modern'),
      modernMessage(1, 'tools/call', { name: 'slow' }, gone.signal),
    );
    const other = answerTo(bridge.leg('modern'), ask(1));
    await until(() => server.received.some((body) => body.includes('"slow"')), 'the call to arrive');
    const { result } = await other;
    gone.abort();
    await slow;
    await until(() => server.cancelled.length === 1, 'the call to be cancelled');
    const retry = { inputResponses: ANSWERS, requestState: result?.['requestState'] };
    const done = await answerTo(bridge.leg('modern'), ask(2, retry));
    assert.deepEqual(done.result?.['content'], [{ type: 'text', text: 'hello Ann' }]);
  });
});
