/**
 * `/mcp` on the admin listener: the administrators' MCP server over streamable HTTP, for clients of every revision.
 * Who calls shows a token with each request; a cookie counts for nothing here, so that no page can send one along.
 */
import type { McpHttpHandler } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  challengeFor,
  metadataDocument,
  type ProtectedResource,
} from '../../../protocols/mcp/resource-server.ts';
import type { Identity } from '../../core/principal.ts';
import { CANONICAL_JSON, isRefused, type JsonLimits, scanJson } from '../../json/index.ts';
import { askingByToken } from '../bearer.ts';
import type { AdminPorts } from '../ports.ts';
import { Refusal } from '../refusal.ts';
import type { Role } from '../wire.ts';
import { mcpServerOf } from './server.ts';

const PATH = '/mcp';
const METADATA_PATH = `/.well-known/oauth-protected-resource${PATH}`;
/** A policy file may be part of it. */
const BODY: JsonLimits = { ...CANONICAL_JSON, bytesMax: 1024 * 1024, depthMax: 32, nodesMax: 10_000 };
/** Nothing here changes, so that nobody has much to listen for. */
const SUBSCRIPTIONS_MAX = 16;

export interface McpPlace {
  /** Of this listener as people reach it: without a slash at its end. */
  readonly origin: (request: FastifyRequest) => string;
  /** Throws a Refusal where there is none. */
  readonly roleOf: (identity: Identity) => Role;
}

export function serveMcp(app: FastifyInstance, ports: AdminPorts, place: McpPlace): void {
  const { issuer } = ports;
  if (issuer === null) return;
  const endpoint = new McpEndpoint(ports);
  const resource = (request: FastifyRequest): ProtectedResource => ({
    resource: new URL(`${place.origin(request)}${PATH}`),
    authorizationServers: [issuer],
    scopes: [],
  });
  app.get(METADATA_PATH, async (request, reply) =>
    reply.type('application/json').send(metadataDocument(resource(request))),
  );
  app.register((scope, _options, done) => {
    // Bodies are read as bytes: JSON that two parsers could read in two ways is refused before any does.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY.bytesMax }, (_request, body, done) =>
      done(null, body),
    );
    scope.route({
      method: ['GET', 'POST', 'DELETE'],
      url: PATH,
      // Before the body is read.
      onRequest: async (request, reply) => {
        const { authorization } = request.headers;
        if (authorization === undefined) {
          reply.header('www-authenticate', challengeFor(resource(request), { fault: 'missing' }).header);
          throw new Refusal(401, 'Send a token of identity.oidc as Authorization: Bearer.');
        }
        try {
          const { caller } = await askingByToken(authorization, 'viewer', ports, place.roleOf);
          endpoint.callers.set(request, caller.principal.name);
        } catch (error) {
          if (error instanceof Refusal && error.status === 401) {
            const { header } = challengeFor(resource(request), { fault: 'invalid', why: error.message });
            reply.header('www-authenticate', header);
          }
          throw error;
        }
      },
      handler: async (request, reply) => endpoint.answer(request, reply, resource(request).resource),
    });
    scope.addHook('onClose', async () => endpoint.close());
    done();
  });
}

class McpEndpoint {
  readonly #ports: AdminPorts;
  #handler: Promise<McpHttpHandler> | null = null;
  /** Names of those whose token has been checked. */
  readonly callers = new WeakMap<FastifyRequest, string>();

  constructor(ports: AdminPorts) {
    this.#ports = ports;
  }

  async answer(request: FastifyRequest, reply: FastifyReply, url: URL): Promise<FastifyReply> {
    const name = this.callers.get(request);
    if (name === undefined) throw new Refusal(401, 'Nobody is logged in.');
    const { body } = request;
    const bytes = Buffer.isBuffer(body) ? body : null;
    if (bytes !== null) {
      const read = scanJson(bytes, 0, bytes.length, BODY);
      if (isRefused(read)) return reply.code(400).send(parseError(read.message));
    }
    this.#handler ??= this.#load();
    const handler = await this.#handler;
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const asked = new Request(url, {
      method: request.method,
      headers: headersOf(request),
      ...(bytes === null ? {} : { body: new Uint8Array(bytes) }),
      signal: gone.signal,
    });
    const authInfo = { token: '', clientId: name, scopes: [] };
    return reply.send(await handler.fetch(asked, { authInfo }));
  }

  async #load(): Promise<McpHttpHandler> {
    const { createMcpHandler, McpServer } = await import('@modelcontextprotocol/server');
    const ports = this.#ports;
    return createMcpHandler(
      ({ authInfo }) => {
        const by = authInfo?.clientId ?? '';
        const desk = {
          ports,
          record: (tool: string, given: string) =>
            by !== '' && ports.record(by, 'mcp', { tool, arguments: given }),
          failed: (tool: string, error: unknown) =>
            ports.log('error', 'a tool of the MCP server failed', { tool, error: String(error) }),
        };
        return mcpServerOf(McpServer, desk, ports.version);
      },
      {
        maxRequestBodySize: BODY.bytesMax,
        maxSubscriptions: SUBSCRIPTIONS_MAX,
        onerror: (error) => ports.log('warn', 'a request to the MCP server failed', { error: error.message }),
      },
    );
  }

  async close(): Promise<void> {
    await (await this.#handler)?.close();
  }
}

/** What MCP has headers for; the token has done its duty. */
function headersOf({ headers }: FastifyRequest): Headers {
  const kept = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (!/^(?:accept|content-type|mcp-[a-z-]+|last-event-id)$/.test(name) || value === undefined) continue;
    kept.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  return kept;
}

function parseError(why: string) {
  return { jsonrpc: '2.0', id: null, error: { code: -32_700, message: `the body is refused: ${why}` } };
}
