/**
 * The client's start-up, up to the point where it has proven who it is:
 *
 *   packet ──SSLRequest──► tls ──► packet ──StartupMessage──► sasl | password ──► done
 *     └───────direct TLS──► tls                └────────────trust────────────────► done
 *
 * Where identity has to ask elsewhere, nothing more is read of the client until it has its answer.
 */
import { Accumulator } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { LoginPlan, PasswordStep, Pending, SaslExchange, SaslStep } from '../../src/core/login.ts';
import type { Identity } from '../../src/core/principal.ts';
import type { EnginePort } from '../../src/core/session.ts';
import { readPassword, readSaslInitialResponse } from './decode.ts';
import {
  ANSWER_NO,
  ANSWER_TLS,
  AUTHENTICATION_CLEARTEXT,
  authenticationSasl,
  authenticationSaslData,
  negotiateProtocolVersion,
} from './encode.ts';
import { frameSize, HEADER_BYTES } from './frame.ts';
import { FRONTEND, STARTUP_BYTES_MAX } from './messages.ts';
import { MINOR_MAX, readStartupPacket, type Startup } from './startup.ts';

/** The first byte of a TLS ClientHello record; no start-up packet under 10,000 bytes begins with it. */
const TLS_RECORD = 0x16;
const ALPN = 'postgresql';
const LENGTH_BYTES = 4;
const PASSWORD_MESSAGE_BYTES_MAX = 64 * 1024;

export interface HandshakeSettings {
  readonly tls: 'off' | 'offered' | 'required';
  /** The one database that the listener serves, under the names that clients may use for it. */
  readonly databases: readonly string[];
}

export type HandshakeResult =
  | { readonly result: 'more' }
  | { readonly result: 'login'; readonly startup: Startup; readonly identity: Identity }
  /** A cancel request: answered by closing, whatever came of it. */
  | { readonly result: 'cancelled' };

type Phase =
  | { readonly phase: 'packet' }
  | { readonly phase: 'tls' }
  | { readonly phase: 'mechanism'; readonly startup: Startup; start(mechanism: string): SaslExchange | null }
  | { readonly phase: 'sasl'; readonly startup: Startup; readonly exchange: SaslExchange }
  | { readonly phase: 'password'; readonly startup: Startup; check(password: Buffer): PasswordStep }
  | { readonly phase: 'waiting'; next(): HandshakeResult | null };

const MORE: HandshakeResult = { result: 'more' };

export class Handshake {
  readonly #engine: EnginePort;
  readonly #settings: HandshakeSettings;
  readonly #input = new Accumulator();
  #phase: Phase = { phase: 'packet' };
  secured = false;
  #gssRefused = false;

  constructor(engine: EnginePort, settings: HandshakeSettings) {
    this.#engine = engine;
    this.#settings = settings;
  }

  /** Takes bytes; gives a result other than `more` once, and keeps what follows it in `rest`. */
  receive(bytes: Buffer, start: number, end: number): HandshakeResult {
    if (this.#phase.phase === 'tls') {
      // Bytes sent in the clear before TLS began could be an attacker's, mixed into the session.
      throw new ProxyError('protocol-violation', { detail: 'unencrypted bytes behind a request for TLS' });
    }
    this.#input.append(bytes, start, end);
    return this.#proceed();
  }

  /** An answer that was waited for may be there. Gives what `receive` gives. */
  wake(): HandshakeResult {
    const phase = this.#phase;
    if (phase.phase !== 'waiting') return MORE;
    const result = phase.next();
    if (result === null) return MORE;
    if (result.result === 'login' || this.#phase.phase !== 'waiting') this.#engine.downstream.resume();
    return result.result === 'more' ? this.#proceed() : result;
  }

  #proceed(): HandshakeResult {
    while (this.#phase.phase !== 'waiting') {
      const before = this.#input.length;
      const result = this.#phase.phase === 'packet' ? this.#packet() : this.#message();
      if (result.result !== 'more' || this.#input.length === before) return result;
    }
    return MORE;
  }

  #wait<Answer>(pending: Pending<Answer>, take: (answer: Answer) => HandshakeResult): HandshakeResult {
    if (this.#phase.phase !== 'waiting') this.#engine.downstream.pause();
    this.#phase = {
      phase: 'waiting',
      next() {
        const answer = pending.answer();
        return answer === null ? null : take(answer);
      },
    };
    return MORE;
  }

  /** What has come behind the handshake's last message. */
  rest(): Buffer {
    return this.#input.takeAll();
  }

  downstreamSecured(): void {
    this.secured = true;
    this.#phase = { phase: 'packet' };
  }

  #packet(): HandshakeResult {
    const input = this.#input.view();
    if (input[0] === TLS_RECORD && !this.secured) return this.#directTls();
    if (input.length < LENGTH_BYTES) return MORE;
    const size = input.readUInt32BE(0);
    if (size > STARTUP_BYTES_MAX) throw new ProxyError('startup-too-large');
    if (size < 2 * LENGTH_BYTES)
      throw new ProxyError('malformed-frame', { detail: `a start-up packet of ${size} bytes` });
    if (input.length < size) return MORE;
    const packet = readStartupPacket(input, LENGTH_BYTES, size);
    this.#input.consume(size);
    switch (packet.packet) {
      case 'ssl-request':
        return this.#sslRequest();
      case 'gssenc-request':
        if (this.#gssRefused)
          throw new ProxyError('protocol-violation', { detail: 'a second GSSENCRequest' });
        this.#gssRefused = true;
        this.#send(ANSWER_NO);
        return MORE;
      case 'cancel-request':
        this.#engine.cancelSession({ processId: packet.processId, secret: packet.secret });
        return { result: 'cancelled' };
      case 'startup':
        return this.#startup(packet.startup);
    }
  }

  #directTls(): HandshakeResult {
    if (this.#settings.tls === 'off')
      throw new ProxyError('unsafe-startup', { detail: 'TLS is not offered here' });
    this.#beginTls(true);
    return MORE;
  }

  #sslRequest(): HandshakeResult {
    if (this.secured) throw new ProxyError('protocol-violation', { detail: 'a request for TLS inside TLS' });
    if (this.#settings.tls === 'off') {
      this.#send(ANSWER_NO);
      return MORE;
    }
    if (this.#input.length > 0) {
      throw new ProxyError('protocol-violation', { detail: 'unencrypted bytes behind a request for TLS' });
    }
    this.#send(ANSWER_TLS);
    this.#beginTls(false);
    return MORE;
  }

  /** `direct`: without a request for it in the protocol before. */
  #beginTls(direct: boolean): void {
    this.#phase = { phase: 'tls' };
    // Of direct TLS, the first record has come already: it belongs to TLS. Without the protocol's name in it, a browser
    // could be made to speak to us as to a web server of the same name (as in PostgreSQL).
    this.#engine.downstream.startTls(this.#input.takeAll(), { name: ALPN, demanded: direct });
  }

  #startup(startup: Startup): HandshakeResult {
    if (this.#settings.tls === 'required' && !this.secured) {
      throw new ProxyError('login-refused', {
        detail: 'this listener takes TLS connections only (sslmode=require)',
      });
    }
    const { databases } = this.#settings;
    const wanted = startup.database ?? startup.user;
    if (!databases.includes(wanted)) {
      throw new ProxyError('wrong-database', {
        detail: `"${wanted}" is not served here; this listener serves "${databases[0] ?? ''}"`,
      });
    }
    if (startup.minor > MINOR_MAX || startup.protocolOptions.length > 0) {
      this.#send(negotiateProtocolVersion(Math.min(startup.minor, MINOR_MAX), startup.protocolOptions));
    }
    return this.#plan(startup, this.#engine.identity.login(startup.user, { secured: this.secured }));
  }

  #plan(startup: Startup, plan: LoginPlan): HandshakeResult {
    switch (plan.plan) {
      case 'refused':
        throw plan.error;
      case 'pending':
        return this.#wait(plan, (answer) => this.#plan(startup, answer));
      case 'trust':
        return { result: 'login', startup, identity: plan.identity };
      case 'sasl':
        this.#send(authenticationSasl(plan.mechanisms));
        this.#phase = { phase: 'mechanism', startup, start: (mechanism) => plan.start(mechanism) };
        return MORE;
      case 'cleartext':
        this.#send(AUTHENTICATION_CLEARTEXT);
        this.#phase = { phase: 'password', startup, check: (password) => plan.check(password) };
        return MORE;
    }
  }

  #message(): HandshakeResult {
    const input = this.#input.view();
    if (input.length < HEADER_BYTES) return MORE;
    if (input[0] !== FRONTEND.Password) {
      throw new ProxyError('protocol-violation', { detail: 'expected a password message' });
    }
    const size = frameSize(input, 0);
    if (size > PASSWORD_MESSAGE_BYTES_MAX)
      throw new ProxyError('malformed-frame', { detail: 'a password message too long' });
    if (input.length < size) return MORE;
    const phase = this.#phase;
    const result =
      phase.phase === 'password'
        ? this.#passwordStep(phase.startup, phase.check(readPassword(input, HEADER_BYTES, size)))
        : this.#sasl(input, HEADER_BYTES, size);
    this.#input.consume(size);
    return result;
  }

  #passwordStep(startup: Startup, step: PasswordStep): HandshakeResult {
    switch (step.step) {
      case 'failed':
        throw step.error;
      case 'pending':
        return this.#wait(step, (answer) => this.#passwordStep(startup, answer));
      case 'proven':
        return { result: 'login', startup, identity: step.identity };
    }
  }

  #sasl(bytes: Buffer, start: number, end: number): HandshakeResult {
    const phase = this.#phase;
    let message = bytes.subarray(start, end);
    let exchange: SaslExchange;
    let startup: Startup;
    if (phase.phase === 'mechanism') {
      const initial = readSaslInitialResponse(bytes, start, end);
      const begun = phase.start(initial.mechanism);
      if (begun === null) {
        throw new ProxyError('protocol-violation', {
          detail: `SASL mechanism "${initial.mechanism}" was not offered`,
        });
      }
      exchange = begun;
      startup = phase.startup;
      message = initial.data;
    } else if (phase.phase === 'sasl') {
      ({ exchange, startup } = phase);
    } else throw new ProxyError('invariant', { detail: 'SASL outside authentication' });
    return this.#saslStep(startup, exchange, exchange.step(message));
  }

  #saslStep(startup: Startup, exchange: SaslExchange, step: SaslStep): HandshakeResult {
    switch (step.step) {
      case 'failed':
        throw step.error;
      case 'pending':
        return this.#wait(step, (answer) => this.#saslStep(startup, exchange, answer));
      case 'continue':
        this.#phase = { phase: 'sasl', startup, exchange };
        this.#send(authenticationSaslData('SASLContinue', step.data));
        return MORE;
      case 'done':
        if (step.data !== null) this.#send(authenticationSaslData('SASLFinal', step.data));
        return { result: 'login', startup, identity: step.identity };
    }
  }

  #send(bytes: Buffer): void {
    this.#engine.downstream.send(bytes, 0, bytes.length);
  }
}
