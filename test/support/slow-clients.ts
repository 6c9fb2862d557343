/**
 * Clients that take their time, in crowds: they say nothing, send a head or a body byte by byte, do not read, or hold an
 * event stream on which nothing comes. They come from several addresses of this machine.
 */
import net from 'node:net';

export const SLOW_KINDS = ['silent', 'head', 'body', 'reader'] as const;
export type SlowKind = (typeof SLOW_KINDS)[number] | 'stream';

export interface Crowd {
  /** How many are still connected. */
  readonly open: number;
  /** How many have been told that what they asked for has begun: an answer, or the stream. */
  readonly begun: number;
  /** How many have heard of a change, on their stream. */
  readonly heard: number;
  /** What those that are not connected any more were told last, by kind. */
  readonly lost: readonly string[];
  /** Those that send anything send a byte more. */
  nudge(): void;
  close(): void;
}

export interface CrowdOptions {
  readonly kinds?: readonly SlowKind[];
  /** What they ask for; `/big` in place of it is for those that do not read. */
  readonly path?: string;
  /** The first of the loopback addresses that they come from, by its last byte. */
  readonly addressFrom?: number;
}

interface SlowClient {
  readonly socket: net.Socket;
  readonly kind: SlowKind;
  at: number;
}

const BATCH = 250;
const ADDRESSES = 20;
const LISTEN = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'subscriptions/listen',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'idle', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
    notifications: { toolsListChanged: true },
  },
});

/** What a client sends once it is connected. */
function opening(kind: SlowKind, path: string, port: number): string {
  const host = `Host: 127.0.0.1:${port}`;
  switch (kind) {
    case 'silent':
    case 'head':
      return '';
    case 'reader':
      return `GET /big HTTP/1.1\r\n${host}\r\n\r\n`;
    case 'body':
      return `POST ${path} HTTP/1.1\r\n${host}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n[`;
    case 'stream':
      return `POST ${path} HTTP/1.1\r\n${host}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\nContent-Length: ${LISTEN.length}\r\n\r\n${LISTEN}`;
  }
}

/** Connects them all. */
export async function slowCrowd(port: number, count: number, options: CrowdOptions = {}): Promise<Crowd> {
  const { kinds = SLOW_KINDS, path = '/x', addressFrom = 2 } = options;
  const clients: SlowClient[] = [];
  const counts = { open: 0, begun: 0, heard: 0 };
  const lost: string[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, async (_, n) => {
      const kind = kinds[n % kinds.length] ?? 'silent';
      const localAddress = `127.0.0.${addressFrom + (n % ADDRESSES)}`;
      const socket = net.connect({ port, host: '127.0.0.1', localAddress });
      let fault = 'closed';
      socket.on('error', ({ message }) => {
        fault = message;
      });
      socket.once('close', () => lost.push(`${kind}: ${fault}`));
      await new Promise<void>((resolve) => {
        socket.once('connect', () => {
          counts.open++;
          socket.once('close', () => counts.open--);
          resolve();
        });
        socket.once('close', () => resolve());
      });
      if (kind === 'reader') socket.pause();
      else if (kind === 'stream') hear(socket, counts);
      else socket.resume();
      socket.write(opening(kind, path, port));
      clients.push({ socket, kind, at: 0 });
    });
    await Promise.all(batch);
  }
  const HEAD = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Slow: ${'x'.repeat(2_000)}`;
  return {
    get open() {
      return counts.open;
    },
    get lost() {
      return lost;
    },
    get begun() {
      return counts.begun;
    },
    get heard() {
      return counts.heard;
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

function hear(socket: net.Socket, counts: { begun: number; heard: number }): void {
  let before = '';
  socket.on('data', (chunk: Buffer) => {
    // A word may come in two pieces.
    const text = before + chunk.toString('latin1');
    counts.begun += wordsIn(text, 'subscriptions/acknowledged', before.length);
    counts.heard += wordsIn(text, 'list_changed', before.length);
    before = text.slice(-64);
  });
}

/** How often a word ends behind what was there before. */
function wordsIn(text: string, word: string, before: number): number {
  let count = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (at + word.length > before) count++;
  return count;
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
