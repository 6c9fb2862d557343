/** A TCP relay in front of a real server that can fall silent, or cut the server's bytes anywhere. */
import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** From now on nothing goes through in either direction, and new connections are accepted and left alone. */
  hang(): void;
  /** The server's next bytes pass up to `bytes` of them; then every connection is reset. */
  cutAfter(bytes: number): void;
  close(): void;
}

/** `seen` is told what is on its way to the server, before it gets there. */
export async function startRelay(
  upstreamPort: number,
  ownPort = 0,
  seen: (bytes: Buffer) => void = () => {},
): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isHanging = false;
  let left: number | null = null;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((down) => {
    keep(down);
    if (isHanging) return;
    const up = connect({ port: upstreamPort, host: '127.0.0.1' });
    keep(up);
    down.on('data', (bytes: Buffer) => {
      seen(bytes);
      if (!isHanging) up.write(bytes);
    });
    up.on('data', (bytes: Buffer) => {
      if (isHanging) return;
      if (left === null || bytes.length <= left) {
        if (left !== null) left -= bytes.length;
        down.write(bytes);
        return;
      }
      down.write(bytes.subarray(0, left), () => {
        for (const socket of sockets) socket.resetAndDestroy();
      });
      isHanging = true;
    });
    down.on('close', () => up.destroy());
    up.on('close', () => down.destroy());
  });
  await new Promise<void>((resolve) => server.listen(ownPort, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    hang() {
      isHanging = true;
    },
    cutAfter(bytes) {
      left = bytes;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
