/** Hands one message to a server on a connection of its own: how Postgres takes cancel requests. */
import net from 'node:net';
import tls from 'node:tls';
import type { UpstreamAddress } from './dialer.ts';

export interface DeliveryAddress extends UpstreamAddress {
  /** Whether the server may go without TLS (`sslmode=prefer`). */
  readonly tlsOptional: boolean;
}

const DELIVER_TIMEOUT_MS = 10_000;
const TLS_YES = 0x53; // S

/**
 * Waits until the server has closed the connection. `tlsRequest`: the message by which the protocol asks for TLS, before
 * anything else.
 */
export async function deliver(address: DeliveryAddress, tlsRequest: Buffer, message: Buffer): Promise<void> {
  const socket = await open(address, tlsRequest);
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(DELIVER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
    // The server closes once the request has been acted on; until then it could hit what runs next.
    socket.once('error', reject);
    socket.once('close', () => resolve());
    socket.resume();
    socket.write(message);
  });
}

function open(address: DeliveryAddress, tlsRequest: Buffer): Promise<net.Socket> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true, allowHalfOpen: false });
    socket.setTimeout(DELIVER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.once('error', reject);
    socket.once('connect', () => {
      if (address.tls === null) resolve(socket);
      else secure(socket, { ...address, tls: address.tls }, tlsRequest, resolve, reject);
    });
  });
}

function secure(
  socket: net.Socket,
  { tls: options, tlsOptional }: DeliveryAddress & { readonly tls: tls.ConnectionOptions },
  tlsRequest: Buffer,
  resolve: (socket: net.Socket) => void,
  reject: (error: Error) => void,
): void {
  socket.write(tlsRequest);
  socket.once('close', () => reject(new Error('closed before it answered')));
  socket.once('data', (answer: Buffer) => {
    if (answer.length === 1 && answer[0] === TLS_YES) {
      const secured = tls.connect({ ...options, socket });
      secured.once('error', reject);
      secured.once('secureConnect', () => resolve(secured));
    } else if (tlsOptional) resolve(socket);
    else reject(new Error('the server does not offer TLS'));
  });
}
