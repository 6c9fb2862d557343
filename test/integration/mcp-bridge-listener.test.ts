/** The bridge behind a listener: what is judged, masked and asked is the same whichever era server and client are of. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { ELICITED } from '../support/mcp-bridge.ts';
import { legacyServer, modernServer, type TestServer } from '../support/mcp-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `
default: allow
rules:
  - { name: no-touching, when: { tools: [touch] }, then: deny }
  - { name: no-notes, when: { resources: ["note://1"] }, then: deny }
masks:
  - { detect: [email], with: redact }
`;

const INFO = { name: 'test', version: '1' };
const ABLE = { capabilities: { elicitation: { form: {} } } };

interface Connected {
  call(name: string, args?: Record<string, unknown>): Promise<string>;
  subscribe(uri: string): Promise<unknown>;
  close(): Promise<void>;
}

function wordsOf(result: unknown): string {
  const content: unknown =
    typeof result === 'object' && result !== null && 'content' in result ? result.content : null;
  const first: unknown = Array.isArray(content) ? content[0] : null;
  return typeof first === 'object' && first !== null && 'text' in first ? String(first.text) : '';
}

async function legacy(url: URL): Promise<Connected> {
  const client = new LegacyClient(INFO, ABLE);
  client.setRequestHandler(ElicitRequestSchema, () => ELICITED);
  const transport = new LegacyHttp(url);
  await client.connect(transport);
  return {
    call: async (name, args = {}) => wordsOf(await client.callTool({ name, arguments: args })),
    subscribe: (uri) => client.subscribeResource({ uri }),
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}

async function modern(url: URL): Promise<Connected> {
  const client = new ModernClient(INFO, { ...ABLE, versionNegotiation: { mode: { pin: '2026-07-28' } } });
  client.setRequestHandler('elicitation/create', () => ELICITED);
  await client.connect(new ModernHttp(url));
  return {
    call: async (name, args = {}) => wordsOf(await client.callTool({ name, arguments: args })),
    subscribe: (uri) => client.listen({ resourceSubscriptions: [uri] }),
    close: () => client.close(),
  };
}

const CELLS = [
  { name: 'a modern client at a legacy server', connect: modern, start: () => legacyServer() },
  { name: 'a legacy client at a modern server', connect: legacy, start: () => modernServer() },
] as const;

for (const { name, connect, start } of CELLS) {
  describe(name, () => {
    let server: TestServer;
    let sluice: Sluice;
    let client: Connected;
    before(async () => {
      server = await start();
      const upstream = `http://127.0.0.1:${server.port}/mcp`;
      sluice = await startSluice({ upstream, protocol: 'mcp', policy: POLICY });
      client = await connect(new URL(`http://127.0.0.1:${sluice.port}/mcp`));
    });
    after(async () => {
      await client.close();
      await sluice.stop();
      await server.close();
    });

    test('promise 1: a denied call does not reach the server, and the agent is told why', async () => {
      assert.match(await client.call('touch'), /no-touching/);
      assert.ok(!server.received.some((body) => body.includes('"touch"')));
    });

    test('promise 1: whoever may not read a resource is not told of its changes', async () => {
      await assert.rejects(client.subscribe('note://1'), /no-notes/);
      assert.ok(!server.received.some((body) => body.includes('note://1')));
    });

    test('promise 4: what comes over the bridge is masked', async () => {
      const words = await client.call('echo', { text: 'write to ann@example.com' });
      assert.match(words, /^write to /);
      assert.ok(!words.includes('ann@example.com'), words);
      assert.ok(server.received.some((body) => body.includes('ann@example.com')));
    });

    test('promise 10: what is not masked comes as it was', async () => {
      const text = 'a "b" \\ 😀 1.0';
      assert.equal(await client.call('echo', { text }), text);
    });

    test('what the server asks in the middle of a call is asked, and the answer goes back', async () => {
      assert.match(await client.call('ask'), /^hello Ann/);
    });
  });
}
