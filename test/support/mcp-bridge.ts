/** A bridge in front of a server over HTTP, and clients of both eras in front of it. */
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Era } from '../../protocols/mcp/revisions.ts';
import { lastingIdentity } from '../../src/core/principal.ts';
import { HeldMemory } from '../../src/limits/held-memory.ts';
import { HttpUpstream } from '../../src/transport/http-upstream.ts';
import type { EraOptions } from '../../src/transport/mcp/bridge-eras.ts';
import { type BridgeOptions, EraBridge } from '../../src/transport/mcp/bridge-source.ts';
import { HttpLeg } from '../../src/transport/mcp/http-leg.ts';
import type { ServerLeg } from '../../src/transport/mcp/legs.ts';
import { ToolHeaders } from '../../src/transport/mcp/tool-headers.ts';
import { LegTransport } from './mcp-leg-transport.ts';

export interface TestBridge {
  leg(era: Era, principal?: string): ServerLeg;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

export function bridgeTo(
  port: number,
  configured: Era | 'auto' = 'auto',
  limits: Partial<Omit<BridgeOptions, keyof EraOptions>> = {},
): TestBridge {
  const upstream = new HttpUpstream({
    origin: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    ca: null,
    login: null,
    headersTimeoutMs: 10_000,
  });
  const ground = {
    upstream,
    path: '/mcp',
    toolHeaders: new ToolHeaders(MIB),
    memory: new HeldMemory(16 * MIB),
    bytesMax: MIB,
  };
  const bridge = new EraBridge({
    configured,
    isSilenceLegacy: false,
    sessionIdleMs: 60_000,
    sessionsMax: 10,
    inputWithinMs: 60_000,
    ...limits,
  });
  return {
    leg(era, principal = 'ann') {
      const actor = lastingIdentity({ name: principal, groups: [] }, 'trust');
      return bridge.leg(era, principal, principal, () => Promise.resolve(new HttpLeg(ground, actor)));
    },
    async close() {
      await bridge.close();
      await upstream.close();
    },
  };
}

export const ELICITED = { action: 'accept' as const, content: { who: 'Ann' } };
export const SAID = {
  role: 'assistant' as const,
  content: { type: 'text' as const, text: 'said' },
  model: 'm',
  stopReason: 'endTurn',
};
export const PLACES = { roots: [{ uri: 'file:///home', name: 'home' }] };

const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, roots: {} };
const INFO = { name: 'test-client', version: '1.0.0' };

/** `able`: it answers what servers ask. */
export async function legacyClient(leg: ServerLeg, able = true) {
  const client = new LegacyClient(INFO, { capabilities: able ? CAPABILITIES : {} });
  if (able) {
    client.setRequestHandler(ElicitRequestSchema, () => ELICITED);
    client.setRequestHandler(CreateMessageRequestSchema, () => SAID);
    client.setRequestHandler(ListRootsRequestSchema, () => PLACES);
  }
  const transport = new LegTransport(leg);
  await client.connect(transport);
  return { client, transport };
}

export async function modernClient(leg: ServerLeg, able = true) {
  const client = new ModernClient(INFO, {
    capabilities: able ? CAPABILITIES : {},
    versionNegotiation: { mode: { pin: '2026-07-28' } },
  });
  if (able) {
    client.setRequestHandler('elicitation/create', () => ELICITED);
    client.setRequestHandler('sampling/createMessage', () => SAID);
    client.setRequestHandler('roots/list', () => PLACES);
  }
  const transport = new LegTransport(leg);
  await client.connect(transport);
  return { client, transport };
}
