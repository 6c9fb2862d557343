/**
 * One client's connection: the legs on both sides, the protocol session between them, and the ports that the
 * session sees. It decides nothing; it carries bytes, keeps their order, and cleans up.
 */
import { ProxyError } from '../core/errors.ts';
import type { SessionId } from '../core/ids.ts';
import type { Principal, SessionContext } from '../core/principal.ts';
import type {
  Admission,
  CancelKey,
  DownstreamPort,
  EnginePort,
  IdentityPort,
  LoginDetails,
  ProtocolSession,
  UpstreamAccount,
  UpstreamPort,
} from '../core/session.ts';
import type { HeldMemory } from '../limits/held-memory.ts';
import type { Dialer, Leg, LegEvents } from './leg.ts';
import { Pieces } from './pieces.ts';
import type { LiveSession, Sessions } from './sessions.ts';
import { SessionGate, type SqlDomain } from './sql-gate.ts';
import type { StagedBytes, Staging, Turn } from './turn.ts';

/** What every connection of a listener has in common. */
export interface ListenerDomain {
  readonly name: string;
  readonly sql: SqlDomain;
  readonly account: UpstreamAccount;
  readonly dialer: Dialer;
  readonly identity: IdentityPort;
  readonly sessions: Sessions;
  readonly memory: HeldMemory;
  readonly turn: Turn;
  /** Staged bytes wait for the disk (`durability: synced`). */
  readonly synced: boolean;
  /** The message that cancels what runs under a key of the server's. */
  cancelMessage(key: CancelKey): Buffer;
  protocol(engine: EnginePort): ProtocolSession;
  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    details: Readonly<Record<string, unknown>>,
  ): void;
  now(): number;
}

export class Connection implements EnginePort, LiveSession, Staging {
  readonly id: SessionId;
  readonly identity: IdentityPort;
  readonly #domain: ListenerDomain;
  readonly #session: ProtocolSession;
  readonly #down: Leg;
  #up: Leg | null = null;
  #upEnding = false;
  /** What the session has sent to each side in the event that is being dealt with. */
  readonly #toClient = new Pieces();
  readonly #toServer = new Pieces();
  #staged: StagedBytes[] = [];
  #key: CancelKey | null = null;
  #serverKey: CancelKey | null = null;
  #gate: SessionGate | null = null;
  #startedMs: number;
  /** The clock is read once per event. */
  #nowMs: number;
  #closed = false;
  #ending = false;
  /** The session is over, and its legs have nothing more to say than what was written. */
  #over = false;
  #cancelWhenSent = false;

  constructor(domain: ListenerDomain, accept: (events: LegEvents) => Leg) {
    this.#domain = domain;
    this.id = domain.sessions.newId();
    this.identity = domain.identity;
    this.#startedMs = domain.now();
    this.#nowMs = this.#startedMs;
    this.#down = accept(this.#downEvents());
    this.#session = domain.protocol(this);
    domain.sessions.add(this);
  }

  #downEvents(): LegEvents {
    return {
      connected: () => {},
      // Written out, since these two run for every chunk.
      bytes: (bytes, start, end) => {
        this.#nowMs = this.#domain.now();
        this.#session.fromDownstream(bytes, start, end);
        this.#afterwards();
      },
      secured: () => this.#event(() => this.#session.downstreamSecured()),
      drained: () => this.#up?.resume('congestion'),
      ended: () => this.#event(() => this.#session.downstreamEnded()),
      closed: () => this.#event(() => this.#session.downstreamLost()),
    };
  }

  #upEvents(): LegEvents {
    return {
      connected: () => this.#event(() => this.#session.upstreamConnected()),
      bytes: (bytes, start, end) => {
        this.#nowMs = this.#domain.now();
        this.#session.fromUpstream(bytes, start, end);
        this.#afterwards();
      },
      secured: () => this.#event(() => this.#session.upstreamSecured()),
      drained: () => this.#down.resume('congestion'),
      ended: () => this.#event(() => this.#session.upstreamEnded()),
      closed: (error) => this.#event(() => this.#upClosed(error)),
    };
  }

  #upClosed(error: Error | null): void {
    if (error === null || this.#ending) this.#session.upstreamEnded();
    else {
      this.#domain.log('warn', 'upstream connection failed', { session: this.id, error: error.message });
      this.#session.upstreamFailed(this.#domain.dialer.explain(error));
    }
  }

  /** Runs one step of the session and sends what it has asked for. */
  #event(step: () => void): void {
    this.#nowMs = this.#domain.now();
    step();
    this.#afterwards();
  }

  #afterwards(): void {
    if (!this.#toServer.isEmpty) this.#flushToServer();
    if (!this.#toClient.isEmpty || this.#ending) this.#flushToClient();
  }

  #flushToClient(): void {
    if (!this.#toClient.isEmpty) {
      this.#toClient.writeTo(this.#down);
      // What the kernel did not take stays in the server leg's read buffer: nothing may be read into it.
      if (this.#down.congested) this.#up?.pause('congestion');
    }
    if (this.#ending && !this.#closed) {
      this.#closed = true;
      this.#down.finish();
    }
  }

  #flushToServer(): void {
    if (this.#toServer.isEmpty || this.#up === null) return;
    this.#toServer.writeTo(this.#up);
    if (this.#up.congested) this.#down.pause('congestion');
  }

  readonly downstream: DownstreamPort = this.#downstreamPort();

  #downstreamPort(): DownstreamPort {
    const connection = this;
    return {
      get congested() {
        return connection.#down.congested;
      },
      send: (bytes, start, end) => this.#toClient.add(bytes, start, end),
      pause: () => this.#down.pause('session'),
      resume: () => this.#down.resume('session'),
      startTls: (received) => {
        this.#flushToClient();
        this.#down.startTlsServer(received);
      },
      end: () => {
        this.#ending = true;
      },
    };
  }

  readonly upstream: UpstreamPort = this.#upstreamPort();

  #upstreamPort(): UpstreamPort {
    const connection = this;
    return {
      get turn() {
        return connection.#domain.turn.number;
      },
      connect() {
        connection.#up = connection.#domain.dialer.connect(connection.#upEvents());
      },
      startTls() {
        connection.#up?.startTlsClient();
      },
      send(bytes, start, end) {
        if (connection.#staged.length > 0) this.stage(bytes, start, end);
        else connection.#toServer.add(bytes, start, end);
      },
      stage(bytes, start, end) {
        if (end > start) connection.#stage(bytes, start, end);
      },
      pause() {
        connection.#up?.pause('session');
      },
      resume() {
        connection.#up?.resume('session');
      },
      cancel() {
        // Ahead of the statement that it is to stop, it would stop nothing.
        if (connection.#staged.length > 0) connection.#cancelWhenSent = true;
        else connection.#cancelUpstream();
      },
      end() {
        connection.#endUpstream();
      },
    };
  }

  #stage(bytes: Buffer, start: number, end: number): void {
    const { turn } = this.#domain;
    const kept = turn.keep(bytes, start, end);
    const last = this.#staged.at(-1);
    // What an earlier turn staged may still wait for the disk.
    if (last?.turn !== kept.turn) turn.add(this);
    if (
      last !== undefined &&
      last.turn === kept.turn &&
      last.bytes === kept.bytes &&
      last.end === kept.start
    ) {
      this.#staged[this.#staged.length - 1] = { ...last, end: kept.end };
    } else this.#staged.push(kept);
  }

  beforeFlush(): void {
    this.#gate?.records.recordParse();
  }

  get synced(): boolean {
    return this.#domain.synced;
  }

  sendStaged(turn: number): boolean {
    const up = this.#up;
    const staged = this.#takeStaged(turn);
    if (up === null || staged.length === 0) return true;
    if (staged.length === 1 && staged[0] !== undefined)
      up.write(staged[0].bytes, staged[0].start, staged[0].end);
    else up.writeAll(staged.map((piece) => piece.bytes.subarray(piece.start, piece.end)));
    if (up.congested) this.#down.pause('congestion');
    this.#afterStaged();
    return !up.congested;
  }

  /** What was staged up to and in a turn; all of it, unless something waits for the disk. */
  #takeStaged(turn: number): readonly StagedBytes[] {
    const staged = this.#staged;
    const later = staged.findIndex((piece) => piece.turn > turn);
    this.#staged = later < 0 ? [] : staged.slice(later);
    return later < 0 ? staged : staged.slice(0, later);
  }

  dropStaged(turn: number): void {
    const dropped = new Set(this.#staged.filter((piece) => piece.turn >= turn).map((piece) => piece.turn));
    this.#staged = this.#staged.filter((piece) => piece.turn < turn);
    // The last expectations are those of the last turn.
    for (const one of [...dropped].reverse()) this.#event(() => this.#session.retract(one));
    this.#afterStaged();
  }

  /** What had to wait for the staged bytes, whether they were sent or dropped. */
  #afterStaged(): void {
    if (this.#staged.length > 0) return;
    if (this.#cancelWhenSent) {
      this.#cancelWhenSent = false;
      this.#cancelUpstream();
    }
    if (this.#upEnding) this.#endUpstream();
  }

  #endUpstream(): void {
    this.#upEnding = true;
    this.#flushToServer();
    // What is staged goes first; `sendStaged` ends the leg then.
    if (this.#staged.length > 0) return;
    if (this.#over) this.#up?.finish();
    else this.#up?.end();
  }

  #cancelUpstream(): void {
    const key = this.#serverKey;
    const done = () => this.#event(() => this.#session.cancelDelivered());
    if (key === null) {
      done();
      return;
    }
    this.#domain.dialer.deliver(this.#domain.cancelMessage(key)).then(done, (error: Error) => {
      this.#domain.log('warn', 'cancel request could not be delivered', {
        session: this.id,
        error: error.message,
      });
      done();
    });
  }

  now(): number {
    return this.#nowMs;
  }

  authenticated(principal: Principal, details: LoginDetails): Admission {
    const { sql, name, account } = this.#domain;
    if (!sql.journal.healthy && !sql.journal.tryRecover()) {
      return { admission: 'refused', error: new ProxyError('journal-unavailable') };
    }
    if (!this.#domain.sessions.admit(this)) {
      return { admission: 'refused', error: new ProxyError('too-many-connections') };
    }
    const context: SessionContext = { principal, listener: name, clientAddress: this.#down.remoteAddress };
    const gate = new SessionGate(
      sql,
      this.id,
      context,
      (step) => this.#event(step),
      () => this.#session.wake(),
    );
    sql.record(
      'session-start',
      [
        `"session":"${this.id}"`,
        `"listener":${JSON.stringify(name)}`,
        `"principal":${JSON.stringify(principal.name)}`,
        `"groups":${JSON.stringify(principal.groups)}`,
        `"client":${JSON.stringify(context.clientAddress)}`,
        `"application":${JSON.stringify(details.application)}`,
        `"tls":${details.secured}`,
        `"protocol":${JSON.stringify(details.protocol)}`,
      ].join(','),
      'now',
    );
    // Without a record of its beginning a session's statements would be nobody's.
    if (!this.#domain.turn.flush())
      return { admission: 'refused', error: new ProxyError('journal-unavailable') };
    this.#gate = gate;
    return { admission: 'admitted', gate, account };
  }

  upstreamReady(key: CancelKey): void {
    this.#serverKey = key;
  }

  cancelKey(secretBytes: number): CancelKey {
    this.#key = this.#domain.sessions.newKey(this, secretBytes);
    return this.#key;
  }

  cancelSession(key: CancelKey): void {
    this.#domain.sessions.cancel(key);
  }

  hold(bytes: number): boolean {
    return this.#domain.memory.hold(bytes);
  }

  release(bytes: number): void {
    this.#domain.memory.release(bytes);
  }

  closed(error: ProxyError | null): void {
    const { sessions, sql } = this.#domain;
    sessions.remove(this, this.#key);
    this.#over = true;
    this.#endUpstream();
    if (error !== null) this.#logEnd(error);
    if (this.#gate === null) {
      if (error !== null) this.#recordRefusedLogin(error);
      return;
    }
    const { rows, bytes } = this.#session.activity;
    const reason = error === null ? 'client left' : error.code;
    sql.record(
      'session-end',
      `"session":"${this.id}","reason":${JSON.stringify(reason)},"statements":${this.#gate.records.statements},"denied":${this.#gate.records.denied},"rows":${rows},"bytes":${bytes},"ms":${Math.round(this.now() - this.#startedMs)}`,
      'soon',
    );
  }

  #logEnd(error: ProxyError): void {
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    this.#domain.log('info', 'session ended', {
      session: this.id,
      code: error.code,
      detail: error.detail,
      cause,
    });
  }

  #recordRefusedLogin(error: ProxyError): void {
    this.#domain.sql.record(
      'login-refused',
      `"session":"${this.id}","listener":${JSON.stringify(this.#domain.name)},"client":${JSON.stringify(this.#down.remoteAddress)},"code":"${error.code}","detail":${JSON.stringify(error.detail)}`,
      'soon',
    );
  }

  cancelRequested(): void {
    this.#event(() => this.#session.cancelRequested());
  }

  tick(): void {
    this.#event(() => this.#session.tick());
  }

  drain(): void {
    this.#event(() => this.#session.drain());
  }

  terminate(error: ProxyError): void {
    this.#event(() => this.#session.terminate(error));
  }
}
