/** The sessions that are live: found by id, by cancel key, and all together for drain and time. */
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { ProxyError } from '../core/errors.ts';
import { type SessionId, sessionIdFrom } from '../core/ids.ts';
import type { Identity, Principal } from '../core/principal.ts';
import type { CancelKey, SessionActivity } from '../core/session.ts';
import { Causes } from './causes.ts';

const SESSION_ID_CHARACTERS = 14;
const PROCESS_ID_MAX = 2 ** 31 - 1;

/** What people are shown of a session that has logged in. */
export interface SessionBrief {
  readonly id: SessionId;
  readonly principal: Principal;
  readonly listener: string;
  readonly clientAddress: string | null;
  readonly application: string | null;
  /** Since it logged in. */
  readonly ageMs: number;
  readonly phase: SessionActivity['phase'];
  readonly statements: number;
  readonly denied: number;
  /** Sent to the client so far. */
  readonly rows: number;
  readonly bytes: number;
}

/** A live session as the registry sees it. */
export interface LiveSession {
  readonly id: SessionId;
  /** Null until it has logged in. */
  readonly actor: Identity | null;
  /** Null until it has logged in. */
  readonly brief: SessionBrief | null;
  cancelRequested(): void;
  tick(): void;
  drain(): void;
  /** End now, whatever runs. */
  terminate(error: ProxyError): void;
}

export class Sessions {
  /** Which of them work for which. */
  readonly causes = new Causes();
  readonly #live = new Set<LiveSession>();
  /** Those that have yet to log in, oldest first. */
  readonly #starting = new Set<LiveSession>();
  readonly #byProcessId = new Map<number, { readonly secret: Buffer; readonly session: LiveSession }>();
  readonly #max: number;
  #onEmpty: (() => void) | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Those that have logged in. */
  *briefs(): Generator<SessionBrief> {
    for (const session of this.#live) {
      const { brief } = session;
      if (brief !== null) yield brief;
    }
  }

  /** Live sessions of a kind, those that have yet to log in among them. */
  matching(wanted: (session: LiveSession) => boolean): readonly LiveSession[] {
    return [...this.#live].filter(wanted);
  }

  /** Ends a session, whatever runs in it; false where there is none of that id. */
  terminate(id: string, error: ProxyError): boolean {
    for (const session of this.#live) {
      if (session.id !== id) continue;
      session.terminate(error);
      return true;
    }
    return false;
  }

  newId(): SessionId {
    return sessionIdFrom(randomBytes(SESSION_ID_CHARACTERS));
  }

  /**
   * A client has connected. As many may be logging in as may be logged in; where there are more, the one that has
   * been at it for longest gives way, so that clients that never log in do not keep others out.
   */
  add(session: LiveSession): void {
    this.#live.add(session);
    this.#starting.add(session);
    if (this.#starting.size <= this.#max) return;
    const [oldest] = this.#starting;
    oldest?.terminate(new ProxyError('too-many-connections'));
  }

  /** A client has logged in; false when as many have as may. */
  admit(session: LiveSession): boolean {
    if (this.#live.size - this.#starting.size >= this.#max) return false;
    this.#starting.delete(session);
    return true;
  }

  remove(session: LiveSession, key: CancelKey | null): void {
    this.#live.delete(session);
    this.#starting.delete(session);
    if (key !== null) this.#byProcessId.delete(key.processId);
    if (this.#live.size === 0) this.#onEmpty?.();
  }

  /** A key of our own: the server's is never shown to a client. */
  newKey(session: LiveSession, secretBytes: number): CancelKey {
    let processId = randomInt(1, PROCESS_ID_MAX);
    while (this.#byProcessId.has(processId)) processId = randomInt(1, PROCESS_ID_MAX);
    const secret = randomBytes(secretBytes);
    this.#byProcessId.set(processId, { secret, session });
    return { processId, secret };
  }

  /** Cancels what runs in the session of that key, if there is one and the key is its own. */
  cancel(key: CancelKey): void {
    const found = this.#byProcessId.get(key.processId);
    if (found === undefined || found.secret.length !== key.secret.length) return;
    if (timingSafeEqual(found.secret, key.secret)) found.session.cancelRequested();
  }

  /** Cancels or ends another session of the same principal, or the session itself, by the id that its client has. */
  kill(by: LiveSession, processId: number, what: 'query' | 'session'): 'done' | 'unknown' {
    const session = this.#byProcessId.get(processId)?.session;
    const owner = by.actor?.principal.name ?? null;
    if (session === undefined || owner === null || session.actor?.principal.name !== owner) return 'unknown';
    if (what === 'query') session.cancelRequested();
    else session.terminate(new ProxyError('killed'));
    return 'done';
  }

  tick(): void {
    for (const session of [...this.#live]) session.tick();
  }

  /** Ends every session at once, whatever runs. */
  terminateAll(): void {
    for (const session of [...this.#live]) session.terminate(new ProxyError('draining'));
  }

  /** Asks every session to end; resolves when all have, at the latest after `withinMs`. */
  drain(withinMs: number, timer: (run: () => void, ms: number) => { cancel(): void }): Promise<void> {
    return new Promise((resolve) => {
      const late = timer(() => this.terminateAll(), withinMs);
      this.#onEmpty = () => {
        late.cancel();
        this.#onEmpty = null;
        resolve();
      };
      for (const session of [...this.#live]) session.drain();
      if (this.#live.size === 0) this.#onEmpty?.();
    });
  }
}
