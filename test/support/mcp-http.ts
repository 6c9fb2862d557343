/** Requests to an endpoint of MCP as programs send them, one by one. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/core/json.ts';

export interface McpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The message, or the last one of the events; null: the body is no JSON object. */
  readonly message: JsonObject | null;
  readonly messages: readonly JsonObject[];
  readonly body: string;
}

export interface PostOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const MODERN = '2026-07-28';
/** Of an answer to come whole: what never ends fails, and does not keep a test. */
const PATIENCE_MS = 60_000;
let ids = 0;

/** One message to a URL. */
export async function post(
  url: string,
  message: Json,
  { token, headers }: PostOptions = {},
): Promise<McpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const body = await response.text();
  const isEvents = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const texts = isEvents ? [...body.matchAll(/^data: ?(.+)$/gm)].map(([, data]) => data ?? '') : [body];
  const messages = texts.flatMap((text) => {
    const read = text === '' ? null : parseJson(text);
    return isObject(read) ? [read] : [];
  });
  return {
    status: response.status,
    headers: response.headers,
    message: messages.at(-1) ?? null,
    messages,
    body,
  };
}

/** A modern request: a conversation by itself. `capabilities`: the client's. */
export function ask(
  url: string,
  method: string,
  params: JsonObject,
  options: PostOptions & { readonly capabilities?: JsonObject } = {},
): Promise<McpAnswer> {
  const { name } = params;
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': options.capabilities ?? {},
  };
  const headers = {
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    ...options.headers,
  };
  const before = isObject(params['_meta']) ? params['_meta'] : {};
  const message = {
    jsonrpc: '2.0',
    id: ++ids,
    method,
    params: { ...params, _meta: { ..._meta, ...before } },
  };
  return post(url, message, { ...options, headers });
}

/** A legacy session that has begun: what it gives sends further messages in it. */
export async function beginSession(
  url: string,
  options: PostOptions = {},
  revision = '2025-11-25',
): Promise<(method: string, params?: JsonObject) => Promise<McpAnswer>> {
  const opening = { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const opened = await post(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params: opening }, options);
  const id = opened.headers.get('mcp-session-id');
  if (id === null) throw new Error(`no session: ${opened.status} ${opened.body}`);
  const headers = { ...options.headers, 'mcp-session-id': id, 'mcp-protocol-version': revision };
  const inSession = { ...options, headers };
  await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, inSession);
  return (method, params = {}) => post(url, { jsonrpc: '2.0', id: ++ids, method, params }, inSession);
}
