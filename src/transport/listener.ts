/** Accepts connections for one listener. Accepting does no work of its own: handshakes run per connection. */
import net from 'node:net';
import { Connection } from '../engine/connection.ts';
import type { ListenerDomain } from '../engine/listener-domain.ts';
import { type LegTls, SocketLeg } from './socket-leg.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Clients send little: what is larger comes in several reads. */
const DOWNSTREAM_READ_BYTES = 16 * 1024;
const BACKLOG = 1024;

export class Listener {
  readonly #server: net.Server;
  readonly #domain: ListenerDomain;

  private constructor(server: net.Server, domain: ListenerDomain) {
    this.#server = server;
    this.#domain = domain;
  }

  /** Listens; rejects with Node's error when the address cannot be had. */
  static async listen(address: ListenAddress, domain: ListenerDomain, legTls: LegTls): Promise<Listener> {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true });
    const listener = new Listener(server, domain);
    server.on('connection', (socket) => listener.#accept(socket, legTls));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    server.on('error', (error) =>
      domain.log('error', 'listener failed', { listener: domain.name, error: error.message }),
    );
    return listener;
  }

  #accept(socket: net.Socket, legTls: LegTls): void {
    new Connection(this.#domain, (events) =>
      SocketLeg.accepted(socket, events, legTls, DOWNSTREAM_READ_BYTES),
    );
  }

  /** The port, which the system has chosen where 0 was asked for. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Takes no more connections; those that are open go on. */
  close(): void {
    this.#server.close();
  }
}
