/** One Postgres session, from the client's first byte to the last: phases, and who handles bytes in each. */
import { ProxyError } from '../../src/core/errors.ts';
import type { Identity } from '../../src/core/principal.ts';
import type { EnginePort, ProtocolSession, SessionActivity } from '../../src/core/session.ts';
import { type FailureCode, failureOf } from '../sql/session-failure.ts';
import { Backend } from './backend.ts';
import { Frontend } from './frontend.ts';
import { Handshake, type HandshakeResult, type HandshakeSettings } from './handshake.ts';
import { BLOCK, Link, type LinkSettings, UNDER_WAY_MAX } from './link.ts';
import { activityOf, failureFor, leave, type Phase, welcome } from './phases.ts';
import { probe } from './probe.ts';
import { retract } from './retract.ts';
import type { Startup } from './startup.ts';
import { timeUp } from './timeouts.ts';
import { UpstreamHandshake, type UpstreamReady } from './upstream.ts';

export interface PostgresSettings extends HandshakeSettings, LinkSettings {
  /** From the first byte to authentication, and from then to the server's readiness. */
  readonly handshakeTimeoutMs: number;
}

/** How long a client that has closed its side gets to read what it asked for before. */
const HALF_CLOSED_MS = 5_000;

export class PostgresSession implements ProtocolSession {
  readonly #engine: EnginePort;
  readonly #settings: PostgresSettings;
  #phase: Phase;
  #draining = false;
  #downstreamGone = false;
  #goneSinceMs = 0;
  /** Rows and bytes sent, once the session is over. */
  #total = { rows: 0, bytes: 0 };

  constructor(engine: EnginePort, settings: PostgresSettings) {
    this.#engine = engine;
    this.#settings = settings;
    this.#phase = {
      phase: 'startup',
      handshake: new Handshake(engine, settings),
      deadlineMs: engine.now() + settings.handshakeTimeoutMs,
    };
  }

  fromDownstream(bytes: Buffer, start: number, end: number): void {
    try {
      this.#downstreamBytes(bytes, start, end);
    } catch (error) {
      this.terminate(failureOf('malformed-frame', error));
    }
  }

  #downstreamBytes(bytes: Buffer, start: number, end: number): void {
    const phase = this.#phase;
    switch (phase.phase) {
      case 'serving':
        phase.frontend.receive(bytes, start, end);
        this.#settle(phase.link, phase.frontend);
        return;
      case 'startup':
        this.#startup(phase.handshake, phase.handshake.receive(bytes, start, end));
        return;
      case 'dialling':
        phase.early.push(Buffer.from(bytes.subarray(start, end)));
        this.#engine.downstream.pause();
        return;
      case 'closed':
        return;
    }
  }

  fromUpstream(bytes: Buffer, start: number, end: number): void {
    try {
      this.#upstreamBytes(bytes, start, end);
    } catch (error) {
      this.terminate(failureOf('upstream-malformed', error));
    }
  }

  #upstreamBytes(bytes: Buffer, start: number, end: number): void {
    const phase = this.#phase;
    switch (phase.phase) {
      case 'serving':
        phase.backend.receive(bytes, start, end);
        this.#settle(phase.link, phase.frontend);
        return;
      case 'dialling': {
        const ready = phase.upstream.receive(bytes, start, end);
        if (ready !== null) this.#serve(phase.link, phase.startup, ready, phase.early, phase.upstream.rest());
        return;
      }
      case 'startup':
      case 'closed':
        return;
    }
  }

  #startup(handshake: Handshake, result: HandshakeResult): void {
    if (result.result === 'cancelled') this.#close(null);
    if (result.result === 'login') this.#login(handshake, result.startup, result.identity);
  }

  #login(handshake: Handshake, startup: Startup, identity: Identity): void {
    const admission = this.#engine.authenticated(identity, {
      application: startup.application,
      secured: handshake.secured,
      protocol: `postgres 3.${startup.minor}`,
    });
    if (admission.admission === 'refused') throw admission.error;
    const { upstream } = this.#engine;
    const rest = handshake.rest();
    this.#phase = {
      phase: 'dialling',
      upstream: new UpstreamHandshake(upstream, admission.account, startup.settings),
      startup,
      link: new Link(this.#engine, admission.gate, this.#settings),
      early: rest.length > 0 ? [rest] : [],
      deadlineMs: this.#engine.now() + this.#settings.handshakeTimeoutMs,
    };
    upstream.connect();
  }

  #serve(link: Link, startup: Startup, ready: UpstreamReady, early: readonly Buffer[], rest: Buffer): void {
    this.#engine.upstreamReady({ processId: ready.processId, secret: ready.secret });
    welcome(this.#engine, startup, ready);
    link.status = ready.status;
    link.readingStale = true;
    const frontend = new Frontend(link);
    const later = (step: () => void) =>
      this.#guarded('upstream-malformed', () => {
        step();
        this.#settle(link, frontend);
      });
    const backend = new Backend(link, later);
    this.#phase = { phase: 'serving', link, frontend, backend };
    if (early.length > 0) this.#engine.downstream.resume();
    if (rest.length > 0) backend.receive(rest, 0, rest.length);
    this.#settle(link, frontend);
    for (const bytes of early) frontend.receive(bytes, 0, bytes.length);
    this.#settle(link, frontend);
  }

  /** After anything that may have answered what was waited for: asks what is left to ask, and goes on. */
  #settle(link: Link, frontend: Frontend): void {
    if (this.#phase.phase !== 'serving') return;
    if (link.replies.size === 0 && (!link.readingStale || !probe(link))) link.unblock(BLOCK.replies);
    if ((link.blocks & BLOCK.cut) !== 0 && !link.cancelling && link.cutRun === null) link.unblock(BLOCK.cut);
    if (link.replies.size < UNDER_WAY_MAX / 2) link.unblock(BLOCK.full);
    if (frontend.isDue) frontend.resume();
    if (frontend.ended) return;
    if (this.#downstreamGone && link.isQuiet) this.#close(null);
    else if (this.#draining && this.activity.phase === 'idle') this.terminate(new ProxyError('draining'));
  }

  downstreamEnded(): void {
    this.#downstreamGone = true;
    this.#goneSinceMs = this.#engine.now();
    const phase = this.#phase;
    // A client that has only closed its side still reads: what it asked for is answered first. People are not asked
    // for one that may be gone.
    if (phase.phase !== 'serving' || phase.link.awaitsPeople || phase.link.isQuiet) this.#close(null);
    else if (phase.link.unsynced || phase.link.copyIn) this.#engine.upstream.end();
  }

  downstreamLost(): void {
    this.#close(null);
  }

  upstreamEnded(): void {
    const phase = this.#phase;
    if (phase.phase === 'closed') return;
    if (phase.phase === 'serving' && (phase.frontend.ended || this.#downstreamGone)) this.#close(null);
    else if (phase.phase === 'serving' && phase.link.serverEnds) this.#close(new ProxyError('upstream-lost'));
    else this.terminate(new ProxyError('upstream-lost'));
  }

  downstreamSecured(): void {
    if (this.#phase.phase === 'startup') this.#phase.handshake.downstreamSecured();
  }

  upstreamConnected(): void {
    const phase = this.#phase;
    if (phase.phase === 'dialling') this.#guarded('upstream-malformed', () => phase.upstream.connected());
  }

  upstreamSecured(): void {
    const phase = this.#phase;
    if (phase.phase === 'dialling') this.#guarded('upstream-malformed', () => phase.upstream.secured());
  }

  upstreamFailed(error: ProxyError): void {
    this.terminate(error);
  }

  cancelDelivered(): void {
    const phase = this.#phase;
    if (phase.phase !== 'serving') return;
    phase.link.cancelling = false;
    this.#guarded('invariant', () => this.#settle(phase.link, phase.frontend));
  }

  cancelRequested(): void {
    const phase = this.#phase;
    if (phase.phase !== 'serving') return;
    const { link } = phase;
    if (link.awaitsPeople) link.gate.withdraw();
    if (link.awaitsPeople) this.wake();
    else if (link.replies.size > 0) link.cancel();
  }

  wake(): void {
    const phase = this.#phase;
    this.#guarded('malformed-frame', () => {
      if (phase.phase === 'startup') this.#startup(phase.handshake, phase.handshake.wake());
      if (phase.phase !== 'serving') return;
      phase.link.unblock(BLOCK.answer | BLOCK.approval);
      phase.backend.wake();
      this.#settle(phase.link, phase.frontend);
    });
  }

  retract(turn: number): void {
    const phase = this.#phase;
    if (phase.phase !== 'serving') return;
    this.#guarded('invariant', () => {
      retract(phase.link, turn);
      this.#settle(phase.link, phase.frontend);
    });
  }

  tick(): void {
    const phase = this.#phase;
    const now = this.#engine.now();
    // Without Terminate, it may as well have died. One that has said it leaves what it asked for behind.
    const isGone = this.#downstreamGone && now - this.#goneSinceMs > HALF_CLOSED_MS;
    if (isGone && phase.phase === 'serving' && !phase.frontend.ended) this.#close(null);
    const error = timeUp(this.#phase, this.#settings, now);
    if (error !== null) this.terminate(error);
  }

  drain(): void {
    this.#draining = true;
    const phase = this.activity.phase;
    if (phase === 'idle' || phase === 'startup') this.terminate(new ProxyError('draining'));
  }

  terminate(error: ProxyError): void {
    if (this.#phase.phase === 'closed') return;
    const message = failureFor(this.#phase, error);
    if (message !== null) this.#engine.downstream.send(message, 0, message.length);
    this.#close(error);
  }

  #close(error: ProxyError | null): void {
    const phase = this.#phase;
    if (phase.phase === 'closed') return;
    const { rows, bytes } = this.activity;
    this.#total = { rows, bytes };
    this.#phase = { phase: 'closed' };
    leave(phase, this.#engine);
    this.#engine.upstream.end();
    this.#engine.downstream.end();
    this.#engine.closed(error);
  }

  #guarded(code: FailureCode, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.terminate(failureOf(code, error));
    }
  }

  get activity(): SessionActivity {
    return activityOf(this.#phase, this.#total);
  }
}
