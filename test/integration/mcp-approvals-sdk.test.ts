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
let url: URL;
const opened: { close(): Promise<void> }[] = [];

before(async () => {
  upstream = await startMcpUpstream();
  upstream.capabilities = { tasks: { cancel: {}, list: {}, requests: { tools: { call: {} } } } };
  upstream.tools = [{ ...tool('delete_row'), execution: { taskSupport: 'optional' } }];
  sluice = await startSluice({
    upstream: upstream.url,
    protocol: 'mcp',
    policy: POLICY,
    config: `approvals: { url: "${PLACE}" }`,
  });
  url = new URL(`http://127.0.0.1:${sluice.port}/mcp`);
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

test('SDK 1.x: a call as a task is told whom it waits for, and gives its result after the yes', async () => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(url));
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

test('SDK 2.x: a client that opens pages opens the one, and its call goes on by itself after the yes', async () => {
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
  await client.connect(new ModernTransport(url));
  opened.push(client);
  const done = await client.callTool({ name: 'delete_row', arguments: { id: 2 } });
  assert.deepEqual(done.content, [{ type: 'text', text: 'delete_row done' }]);
  assert.equal(pages.length, 1);
  assert.ok(pages[0]?.startsWith(`${PLACE}/`));
});
