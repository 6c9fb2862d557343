/** Sessions at a legacy server, held for modern clients: one for each holder, client and set of capabilities. */
import type { ModernClient } from '../../../protocols/mcp/bridge/modern-to-legacy.ts';
import { LegacySession } from './bridge-legacy-session.ts';
import type { ReadMessage } from './bridge-messages.ts';
import { LegError, type ServerLeg } from './legs.ts';

export interface SessionLimits {
  readonly idleMs: number;
  readonly max: number;
}

/** The session, or the server's refusal of it. */
export type SessionAnswer = LegacySession | ReadMessage;

interface Held {
  readonly answer: Promise<SessionAnswer>;
  session: LegacySession | null;
  timer: NodeJS.Timeout | null;
}

export class LegacySessions {
  readonly #limits: SessionLimits;
  /** The one that was used last is the last. */
  readonly #held = new Map<string, Held>();
  readonly #over = new AbortController();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Opens one where there is none. Rejects with LegError. */
  async use(holder: string, client: ModernClient, open: () => Promise<ServerLeg>): Promise<SessionAnswer> {
    const key = JSON.stringify([holder, client.info.toString('utf8'), client.capabilities.toString('utf8')]);
    const known = this.#held.get(key);
    const held =
      known !== undefined && known.session?.isOver !== true ? known : this.#open(key, client, open);
    this.#held.delete(key);
    this.#held.set(key, held);
    const answer = await held.answer;
    if (answer instanceof LegacySession) this.#wait(key, held, answer);
    return answer;
  }

  async close(): Promise<void> {
    this.#over.abort();
    const sessions = [...this.#held.values()].map(({ session }) => session?.end());
    this.#held.clear();
    await Promise.allSettled(sessions);
  }

  #open(key: string, client: ModernClient, open: () => Promise<ServerLeg>): Held {
    this.#makeRoom();
    const forget = () => {
      if (this.#held.get(key) === held) this.#held.delete(key);
      if (held.timer !== null) clearTimeout(held.timer);
    };
    const begin = async () => {
      const leg = await open();
      try {
        const answer = await LegacySession.begin(leg, client, this.#over.signal);
        if (answer instanceof LegacySession) {
          held.session = answer;
          answer.ended.addEventListener('abort', forget, { once: true });
        } else {
          forget();
          await leg.end().catch(() => {});
        }
        return answer;
      } catch (error) {
        forget();
        await leg.end().catch(() => {});
        throw error;
      }
    };
    const held: Held = { answer: Promise.resolve().then(begin), session: null, timer: null };
    held.answer.catch(forget);
    return held;
  }

  #makeRoom(): void {
    if (this.#held.size < this.#limits.max) return;
    for (const { session } of this.#held.values()) {
      if (session === null || session.isBusy) continue;
      void session.end().catch(() => {});
      return;
    }
    throw new LegError('unreachable', 'too many sessions at the server are in use');
  }

  #wait(key: string, held: Held, session: LegacySession): void {
    if (held.timer !== null) clearTimeout(held.timer);
    held.timer = setTimeout(() => {
      if (session.isBusy) this.#wait(key, held, session);
      else void session.end().catch(() => {});
    }, this.#limits.idleMs).unref();
  }
}
