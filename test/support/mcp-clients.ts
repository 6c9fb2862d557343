/** Real MCP clients of both eras, asked in one way. */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { isArray, isObject, type JsonObject, parseJson } from '../../src/core/json.ts';

export type Era = 'legacy' | 'modern';
export const ERAS: readonly Era[] = ['legacy', 'modern'];

export interface ToolAnswer {
  readonly isError: boolean;
  /** Of its first content, which is text. */
  readonly text: string;
  readonly structured: JsonObject | null;
}

export interface McpClient {
  /** The revision that was agreed on. */
  readonly revision: string | undefined;
  readonly instructions: string | undefined;
  /** As they came. */
  tools(): Promise<readonly JsonObject[]>;
  call(name: string, given?: JsonObject): Promise<ToolAnswer>;
  close(): Promise<void>;
}

/** How a client reaches its server. */
export type McpPlace =
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  | {
      readonly command: string;
      readonly args: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
    };

const INFO = { name: 'test', version: '1' };

export async function connectMcp(era: Era, place: McpPlace): Promise<McpClient> {
  return era === 'legacy' ? await legacy(place) : await modern(place);
}

interface Asked {
  listTools(): Promise<{ readonly tools: readonly unknown[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  getInstructions(): string | undefined;
  close(): Promise<void>;
}

async function legacy(place: McpPlace): Promise<McpClient> {
  const client = new LegacyClient(INFO);
  if ('url' in place) {
    const transport = new LegacyHttp(new URL(place.url), { requestInit: { headers: { ...place.headers } } });
    await client.connect(transport);
    return clientOf(client, transport.protocolVersion);
  }
  await client.connect(new LegacyStdio({ ...place, args: [...place.args], env: { ...place.env } }));
  return clientOf(client, undefined);
}

async function modern(place: McpPlace): Promise<McpClient> {
  const client = new ModernClient(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  if ('url' in place) {
    const requestInit = { headers: { ...place.headers } };
    await client.connect(new ModernHttp(new URL(place.url), { requestInit }));
  } else await client.connect(new ModernStdio({ ...place, args: [...place.args], env: { ...place.env } }));
  return clientOf(client, client.getNegotiatedProtocolVersion());
}

function clientOf(client: Asked, revision: string | undefined): McpClient {
  return {
    revision,
    instructions: client.getInstructions(),
    tools: async () => (await client.listTools()).tools.map(plain),
    call: async (name, given = {}) => answerOf(plain(await client.callTool({ name, arguments: given }))),
    close: () => client.close(),
  };
}

function plain(value: unknown): JsonObject {
  const read = parseJson(JSON.stringify(value));
  if (!isObject(read)) throw new Error('expected an object');
  return read;
}

function answerOf({ isError, content, structuredContent }: JsonObject): ToolAnswer {
  const first = content !== undefined && isArray(content) ? content[0] : undefined;
  const text = first !== undefined && isObject(first) ? first['text'] : undefined;
  return {
    isError: isError === true,
    text: typeof text === 'string' ? text : '',
    structured: structuredContent !== undefined && isObject(structuredContent) ? structuredContent : null,
  };
}
