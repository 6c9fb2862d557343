/**
 * The client's connection phase, up to the point where it has proven who it is:
 *
 *   begin ──greeting──► login ──HandshakeResponse41──► answers ──► proven
 *                        └──SSLRequest──► tls ──► login
 *
 * The OK packet is the session's to send, once the server behind is ready.
 */
import { ProxyError } from '../../src/core/errors.ts';
import type { Pending } from '../../src/core/login.ts';
import type { Identity } from '../../src/core/principal.ts';
import type { EnginePort } from '../../src/core/session.ts';
import { type AuthStep, CACHING_SHA2, ClientAuthentication, NATIVE } from './auth.ts';
import { agreedWithClient, CAPABILITY, DEMANDED, offered, STATUS } from './capabilities.ts';
import { sessionCollation, UTF8MB4_GENERAL_CI } from './collations.ts';
import { type LoginRequest, readLogin } from './decode.ts';
import { failurePacket, greetingPacket, packetOf } from './encode.ts';
import { PacketReader } from './packet.ts';
import { type Flavour, greetingVersion } from './server-version.ts';

/** What a client may send in one packet before it has proven who it is: connection attributes take up to 64 KB. */
const LOGIN_BYTES_MAX = 80 * 1024;
/** The first byte of a TLS ClientHello record. */
const TLS_RECORD = 0x16;
const MORE: HandshakeResult = { result: 'more' };

export interface HandshakeSettings {
  readonly tls: 'off' | 'offered' | 'required';
  /** Names that clients may use for the database that the listener serves; the first is the server's own. */
  readonly databases: readonly string[];
  readonly flavour: Flavour;
  readonly multiStatements: boolean;
  /** The server's version as last heard of it; null where it has not been. */
  serverVersion(): string | null;
}

export interface Login {
  readonly user: string;
  readonly identity: Identity;
  /**
   * The schema to begin in, an alias of the listener's replaced by the server's name; null where the client named
   * none. Others than the served one are named here too: the session has them judged as it does USE.
   */
  readonly database: string | null;
  /** Agreed with the client. */
  readonly capabilities: number;
  /** The utf8mb4 collation of the session. */
  readonly collation: number;
  /** What the client says it is, such as `program_name`; for people. */
  readonly application: string | null;
  readonly connectionId: number;
  /** The sequence id of the OK packet that is owed. */
  readonly sequence: number;
}

export type HandshakeResult =
  | { readonly result: 'more' }
  | { readonly result: 'login'; readonly login: Login };

type Phase =
  | { readonly phase: 'begin' | 'login' | 'tls' | 'over' }
  | {
      readonly phase: 'answers';
      readonly request: LoginRequest;
      readonly authentication: ClientAuthentication;
    }
  | {
      readonly phase: 'waiting';
      readonly request: LoginRequest;
      readonly authentication: ClientAuthentication;
      readonly pending: Pending<AuthStep>;
    };

export class Handshake {
  /** The client's leg, from its first byte to its last: the session goes on with it. */
  readonly reader = new PacketReader();
  secured = false;
  readonly #engine: EnginePort;
  readonly #settings: HandshakeSettings;
  readonly #nonce: Buffer;
  readonly #connectionId: number;
  /** As it was when the client was greeted: the server may turn out to be another before it answers. */
  readonly #flavour: Flavour;
  /** What servers of that flavour greet with. A client that names no plugin means mysql_native_password. */
  readonly #plugin: string;
  #phase: Phase = { phase: 'begin' };
  /** The sequence id of the next packet to the client. */
  #sequence = 0;

  constructor(engine: EnginePort, settings: HandshakeSettings) {
    this.#engine = engine;
    this.#settings = settings;
    this.#flavour = settings.flavour;
    this.#plugin = this.#flavour === 'mariadb' ? NATIVE : CACHING_SHA2;
    this.#nonce = engine.identity.mysqlNonce();
    // No secret goes with it: the protocol has none. KILL of it is judged as the statement that it is.
    this.#connectionId = engine.cancelKey(0).processId;
    this.reader.due = 1;
  }

  /** Greets the client: in this protocol the server speaks first. */
  begin(): void {
    this.#phase = { phase: 'login' };
    this.#send(
      greetingPacket({
        version: greetingVersion(this.#flavour, this.#settings.serverVersion()),
        connectionId: this.#connectionId,
        nonce: this.#nonce,
        capabilities: offered(this.#offer()),
        collation: UTF8MB4_GENERAL_CI,
        status: STATUS.AUTOCOMMIT,
        plugin: this.#plugin,
      }),
    );
  }

  /** Takes bytes; gives a result other than `more` once. What follows stays in `reader`. Throws ProxyError, MalformedBytes. */
  receive(bytes: Buffer, start: number, end: number): HandshakeResult {
    if (this.#awaitsTls) {
      // Bytes sent in the clear before TLS began could be an attacker's, mixed into the session.
      throw new ProxyError('protocol-violation', { detail: 'unencrypted bytes behind a request for TLS' });
    }
    const { reader } = this;
    reader.feed(bytes, start, end);
    return this.#proceed();
  }

  /** An answer that was waited for may be there. Gives what `receive` gives. */
  wake(): HandshakeResult {
    const phase = this.#phase;
    if (phase.phase !== 'waiting') return MORE;
    const step = phase.pending.answer();
    if (step === null) return MORE;
    const result = this.#step(phase.request, phase.authentication, step);
    if (this.#phase.phase !== 'waiting') this.#engine.downstream.resume();
    return result.result === 'more' ? this.#proceed() : result;
  }

  #proceed(): HandshakeResult {
    const { reader } = this;
    while (!this.#awaitsTls && this.#phase.phase !== 'waiting' && reader.next(LOGIN_BYTES_MAX)) {
      this.#sequence = reader.due;
      const result = this.#packet(reader.bytes, reader.start, reader.end);
      if (result.result !== 'more') {
        reader.keep();
        return result;
      }
    }
    reader.keep();
    return MORE;
  }

  get #awaitsTls(): boolean {
    return this.#phase.phase === 'tls';
  }

  downstreamSecured(): void {
    this.secured = true;
    this.#phase = { phase: 'login' };
  }

  /** The error as the client can read it at this point. */
  failure(error: ProxyError): Buffer {
    return failurePacket(error, this.#sequence);
  }

  #offer() {
    const { tls, multiStatements } = this.#settings;
    return { tls: tls !== 'off', multiStatements };
  }

  #packet(bytes: Buffer, start: number, end: number): HandshakeResult {
    const phase = this.#phase;
    switch (phase.phase) {
      case 'login':
        return this.#login(bytes, start, end);
      case 'answers':
        return this.#step(
          phase.request,
          phase.authentication,
          phase.authentication.step(bytes.subarray(start, end)),
        );
      case 'begin':
      case 'tls':
      case 'waiting':
      case 'over':
        throw new ProxyError('invariant', { detail: 'a packet outside the login' });
    }
  }

  #login(bytes: Buffer, start: number, end: number): HandshakeResult {
    const packet = readLogin(bytes, start, end);
    if (packet.packet === 'ssl-request') return this.#sslRequest();
    const { request } = packet;
    const { tls } = this.#settings;
    if ((request.capabilities & DEMANDED) !== DEMANDED) {
      throw new ProxyError('unsafe-startup', {
        detail: 'the client speaks the protocol of before MySQL 4.1',
      });
    }
    if (tls === 'required' && !this.secured) {
      throw new ProxyError('login-refused', { detail: 'this listener takes TLS connections only' });
    }
    if (sessionCollation(request.collation) === null) {
      throw new ProxyError('unsafe-startup', {
        detail: `character set of collation ${request.collation}; it has to be utf8mb4`,
      });
    }
    const switches = (request.capabilities & CAPABILITY.PLUGIN_AUTH) !== 0;
    const authentication = new ClientAuthentication({
      user: request.user,
      identity: this.#engine.identity,
      greeted: { plugin: this.#plugin, nonce: this.#nonce },
      secured: this.secured,
      switches,
    });
    this.#phase = { phase: 'answers', request, authentication };
    return this.#step(
      request,
      authentication,
      authentication.begin(request.plugin ?? NATIVE, request.answer),
    );
  }

  #sslRequest(): HandshakeResult {
    if (this.secured) throw new ProxyError('protocol-violation', { detail: 'a request for TLS inside TLS' });
    if (this.#settings.tls === 'off') {
      throw new ProxyError('protocol-violation', { detail: 'TLS is not offered here' });
    }
    // The client does not wait for an answer: what has come already is its first record of TLS, and TLS gets all of
    // it. None of it is read as part of the session.
    const received = this.reader.takeUnread();
    if (received.length > 0 && received[0] !== TLS_RECORD) {
      throw new ProxyError('protocol-violation', { detail: 'unencrypted bytes behind a request for TLS' });
    }
    this.#phase = { phase: 'tls' };
    this.#engine.downstream.startTls(received, null);
    return MORE;
  }

  #step(request: LoginRequest, authentication: ClientAuthentication, step: AuthStep): HandshakeResult {
    switch (step.step) {
      case 'failed':
        throw step.error;
      case 'continue':
        this.#phase = { phase: 'answers', request, authentication };
        this.#send(packetOf(step.payload, this.#sequence));
        return MORE;
      case 'pending':
        if (this.#phase.phase !== 'waiting') this.#engine.downstream.pause();
        this.#phase = { phase: 'waiting', request, authentication, pending: step };
        return MORE;
      case 'proven':
        if (step.payload !== null) this.#send(packetOf(step.payload, this.#sequence));
        this.#phase = { phase: 'over' };
        return { result: 'login', login: this.#proven(request, step.identity) };
    }
  }

  #proven(request: LoginRequest, identity: Identity): Login {
    const { databases } = this.#settings;
    const { user, database } = request;
    const served = databases[0] ?? null;
    return {
      user,
      identity,
      database: database !== null && databases.includes(database) ? served : database,
      capabilities: agreedWithClient(request.capabilities, this.#offer()),
      collation: sessionCollation(request.collation) ?? UTF8MB4_GENERAL_CI,
      application: request.attributes.get('program_name') ?? request.attributes.get('_client_name') ?? null,
      connectionId: this.#connectionId,
      sequence: this.#sequence,
    };
  }

  #send(packet: Buffer): void {
    this.#engine.downstream.send(packet, 0, packet.length);
    this.#sequence = (this.#sequence + 1) & 0xff;
    this.reader.due = this.#sequence;
  }
}
