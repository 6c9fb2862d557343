/** A client of HTTP+SSE (2024-11-05, transports): its POSTs are taken, and everything is said on its one stream. */

import { pump } from './endpoint-get.ts';
import type { McpExchange } from './exchange.ts';
import { NoAccess, Refused } from './exchange.ts';
import { LegError } from './legs.ts';
import type { McpSession } from './mcp-sessions.ts';
import { answerMessage } from './messages.ts';
import { builtinDenial } from './refusals.ts';
import type { Outbound, Reply } from './reply.ts';

export class OlderSession {
  readonly #session: McpSession;
  readonly #outlet: Reply;

  constructor(session: McpSession, outlet: Reply) {
    this.#session = session;
    this.#outlet = outlet;
  }

  async take(bytes: Buffer, { ground, actor, head, reply }: McpExchange): Promise<void> {
    const { judge } = this.#session;
    const read = judge.read(bytes);
    if (read.read === 'unread') throw new Refused(400, read.answer);
    const missing = ground.access.missing(actor, read.messages);
    if (missing !== null) {
      for (const message of read.messages)
        judge.refuse(message, builtinDenial('sluice/scope', missing.why, null));
      throw new NoAccess(ground.access.insufficient(missing, head.host));
    }
    reply.empty(202);
    const leave = this.#session.enter();
    try {
      for (const { reading } of read.messages)
        if (reading.reading === 'notification' && reading.method === 'notifications/initialized')
          if (this.#session.beginsToHear()) void this.#listen();
      const on = { judge, leg: this.#session.leg, actor, resumes: false, learns: null };
      await Promise.all(read.messages.map((message) => answerMessage(on, message, this.#out())));
    } catch (error) {
      // The stream is all there is to tell it by.
      if (!(error instanceof LegError) || error.fault === 'session-gone') this.#session.end(null);
    } finally {
      leave();
    }
  }

  #out(): Outbound {
    const outlet = this.#outlet;
    // Ids of the server's streams are none of this one's.
    const event: Outbound['event'] = async ({ message }) => {
      if (message !== null) await outlet.event({ message, id: null, retryMs: null });
    };
    return { gone: outlet.gone, event, single: (message) => event({ message, id: null, retryMs: null }) };
  }

  /** What the server says unasked. */
  async #listen(): Promise<void> {
    const { ended, leg } = this.#session;
    try {
      const stream = await leg.listen(null, ended);
      if (stream !== null) await pump(this.#session, stream, this.#out(), ended);
    } catch {
      // A server that offers no such stream, or ends it, goes on answering.
    }
  }
}
