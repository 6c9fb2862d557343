/** Clients that take their time, in crowds: they say nothing, send a head or a body byte by byte, or do not read. */
import net from 'node:net';

const KINDS = ['silent', 'head', 'body', 'reader'] as const;

export interface Crowd {
  /** How many are still connected. */
  readonly open: number;
  close(): void;
}

/** Connects them all; each sends a byte more with every `nudge`. */
export async function slowCrowd(port: number, count: number): Promise<Crowd & { nudge(): void }> {
  const clients: { readonly socket: net.Socket; readonly kind: (typeof KINDS)[number]; at: number }[] = [];
  let open = 0;
  for (let from = 0; from < count; from += 250) {
    const batch = Array.from({ length: Math.min(250, count - from) }, async (_, n) => {
      const kind = KINDS[n % KINDS.length] ?? 'silent';
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await new Promise<void>((resolve) => {
        socket.once('connect', () => resolve());
        socket.once('close', () => resolve());
      });
      open++;
      socket.once('close', () => open--);
      if (kind === 'reader') {
        socket.pause();
        socket.write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
      } else {
        socket.resume();
        if (kind === 'body')
          socket.write(
            'POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n[',
          );
      }
      clients.push({ socket, kind, at: 0 });
    });
    await Promise.all(batch);
  }
  const HEAD = `GET /x HTTP/1.1\r\nHost: a\r\nX-Slow: ${'x'.repeat(2_000)}`;
  return {
    get open() {
      return open;
    },
    nudge() {
      for (const client of clients) {
        if (client.kind === 'head') client.socket.write(HEAD[client.at++] ?? 'x');
        if (client.kind === 'body') client.socket.write(' ');
      }
    },
    close() {
      for (const { socket } of clients) socket.destroy();
    },
  };
}

/** Milliseconds that each of so many requests took, one after the other, in ascending order. */
export async function timedRequests(ask: () => Promise<string>, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    const answer = await ask();
    if (!/^HTTP\/1\.1 200/.test(answer)) throw new Error(`a neighbour was refused: ${answer.slice(0, 200)}`);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b);
}
