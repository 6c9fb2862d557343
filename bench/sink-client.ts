/**
 * A Postgres client that costs as little as a client can: it reads into one buffer, counts bytes, and looks only at
 * the end of what it has read. What is measured through it is the server and what stands between.
 */
import { connect, type Socket } from 'node:net';
import { FrameWriter } from '../src/bytes/index.ts';

const READ_BYTES = 256 * 1024;
const TAIL_BYTES = 256;
const PROTOCOL_3_0 = 196_608;
const QUERY = 0x51;
const PARSE = 0x50;
const BIND = 0x42;
const EXECUTE = 0x45;
const SYNC = 0x53;
const BINARY = 1;
/** ReadyForQuery, idle. Results here are text whose rows never end like this at the end of a read. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

// Chunks are dealt with before the next read, so that all clients can read into the same buffer.
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

export interface Drained {
  readonly bytes: number;
  /** From CommandComplete: how many rows the server says it sent. */
  readonly rows: number;
  readonly ms: number;
}

export class SinkClient {
  readonly #socket: Socket;
  #bytes = 0;
  #tail = Buffer.alloc(0);

  /** Reading stops once when this many bytes have come. */
  #pauseAt = Number.POSITIVE_INFINITY;
  #whenReady: (() => void) | null = null;
  #whenPaused: (() => void) | null = null;
  #whenFailed: ((error: Error) => void) | null = null;

  private constructor(port: number) {
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: shared, callback: (size) => this.#received(size) },
    });
    this.#socket.on('error', (error) => this.#whenFailed?.(error));
    this.#socket.on('close', () =>
      this.#whenFailed?.(new Error(`the connection ended: ${this.#tail.toString('latin1')}`)),
    );
  }

  static async connect(port: number, database: string): Promise<SinkClient> {
    const client = new SinkClient(port);
    const writer = new FrameWriter();
    writer.begin(null).i32(PROTOCOL_3_0);
    for (const word of ['user', 'postgres', 'database', database]) writer.cstring(word);
    await client.#until(writer.u8(0).end().take());
    return client;
  }

  #received(size: number): boolean {
    this.#bytes += size;
    this.#tail =
      size >= TAIL_BYTES
        ? Buffer.from(shared.subarray(size - TAIL_BYTES, size))
        : Buffer.concat([this.#tail, shared.subarray(0, size)]).subarray(-TAIL_BYTES);
    if (this.#tail.subarray(-READY.length).equals(READY)) {
      this.#pauseAt = Number.POSITIVE_INFINITY;
      this.#whenReady?.();
    } else if (this.#bytes >= this.#pauseAt) {
      this.#pauseAt = Number.POSITIVE_INFINITY;
      this.#whenPaused?.();
      return false;
    }
    return true;
  }

  /** Sends bytes and waits for ReadyForQuery. */
  async #until(request: Buffer): Promise<void> {
    this.#bytes = 0;
    this.#tail = Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      this.#whenReady = resolve;
      this.#whenFailed = reject;
      this.#socket.write(request);
    });
    this.#whenReady = null;
    this.#whenFailed = null;
  }

  /** Runs a query and reads its whole result. Throws when the server or the proxy does not complete it. */
  async drain(sql: string, format: 'text' | 'binary' = 'text'): Promise<Drained> {
    const request = format === 'text' ? new FrameWriter().begin(QUERY).cstring(sql).end() : inBinary(sql);
    const begun = performance.now();
    await this.#until(request.take());
    const ms = performance.now() - begun;
    const bytes = this.#bytes;
    this.#bytes = 0;
    const command = /(?:SELECT|COPY) (\d+)\0Z\0\0\0.I$/s.exec(this.#tail.toString('latin1'));
    if (command === null) throw new Error(`not completed: ${this.#tail.toString('latin1')}`);
    return { bytes, rows: Number(command[1]), ms };
  }

  /** As `drain`, but reading stops after some bytes until `pause` resolves. */
  async drainWithPause(sql: string, afterBytes: number, pause: () => Promise<void>): Promise<Drained> {
    this.#pauseAt = afterBytes;
    this.#whenPaused = () => {
      void pause().then(() => {
        this.#socket.resume();
      });
    };
    return this.drain(sql);
  }

  /** Bytes that have come of the answer under way; none once it is complete. */
  get received(): number {
    return this.#bytes;
  }

  /** As `drain`, by a client that takes so many bytes, does something else for a while, and takes so many again. */
  async drainSlowly(sql: string, bytesAtOnce: number, elsewhere: () => Promise<void>): Promise<Drained> {
    const pause = () => {
      void elsewhere().then(() => {
        this.#pauseAt = this.#bytes + bytesAtOnce;
        this.#socket.resume();
      });
    };
    this.#pauseAt = bytesAtOnce;
    this.#whenPaused = pause;
    return this.drain(sql);
  }

  end(): void {
    this.#whenFailed = null;
    this.#socket.destroy();
  }
}

/** The extended protocol, with every column of the result in binary. */
function inBinary(sql: string): FrameWriter {
  const writer = new FrameWriter();
  writer.begin(PARSE).cstring('').cstring(sql).i16(0).end();
  writer.begin(BIND).cstring('').cstring('').i16(0).i16(0).i16(1).i16(BINARY).end();
  writer.begin(EXECUTE).cstring('').i32(0).end();
  return writer.begin(SYNC).end();
}
