/**
 * A server of MCP that has next to nothing to say, by raw sockets: of the legacy era, with one stream for each session, or of
 * the modern one, with a stream for each subscription. Its tool `echo` answers.
 */
import type { Socket } from 'node:net';
import { isObject, type Json, parseJson } from '../../src/core/json.ts';
import { type Got, ok, type RawUpstream } from './http-upstream.ts';

export interface QuietServer {
  /** Streams that are open. */
  readonly streams: number;
  /** Tells all of them that its tools are others. */
  change(): void;
}

const EVENTS =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n';
const NONE = Buffer.from('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n');
const ACCEPTED = Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
const MARK = 'io.modelcontextprotocol/subscriptionId';

/** Answers in place of `raw`; `/big` and other paths are answered as before. */
export function quietMcp(raw: RawUpstream, era: 'legacy' | 'modern'): QuietServer {
  const streams = new Map<Socket, Json | undefined>();
  const before = raw.answer;
  const stream = (id: Json | undefined) => (socket: Socket) => {
    socket.write(EVENTS);
    streams.set(socket, id);
    socket.once('close', () => streams.delete(socket));
    if (id !== undefined)
      say(
        socket,
        'notifications/subscriptions/acknowledged',
        { notifications: { toolsListChanged: true } },
        id,
      );
  };
  raw.answer = (got: Got) => {
    const { head, body } = got;
    if (!/^[A-Z]+ \/mcp /.test(head)) return before(got);
    if (head.startsWith('GET')) return era === 'legacy' ? stream(undefined) : NONE;
    if (!head.startsWith('POST')) return NONE;
    const message = parseJson(body.toString());
    if (!isObject(message) || message['id'] === undefined) return ACCEPTED;
    const { id, method } = message;
    if (era === 'modern' && method === 'subscriptions/listen') return stream(id);
    const result = resultOf(String(method), era);
    const told = result === null ? { error: { code: -32601, message: 'Method not found' } } : { result };
    return ok({ 'Content-Type': 'application/json' }, JSON.stringify({ jsonrpc: '2.0', id, ...told }));
  };
  return {
    get streams() {
      return streams.size;
    },
    change() {
      for (const [socket, id] of streams) say(socket, 'notifications/tools/list_changed', {}, id);
    },
  };
}

function say(
  socket: Socket,
  method: string,
  params: Readonly<Record<string, Json>>,
  id: Json | undefined,
): void {
  const marked = id === undefined ? params : { ...params, _meta: { [MARK]: id } };
  socket.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params: marked })}\n\n`);
}

function resultOf(method: string, era: 'legacy' | 'modern'): Readonly<Record<string, Json>> | null {
  const about = {
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'quiet', version: '1' },
  };
  const rest = era === 'modern' ? { resultType: 'complete', ttlMs: 60_000, cacheScope: 'private' } : {};
  switch (method) {
    case 'initialize':
      return era === 'legacy' ? { protocolVersion: '2025-11-25', ...about } : null;
    case 'server/discover':
      return era === 'modern' ? { supportedVersions: ['2026-07-28'], ...about, ...rest } : null;
    case 'tools/list':
      return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }], ...rest };
    case 'tools/call':
      return {
        content: [{ type: 'text', text: 'hello' }],
        ...(era === 'modern' ? { resultType: 'complete' } : {}),
      };
    default:
      return null;
  }
}
