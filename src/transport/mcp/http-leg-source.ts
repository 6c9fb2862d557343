/** Legs to a server that is reached by HTTP: one for each session, or for the requests of a principal. */
import type { Era } from '../../../protocols/mcp/revisions.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { HttpLeg, type HttpLegGround } from './http-leg.ts';
import type { LegSource, ServerLeg } from './legs.ts';

export class HttpLegSource implements LegSource {
  readonly #ground: HttpLegGround;

  constructor(ground: HttpLegGround) {
    this.#ground = ground;
  }

  async open(_era: Era, session: RequestSession): Promise<ServerLeg> {
    return new HttpLeg(this.#ground, session.actor);
  }

  async close(): Promise<void> {
    await this.#ground.upstream.close();
  }
}
