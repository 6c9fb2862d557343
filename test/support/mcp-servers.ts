/** MCP servers of both eras with the same features, made with the official SDKs, over HTTP on a free port. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { completable } from '@modelcontextprotocol/sdk/server/completable.js';
import { McpServer as LegacyMcpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  McpServer,
  completable as modernCompletable,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

export interface TestServer {
  readonly port: number;
  /** Bodies of requests as they arrived, in order. */
  readonly received: readonly string[];
  /** Names of tools whose call was cancelled. */
  readonly cancelled: readonly string[];
  /** Forgets its sessions, as one that was started anew. */
  forget(): void;
  /** Sessions that are open. */
  readonly sessions: number;
  /** Tells that its tools have changed. */
  toolsChanged(): void;
  close(): Promise<void>;
}

type Handle = (request: Request) => Promise<Response>;

const WHO = z.object({ who: z.string() });

export async function modernServer(options: { readonly alsoLegacy?: boolean } = {}): Promise<TestServer> {
  const cancelled: string[] = [];
  const handler = createMcpHandler(
    () => {
      const server = new McpServer(
        { name: 'modern-test', version: '1.0.0' },
        {
          instructions: 'for tests',
          capabilities: {
            logging: {},
            tools: { listChanged: true },
            resources: { subscribe: true, listChanged: true },
          },
        },
      );
      server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text: said }) =>
        text(said),
      );
      server.registerTool('steps', {}, async (context) => {
        const token = context.mcpReq._meta?.progressToken;
        for (const progress of token === undefined ? [] : [1, 2, 3])
          await context.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken: token ?? '', progress, total: 3 },
          });
        return text('done');
      });
      server.registerTool('logs', {}, async (context) => {
        await context.mcpReq.log('debug', 'quiet');
        await context.mcpReq.log('error', 'loud');
        return text('logged');
      });
      server.registerTool('slow', {}, async (context) => {
        await once(context.mcpReq.signal, 'abort');
        cancelled.push('slow');
        return text('never');
      });
      server.registerTool('ask', {}, (context) => {
        const given = acceptedContent(context.mcpReq.inputResponses, 'who', WHO);
        if (given !== undefined) return text(`hello ${given.who} (${String(context.mcpReq.requestState())})`);
        return inputRequired({
          inputRequests: { who: inputRequired.elicit({ message: 'who?', requestedSchema: WHO }) },
          requestState: 'kept "as" it is',
        });
      });
      server.registerTool('ask-all', {}, (context) => {
        const given = context.mcpReq.inputResponses;
        if (given !== undefined) return text(JSON.stringify([given['said'], given['places']]));
        return inputRequired({
          inputRequests: {
            said: inputRequired.createMessage({
              messages: [{ role: 'user', content: { type: 'text', text: 'say it' } }],
              maxTokens: 10,
            }),
            places: inputRequired.listRoots(),
          },
        });
      });
      server.registerTool('ask-for-ever', {}, () =>
        inputRequired({
          inputRequests: { who: inputRequired.elicit({ message: 'again?', requestedSchema: WHO }) },
        }),
      );
      server.registerTool('touch', {}, () => {
        handler.notify.resourceUpdated('note://1');
        return text('touched');
      });
      server.registerResource('note', 'note://1', {}, (uri) => ({
        contents: [{ uri: uri.href, text: 'a note' }],
      }));
      server.registerResource('any', new ResourceTemplate('any://{id}', { list: undefined }), {}, (uri) => ({
        contents: [{ uri: uri.href, text: uri.href }],
      }));
      const style = modernCompletable(z.string(), (begun) =>
        ['plain', 'poetic'].filter((one) => one.startsWith(begun)),
      );
      server.registerPrompt('greet', { argsSchema: z.object({ style }) }, ({ style: chosen }) =>
        prompt(chosen),
      );
      return server;
    },
    { legacy: options.alsoLegacy === true ? 'stateless' : 'reject' },
  );
  const served = await serve((request) => handler.fetch(request));
  return {
    ...served,
    cancelled,
    sessions: 0,
    forget() {},
    toolsChanged: () => handler.notify.toolsChanged(),
    async close() {
      await handler.close();
      await served.close();
    },
  };
}

export async function legacyServer(): Promise<TestServer> {
  const cancelled: string[] = [];
  const sessions = new Map<
    string,
    { readonly transport: WebStandardStreamableHTTPServerTransport; readonly server: LegacyMcpServer }
  >();
  const served = await serve(async (request) => {
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
      const known = sessions.get(id);
      if (known === undefined)
        return Response.json(
          { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } },
          { status: 404 },
        );
      return known.transport.handleRequest(request);
    }
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (begun) => {
        sessions.set(begun, { transport, server });
      },
      onsessionclosed: (ended) => {
        sessions.delete(ended);
      },
    });
    const server = legacyFeatures(cancelled);
    await server.connect(transport);
    return transport.handleRequest(request);
  });
  return {
    ...served,
    cancelled,
    get sessions() {
      return sessions.size;
    },
    forget: () => sessions.clear(),
    toolsChanged() {
      for (const { server } of sessions.values()) server.sendToolListChanged();
    },
    close: () => served.close(),
  };
}

function legacyFeatures(cancelled: string[]): LegacyMcpServer {
  const server = new LegacyMcpServer(
    { name: 'legacy-test', version: '1.0.0' },
    {
      instructions: 'for tests',
      capabilities: {
        logging: {},
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
      },
    },
  );
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text: said }) => text(said));
  server.registerTool('steps', {}, async ({ _meta, sendNotification }) => {
    const token = _meta?.progressToken;
    for (const progress of token === undefined ? [] : [1, 2, 3])
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken: token ?? '', progress, total: 3 },
      });
    return text('done');
  });
  server.registerTool('logs', {}, async ({ sendNotification }) => {
    await sendNotification({ method: 'notifications/message', params: { level: 'debug', data: 'quiet' } });
    await sendNotification({ method: 'notifications/message', params: { level: 'error', data: 'loud' } });
    return text('logged');
  });
  server.registerTool('slow', {}, async ({ signal }) => {
    await once(signal, 'abort');
    cancelled.push('slow');
    return text('never');
  });
  // Asked on the stream of the session, not on that of the request: some servers do.
  server.registerTool('ask', {}, async () => {
    const given = await server.server.elicitInput({
      message: 'who?',
      requestedSchema: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] },
    });
    return text(`hello ${String(given.content?.['who'])}`);
  });
  server.registerTool('ask-all', {}, async ({ sendRequest }) => {
    const [said, places] = await Promise.all([
      sendRequest(
        {
          method: 'sampling/createMessage',
          params: { messages: [{ role: 'user', content: { type: 'text', text: 'say it' } }], maxTokens: 10 },
        },
        z.looseObject({}),
      ),
      sendRequest({ method: 'roots/list' }, z.looseObject({})),
    ]);
    return text(JSON.stringify([said, places]));
  });
  const subscribed = new Set<string>();
  server.server.setRequestHandler(
    z.object({ method: z.literal('resources/subscribe'), params: z.looseObject({ uri: z.string() }) }),
    ({ params }) => {
      subscribed.add(params.uri);
      return {};
    },
  );
  server.server.setRequestHandler(
    z.object({ method: z.literal('resources/unsubscribe'), params: z.looseObject({ uri: z.string() }) }),
    ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    },
  );
  server.registerTool('touch', {}, async () => {
    for (const uri of subscribed) await server.server.sendResourceUpdated({ uri });
    return text('touched');
  });
  server.registerResource('note', 'note://1', {}, (uri) => ({
    contents: [{ uri: uri.href, text: 'a note' }],
  }));
  const style = completable(z.string(), (begun) =>
    ['plain', 'poetic'].filter((one) => one.startsWith(begun)),
  );
  server.registerPrompt('greet', { argsSchema: { style } }, ({ style: chosen }) => prompt(chosen));
  return server;
}

function text(said: string) {
  return { content: [{ type: 'text' as const, text: said }] };
}

function prompt(style: string) {
  return {
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text: `greet me, ${style}` } }],
  };
}

/** Any server at all, by what it answers. */
export async function serve(
  handle: Handle,
): Promise<{ port: number; received: string[]; close(): Promise<void> }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    void answer(handle, request, response, received).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    received,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  handle: Handle,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  received: string[],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  if (body !== '') received.push(body);
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    if (typeof value === 'string') headers.set(name, value);
  const method = incoming.method ?? 'GET';
  const request = new Request(`http://127.0.0.1${incoming.url}`, {
    method,
    headers,
    signal: gone.signal,
    ...(body === '' ? {} : { body }),
  });
  const response = await handle(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  if (response.body === null) outgoing.end();
  else
    Readable.fromWeb(response.body)
      .on('error', () => outgoing.destroy())
      .pipe(outgoing);
}
