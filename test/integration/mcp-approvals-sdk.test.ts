/** Approvals as the official SDKs live through them: a task in the one era, a page to open in the other. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { decide, requestIn, voteOn } from '../support/approvals.ts';
import { type McpUpstream, startMcpUpstream, tool } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `
default: allow
rules:
  - { name: deletes, when: { tools: ["delete_*"] }, then: { approve: { by: [dba], within: 10m } } }
`;
const PLACE = 'https://console.example/approvals';

let upstream: McpUpstream;
let sluice: Sluice;
/** By what the listener takes the server for: with an era that is not the client's, the call is bridged. */
const urlOf = (era: 'auto' | 'legacy' | 'modern') =>
  new URL(`http://127.0.0.1:${sluice.server.ports.get(era === 'auto' ? 'shop' : era)}/mcp`);
const opened: { close(): Promise<void> }[] = [];

before(async () => {
  upstream = await startMcpUpstream();
  upstream.capabilities = { tasks: { cancel: {}, list: {}, requests: { tools: { call: {} } } } };
  upstream.tools = [{ ...tool('delete_row'), execution: { taskSupport: 'optional' } }];
  sluice = await startSluice({
    upstream: upstream.url,
    protocol: 'mcp',
    policy: POLICY,
    listeners: (['legacy', 'modern'] as const).map(
      (era) =>
        `{ name: ${era}, protocol: mcp, listen: "127.0.0.1:0", upstream: "${upstream.url}", auth: [trust], era: ${era} }`,
    ),
    config: `approvals: { url: "${PLACE}" }`,
  });
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

for (const era of ['auto', 'legacy'] as const)
  test(`SDK 1.x, server taken for ${era}: a call as a task is told whom it waits for, and gives its result after the yes`, async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(urlOf(era)));
    opened.push(client);
    const call = { name: 'delete_row', arguments: { id: 1 } };
    const seen: string[] = [];
    const stream = client.experimental.tasks.callToolStream(call, undefined, { task: { ttl: 60_000 } });
    for await (const message of stream) {
      if (message.type === 'taskCreated') {
        const { id } = await requestIn(sluice);
        assert.match(message.task.statusMessage ?? '', new RegExp(id));
        await voteOn(sluice, id, 'approve');
      }
      if (message.type === 'result')
        assert.deepEqual(message.result.content, [{ type: 'text', text: 'delete_row done' }]);
      assert.notEqual(message.type, 'error');
      seen.push(message.type);
    }
    assert.equal(seen[0], 'taskCreated');
    assert.equal(seen.at(-1), 'result');
  });

test('SDK 1.x at a modern server: the call is told the id and the place, and the same call runs after the yes', async () => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(urlOf('modern')));
  opened.push(client);
  const call = { name: 'delete_row', arguments: { id: 3 } };
  const told = JSON.stringify(await client.callTool(call));
  const { id } = await requestIn(sluice);
  assert.ok(told.includes(id) && told.includes(`${PLACE}/${id}`), told);
  const before = upstream.calls.length;
  await voteOn(sluice, id, 'approve');
  const done = await client.callTool(call);
  assert.deepEqual(done.content, [{ type: 'text', text: 'delete_row done' }]);
  assert.equal(upstream.calls.length, before + 1);
});

for (const era of ['auto', 'modern', 'legacy'] as const)
  test(`SDK 2.x, server taken for ${era}: a client that opens pages opens the one, and its call goes on by itself after the yes`, async () => {
    const client = new ModernClient(
      { name: 'test', version: '1' },
      { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: 'auto' } },
    );
    const pages: string[] = [];
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      pages.push('url' in params ? String(params.url) : '');
      await decide(sluice, 'approve');
      return { action: 'accept' };
    });
    await client.connect(new ModernTransport(urlOf(era)));
    opened.push(client);
    const done = await client.callTool({ name: 'delete_row', arguments: { id: 2 } });
    assert.deepEqual(done.content, [{ type: 'text', text: 'delete_row done' }]);
    assert.equal(pages.length, 1);
    assert.ok(pages[0]?.startsWith(`${PLACE}/`));
  });
