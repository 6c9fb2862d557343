/** One MySQL session, from the client's first byte to the last: phases, and who handles bytes in each. */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { Identity } from '../../src/core/principal.ts';
import type { EnginePort, ProtocolSession, SessionActivity } from '../../src/core/session.ts';
import { type FailureCode, failureOf } from '../sql/session-failure.ts';
import { Backend } from './backend.ts';
import { successor, UserChange } from './change-user.ts';
import { collationForServer } from './collations.ts';
import { plainOk } from './encode.ts';
import { enterDatabase } from './entering.ts';
import { Frontend } from './frontend.ts';
import { Handshake, type HandshakeResult, type HandshakeSettings, type Login } from './handshake.ts';
import { BLOCK, Link, type LinkSettings } from './link.ts';
import { activityOf, failureFor, leave, type Phase } from './phases.ts';
import { askNext } from './questions.ts';
import { applyChanges } from './reading.ts';
import type { Command } from './refusals.ts';
import { retract } from './retract.ts';
import { timeUp } from './timeouts.ts';
import { UpstreamHandshake } from './upstream.ts';
import type { UpstreamReady } from './upstream-login.ts';

export interface MysqlSettings extends HandshakeSettings, LinkSettings {
  /** From the first byte to authentication, and from then to the server's readiness. */
  readonly handshakeTimeoutMs: number;
}

/** How long a client that has closed its side gets to read what it asked for before. */
const HALF_CLOSED_MS = 5_000;

export class MysqlSession implements ProtocolSession {
  readonly #engine: EnginePort;
  readonly #settings: MysqlSettings;
  #phase: Phase;
  #draining = false;
  #downstreamGone = false;
  #goneSinceMs = 0;
  /** Rows and bytes sent, once the session is over. */
  #total = { rows: 0, bytes: 0 };

  constructor(engine: EnginePort, settings: MysqlSettings) {
    this.#engine = engine;
    this.#settings = settings;
    this.#phase = {
      phase: 'startup',
      handshake: new Handshake(engine, settings),
      deadlineMs: engine.now() + settings.handshakeTimeoutMs,
    };
  }

  downstreamConnected(): void {
    if (this.#phase.phase === 'startup') this.#phase.handshake.begin();
  }

  fromDownstream(bytes: Buffer, start: number, end: number): void {
    const phase = this.#phase;
    this.#guarded('malformed-frame', () => {
      switch (phase.phase) {
        case 'serving':
          phase.frontend.receive(bytes, start, end);
          this.#settle(phase.link, phase.frontend);
          return;
        case 'startup':
          this.#login(phase.handshake, phase.handshake.receive(bytes, start, end));
          return;
        case 'changing':
          this.#changed(phase, phase.change.receive(bytes, start, end));
          return;
        case 'dialling':
        case 'entering':
          // What the client sends ahead of the server's readiness.
          phase.handshake.reader.feed(bytes, start, end);
          phase.handshake.reader.keep();
          this.#engine.downstream.pause();
          return;
        case 'closed':
          return;
      }
    });
  }

  fromUpstream(bytes: Buffer, start: number, end: number): void {
    const phase = this.#phase;
    this.#guarded('upstream-malformed', () => {
      switch (phase.phase) {
        case 'serving':
          phase.backend.receive(bytes, start, end);
          this.#settle(phase.link, phase.frontend);
          return;
        case 'dialling': {
          const ready = phase.upstream.receive(bytes, start, end);
          if (ready !== null) this.#ready(phase, ready);
          return;
        }
        case 'changing':
        case 'entering':
          throw new MalformedBytes('bytes that nobody has asked for');
        case 'startup':
        case 'closed':
          return;
      }
    });
  }

  #login(handshake: Handshake, result: HandshakeResult): void {
    if (result.result !== 'login') return;
    const { login } = result;
    const { gate, account } = this.#admit(login.identity, login.application, handshake);
    const { upstream } = this.#engine;
    this.#phase = {
      phase: 'dialling',
      handshake,
      upstream: new UpstreamHandshake(upstream, account, { ...login, isPatient: gate.pausesResults }),
      login,
      gate,
      deadlineMs: this.#engine.now() + this.#settings.handshakeTimeoutMs,
    };
    upstream.connect();
  }

  #admit(identity: Identity, application: string | null, { secured }: Handshake) {
    const details = { application, secured, protocol: this.#settings.flavour };
    const admission = this.#engine.authenticated(identity, details);
    if (admission.admission === 'refused') throw admission.error;
    return admission;
  }

  #ready(dialling: Extract<Phase, { phase: 'dialling' }>, ready: UpstreamReady): void {
    const { login, gate, handshake, upstream } = dialling;
    // It would be taken for the answer to the client's first command.
    if (upstream.reader.unread > 0) throw new MalformedBytes('bytes that nobody has asked for');
    this.#engine.upstreamReady({ processId: ready.connectionId, secret: Buffer.alloc(0) });
    const link = new Link(this.#engine, gate, this.#settings, {
      capabilities: login.capabilities,
      serverCapabilities: ready.capabilities,
      server: upstream.reader,
      flavour: ready.version.flavour,
      collation: collationForServer(login.collation, ready.version.flavour),
      results: ready.results,
    });
    upstream.reader.due = 0;
    applyChanges(link, ready.session);
    link.status = ready.status;
    this.#phase = { phase: 'entering', link, login, handshake };
    this.#enter(link, login, handshake);
  }

  #enter(link: Link, login: Login, handshake: Handshake): void {
    const served = this.#settings.databases[0] ?? null;
    if (login.database !== null && login.database !== served && !enterDatabase(link, login.database)) return;
    link.toClient(plainOk(link.plainStatus, login.capabilities, login.sequence));
    this.#serve(link, handshake);
  }

  #serve(link: Link, handshake: Handshake): void {
    const { reader } = handshake;
    const frontend = new Frontend(link, reader, (command) => {
      frontend.ended = true;
      this.#changeUser(link, handshake, command);
      return 'drop';
    });
    const later = (step: () => void) =>
      this.#guarded('upstream-malformed', () => {
        step();
        this.#settle(link, frontend);
      });
    this.#phase = { phase: 'serving', link, frontend, backend: new Backend(link, later) };
    this.#engine.downstream.resume();
    this.#settle(link, frontend);
  }

  /** The client says that it is another: from here on it is nobody until it has proven that. */
  #changeUser(link: Link, handshake: Handshake, command: Command): void {
    const change = new UserChange(link, handshake.reader, handshake.secured, command);
    if (this.#phase.phase === 'serving') this.#phase.frontend.abandon();
    const deadlineMs = this.#engine.now() + this.#settings.handshakeTimeoutMs;
    const changing = { phase: 'changing', link, change, handshake, deadlineMs } as const;
    this.#phase = changing;
    this.#changed(changing, change.begin());
  }

  #changed(
    { link: before, change, handshake }: Extract<Phase, { phase: 'changing' }>,
    identity: Identity | null,
  ): void {
    if (identity === null) return;
    const { gate } = this.#admit(identity, change.change.attributes.get('program_name') ?? null, handshake);
    this.#serve(successor(before, gate, change, this.#settings.databases), handshake);
  }

  /** After anything that may have answered what was waited for: asks what is left to ask, and goes on. */
  #settle(link: Link, frontend: Frontend): void {
    // A session that another has taken the place of has nothing to go on with.
    if (this.#phase.phase !== 'serving' || this.#phase.frontend !== frontend) return;
    if (link.reply === null && !link.cancelling) link.unblock(BLOCK.cut);
    if (link.reply === null && link.blocks === 0) askNext(link);
    frontend.resume();
    if (this.#phase.frontend !== frontend) return;
    if (frontend.ended) {
      if (!link.isBusy) this.#close(null);
    } else if (this.#downstreamGone && !link.isBusy) this.#close(null);
    else if (this.#draining && this.activity.phase === 'idle') this.terminate(new ProxyError('draining'));
  }

  downstreamEnded(): void {
    this.#downstreamGone = true;
    this.#goneSinceMs = this.#engine.now();
    const phase = this.#phase;
    // A client that has only closed its side still reads: what it asked for is answered, but people are not asked.
    if (phase.phase !== 'serving' || phase.link.awaitsPeople || !phase.link.isBusy) this.#close(null);
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

  /** In this protocol the server speaks first. */
  upstreamConnected(): void {}

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
    if (phase.phase === 'serving' && phase.link.cancelByClient()) this.wake();
  }

  wake(): void {
    const phase = this.#phase;
    this.#guarded('malformed-frame', () => {
      if (phase.phase === 'startup') this.#login(phase.handshake, phase.handshake.wake());
      if (phase.phase === 'changing') this.#changed(phase, phase.change.wake());
      if (phase.phase === 'entering') this.#enter(phase.link, phase.login, phase.handshake);
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
    const now = this.#engine.now();
    // Without COM_QUIT, it may as well have died.
    if (this.#downstreamGone && now - this.#goneSinceMs > HALF_CLOSED_MS) this.#close(null);
    const error = timeUp(this.#phase, now);
    if (error !== null) this.terminate(error);
  }

  drain(): void {
    this.#draining = true;
    const phase = this.activity.phase;
    if (phase === 'idle' || phase === 'startup') this.terminate(new ProxyError('draining'));
  }

  terminate(error: ProxyError): void {
    if (this.#phase.phase === 'closed') return;
    const packet = failureFor(this.#phase, error);
    if (packet !== null) this.#engine.downstream.send(packet, 0, packet.length);
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
