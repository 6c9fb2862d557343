/** A server of HTTP+SSE (2024-11-05), by the SDK of that time. */
import http from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

export interface OlderServer {
  readonly url: string;
  /** How many streams are open. */
  readonly open: number;
  close(): Promise<void>;
}

/** Its tool `ask` asks the client to sample, and tells how far it is. */
export async function startOlderServer(): Promise<OlderServer> {
  const transports = new Map<string, SSEServerTransport>();
  const serve = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET') {
      const transport = new SSEServerTransport('/messages', response);
      transports.set(transport.sessionId, transport);
      response.once('close', () => transports.delete(transport.sessionId));
      await asking().connect(transport);
      return;
    }
    const known = transports.get(url.searchParams.get('sessionId') ?? '');
    if (url.pathname !== '/messages' || known === undefined) response.writeHead(404).end();
    else await known.handlePostMessage(request, response);
  };
  const listener = http.createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/sse`,
    get open() {
      return transports.size;
    },
    async close() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function asking(): Server {
  const server = new Server({ name: 'older', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [{ name: 'ask', description: 'Asks', inputSchema: { type: 'object' as const } }],
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { sendNotification }) => {
    const progressToken = params._meta?.progressToken;
    if (progressToken !== undefined)
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    const { content } = await server.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: 'a question' } }],
      maxTokens: 10,
    });
    return { content: [{ type: 'text' as const, text: `said: ${JSON.stringify(content)}` }] };
  });
  return server;
}
