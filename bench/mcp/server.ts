/**
 * The MCP server of the bench, as servers are made: the SDK's, streamable HTTP with sessions. Its answers come as JSON at
 * /json and as an event stream at /sse. `node bench/mcp/server.ts PORT`.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { rowsText } from './rows.ts';

const texts = new Map<number, string>();

function textOf(bytes: number): string {
  const text = texts.get(bytes) ?? rowsText(bytes);
  texts.set(bytes, text);
  return text;
}

function mcpServer(): Server {
  const server = new Server({ name: 'bench', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [
      { name: 'echo', inputSchema: { type: 'object' } },
      { name: 'rows', inputSchema: { type: 'object' } },
    ],
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    const given = params.arguments ?? {};
    const text = params.name === 'rows' ? textOf(Number(given['bytes'])) : String(given['message']);
    return { content: [{ type: 'text', text }] };
  });
  return server;
}

const sessions = new Map<string, StreamableHTTPServerTransport>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['mcp-session-id'];
  const known = typeof id === 'string' ? sessions.get(id) : undefined;
  if (known !== undefined) return known.handleRequest(request, response);
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: request.url === '/json',
    onsessioninitialized(made) {
      sessions.set(made, transport);
    },
  });
  await mcpServer().connect(transport);
  await transport.handleRequest(request, response);
}

createServer((request, response) => void answer(request, response)).listen(
  Number(process.argv[2]),
  '127.0.0.1',
);
