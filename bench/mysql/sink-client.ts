/**
 * A MySQL client that costs as little as a client can: it reads into one buffer, counts bytes, and of a large result
 * looks only at the end of what it has read. What is measured through it is the server and what stands between.
 */
import { connect, type Socket } from 'node:net';
import { commandPacket, isReplyOf, loginPacket, nativeAnswer, packetsIn, readGreeting } from './packets.ts';

const READ_BYTES = 256 * 1024;
const TAIL_BYTES = 64;
const QUIT = 0x01;
const QUERY = 0x03;
const PREPARE = 0x16;
const EXECUTE = 0x17;
const OK = 0x00;
const ERR = 0xff;
const SWITCH = 0xfe;
/** The OK packet that ends a result: 7 bytes, no rows affected, no id; status; no warnings. */
const END_BYTES = 11;

// Chunks are dealt with before the next read, so that all clients can read into the same buffer.
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

export interface MysqlDrained {
  readonly bytes: number;
  readonly ms: number;
  /** Of the last packet: what is left of the number of packets by 256. */
  readonly sequence: number;
}

export class MysqlSinkClient {
  readonly #socket: Socket;
  #bytes = 0;
  #tail = Buffer.alloc(0);
  /** Says of what has come whether it is all of it; null while a large result is read. */
  #isWhole: ((reply: Buffer) => boolean) | null = null;
  /** Reading stops once when this many bytes have come. */
  #pauseAt = Number.POSITIVE_INFINITY;
  #whenWhole: (() => void) | null = null;
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

  /** Logs in as the user that every server of ours has. */
  static async connect(port: number, database: string): Promise<MysqlSinkClient> {
    const client = new MysqlSinkClient(port);
    const { nonce } = readGreeting(await client.#reply(null, 1));
    let reply = await client.#reply(loginPacket('app', 'apppw', database, nonce), 1);
    if (reply[4] === SWITCH) reply = await client.#reply(nativeAnswer(reply, 'apppw'), 1);
    if (reply[4] !== OK) throw new Error(`no login: ${reply.toString('latin1')}`);
    return client;
  }

  #received(size: number): boolean {
    this.#bytes += size;
    const isLarge = this.#isWhole === null;
    this.#tail =
      isLarge && size >= TAIL_BYTES
        ? Buffer.from(shared.subarray(size - TAIL_BYTES, size))
        : Buffer.concat([this.#tail, shared.subarray(0, size)]);
    if (isLarge) this.#tail = this.#tail.subarray(-TAIL_BYTES);
    if (this.#isWhole === null ? isEnd(this.#tail, this.#bytes) : this.#isWhole(this.#tail)) {
      this.#pauseAt = Number.POSITIVE_INFINITY;
      this.#whenWhole?.();
    } else if (this.#bytes >= this.#pauseAt) {
      this.#pauseAt = Number.POSITIVE_INFINITY;
      this.#whenPaused?.();
      return false;
    }
    return true;
  }

  async #until(request: Buffer | null): Promise<void> {
    this.#bytes = 0;
    this.#tail = Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      this.#whenWhole = resolve;
      this.#whenFailed = reject;
      if (request !== null) this.#socket.write(request);
    });
    this.#whenWhole = null;
    this.#whenFailed = null;
  }

  /** Sends bytes and waits for so many packets, or for an error. */
  async #reply(request: Buffer | null, packets: number): Promise<Buffer> {
    this.#isWhole = (reply) => packetsIn(reply) >= packets || (packetsIn(reply) >= 1 && reply[4] === ERR);
    await this.#until(request);
    this.#isWhole = null;
    return this.#tail;
  }

  /** Runs a statement with a small answer, of any form, and throws when that is an error. */
  async run(sql: string | Buffer): Promise<void> {
    this.#isWhole = isReplyOf;
    await this.#until(commandPacket(QUERY, sql));
    this.#isWhole = null;
    if (this.#tail[4] === ERR) throw new Error(`refused: ${this.#tail.toString('latin1', 13)}`);
  }

  /** Runs a query and reads its whole result. Throws when the server or the proxy does not complete it. */
  async drain(sql: string, format: 'text' | 'binary' = 'text'): Promise<MysqlDrained> {
    const request = format === 'text' ? commandPacket(QUERY, sql) : await this.#prepared(sql);
    const begun = performance.now();
    await this.#until(request);
    const ms = performance.now() - begun;
    const bytes = this.#bytes;
    this.#bytes = 0;
    const tail = this.#tail;
    if (!endsWell(tail)) throw new Error(`not completed: ${tail.toString('latin1')}`);
    return { bytes, ms, sequence: tail[tail.length - END_BYTES + 3] ?? 0 };
  }

  async #prepared(sql: string): Promise<Buffer> {
    const first = await this.#reply(commandPacket(PREPARE, sql), 1);
    if (first[4] === ERR) throw new Error(`refused: ${first.toString('latin1', 13)}`);
    const columns = first.readUInt16LE(9);
    // What came with the first packet counts: the rest is waited for.
    while (packetsIn(this.#tail) < 1 + columns) await this.#more(1 + columns);
    const body = Buffer.alloc(9);
    first.copy(body, 0, 5, 9);
    body.writeUInt32LE(1, 5);
    return commandPacket(EXECUTE, body);
  }

  async #more(packets: number): Promise<void> {
    this.#isWhole = (reply) => packetsIn(reply) >= packets;
    await new Promise<void>((resolve, reject) => {
      this.#whenWhole = resolve;
      this.#whenFailed = reject;
    });
    this.#isWhole = null;
  }

  /** As `drain`, but reading stops after some bytes until `pause` resolves. */
  async drainWithPause(sql: string, afterBytes: number, pause: () => Promise<void>): Promise<MysqlDrained> {
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

  /** Says goodbye, as clients do. */
  quit(): void {
    this.#whenFailed = null;
    this.#socket.end(commandPacket(QUIT, ''));
  }

  end(): void {
    this.#whenFailed = null;
    this.#socket.destroy();
  }
}

/** The end of a large result, or an error in its place. */
function isEnd(tail: Buffer, bytes: number): boolean {
  return endsWell(tail) || (bytes === tail.length && tail[4] === ERR && packetsIn(tail) === 1);
}

function endsWell(tail: Buffer): boolean {
  const at = tail.length - END_BYTES;
  return (
    at >= 0 &&
    tail.readUIntLE(at, 3) === END_BYTES - 4 &&
    tail[at + 4] === SWITCH &&
    tail.readUInt16LE(at + 5) === 0 &&
    tail.readUInt16LE(at + 9) === 0
  );
}
