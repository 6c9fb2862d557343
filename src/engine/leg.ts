/** One side of a connection as the engine sees it: bytes both ways, backpressure, TLS. Transport implements it. */
import type { ClientCertificate } from '../core/certificate.ts';
import type { ProxyError } from '../core/errors.ts';
import type { Alpn } from '../core/session.ts';

export interface Leg {
  /** More has been written than the peer takes: bytes given to `write` may still be in use. */
  readonly congested: boolean;
  /** The peer's address, without port; null on a local socket. */
  readonly remoteAddress: string | null;
  /** What the peer showed in TLS; null: nothing, or it was not asked to. */
  readonly peerCertificate: ClientCertificate | null;
  /** Writes at once as far as the kernel takes it. The bytes must not change until the leg is no longer congested. */
  write(bytes: Buffer, start: number, end: number): void;
  /** Writes several pieces as one. */
  writeAll(pieces: readonly Buffer[]): void;
  /** Reading stops while any reason stands. */
  pause(reason: PauseReason): void;
  resume(reason: PauseReason): void;
  /** Closes this direction once everything is written; what the peer sends still arrives. */
  end(): void;
  /** The same for good: a peer that takes nothing more, or never closes its own side, does not keep the leg. */
  finish(): void;
  destroy(): void;
  /** Goes on over TLS, as the server side of it; `received` is what came of it already. */
  startTlsServer(received: Buffer, alpn: Alpn | null): void;
  /** Goes on over TLS, as the client side of it. */
  startTlsClient(): void;
}

/**
 * `session`: a message is held. `congestion`: the other side takes no more. `journal`: it is behind with what this side
 * gives it to record.
 */
export type PauseReason = 'session' | 'congestion' | 'journal';

/** What happens on a leg. Bytes are valid during the call only. */
export interface LegEvents {
  connected(): void;
  bytes(bytes: Buffer, start: number, end: number): void;
  secured(): void;
  /** No longer congested. */
  drained(): void;
  /** The peer will send no more. */
  ended(): void;
  /** Over, both ways; with an error if it was not in good order. */
  closed(error: Error | null): void;
}

/** Opens legs to the server behind a listener. */
export interface Dialer {
  connect(events: LegEvents): Leg;
  /** An error of dialling in terms of the error table. */
  explain(error: Error): ProxyError;
}
