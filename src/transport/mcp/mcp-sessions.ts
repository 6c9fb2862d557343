/**
 * Sessions of legacy clients over HTTP: known by an id that nobody can guess, to nobody but the principal who began
 * them, as many as one principal may have, for as long as they are used.
 */
import { randomBytes } from 'node:crypto';
import { ProxyError } from '../../core/errors.ts';
import type { Identity } from '../../core/principal.ts';
import type { LoginDetails } from '../../core/session.ts';
import type { RequestDomain } from '../../engine/request-domain.ts';
import { RequestSession } from '../../engine/request-session.ts';
import type { McpJudge } from './judge.ts';
import type { LegSource, ServerLeg } from './legs.ts';
import type { Reply } from './reply.ts';

export interface SessionsGround {
  readonly domain: RequestDomain;
  readonly legs: LegSource;
  judge(session: RequestSession): McpJudge;
  /** After which a session that nobody uses ends. */
  readonly idleMs: number;
  /** Of one principal. */
  readonly sessionsMax: number;
}

/** Who begins a session, and with what. */
export interface Beginning {
  readonly actor: Identity;
  readonly clientAddress: string | null;
  readonly details: LoginDetails;
  /** Of the older transport: where everything for the client goes. Null: it listens where it wants to. */
  readonly outlet: Reply | null;
}

const ID_BYTES = 32;

export class McpSession {
  readonly id = randomBytes(ID_BYTES).toString('base64url');
  readonly actor: Identity;
  readonly judge: McpJudge;
  readonly leg: ServerLeg;
  readonly outlet: Reply | null;
  readonly #session: RequestSession;
  readonly #ground: SessionsGround;
  readonly #forget: (session: McpSession) => void;
  /** What is open for it, and how it is closed. */
  readonly #open = new Set<() => void>();
  #uses = 0;
  #idle: { cancel(): void } | null = null;
  readonly #ended = new AbortController();
  #draining = false;
  #hears = false;
  #farewell: Promise<void> | null = null;

  private constructor(
    ground: SessionsGround,
    { actor, outlet }: Beginning,
    parts: { readonly session: RequestSession; readonly judge: McpJudge; readonly leg: ServerLeg },
    forget: (session: McpSession) => void,
  ) {
    this.#ground = ground;
    this.actor = actor;
    this.outlet = outlet;
    this.#session = parts.session;
    this.judge = parts.judge;
    this.leg = parts.leg;
    this.#forget = forget;
    this.judge.attach(this.leg);
    this.#rest();
  }

  /** The error says why it may not begin. Rejects with LegError. */
  static async begin(
    ground: SessionsGround,
    beginning: Beginning,
    forget: (session: McpSession) => void,
  ): Promise<McpSession | ProxyError> {
    let made: McpSession | null = null;
    const { actor, clientAddress, details } = beginning;
    const session = RequestSession.begin(ground.domain, actor, {
      clientAddress,
      details,
      cut: () => made?.end(null),
      drain: () => made?.drain(),
    });
    if (session instanceof ProxyError) return session;
    try {
      const leg = await ground.legs.open('legacy', session);
      // While the leg was opened the login may have run out, or have been revoked.
      if (session.isOver) {
        await leg.end().catch(() => {});
        return new ProxyError('login-expired');
      }
      made = new McpSession(ground, beginning, { session, judge: ground.judge(session), leg }, forget);
      return made;
    } catch (error) {
      session.end(null);
      throw error;
    }
  }

  get isOver(): boolean {
    return this.#farewell !== null;
  }

  get isIdle(): boolean {
    return this.#uses === 0;
  }

  /** Something goes on in it; what it gives back ends that. */
  enter(): () => void {
    this.#uses++;
    this.#idle?.cancel();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#uses--;
      if (this.#uses === 0) this.#rest();
    };
  }

  #rest(): void {
    this.#idle?.cancel();
    if (this.isOver) return;
    if (this.#draining) this.end(null);
    // A client that listens is there, whether it asks for anything or not.
    else if (this.outlet === null && this.#open.size === 0)
      this.#idle = this.#ground.domain.after(this.#ground.idleMs, () => this.end(null));
  }

  /** Whether this is the first time that somebody wants to hear what the server says unasked. */
  beginsToHear(): boolean {
    const isFirst = !this.#hears;
    this.#hears = true;
    return isFirst;
  }

  /** A stream on which nothing need ever come is open; `close` ends it. It is no use that keeps a drain waiting. */
  opens(close: () => void): () => void {
    if (this.#draining || this.isOver) close();
    this.#open.add(close);
    this.#idle?.cancel();
    return () => {
      this.#open.delete(close);
      if (this.#uses === 0) this.#rest();
    };
  }

  drain(): void {
    this.#draining = true;
    for (const close of this.#open) close();
    if (this.#uses === 0) this.end(null);
  }

  end(error: ProxyError | null): void {
    if (this.isOver) return;
    this.#farewell = this.#end(error);
    this.#forget(this);
  }

  /** Aborted when it is over. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Settled once the server has been told of the end, where it can be. */
  get farewell(): Promise<void> {
    return this.#farewell ?? Promise.resolve();
  }

  async #end(error: ProxyError | null): Promise<void> {
    this.#idle?.cancel();
    this.#ended.abort();
    for (const close of this.#open) close();
    this.judge.close();
    this.#session.end(error);
    await this.leg.end().catch(() => {
      // The server will forget it by itself.
    });
  }
}

export class McpSessions {
  readonly #ground: SessionsGround;
  readonly #byId = new Map<string, McpSession>();
  readonly #ending = new Set<Promise<void>>();

  constructor(ground: SessionsGround) {
    this.#ground = ground;
  }

  /** The error says why it may not begin. Rejects with LegError. */
  async begin(beginning: Beginning): Promise<McpSession | ProxyError> {
    const refusal = this.#makeRoom(beginning.actor);
    if (refusal !== null) return refusal;
    const begun = await McpSession.begin(this.#ground, beginning, (session) => this.#over(session));
    if (!(begun instanceof ProxyError)) this.#byId.set(begun.id, begun);
    return begun;
  }

  /** Clients that begin anew do not always end what they began before: the oldest that nobody uses makes room. */
  #makeRoom(actor: Identity): ProxyError | null {
    const own = [...this.#byId.values()].filter((session) => isSame(session.actor, actor));
    if (own.length < this.#ground.sessionsMax) return null;
    const oldest = own.find(({ isIdle }) => isIdle);
    if (oldest === undefined) return new ProxyError('too-many-connections');
    oldest.end(null);
    return null;
  }

  #over(session: McpSession): void {
    this.#byId.delete(session.id);
    const { farewell } = session;
    this.#ending.add(farewell);
    void farewell.finally(() => this.#ending.delete(farewell));
  }

  /** Null: there is none, or it is somebody else's, which is nobody's business. */
  find(id: string, actor: Identity): McpSession | null {
    const session = this.#byId.get(id);
    return session === undefined || session.isOver || !isSame(session.actor, actor) ? null : session;
  }

  /** Every session ends; settled once the servers know. */
  async close(): Promise<void> {
    for (const session of [...this.#byId.values()]) session.end(null);
    await Promise.all(this.#ending);
  }
}

/** A principal is who it is by whoever vouches for it: the same name of two issuers is two. */
function isSame(a: Identity, b: Identity): boolean {
  return (
    a.principal.name === b.principal.name &&
    a.proof.issuer === b.proof.issuer &&
    a.proof.subject === b.proof.subject
  );
}
