/** A client that sends bytes and reads messages, and understands nothing: what is on the wire is what tests see. */
import { connect as connectTcp, type Socket } from 'node:net';
import { startup } from './frontend.ts';

export interface WireMessage {
  /** The type byte as a character: `Z`, `D`, `E`. */
  readonly tag: string;
  readonly body: Buffer;
}

const WAIT_MS = Number(process.env['SLUICE_TEST_WAIT_MS'] ?? 15_000);

export class WireClient {
  readonly socket: Socket;
  readonly #messages: WireMessage[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      this.#wake?.();
    });
    const end = () => {
      this.#closed = true;
      this.#wake?.();
    };
    socket.on('error', end);
    socket.on('close', end);
    socket.on('end', end);
  }

  /** A TCP connection on which nothing was said yet. */
  static async dial(port: number): Promise<WireClient> {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new WireClient(socket);
  }

  /** A session that is ready: started without a password, everything up to ReadyForQuery read. */
  static async connect(port: number, parameters: Readonly<Record<string, string>> = {}): Promise<WireClient> {
    const client = await WireClient.dial(port);
    client.send(startup({ user: 'agent', database: 'shop', ...parameters }));
    const greeting = await client.until('Z');
    const failed = greeting.find(({ tag }) => tag === 'E');
    if (failed !== undefined) throw new Error(`no session: ${JSON.stringify(errorOf(failed))}`);
    client.greeting = greeting;
    return client;
  }

  /** What came before the first ReadyForQuery. */
  greeting: readonly WireMessage[] = [];

  send(...messages: readonly Buffer[]): void {
    this.socket.write(messages.length === 1 ? messages[0]! : Buffer.concat(messages));
  }

  /** Whether the other side closed. */
  get closed(): boolean {
    return this.#closed;
  }

  async #more(what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      timer = setTimeout(() => reject(new Error(`waited ${WAIT_MS} ms for ${what}`)), WAIT_MS);
    });
    clearTimeout(timer);
    this.#wake = null;
  }

  /** The next message; throws when the connection ends first. */
  async next(what = 'a message'): Promise<WireMessage> {
    for (;;) {
      const message = this.#take();
      if (message !== null) return message;
      if (this.#closed) throw new Error(`the connection ended before ${what}`);
      await this.#more(what);
    }
  }

  #take(): WireMessage | null {
    const waiting = this.#messages.shift();
    if (waiting !== undefined) return waiting;
    if (this.#rest.length < 5) return null;
    const size = this.#rest.readInt32BE(1) + 1;
    if (this.#rest.length < size) return null;
    const message = {
      tag: String.fromCharCode(this.#rest[0]!),
      body: Buffer.from(this.#rest.subarray(5, size)),
    };
    this.#rest = this.#rest.subarray(size);
    return message;
  }

  /** Everything up to and with the nth message of a tag, or up to the end of the connection. */
  async until(tag: string, times = 1): Promise<WireMessage[]> {
    const messages: WireMessage[] = [];
    for (let seen = 0; seen < times; ) {
      let message: WireMessage;
      try {
        message = await this.next(tag);
      } catch (error) {
        if (this.#closed) return messages;
        throw error;
      }
      messages.push(message);
      if (message.tag === tag) seen++;
    }
    return messages;
  }

  /** Raw bytes outside of frames: the answer to SSLRequest. */
  async bytes(count: number): Promise<Buffer> {
    while (this.#rest.length < count) {
      if (this.#closed) throw new Error('the connection ended');
      await this.#more(`${count} bytes`);
    }
    const bytes = Buffer.from(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return bytes;
  }

  /** Every message until the other side closes. */
  async toEnd(): Promise<WireMessage[]> {
    const messages: WireMessage[] = [];
    for (;;) {
      const message = this.#take();
      if (message !== null) messages.push(message);
      else if (this.#closed) return messages;
      else await this.#more('the end of the connection');
    }
  }

  /** Sends messages and gives everything up to ReadyForQuery. */
  async ask(...messages: readonly Buffer[]): Promise<WireMessage[]> {
    this.send(...messages);
    return this.until('Z');
  }

  end(): void {
    this.socket.destroy();
  }
}

/** The tags in order, as one word: `TDDCZ`. */
export function tagsOf(messages: readonly WireMessage[]): string {
  return messages.map(({ tag }) => tag).join('');
}

/** The fields of an ErrorResponse or NoticeResponse by their type: `C` is the SQLSTATE, `M` the message. */
export function errorOf(message: WireMessage | undefined): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  if (message === undefined) return fields;
  for (let at = 0; message.body[at] !== 0 && at < message.body.length; ) {
    const end = message.body.indexOf(0, at + 1);
    fields[String.fromCharCode(message.body[at]!)] = message.body.toString('utf8', at + 1, end);
    at = end + 1;
  }
  return fields;
}

/** The first ErrorResponse among messages, or nothing. */
export function errorAmong(messages: readonly WireMessage[]): Readonly<Record<string, string>> | null {
  const found = messages.find(({ tag }) => tag === 'E');
  return found === undefined ? null : errorOf(found);
}

/** The cells of every DataRow as text. */
export function rowsOf(messages: readonly WireMessage[]): (string | null)[][] {
  return messages
    .filter(({ tag }) => tag === 'D')
    .map(({ body }) => {
      const cells: (string | null)[] = [];
      let at = 2;
      for (let n = body.readInt16BE(0); n > 0; n--) {
        const size = body.readInt32BE(at);
        at += 4;
        cells.push(size < 0 ? null : body.toString('utf8', at, at + size));
        at += Math.max(size, 0);
      }
      return cells;
    });
}

/** The command tags of every CommandComplete. */
export function commandsOf(messages: readonly WireMessage[]): string[] {
  return messages
    .filter(({ tag }) => tag === 'C')
    .map(({ body }) => body.toString('utf8', 0, body.length - 1));
}
