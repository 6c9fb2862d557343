/**
 * The seam between a protocol and the engine, sans-I/O: bytes and events in, bytes and orders out, by calls.
 * A protocol session has no sockets, timers or promises; its ports have no protocol. Bytes passed either way
 * are valid only during the call: who keeps them copies them.
 */

import type { ProxyError } from './errors.ts';
import type { SqlGate } from './gate.ts';
import type { IdentityPort } from './login.ts';
import type { Identity } from './principal.ts';

/** The protocol's name within TLS (RFC 7301). */
export interface Alpn {
  readonly name: string;
  /** A client that does not say it is turned away. */
  readonly demanded: boolean;
}

export interface DownstreamPort {
  /** Bytes for the client, in order; gathered and written together at the end of the event. */
  send(bytes: Buffer, start: number, end: number): void;
  /** More was sent than the client takes: bytes that were sent in earlier events may still be in use. */
  readonly congested: boolean;
  /** Stop and go on reading from the client. Bytes read already still arrive and are the session's to keep. */
  pause(): void;
  resume(): void;
  /** Everything from here on is TLS, beginning with `received`; `downstreamSecured` follows. */
  startTls(received: Buffer, alpn: Alpn | null): void;
  /** Close once what was sent is written. */
  end(): void;
}

export interface UpstreamPort {
  /** Counts the turns of the event loop in which something was staged; what is staged in one leaves together. */
  readonly turn: number;
  /** Dial; `upstreamConnected` or `upstreamFailed` follows. */
  connect(): void;
  startTls(): void;
  /** Bytes of a stream that has been recorded already, or of a handshake: they leave with this event. */
  send(bytes: Buffer, start: number, end: number): void;
  /** Bytes that leave at the end of the turn, once the journal has its records; in order with `send`. */
  stage(bytes: Buffer, start: number, end: number): void;
  /** Nothing more is read from the server until `resume`. */
  pause(): void;
  resume(): void;
  /** Stop what the server is doing for this session; `cancelDelivered` follows, whatever came of it. */
  cancel(): void;
  end(): void;
}

/** The account that Sluice itself uses at the database behind it. */
export interface UpstreamAccount {
  readonly user: string;
  readonly database: string;
  readonly tls: 'disable' | 'prefer' | 'require';
  readonly options: ReadonlyMap<string, string>;
  readonly credential: UpstreamCredential;
}

/** Answers to the server's authentication requests; the password itself stays inside. */
export interface UpstreamCredential {
  /** In clear text, NUL-terminated by the caller; null where that is not allowed (no TLS) or there is none. */
  cleartext(secured: boolean): string | null;
  md5(salt: Buffer): string | null;
  /** A SASL client exchange, or null where none of the mechanisms can be used. */
  sasl(mechanisms: readonly string[], secured: boolean): UpstreamSasl | null;
  /** The answers of the MySQL protocol's plugins to a nonce; empty where the account has no password. */
  mysqlNative(nonce: Buffer): Buffer;
  cachingSha2(nonce: Buffer): Buffer;
  ed25519(nonce: Buffer): Buffer;
  /** The password under a server's RSA key (PEM); null where there is none, or the key is no key. */
  encrypted(publicPem: string, nonce: Buffer): Buffer | null;
}

export interface UpstreamSasl {
  readonly mechanism: string;
  readonly first: Buffer;
  /** The answer to a server message; null when the server has failed to prove itself. */
  step(message: Buffer): Buffer | null;
  /** Whether the server's final message proves that it knows the verifier. */
  verify(message: Buffer): boolean;
}

/** Keys by which a client cancels what it runs. */
export interface CancelKey {
  readonly processId: number;
  readonly secret: Buffer;
}

export interface EnginePort {
  readonly identity: IdentityPort;
  readonly downstream: DownstreamPort;
  readonly upstream: UpstreamPort;
  /** A clock that only goes forward, in milliseconds; it stands still during one event. */
  now(): number;
  /** The client has proven who it is. The gate it gets, or why there is none. */
  authenticated(identity: Identity, details: LoginDetails): Admission;
  /** The server is ready, and takes this key to cancel what runs there. */
  upstreamReady(key: CancelKey): void;
  /** Makes a cancel key for this session and registers it. */
  cancelKey(secretBytes: number): CancelKey;
  /** The client asks on a connection of its own that another session's work be cancelled. */
  cancelSession(key: CancelKey): void;
  /**
   * A statement of this session asks that another one's work be cancelled, or that it be ended. `unknown`: there is no
   * such session, or it is somebody else's.
   */
  killSession(processId: number, what: 'query' | 'session'): 'done' | 'unknown';
  /** Takes `bytes` of the memory that sessions together may hold; false when there is none left. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** The session is over, for this reason; null where the client left in good order. */
  closed(error: ProxyError | null): void;
}

export interface LoginDetails {
  /** What the client says it is, such as application_name; shown to people. */
  readonly application: string | null;
  readonly secured: boolean;
  readonly protocol: string;
}

export type Admission =
  | { readonly admission: 'admitted'; readonly gate: SqlGate; readonly account: UpstreamAccount }
  | { readonly admission: 'refused'; readonly error: ProxyError };

/** What the engine tells a session. */
export interface ProtocolSession {
  /** The client is there. Only of a protocol in which the server speaks first. */
  downstreamConnected?(): void;
  fromDownstream(bytes: Buffer, start: number, end: number): void;
  fromUpstream(bytes: Buffer, start: number, end: number): void;
  /** The client will send no more. */
  downstreamEnded(): void;
  /** The client is gone for good: nothing can be told to it. */
  downstreamLost(): void;
  upstreamEnded(): void;
  downstreamSecured(): void;
  upstreamConnected(): void;
  upstreamSecured(): void;
  upstreamFailed(error: ProxyError): void;
  cancelDelivered(): void;
  /** The client of this session asked, with its key, that what runs be cancelled. */
  cancelRequested(): void;
  /** What a `pending` answer waited for is there. */
  wake(): void;
  /** The records of a turn could not be written: what was staged in it has not gone upstream and will not. */
  retract(turn: number): void;
  /** Time has passed; deadlines are looked at. */
  tick(): void;
  /** End in good order as soon as nothing runs. */
  drain(): void;
  /** End now, telling the client why. */
  terminate(error: ProxyError): void;
  readonly activity: SessionActivity;
}

export interface SessionActivity {
  readonly phase: 'startup' | 'idle' | 'busy' | 'held' | 'closed';
  /** Rows and bytes sent to the client so far. */
  readonly rows: number;
  readonly bytes: number;
}
