/** Legs to a server that is reached by HTTP: one for each session, or for the requests of a principal. */
import type { Era } from '../../../protocols/mcp/revisions.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { HttpLeg, type HttpLegGround } from './http-leg.ts';
import { LegError, type LegSource, type MessageToServer, type ServerLeg, type ServerStream } from './legs.ts';
import { OlderLeg } from './older-leg.ts';

export class HttpLegSource implements LegSource {
  readonly #ground: HttpLegGround;

  constructor(ground: HttpLegGround) {
    this.#ground = ground;
  }

  open(era: Era, session: RequestSession): Promise<ServerLeg> {
    const { actor } = session;
    const leg = new HttpLeg(this.#ground, actor);
    if (era === 'modern') return Promise.resolve(leg);
    return Promise.resolve(new LegacyLeg(leg, () => OlderLeg.open(this.#ground, actor)));
  }

  async close(): Promise<void> {
    await this.#ground.upstream.close();
  }
}

/** What a server of HTTP+SSE alone says to the first message (2025-11-25, transports, backwards compatibility). */
const OLDER_SAYS: ReadonlySet<number> = new Set([400, 404, 405]);

/** The first message finds out which of the two transports the server has. */
class LegacyLeg implements ServerLeg {
  #leg: ServerLeg;
  readonly #older: () => Promise<ServerLeg>;

  constructor(leg: ServerLeg, older: () => Promise<ServerLeg>) {
    this.#leg = leg;
    this.#older = older;
  }

  send(message: MessageToServer): Promise<ServerStream> {
    return message.method === 'initialize' ? this.#begin(message) : this.#leg.send(message);
  }

  async #begin(message: MessageToServer): Promise<ServerStream> {
    try {
      return await this.#leg.send(message);
    } catch (error) {
      const isOlder =
        error instanceof LegError && error.fault === 'refused' && OLDER_SAYS.has(error.status ?? 0);
      if (!isOlder) throw error;
      const older = await this.#older().catch((why: unknown) => {
        // Where there is no such stream either, the first answer is the one that counts.
        throw why instanceof LegError && why.fault === 'not-mcp' ? why : error;
      });
      this.#leg = older;
      return older.send(message);
    }
  }

  listen(...which: Parameters<ServerLeg['listen']>): ReturnType<ServerLeg['listen']> {
    return this.#leg.listen(...which);
  }

  end(): Promise<void> {
    return this.#leg.end();
  }
}
