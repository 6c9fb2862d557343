/** Opens the connections of sessions to one upstream. */
import type tls from 'node:tls';
import { ProxyError } from '../core/errors.ts';
import type { Dialer, Leg, LegEvents } from '../engine/leg.ts';
import { type LegTls, SocketLeg } from './socket-leg.ts';

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** Null where the server is spoken to in the clear. */
  readonly tls: tls.ConnectionOptions | null;
}

export class SocketDialer implements Dialer {
  readonly #address: UpstreamAddress;
  readonly #readBytes: number;

  constructor(address: UpstreamAddress, readBytes: number) {
    this.#address = address;
    this.#readBytes = readBytes;
  }

  connect(events: LegEvents): Leg {
    const { host, port } = this.#address;
    const legTls: LegTls = { server: null, wantsCertificate: false, client: this.#address.tls };
    return SocketLeg.connecting({ host, port }, events, legTls, this.#readBytes);
  }

  explain(error: Error): ProxyError {
    const code = 'code' in error ? String(error.code) : '';
    // Addresses and certificates are the operator's affair: they go to the log, not to the client.
    const lost = code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT';
    return new ProxyError(lost ? 'upstream-lost' : 'upstream-unreachable', { cause: error });
  }
}
