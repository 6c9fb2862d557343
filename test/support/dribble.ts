/** A relay whose server side arrives in pieces of given sizes, again and again: chunks end wherever they like. */
import { connect, createServer, type Socket } from 'node:net';

export interface Dribble {
  readonly port: number;
  close(): void;
}

export async function startDribble(upstreamPort: number, sizes: readonly number[]): Promise<Dribble> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((down) => {
    keep(down);
    const up = connect({ port: upstreamPort, host: '127.0.0.1' });
    keep(up);
    let turn = 0;
    down.pipe(up);
    up.on('data', (bytes: Buffer) => {
      up.pause();
      let at = 0;
      const next = () => {
        if (at >= bytes.length) {
          up.resume();
          return;
        }
        const size = sizes[turn++ % sizes.length] ?? bytes.length;
        // Each piece is written on its own, once the one before has left.
        down.write(bytes.subarray(at, at + size), () => setImmediate(next));
        at += size;
      };
      next();
    });
    down.on('close', () => up.destroy());
    up.on('close', () => down.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
