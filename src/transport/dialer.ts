/** Opens connections to one upstream: for sessions, for cancel requests. */
import net from 'node:net';
import tls from 'node:tls';
import { ProxyError } from '../core/errors.ts';
import type { Dialer, Leg, LegEvents } from '../engine/leg.ts';
import { type LegTls, SocketLeg } from './socket-leg.ts';

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** Null where the server is spoken to in the clear. */
  readonly tls: tls.ConnectionOptions | null;
  /** Whether the server may go without TLS (`sslmode=prefer`). */
  readonly tlsOptional: boolean;
}

const DELIVER_TIMEOUT_MS = 10_000;
const TLS_YES = 0x53; // S

export class UpstreamDialer implements Dialer {
  readonly #address: UpstreamAddress;
  readonly #readBytes: number;
  readonly #tlsRequest: Buffer;

  /** `tlsRequest`: the message by which the protocol asks for TLS, before anything else. */
  constructor(address: UpstreamAddress, tlsRequest: Buffer, readBytes: number) {
    this.#address = address;
    this.#tlsRequest = tlsRequest;
    this.#readBytes = readBytes;
  }

  connect(events: LegEvents): Leg {
    const { host, port } = this.#address;
    const legTls: LegTls = { server: null, client: this.#address.tls };
    return SocketLeg.connecting({ host, port }, events, legTls, this.#readBytes);
  }

  async deliver(message: Buffer): Promise<void> {
    const socket = await this.#open();
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(DELIVER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
      // The server closes once the request has been acted on; until then it could hit what runs next.
      socket.once('error', reject);
      socket.once('close', () => resolve());
      socket.resume();
      socket.write(message);
    });
  }

  #open(): Promise<net.Socket> {
    const { host, port } = this.#address;
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host, port, noDelay: true, allowHalfOpen: false });
      socket.setTimeout(DELIVER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
      socket.once('error', reject);
      socket.once('connect', () => {
        if (this.#address.tls === null) resolve(socket);
        else this.#secure(socket, this.#address.tls, resolve, reject);
      });
    });
  }

  #secure(
    socket: net.Socket,
    options: tls.ConnectionOptions,
    resolve: (socket: net.Socket) => void,
    reject: (error: Error) => void,
  ): void {
    socket.write(this.#tlsRequest);
    socket.once('close', () => reject(new Error('closed before it answered')));
    socket.once('data', (answer: Buffer) => {
      if (answer.length === 1 && answer[0] === TLS_YES) {
        const secured = tls.connect({ ...options, socket });
        secured.once('error', reject);
        secured.once('secureConnect', () => resolve(secured));
      } else if (this.#address.tlsOptional) resolve(socket);
      else reject(new Error('the server does not offer TLS'));
    });
  }

  explain(error: Error): ProxyError {
    const code = 'code' in error ? String(error.code) : '';
    // Addresses and certificates are the operator's affair: they go to the log, not to the client.
    const lost = code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT';
    return new ProxyError(lost ? 'upstream-lost' : 'upstream-unreachable', { cause: error });
  }
}
