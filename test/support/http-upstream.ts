/** A server of HTTP that keeps what it got, byte for byte, and answers as it is told. Not Node's: it reads raw sockets. */
import net from 'node:net';

export interface Got {
  /** Head and body as they came. */
  readonly head: string;
  readonly body: Buffer;
}

/** Crowds come at once. */
const BACKLOG = 4_096;

/** The answer to a request: raw bytes, or pieces of them with what comes between. */
export type Answer = Buffer | readonly Buffer[] | ((socket: net.Socket) => void);

export interface RawUpstream {
  readonly port: number;
  readonly got: readonly Got[];
  /** Sockets that were opened to it. */
  readonly connections: number;
  answer: (got: Got) => Answer;
  close(): Promise<void>;
}

/** `HTTP/1.1 200 OK` with these fields and body, and its length. */
export function ok(fields: Readonly<Record<string, string>>, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ ...fields, 'Content-Length': String(bytes.length) }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`), bytes]);
}

export async function startRawUpstream(): Promise<RawUpstream> {
  const got: Got[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const upstream = {
    port: 0,
    got,
    get connections() {
      return connections;
    },
    answer: (_got: Got): Answer => ok({}, 'hello'),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let held: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (;;) {
        const request = requestIn(held);
        if (request === null) return;
        held = held.subarray(request.end);
        got.push(request.got);
        send(socket, upstream.answer(request.got));
      }
    });
  });
  await new Promise<void>((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, resolve),
  );
  const address = server.address();
  upstream.port = typeof address === 'object' && address !== null ? address.port : 0;
  return upstream;
}

function send(socket: net.Socket, answer: Answer): void {
  if (typeof answer === 'function') answer(socket);
  else if (Buffer.isBuffer(answer)) socket.write(answer);
  else void sendPieces(socket, answer);
}

/** Each piece in a write of its own, so that it is likely to be read by itself. */
async function sendPieces(socket: net.Socket, pieces: readonly Buffer[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function requestIn(held: Buffer): { readonly got: Got; readonly end: number } | null {
  const headEnd = held.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = held.toString('latin1', 0, headEnd);
  const start = headEnd + 4;
  if (/^transfer-encoding: chunked$/im.test(head)) {
    const parts: Buffer[] = [];
    for (let at = start; ; ) {
      const line = held.indexOf('\r\n', at);
      if (line < 0) return null;
      const size = Number.parseInt(held.toString('latin1', at, line), 16);
      const from = line + 2;
      if (held.length < from + size + 2) return null;
      if (size === 0) return { got: { head, body: Buffer.concat(parts) }, end: from + 2 };
      parts.push(held.subarray(from, from + size));
      at = from + size + 2;
    }
  }
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  if (held.length < start + length) return null;
  return { got: { head, body: Buffer.from(held.subarray(start, start + length)) }, end: start + length };
}

/** Sends raw bytes and gives everything that comes back until the other side closes, or `until` is in it. */
export function exchange(port: number, bytes: Buffer | string, until: RegExp | null = null): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = '';
    const done = () => {
      socket.destroy();
      resolve(received);
    };
    socket.setTimeout(10_000, () => {
      socket.destroy();
      reject(new Error(`no end of the answer: ${received}`));
    });
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (until?.test(received) === true) done();
    });
    socket.on('error', () => done());
    socket.on('close', () => resolve(received));
    socket.write(bytes);
  });
}
