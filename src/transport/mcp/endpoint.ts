/**
 * One endpoint of MCP over HTTP, for clients of every revision: POST, GET and DELETE of streamable HTTP, and the older
 * HTTP+SSE. What comes is for this endpoint, by somebody who has logged in, before any of it is read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Field,
  firstValue,
  isHttpRefusal,
  pairFields,
  readHead,
  STRICT_TARGET,
} from '../../../protocols/http/index.ts';
import { RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { originProblem } from '../../../protocols/mcp/origins.ts';
import { ProxyError } from '../../core/errors.ts';
import type { RequestDomain } from '../../engine/request-domain.ts';
import type { HttpClient } from '../http-client.ts';
import type { HttpSite } from '../http-listener.ts';
import type { AccessAnswer } from './access.ts';
import { McpGet } from './endpoint-get.ts';
import { McpPost } from './endpoint-post.ts';
import {
  type McpExchange,
  type McpGround,
  NoAccess,
  notAllowed,
  Refused,
  refused,
  sessionUnknown,
} from './exchange.ts';
import { LegError } from './legs.ts';
import { Reply } from './reply.ts';
import { accepts, corsFields, namedRevision, originsOf, preflightFields } from './request-checks.ts';

export class McpEndpoint implements HttpSite {
  readonly domain: RequestDomain;
  readonly #ground: McpGround;

  constructor(ground: McpGround) {
    this.#ground = ground;
    this.domain = ground.domain;
  }

  serve(client: HttpClient, request: IncomingMessage, response: ServerResponse): void {
    void this.#serve(client, request, response);
  }

  async close(): Promise<void> {
    await this.#ground.sessions.close();
    await this.#ground.legs.close();
  }

  /** Never rejects. */
  async #serve(client: HttpClient, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const leave = client.enter();
    response.sendDate = false;
    const fields = pairFields(request.rawHeaders);
    try {
      await this.#answer(client, request, response, fields);
    } catch (error) {
      this.#fail(error, request, response);
    } finally {
      leave();
      if (!request.complete) request.resume();
    }
  }

  async #answer(
    client: HttpClient,
    request: IncomingMessage,
    response: ServerResponse,
    fields: readonly Field[],
  ): Promise<void> {
    const { access, reachable, path, keepAliveMs } = this.#ground;
    const head = readHead(
      { method: request.method ?? '', target: request.url ?? '', version: request.httpVersion, fields },
      STRICT_TARGET,
    );
    if (isHttpRefusal(head)) throw closing(refused(head.status, head.message));
    const allowed = originsOf(reachable, request.socket);
    const elsewhere = originProblem(allowed, head.host, null);
    // It is public, and a page has to read it before it can ask to be allowed.
    const metadata = elsewhere === null ? access.metadata(head.method, head.path, head.host) : null;
    if (metadata !== null) return tell(response, metadata, request);
    const problem = elsewhere ?? originProblem(allowed, head.host, firstValue(fields, 'origin'));
    if (problem !== null) throw closing(refused(403, problem));
    if (head.path !== path) throw refused(404, 'there is no such endpoint');
    const cors = corsFields(fields);
    for (const [name, value] of cors) response.setHeader(name, value);
    if (head.method === 'OPTIONS') {
      response.writeHead(204, preflightFields(fields).flat()).end();
      return;
    }
    const malformed = access.malformed(fields, head.query, head.host);
    if (malformed !== null) return tell(response, malformed, request);
    const authorization = firstValue(fields, 'authorization');
    const actor = await client.identity(authorization);
    if (actor instanceof ProxyError)
      return tell(response, access.refused(actor, authorization, head.host), request);
    const missing = access.missing(actor, []);
    if (missing !== null) return tell(response, access.insufficient(missing, head.host), request);
    if (client.isDraining) response.shouldKeepAlive = false;
    const takesEvents = accepts(fields, 'text/event-stream');
    const reply = new Reply(response, { fields: cors, takesEvents, keepAliveMs });
    await this.#method({ ground: this.#ground, client, actor, head, request, reply });
  }

  #method(exchange: McpExchange): Promise<void> {
    switch (exchange.head.method) {
      case 'POST':
        return new McpPost(exchange).run();
      case 'GET':
        return new McpGet(exchange).run();
      case 'DELETE':
        return endSession(exchange);
      default:
        throw notAllowed('GET, POST, DELETE');
    }
  }

  #fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    if (response.destroyed || response.writableEnded) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof NoAccess) {
      tell(response, error.answer, request);
      return;
    }
    const told = this.#told(error);
    const closes = request.complete ? [] : ([['connection', 'close']] as const);
    response.writeHead(
      told.status,
      [
        ['content-type', 'application/json'],
        ['content-length', String(told.body.length)],
        ['cache-control', 'no-store'],
        ...told.fields,
        ...closes,
      ].flat(),
    );
    response.end(request.method === 'HEAD' ? undefined : told.body);
  }

  #told(error: unknown): Refused {
    if (error instanceof Refused) return error;
    if (error instanceof LegError)
      return error.fault === 'session-gone'
        ? sessionUnknown()
        : refused(502, error.message, RPC_ERRORS.internal);
    if (error instanceof ProxyError) return refusedBy(error);
    const { domain } = this.#ground;
    const text = error instanceof Error ? error.message : String(error);
    domain.log('error', 'a request failed', { listener: domain.name, error: text });
    return refused(500, 'the request failed in Sluice', RPC_ERRORS.internal);
  }
}

function refusedBy(error: ProxyError): Refused {
  const status = error.code === 'too-many-connections' || error.code === 'journal-unavailable' ? 503 : 400;
  return refused(status, error.message, RPC_ERRORS.internal);
}

function closing(told: Refused): Refused {
  return new Refused(told.status, told.body, [...told.fields, ['connection', 'close']]);
}

function tell(
  response: ServerResponse,
  { status, fields, body }: AccessAnswer,
  request: IncomingMessage,
): void {
  const length = status === 204 ? [] : ([['content-length', String(body.length)]] as const);
  response.writeHead(status, [...fields, ...length].flat());
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function endSession({ ground, actor, head, reply }: McpExchange): Promise<void> {
  if (namedRevision(head.fields) === '2026-07-28') throw notAllowed('POST');
  const id = firstValue(head.fields, 'mcp-session-id');
  if (id === null) throw refused(400, 'Mcp-Session-Id is missing');
  const session = ground.sessions.find(id, actor);
  if (session === null || session.outlet !== null) throw sessionUnknown();
  session.end(null);
  await session.farewell;
  reply.empty(200);
}
