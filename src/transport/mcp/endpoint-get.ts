/** GET: the messages of a server that belong to no request, a stream taken up again, or a client of HTTP+SSE. */
import { firstValue } from '../../../protocols/http/index.ts';
import { ProxyError } from '../../core/errors.ts';
import { type McpExchange, notAllowed, refused, sessionUnknown } from './exchange.ts';
import { LegError, type ServerStream } from './legs.ts';
import type { McpSession } from './mcp-sessions.ts';
import { relayEvent } from './relay.ts';
import type { Outbound } from './reply.ts';
import { accepts, namedRevision } from './request-checks.ts';

export class McpGet {
  readonly #exchange: McpExchange;

  constructor(exchange: McpExchange) {
    this.#exchange = exchange;
  }

  async run(): Promise<void> {
    const { head, ground, actor, client } = this.#exchange;
    const revision = namedRevision(head.fields);
    if (revision === '2026-07-28') throw notAllowed('POST');
    if (revision === 'unknown') throw refused(400, 'MCP-Protocol-Version names no revision that is known');
    if (!accepts(head.fields, 'text/event-stream')) throw refused(406, 'expected Accept: text/event-stream');
    if (client.isDraining) throw refused(503, 'Sluice is about to stop');
    const id = firstValue(head.fields, 'mcp-session-id');
    if (id === null && revision === null) return this.#older();
    if (id === null) throw refused(400, 'Mcp-Session-Id is missing');
    const session = ground.sessions.find(id, actor);
    if (session === null || session.outlet !== null) throw sessionUnknown();
    await this.#listen(session);
  }

  async #listen(session: McpSession): Promise<void> {
    const { head, reply, actor } = this.#exchange;
    const stop = new AbortController();
    const gone = () => stop.abort();
    reply.gone.addEventListener('abort', gone, { once: true });
    const leave = session.opens(gone);
    try {
      reply.tells(() => session.id);
      const stream = await session.leg.listen(firstValue(head.fields, 'last-event-id'), stop.signal, actor);
      if (stream === null) throw notAllowed('POST, DELETE');
      reply.begin();
      reply.waits();
      await pump(session, stream, reply, stop.signal);
      reply.end();
    } catch (error) {
      if (stop.signal.aborted) return reply.end();
      if (error instanceof LegError && error.fault === 'session-gone') session.end(null);
      if (error instanceof LegError && error.fault === 'refused' && (error.status ?? 500) < 500)
        throw refused(error.status ?? 400, 'the server refuses the stream');
      throw error;
    } finally {
      leave();
    }
  }

  /** HTTP+SSE (2024-11-05, transports): one stream for everything, and POSTs that it names. */
  async #older(): Promise<void> {
    const { ground, actor, client, head, reply } = this.#exchange;
    const { address: clientAddress, secured } = client;
    const application = firstValue(head.fields, 'user-agent');
    const details = { application, secured, protocol: 'mcp' };
    const session = await ground.sessions.begin({ actor, clientAddress, details, outlet: reply });
    if (session instanceof ProxyError) throw session;
    reply.gone.addEventListener('abort', () => session.end(null), { once: true });
    try {
      await reply.raw(Buffer.from(`event: endpoint\ndata: ${ground.path}?session=${session.id}\n\n`));
      reply.waits();
      await aborted(session.ended);
    } finally {
      session.end(null);
      reply.end();
    }
  }
}

/** Passes on what comes, until it ends. Rejects with LegError where it breaks off. */
export async function pump(
  session: McpSession,
  stream: ServerStream,
  reply: Outbound,
  signal: AbortSignal,
): Promise<void> {
  const close = () => stream.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const event of stream.events) {
      if (signal.aborted) return;
      const shown = { ...event, id: session.judge.eventId(event.id) };
      await relayEvent(session, shown, null, 'event', reply);
    }
  } finally {
    signal.removeEventListener('abort', close);
    stream.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
