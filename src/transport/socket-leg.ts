/**
 * A leg over a TCP socket. In the clear it reads into one buffer of its own, again and again, and writes what it is
 * given as it is: one read and one write per chunk. Over TLS Node's own streams do the work.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { ClientCertificate } from '../core/certificate.ts';
import type { Alpn } from '../core/session.ts';
import type { Leg, LegEvents, PauseReason } from '../engine/leg.ts';
import { clientCertificateOf } from './client-certificate.ts';
import { readInto } from './read-into.ts';
import { DirectWriter } from './write-now.ts';

const PAUSED: Readonly<Record<PauseReason, number>> = { session: 1, congestion: 2, journal: 4 };
const KEEPALIVE_MS = 60_000;
/** How long a leg that is finished waits for the peer: to take any of what is left, and then to close its side. */
const STUCK_MS = 10_000;
const LINGER_MS = 1_000;

export interface LegTls {
  /** For the server side: certificates and the like. */
  readonly server: tls.SecureContext | null;
  /** The server side asks clients for a certificate; one that has none may go on all the same. */
  readonly wantsCertificate: boolean;
  /** For the client side: what to trust, and which name the server has to prove. */
  readonly client: tls.ConnectionOptions | null;
}

export class SocketLeg implements Leg {
  readonly remoteAddress: string | null;
  peerCertificate: ClientCertificate | null = null;
  #socket: net.Socket;
  readonly #events: LegEvents;
  readonly #tls: LegTls;
  /** Null over TLS, and until the socket is connected. */
  #direct: DirectWriter | null = null;
  #paused = 0;
  #ended = false;
  #finishing = false;
  #closed = false;
  /** TLS is being agreed on. */
  #securing = false;

  private constructor(socket: net.Socket, events: LegEvents, legTls: LegTls) {
    this.#socket = socket;
    this.#events = events;
    this.#tls = legTls;
    this.remoteAddress = socket.remoteAddress ?? null;
    // Every write that the kernel does not take whole has to be known at once.
    socket.setKeepAlive(true, KEEPALIVE_MS);
    this.#listen(socket);
  }

  /** A socket that a server has accepted, paused (`pauseOnConnect`). */
  static accepted(socket: net.Socket, events: LegEvents, legTls: LegTls, readBytes: number): SocketLeg {
    let leg: SocketLeg | null = null;
    const reading = readInto(socket, readBytes, (bytes, size) => leg?.received(bytes, size) ?? false);
    leg = new SocketLeg(reading, events, legTls);
    leg.#direct = new DirectWriter(reading);
    return leg;
  }

  /** A socket that is being connected. Where TLS takes it over later, it takes over reading as well. */
  static connecting(
    options: net.TcpNetConnectOpts,
    events: LegEvents,
    legTls: LegTls,
    readBytes: number,
  ): SocketLeg {
    let leg: SocketLeg | null = null;
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    const onread: net.OnReadOpts = { buffer, callback: (size) => leg?.received(buffer, size) ?? false };
    const socket = net.connect({ ...options, noDelay: true, allowHalfOpen: true, onread });
    leg = new SocketLeg(socket, events, legTls);
    socket.once('connect', () => {
      if (leg !== null) leg.#direct = new DirectWriter(socket);
      events.connected();
    });
    return leg;
  }

  #listen(socket: net.Socket): void {
    socket.on('end', () => this.#events.ended());
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(null));
  }

  #close(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events.closed(error);
  }

  /** Bytes in the read buffer; they are dealt with before the next read. False stops reading. */
  received(bytes: Buffer, size: number): boolean {
    this.#events.bytes(bytes, 0, size);
    return this.#paused === 0;
  }

  #stream(socket: net.Socket): void {
    socket.on('data', (chunk: Buffer) => this.#events.bytes(chunk, 0, chunk.length));
  }

  get congested(): boolean {
    return this.#socket.writableLength > 0;
  }

  /**
   * A write has been taken. The stream's own 'drain' comes only where its high-water mark was crossed; a few bytes
   * that the kernel left would never be heard of again.
   */
  readonly #written = (): void => {
    if (!this.congested) this.#events.drained();
  };

  write(bytes: Buffer, start: number, end: number): void {
    if (this.#closed || this.#ended) return;
    if (this.#direct !== null && this.#socket.writableLength === 0)
      start += this.#direct.write(bytes, start, end);
    if (start < end)
      this.#socket.write(
        start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
        this.#written,
      );
  }

  writeAll(pieces: readonly Buffer[]): void {
    if (this.#closed || this.#ended) return;
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece, this.#written);
    this.#socket.uncork();
  }

  pause(reason: PauseReason): void {
    if (this.#paused === 0) this.#socket.pause();
    this.#paused |= PAUSED[reason];
  }

  resume(reason: PauseReason): void {
    if ((this.#paused & PAUSED[reason]) === 0) return;
    this.#paused &= ~PAUSED[reason];
    if (this.#paused === 0 && !this.#closed) this.#socket.resume();
  }

  end(): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    this.#socket.end();
  }

  finish(): void {
    // Nothing can be told to a peer with whom TLS is not agreed yet.
    if (this.#securing) this.#close(null);
    this.end();
    const socket = this.#socket;
    if (this.#closed || this.#finishing) return;
    this.#finishing = true;
    const linger = () => {
      // What the peer still sends is thrown away: closing over unread bytes would reset what it has yet to read.
      if (!this.#closed) socket.resume();
      setTimeout(() => this.#close(null), LINGER_MS).unref();
    };
    if (socket.writableFinished) {
      linger();
      return;
    }
    // Only what the peer takes counts against the timeout, not what it sends.
    socket.pause();
    socket.setTimeout(STUCK_MS, () => this.#close(null));
    socket.once('finish', linger);
  }

  destroy(): void {
    this.#close(null);
  }

  startTlsServer(received: Buffer, alpn: Alpn | null): void {
    const { server, wantsCertificate } = this.#tls;
    if (server === null) {
      this.#close(new Error('TLS is not configured'));
      return;
    }
    const plain = this.#takeOver(received);
    const secured = new tls.TLSSocket(plain, {
      isServer: true,
      secureContext: server,
      ...(alpn === null ? {} : { ALPNProtocols: [alpn.name] }),
      requestCert: wantsCertificate,
      // Told in the client's protocol, once it can be told there.
      rejectUnauthorized: false,
    });
    const demanded = alpn?.demanded === true ? alpn.name : null;
    secured.once('secure', () => {
      this.#securing = false;
      if (wantsCertificate) this.peerCertificate = clientCertificateOf(secured);
      if (demanded !== null && secured.alpnProtocol !== demanded)
        this.#close(new Error('direct TLS without ALPN'));
      else this.#events.secured();
    });
    this.#adopt(secured);
  }

  startTlsClient(): void {
    const { client } = this.#tls;
    if (client === null) {
      this.#close(new Error('TLS is not configured'));
      return;
    }
    const secured = tls.connect({ ...client, socket: this.#takeOver(Buffer.alloc(0)) });
    secured.once('secureConnect', () => {
      this.#securing = false;
      this.#events.secured();
    });
    this.#adopt(secured);
  }

  /** Leaves the plain socket to TLS, with what has been read of it already. */
  #takeOver(received: Buffer): net.Socket {
    const plain = this.#socket;
    this.#direct = null;
    this.#securing = true;
    plain.removeAllListeners('data');
    plain.removeAllListeners('end');
    plain.removeAllListeners('close');
    plain.removeAllListeners('error');
    plain.on('error', (error) => this.#close(error));
    if (received.length > 0) plain.unshift(received);
    return plain;
  }

  #adopt(secured: tls.TLSSocket): void {
    this.#socket = secured;
    this.#listen(secured);
    this.#stream(secured);
    if (this.#paused !== 0) secured.pause();
  }
}
