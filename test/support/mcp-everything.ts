/** A server with everything that the conformance suite of MCP asks for, for clients of both eras, by HTTP. */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { Readable } from 'node:stream';
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  isLegacyRequest,
  ProtocolError,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { Events } from './mcp-events.ts';
import { ASKS_FOR_CONTEXT, capabilitiesIn, type Offer } from './mcp-everything-asking.ts';
import { TASKS_EXTENSION } from './mcp-everything-task-tools.ts';
import { EverythingTasks } from './mcp-everything-tasks.ts';
import { offersWith, PNG } from './mcp-everything-tools.ts';

const RESOURCES = [
  {
    uri: 'test://static-text',
    name: 'Static Text Resource',
    description: 'A static text resource for testing',
    mimeType: 'text/plain',
  },
  {
    uri: 'test://static-binary',
    name: 'Static Binary Resource',
    description: 'A static binary resource for testing',
    mimeType: 'image/png',
  },
  {
    uri: 'test://watched-resource',
    name: 'Watched Resource',
    description: 'A resource that changes',
    mimeType: 'text/plain',
  },
];
const PROMPTS = [
  { name: 'test_simple_prompt', description: 'A simple prompt' },
  {
    name: 'test_prompt_with_arguments',
    description: 'A prompt with arguments',
    arguments: [
      { name: 'arg1', description: 'First test argument', required: true },
      { name: 'arg2', description: 'Second test argument', required: true },
    ],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A prompt with a resource',
    arguments: [{ name: 'resourceUri', description: 'URI of the resource', required: true }],
  },
  { name: 'test_prompt_with_image', description: 'A prompt with an image' },
  { name: 'test_input_required_result_prompt', description: 'A prompt that asks' },
];

function everythingServer(offers: ReadonlyMap<string, Offer>): Server {
  const server = new Server(
    { name: 'everything', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
        extensions: { [TASKS_EXTENSION]: {} },
      },
    },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: [...offers].map(([name, { description, schema }]) => ({
      name,
      description,
      inputSchema: schema ?? { type: 'object' as const, properties: {} },
    })),
  }));
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const offer = offers.get(params.name);
    if (offer === undefined) throw new ProtocolError(-32602, `Unknown tool: ${params.name}`);
    const client = capabilitiesIn(context) ?? server.getClientCapabilities() ?? {};
    return offer.run(params.arguments ?? {}, context, client);
  });
  addResources(server);
  addPrompts(server);
  server.setRequestHandler('completion/complete', ({ params }) => ({
    completion: {
      values: ['paris', 'park', 'party'].filter((one) => one.startsWith(params.argument.value)),
      hasMore: false,
    },
  }));
  return server;
}

function addResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({ resources: RESOURCES }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      {
        uriTemplate: 'test://template/{id}/data',
        name: 'Template Resource',
        description: 'A resource template',
        mimeType: 'application/json',
      },
    ],
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id !== undefined)
      return {
        contents: [
          {
            uri,
            mimeType: 'application/json',
            text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
          },
        ],
      };
    if (uri === 'test://static-binary') return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] };
    const known = RESOURCES.find((one) => one.uri === uri);
    if (known === undefined) throw new ProtocolError(-32602, 'Resource not found', { uri });
    return {
      contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
    };
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
}

function addPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: PROMPTS }));
  server.setRequestHandler('prompts/get', ({ params: { name, arguments: given = {} } }, { mcpReq }) => {
    const said = (text: string) => ({ role: 'user' as const, content: { type: 'text' as const, text } });
    switch (name) {
      case 'test_simple_prompt':
        return { messages: [said('This is a simple prompt for testing.')] };
      case 'test_prompt_with_arguments':
        return {
          messages: [said(`Prompt with arguments: arg1='${given['arg1']}', arg2='${given['arg2']}'`)],
        };
      case 'test_prompt_with_embedded_resource':
        return {
          messages: [
            {
              role: 'user' as const,
              content: {
                type: 'resource' as const,
                resource: {
                  uri: given['resourceUri'] ?? '',
                  mimeType: 'text/plain',
                  text: 'Embedded resource content for testing.',
                },
              },
            },
            said('Please process the embedded resource above.'),
          ],
        };
      case 'test_prompt_with_image':
        return {
          messages: [
            { role: 'user' as const, content: { type: 'image' as const, data: PNG, mimeType: 'image/png' } },
            said('Please analyze the image above.'),
          ],
        };
      case 'test_input_required_result_prompt': {
        const context = acceptedContent<{ context: string }>(mcpReq.inputResponses, 'user_context');
        if (context === undefined) return inputRequired({ inputRequests: ASKS_FOR_CONTEXT });
        return { messages: [said(`In the context of ${String(context.context)}`)] };
      }
      default:
        throw new ProtocolError(-32602, `Unknown prompt: ${name}`);
    }
  });
}

export interface Everything {
  readonly url: string;
  readonly port: number;
  /** The header fields of each request that came. */
  readonly heads: readonly http.IncomingHttpHeaders[];
  /** Tells those who have subscribed that tools have changed. */
  toolsChanged(): void;
  close(): Promise<void>;
}

export interface EverythingOptions {
  readonly eras?: readonly ('legacy' | 'modern')[];
  readonly port?: number;
  /** How results come, where there is nothing else to say. */
  readonly json?: boolean;
}

/** Listens on the loopback. */
export async function startEverything({
  eras = ['legacy', 'modern'],
  port = 0,
  json = false,
}: EverythingOptions = {}): Promise<Everything> {
  const changes = {
    tools: () => tellAll('tools'),
    prompts: () => tellAll('prompts'),
  };
  const offers = offersWith(changes);
  const modern = createMcpHandler(() => everythingServer(offers), { legacy: 'reject' });
  const tasks = new EverythingTasks();
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const servers: Server[] = [];
  const heads: http.IncomingHttpHeaders[] = [];
  function tellAll(what: 'tools' | 'prompts'): void {
    if (what === 'tools') modern.notify.toolsChanged();
    else modern.notify.promptsChanged();
    for (const server of servers) {
      const told = what === 'tools' ? server.sendToolListChanged() : server.sendPromptListChanged();
      void told.catch(() => {});
    }
  }
  const legacy = async (request: Request): Promise<Response> => {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '');
    if (known !== undefined) return known.handleRequest(request);
    if (request.headers.has('mcp-session-id')) return Response.json(gone(), { status: 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: new Events(),
      retryInterval: 50,
      enableJsonResponse: json,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const server = everythingServer(offers);
    servers.push(server);
    await server.connect(transport);
    return transport.handleRequest(request);
  };
  const answer = async (request: Request): Promise<Response> => {
    const isLegacy = request.method !== 'POST' || (await isLegacyRequest(request.clone()));
    if (isLegacy && eras.includes('legacy')) return legacy(request);
    if (!eras.includes('modern')) return legacy(request);
    return (await tasks.answer(request)) ?? modern.fetch(request);
  };
  const listener = http.createServer((request, response) => {
    heads.push(request.headers);
    void serve(request, response, answer).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
  const address = listener.address();
  const taken = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${taken}/mcp`,
    port: taken,
    heads,
    toolsChanged: () => tellAll('tools'),
    async close() {
      tasks.close();
      await modern.close();
      for (const server of servers) await server.close();
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

const gone = () => ({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } });
const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

async function serve(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  answer: (request: Request) => Promise<Response>,
): Promise<void> {
  const { host = '', origin } = request.headers;
  if (!LOCAL.test(host) || (origin !== undefined && !LOCAL.test(origin.replace(/^https?:\/\//, '')))) {
    response.writeHead(403).end();
    return;
  }
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = request.method === 'POST' ? { body: Buffer.concat(chunks) } : {};
  const headers = new Headers();
  for (let n = 0; n + 1 < request.rawHeaders.length; n += 2)
    headers.append(request.rawHeaders[n] ?? '', request.rawHeaders[n + 1] ?? '');
  const answered = await answer(
    new Request(`http://${host}${request.url}`, {
      method: request.method ?? 'GET',
      headers,
      signal: abort.signal,
      ...body,
    }),
  );
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.flushHeaders();
  if (answered.body === null) response.end();
  else
    Readable.fromWeb(answered.body)
      .on('error', () => response.destroy())
      .pipe(response);
}
