/**
 * One client's connection: the legs on both sides, the protocol session between them, and the ports that the
 * session sees. It decides nothing; it carries bytes, keeps their order, and cleans up.
 */
import { ProxyError } from '../core/errors.ts';
import type { SessionId } from '../core/ids.ts';
import type { IdentityPort } from '../core/login.ts';
import type { Identity } from '../core/principal.ts';
import type {
  Admission,
  CancelKey,
  DownstreamPort,
  EnginePort,
  LoginDetails,
  ProtocolSession,
  UpstreamPort,
} from '../core/session.ts';
import { admissionRefusal, cutInTime, logEnd } from './admission.ts';
import { JournaledSession } from './journaled-session.ts';
import type { Leg, LegEvents } from './leg.ts';
import type { ListenerDomain } from './listener-domain.ts';
import { Pieces } from './pieces.ts';
import { SessionExpiry } from './session-expiry.ts';
import type { LiveSession, SessionBrief } from './sessions.ts';
import { StagedQueue } from './staged-queue.ts';
import type { Staging } from './turn.ts';

export class Connection implements EnginePort, LiveSession, Staging {
  readonly #story: JournaledSession;
  readonly identity: IdentityPort;
  readonly #domain: ListenerDomain;
  readonly #session: ProtocolSession;
  readonly #down: Leg;
  #up: Leg | null = null;
  #upEnding = false;
  /** What the session has sent to each side in the event that is being dealt with. */
  readonly #toClient = new Pieces();
  readonly #toServer = new Pieces();
  readonly #staged = new StagedQueue();
  #key: CancelKey | null = null;
  #serverKey: CancelKey | null = null;
  /** The clock is read once per event. */
  #nowMs: number;
  #closed = false;
  #ending = false;
  /** The session is over, and its legs have nothing more to say than what was written. */
  #over = false;
  #cancelWhenSent = false;
  readonly #expiry: SessionExpiry;

  constructor(domain: ListenerDomain, accept: (events: LegEvents) => Leg) {
    this.#domain = domain;
    this.#story = new JournaledSession(domain);
    this.#expiry = new SessionExpiry(domain, (error) => this.terminate(error));
    this.#nowMs = domain.now();
    this.#down = accept(this.#downEvents());
    this.identity = domain.identity.forConnection({
      clientAddress: this.#down.remoteAddress,
      certificate: () => this.#down.peerCertificate,
      wake: () => this.#event(() => this.#session.wake()),
    });
    this.#session = domain.protocol(this);
    domain.sessions.add(this);
    this.#event(() => this.#session.downstreamConnected?.());
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
        if (this.#domain.sql.journal.isBehind) this.#waitForJournal();
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

  /** What is recorded of results is held in memory until it is written: a journal that is slow slows the server. */
  #waitForJournal(): void {
    if (this.#story.gate?.recordsResponses !== true) return;
    const { journal } = this.#domain.sql;
    this.#up?.pause('journal');
    journal.whenWritten(() => this.#up?.resume('journal'));
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
      startTls: (received, alpn) => {
        this.#flushToClient();
        this.#down.startTlsServer(received, alpn);
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
        // MySQL's request for TLS has no answer: what asks for it goes before what it asks for.
        connection.#flushToServer();
        connection.#up?.startTlsClient();
      },
      send(bytes, start, end) {
        if (!connection.#staged.isEmpty) this.stage(bytes, start, end);
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
        if (!connection.#staged.isEmpty) connection.#cancelWhenSent = true;
        else connection.#cancelUpstream();
      },
      end() {
        connection.#endUpstream();
      },
    };
  }

  #stage(bytes: Buffer, start: number, end: number): void {
    const { turn } = this.#domain;
    // What an earlier turn staged may still wait for the disk.
    if (this.#staged.add(turn.keep(bytes, start, end))) turn.add(this);
  }

  beforeFlush(): void {
    this.#story.gate?.records.recordParse();
  }

  get synced(): boolean {
    return this.#domain.synced;
  }

  sendStaged(turn: number): boolean {
    const up = this.#up;
    const staged = this.#staged.take(turn);
    if (up === null || staged.length === 0) return true;
    if (staged.length === 1 && staged[0] !== undefined)
      up.write(staged[0].bytes, staged[0].start, staged[0].end);
    else up.writeAll(staged.map((piece) => piece.bytes.subarray(piece.start, piece.end)));
    if (up.congested) this.#down.pause('congestion');
    this.#afterStaged();
    return !up.congested;
  }

  dropStaged(turn: number): void {
    // The last expectations are those of the last turn.
    for (const one of this.#staged.drop(turn).reverse()) this.#event(() => this.#session.retract(one));
    this.#afterStaged();
  }

  /** What had to wait for the staged bytes, whether they were sent or dropped. */
  #afterStaged(): void {
    if (!this.#staged.isEmpty) return;
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
    if (!this.#staged.isEmpty) return;
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
    this.#domain.deliverCancel(key).then(done, (error: Error) => {
      this.#domain.log('warn', 'cancel request could not be delivered', {
        session: this.id,
        error: error.message,
      });
      done();
    });
  }

  get id(): SessionId {
    return this.#story.id;
  }

  get actor(): Identity | null {
    return this.#story.identity;
  }

  get brief(): SessionBrief | null {
    return this.#story.brief(this.#down.remoteAddress, this.#session.activity);
  }

  now(): number {
    return this.#nowMs;
  }

  authenticated(identity: Identity, details: LoginDetails): Admission {
    const { account } = this.#domain;
    const refusal = admissionRefusal(this.#domain, this, identity, this.#story.gate === null);
    if (refusal !== null) return { admission: 'refused', error: refusal };
    const gate = this.#story.begin(
      identity,
      details,
      this.#down.remoteAddress,
      this.#session.activity,
      (step) => this.#event(step),
      () => this.#session.wake(),
    );
    if (gate instanceof ProxyError) return { admission: 'refused', error: gate };
    this.#expiry.follow(identity.proof);
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

  killSession(processId: number, what: 'query' | 'session'): 'done' | 'unknown' {
    return this.#domain.sessions.kill(this, processId, what);
  }

  hold(bytes: number): boolean {
    return this.#domain.memory.hold(bytes);
  }

  release(bytes: number): void {
    this.#domain.memory.release(bytes);
  }

  closed(error: ProxyError | null): void {
    const { sessions } = this.#domain;
    sessions.remove(this, this.#key);
    this.#over = true;
    this.#expiry.follow(null);
    this.#endUpstream();
    if (error !== null) logEnd(this.#domain, this.id, error);
    this.#story.end(error, this.#down.remoteAddress, this.#session.activity);
  }

  cancelRequested(): void {
    this.#event(() => this.#session.cancelRequested());
  }

  tick(): void {
    this.#expiry.check();
    this.#event(() => this.#session.tick());
  }

  drain(): void {
    this.#event(() => this.#session.drain());
  }

  terminate(error: ProxyError): void {
    this.#event(() => this.#session.terminate(error));
    cutInTime(this.#domain, error, () => this.#down.destroy());
  }
}
