/**
 * A MySQL client for attacks: it says whatever bytes it is told to, and keeps every packet that comes, header included.
 * Answers are read by the shape that the command gives them; what is out of shape is an error of the test.
 */
import { connect, type Socket } from 'node:net';
import { CAPABILITY as C, STATUS } from '../../protocols/mysql/capabilities.ts';
import { sizeAt } from './mysql-length.ts';
import { until } from './until.ts';

export const BASE =
  C.LONG_PASSWORD |
  C.PROTOCOL_41 |
  C.TRANSACTIONS |
  C.SECURE_CONNECTION |
  C.PLUGIN_AUTH |
  C.MULTI_RESULTS |
  C.PS_MULTI_RESULTS;
export const MODERN = C.DEPRECATE_EOF | C.SESSION_TRACK;

export interface RawLogin {
  readonly user?: string;
  readonly database?: string;
  /** Beside those that every client has; MODERN unless told otherwise. */
  readonly flags?: number;
  /** Instead of all that: the login packet's payload. */
  readonly payload?: Buffer;
}

export interface RawPacket {
  readonly sequence: number;
  readonly body: Buffer;
}

export interface RawResult {
  readonly columns: readonly Buffer[];
  readonly rows: readonly Buffer[];
}

export interface RawFailure {
  readonly errno: number;
  readonly sqlstate: string;
  readonly message: string;
}

export interface RawReply {
  readonly packets: readonly RawPacket[];
  readonly results: readonly RawResult[];
  readonly error: RawFailure | null;
  /** Of the last OK or EOF; -1 where there was none. */
  readonly status: number;
}

export interface RawPrepared {
  readonly id: number;
  readonly columns: number;
  readonly parameters: number;
  readonly error: RawFailure | null;
}

const WAIT_MS = 10_000;

export class MysqlRawClient {
  readonly socket: Socket;
  readonly flags: number;
  /** Everything that came, as it came. */
  readonly chunks: Buffer[] = [];
  greeting: Buffer = Buffer.alloc(0);
  closed = false;
  #unread: Buffer = Buffer.alloc(0);
  #wake: (() => void) | null = null;

  private constructor(socket: Socket, flags: number) {
    this.socket = socket;
    this.flags = flags;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  /** Connects and reads the greeting. */
  static async dial(port: number, flags = BASE | MODERN): Promise<MysqlRawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new MysqlRawClient(socket, flags);
    client.greeting = (await client.packet())?.body ?? Buffer.alloc(0);
    return client;
  }

  /** Logs in without a password. Throws what the server says against it. */
  static async connect(port: number, login: RawLogin = {}): Promise<MysqlRawClient> {
    const flags =
      (BASE | (login.flags ?? MODERN) | (login.database === undefined ? 0 : C.CONNECT_WITH_DB)) >>> 0;
    const client = await MysqlRawClient.dial(port, flags);
    client.send(packet(1, login.payload ?? loginPayload(flags, login)));
    for (;;) {
      const answer = await client.packet();
      if (answer === null) throw new Error('closed while logging in');
      if (answer.body[0] === 0x00) return client;
      const error = failureOf(answer.body);
      if (error !== null) throw new Error(`${error.errno} ${error.message}`);
      if (answer.body[0] === 0xfe) client.send(packet(answer.sequence + 1));
    }
  }

  send(...bytes: readonly Buffer[]): void {
    if (!this.closed)
      this.socket.write(bytes.length === 1 && bytes[0] !== undefined ? bytes[0] : Buffer.concat(bytes));
  }

  end(): void {
    this.socket.destroy();
  }

  /** The next packet; null where the connection has ended. */
  async packet(): Promise<RawPacket | null> {
    for (;;) {
      const bytes = this.#unread;
      const size = bytes.length < 4 ? Number.POSITIVE_INFINITY : 4 + bytes.readUIntLE(0, 3);
      if (bytes.length >= size) {
        this.#unread = bytes.subarray(size);
        return { sequence: bytes.readUInt8(3), body: Buffer.from(bytes.subarray(4, size)) };
      }
      if (this.closed) return null;
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      timer = setTimeout(() => reject(new Error('no answer in time')), WAIT_MS);
    });
    clearTimeout(timer);
  }

  /** Everything up to the end of the connection. */
  async toEnd(): Promise<readonly RawPacket[]> {
    const packets: RawPacket[] = [];
    for (;;) {
      const next = await this.packet();
      if (next === null) return packets;
      packets.push(next);
    }
  }

  async ask(...bytes: readonly Buffer[]): Promise<RawReply> {
    this.send(...bytes);
    return this.reply();
  }

  query(sql: string | Buffer): Promise<RawReply> {
    return this.ask(query(sql));
  }

  /** The error number of a query's answer; 0 where it went through. */
  async errno(sql: string): Promise<number> {
    return (await this.query(sql)).error?.errno ?? 0;
  }

  /** Rows of a text query, as strings. */
  async rows(sql: string): Promise<(string | null)[][]> {
    const reply = await this.query(sql);
    if (reply.error !== null) throw new Error(`${reply.error.errno} ${reply.error.message}: ${sql}`);
    return reply.results.flatMap(({ rows }) => rows.map(textCells));
  }

  /** An OK, an error, or any number of results. */
  async reply(): Promise<RawReply> {
    const packets: RawPacket[] = [];
    const results: RawResult[] = [];
    for (;;) {
      const first = await this.#due(packets, 'an answer');
      const error = failureOf(first);
      if (error !== null) return { packets, results, error, status: -1 };
      if (first[0] === 0x00) {
        const status = okStatus(first);
        if ((status & STATUS.MORE_RESULTS) === 0) return { packets, results, error, status };
        continue;
      }
      const columns: Buffer[] = [];
      for (let n = sizeAt(first, 0).size; n > 0; n--) columns.push(await this.#due(packets, 'a column'));
      let status = 0;
      if ((this.flags & C.DEPRECATE_EOF) === 0) status = (await this.#due(packets, 'EOF')).readUInt16LE(3);
      const rows =
        (status & STATUS.CURSOR_EXISTS) === 0 ? await this.rowsUpTo(packets) : { rows: [], error, status };
      results.push({ columns, rows: rows.rows });
      status = rows.status;
      if (rows.error !== null || (status & STATUS.MORE_RESULTS) === 0)
        return { packets, results, error: rows.error, status };
    }
  }

  /** The answer to COM_STMT_FETCH. */
  async fetched(): Promise<RawReply> {
    const packets: RawPacket[] = [];
    const { rows, error, status } = await this.rowsUpTo(packets);
    return { packets, results: [{ columns: [], rows }], error, status };
  }

  async rowsUpTo(
    packets: RawPacket[],
  ): Promise<{ rows: Buffer[]; error: RawFailure | null; status: number }> {
    const rows: Buffer[] = [];
    for (;;) {
      const body = await this.#due(packets, 'a row');
      const error = failureOf(body);
      if (error !== null) return { rows, error, status: -1 };
      if (body[0] === 0xfe && body.length < 0xffffff) {
        const deprecated = (this.flags & C.DEPRECATE_EOF) !== 0;
        return { rows, error, status: deprecated ? okStatus(body) : body.readUInt16LE(3) };
      }
      rows.push(body);
    }
  }

  /** COM_STMT_PREPARE. */
  prepare(sql: string): Promise<RawPrepared> {
    this.send(command(0x16, sql));
    return this.prepared();
  }

  /** The answer to it. */
  async prepared(): Promise<RawPrepared> {
    const first = await this.#due([], 'an answer to a prepare');
    const error = failureOf(first);
    if (error !== null) return { id: -1, columns: 0, parameters: 0, error };
    const columns = first.readUInt16LE(5);
    const parameters = first.readUInt16LE(7);
    for (const count of [parameters, columns]) {
      const eof = count > 0 && (this.flags & C.DEPRECATE_EOF) === 0 ? 1 : 0;
      for (let n = count + eof; n > 0; n--) await this.#due([], 'a definition');
    }
    return { id: first.readUInt32LE(1), columns, parameters, error };
  }

  async #due(packets: RawPacket[], what: string): Promise<Buffer> {
    const next = await this.packet();
    if (next === null) throw new Error(`the connection ended where ${what} was due`);
    packets.push(next);
    return next.body;
  }

  /** Waits for the end; gives the error that was told before it. */
  async failure(): Promise<RawFailure | null> {
    const packets = await this.toEnd();
    await until(() => this.closed, 'the connection to end');
    return failureOf(packets.at(-1)?.body ?? Buffer.alloc(0));
  }
}

function loginPayload(flags: number, { user = 'agent', database }: RawLogin): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(flags >>> 0, 0);
  head.writeUInt32LE(1 << 24, 4);
  head.writeUInt8(45, 8);
  const schema = database === undefined ? '' : `${database}\0`;
  return Buffer.concat([head, Buffer.from(`${user}\0\0${schema}caching_sha2_password\0`)]);
}

/** The payload of a login with these flags, whatever the greeting has offered. */
export function loginWith(flags: number, user = 'agent'): Buffer {
  return loginPayload(flags, { user });
}

export function packet(sequence: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const payload = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head.writeUInt8(sequence & 0xff, 3);
  return Buffer.concat([head, payload]);
}

export function command(code: number, ...parts: readonly (Buffer | string)[]): Buffer {
  return packet(0, Buffer.from([code]), ...parts);
}

export function query(sql: string | Buffer): Buffer {
  return command(0x03, sql);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, n) => {
    bytes.writeUInt32LE(value >>> 0, 4 * n);
  });
  return bytes;
}

/** COM_STMT_EXECUTE; parameters are sent as strings, null as NULL. */
export function execute(id: number, parameters: readonly (string | null)[] = [], flags = 0): Buffer {
  const head = Buffer.concat([numbers(id), Buffer.from([flags]), numbers(1)]);
  if (parameters.length === 0) return command(0x17, head);
  const bitmap = Buffer.alloc((parameters.length + 7) >> 3);
  parameters.forEach((value, n) => {
    if (value === null) bitmap[n >> 3] = (bitmap[n >> 3] ?? 0) | (1 << (n & 7));
  });
  const types = Buffer.concat(parameters.map(() => Buffer.from([0xfd, 0])));
  const values = parameters.flatMap((value) =>
    value === null
      ? []
      : [
          Buffer.from([0xfc, Buffer.byteLength(value) & 0xff, Buffer.byteLength(value) >> 8]),
          Buffer.from(value),
        ],
  );
  return command(0x17, head, bitmap, Buffer.from([1]), types, ...values);
}

export const CURSOR = 1;

export function fetch(id: number, rows: number): Buffer {
  return command(0x1c, numbers(id, rows));
}

export function closeStatement(id: number): Buffer {
  return command(0x19, numbers(id));
}

export function resetStatement(id: number): Buffer {
  return command(0x1a, numbers(id));
}

export function longData(id: number, parameter: number, data: string | Buffer): Buffer {
  return command(0x18, numbers(id), Buffer.from([parameter & 0xff, parameter >> 8]), data);
}

export function failureOf(body: Buffer): RawFailure | null {
  if (body[0] !== 0xff || body.length < 3) return null;
  const hasState = body[3] === 0x23;
  return {
    errno: body.readUInt16LE(1),
    sqlstate: hasState ? body.toString('latin1', 4, 9) : '',
    message: body.toString('utf8', hasState ? 9 : 3),
  };
}

export function okStatus(body: Buffer): number {
  return body.readUInt16LE(sizeAt(body, sizeAt(body, 1).next).next);
}

/** The cells of a text row; null for NULL. */
export function textCells(body: Buffer): (string | null)[] {
  const cells: (string | null)[] = [];
  for (let at = 0; at < body.length; ) {
    if (body[at] === 0xfb) {
      cells.push(null);
      at++;
      continue;
    }
    const { size, next } = sizeAt(body, at);
    cells.push(body.toString('utf8', next, next + size));
    at = next + size;
  }
  return cells;
}

/** The cells of a binary row whose columns are all strings, or NULL. */
export function binaryStrings(body: Buffer, columns: number): (string | null)[] {
  const cells: (string | null)[] = [];
  let at = 1 + ((columns + 9) >> 3);
  for (let n = 0; n < columns; n++) {
    const bit = n + 2;
    if (((body[1 + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0) {
      cells.push(null);
      continue;
    }
    const { size, next } = sizeAt(body, at);
    cells.push(body.toString('utf8', next, next + size));
    at = next + size;
  }
  return cells;
}

/** Every byte that came, to look for what must not be there. */
export function received(client: MysqlRawClient): Buffer {
  return Buffer.concat(client.chunks);
}
