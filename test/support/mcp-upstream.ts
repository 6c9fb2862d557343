/** A small MCP server over HTTP that keeps what it got, and answers in JSON. It knows both eras. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/core/json.ts';
import { type Got, ok, type RawUpstream, startRawUpstream } from './http-upstream.ts';

export interface McpUpstream {
  readonly url: string;
  readonly raw: RawUpstream;
  /** Tools that were called, with their arguments, in order. */
  readonly calls: readonly JsonObject[];
  /** What tools/list gives. */
  tools: readonly JsonObject[];
  /** The result of a call. */
  result: (name: string, params: JsonObject) => JsonObject;
  /** Beside those that it declares anyway. */
  capabilities: JsonObject;
  close(): Promise<void>;
}

const OBJECT = { type: 'object' };

export function tool(name: string, description = name): JsonObject {
  return { name, description, inputSchema: OBJECT };
}

export async function startMcpUpstream(): Promise<McpUpstream> {
  const raw = await startRawUpstream();
  const calls: JsonObject[] = [];
  const upstream: McpUpstream = {
    url: `http://127.0.0.1:${raw.port}/mcp`,
    raw,
    calls,
    tools: [tool('read_row'), tool('delete_row')],
    result: (name) => ({ content: [{ type: 'text', text: `${name} done` }] }),
    capabilities: {},
    close: () => raw.close(),
  };
  raw.answer = (got) => answerOf(got, upstream, calls);
  return upstream;
}

function answerOf(got: Got, upstream: McpUpstream, calls: JsonObject[]): Buffer {
  if (!got.head.startsWith('POST'))
    return Buffer.from('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n');
  const message: Json = parseJson(got.body.toString('utf8'));
  if (!isObject(message) || message['id'] === undefined)
    return Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
  const { id, method } = message;
  const params = isObject(message['params']) ? message['params'] : {};
  const isModern = /^mcp-protocol-version: 2026-07-28/im.test(got.head);
  const result = resultOf(String(method), params, isModern, upstream, calls);
  const answer =
    result === null
      ? { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }
      : { jsonrpc: '2.0', id, result: isModern ? { resultType: 'complete', ...result } : result };
  return ok({ 'Content-Type': 'application/json' }, JSON.stringify(answer));
}

function resultOf(
  method: string,
  params: JsonObject,
  isModern: boolean,
  { tools, result, capabilities }: McpUpstream,
  calls: JsonObject[],
): JsonObject | null {
  const about = { capabilities: { tools: {}, ...capabilities }, serverInfo: { name: 'small', version: '1' } };
  switch (method) {
    case 'initialize':
      return { protocolVersion: params['protocolVersion'] ?? '2025-11-25', ...about };
    case 'server/discover':
      return isModern
        ? { supportedVersions: ['2026-07-28'], ttlMs: 60_000, cacheScope: 'private', ...about }
        : null;
    case 'tools/list':
      return { tools, ...(isModern ? { ttlMs: 60_000, cacheScope: 'private' } : {}) };
    case 'tools/call': {
      calls.push({ name: params['name'] ?? null, arguments: params['arguments'] ?? null });
      return result(String(params['name']), params);
    }
    default:
      return null;
  }
}
