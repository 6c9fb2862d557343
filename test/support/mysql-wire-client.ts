/** A MySQL client that keeps every packet it was sent, as it came: what a test of leaks has to look at. */
import { connect, type Socket } from 'node:net';
import { CAPABILITY, STATUS } from '../../protocols/mysql/capabilities.ts';

export interface MysqlPacket {
  /** What the packet is, by its place in the answer. */
  readonly kind:
    | 'greeting'
    | 'ok'
    | 'error'
    | 'count'
    | 'column'
    | 'eof'
    | 'text row'
    | 'binary row'
    | 'prepared'
    | 'infile';
  readonly body: Buffer;
}

export interface MysqlLogin {
  readonly user?: string;
  readonly database?: string;
  /** Further capability flags. */
  readonly flags?: number;
}

export interface MysqlFailure {
  readonly number: number;
  readonly sqlstate: string;
  readonly message: string;
}

const C = CAPABILITY;
const FLAGS =
  C.LONG_PASSWORD | C.PROTOCOL_41 | C.TRANSACTIONS | C.SECURE_CONNECTION | C.PLUGIN_AUTH | C.MULTI_RESULTS;
const UTF8MB4_GENERAL_CI = 45;
const CURSOR_READ_ONLY = 1;

export class MysqlWireClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #sequence = 0;
  #wake: () => void = () => {};
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async connect(port: number, login: MysqlLogin = {}): Promise<MysqlWireClient> {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    const client = new MysqlWireClient(socket);
    await client.#packet();
    const flags = FLAGS | (login.flags ?? 0) | (login.database === undefined ? 0 : C.CONNECT_WITH_DB);
    const head = Buffer.alloc(32);
    head.writeUInt32LE(flags >>> 0, 0);
    head.writeUInt32LE(1 << 24, 4);
    head.writeUInt8(UTF8MB4_GENERAL_CI, 8);
    const names = [login.user ?? 'agent', null, login.database ?? null, 'mysql_native_password'];
    const rest = names.map((name) => (name === null ? Buffer.from([0]) : Buffer.from(`${name}\0`)));
    if (login.database === undefined) rest.splice(2, 1);
    client.#write(Buffer.concat([head, ...rest]));
    for (;;) {
      const body = await client.#packet();
      if (body === null) throw new Error('the connection ended while logging in');
      if (body[0] === 0x00) return client;
      if (body[0] === 0xff) throw new Error(failureOf({ kind: 'error', body })?.message);
      if (body[0] === 0xfe) client.#write(Buffer.alloc(0));
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A command that is answered by OK, an error, or results. */
  async ask(command: Buffer, row: 'text row' | 'binary row' = 'text row'): Promise<MysqlPacket[]> {
    this.#command(command);
    const packets: MysqlPacket[] = [];
    while (await this.#result(packets, row));
    return packets;
  }

  query(sql: string | Buffer): Promise<MysqlPacket[]> {
    return this.ask(Buffer.concat([Buffer.from([0x03]), Buffer.from(sql)]));
  }

  /** COM_STMT_PREPARE; the statement's number is null where there was an error. */
  async prepare(
    sql: string | Buffer,
  ): Promise<{ readonly packets: MysqlPacket[]; readonly id: number | null }> {
    this.#command(Buffer.concat([Buffer.from([0x16]), Buffer.from(sql)]));
    const packets: MysqlPacket[] = [];
    const first = await this.#packet();
    if (first === null) return { packets, id: null };
    if (first[0] !== 0x00) {
      packets.push({ kind: 'error', body: first });
      return { packets, id: null };
    }
    // MariaDB 10 answers some statements at once, with a plain OK.
    if (first.length < 12) {
      packets.push({ kind: 'ok', body: first });
      return { packets, id: null };
    }
    // The number of the statement is the server's counter.
    packets.push({ kind: 'prepared', body: first.subarray(5) });
    for (const count of [first.readUInt16LE(7), first.readUInt16LE(5)])
      for (let n = count + (count > 0 ? 1 : 0); n > 0; n--) {
        const body = await this.#packet();
        if (body !== null) packets.push({ kind: n === 1 ? 'eof' : 'column', body });
      }
    return { packets, id: first.readUInt32LE(1) };
  }

  /** COM_STMT_EXECUTE, each parameter as a string. */
  execute(id: number, parameters: readonly string[] = [], cursor = false): Promise<MysqlPacket[]> {
    const head = Buffer.alloc(10);
    head.writeUInt8(0x17, 0);
    head.writeUInt32LE(id, 1);
    head.writeUInt8(cursor ? CURSOR_READ_ONLY : 0, 5);
    head.writeUInt32LE(1, 6);
    const parts = [head];
    if (parameters.length > 0) {
      parts.push(Buffer.alloc((parameters.length + 7) >> 3), Buffer.from([1]));
      for (const _ of parameters) parts.push(Buffer.from([0xfd, 0]));
      for (const value of parameters) parts.push(Buffer.from([Buffer.byteLength(value)]), Buffer.from(value));
    }
    return this.ask(Buffer.concat(parts), 'binary row');
  }

  async fetch(id: number, rows: number): Promise<MysqlPacket[]> {
    const body = Buffer.alloc(9);
    body.writeUInt8(0x1c, 0);
    body.writeUInt32LE(id, 1);
    body.writeUInt32LE(rows, 5);
    this.#command(body);
    const packets: MysqlPacket[] = [];
    await this.#rows(packets, 'binary row');
    return packets;
  }

  closeStatement(id: number): void {
    const body = Buffer.alloc(5);
    body.writeUInt8(0x19, 0);
    body.writeUInt32LE(id, 1);
    this.#command(body);
  }

  end(): void {
    this.#socket.destroy();
  }

  /** One result; true where another follows. */
  async #result(packets: MysqlPacket[], row: 'text row' | 'binary row'): Promise<boolean> {
    const first = await this.#packet();
    if (first === null) return false;
    switch (first[0]) {
      case 0x00:
        packets.push({ kind: 'ok', body: first });
        return (okStatus(first) & STATUS.MORE_RESULTS) !== 0;
      case 0xff:
        packets.push({ kind: 'error', body: first });
        return false;
      case 0xfb:
        packets.push({ kind: 'infile', body: first });
        this.#write(Buffer.alloc(0));
        return true;
      default:
    }
    packets.push({ kind: 'count', body: first });
    const columns = sizeAt(first, 0).size;
    for (let n = 0; n < columns; n++) {
      const body = await this.#packet();
      if (body !== null) packets.push({ kind: 'column', body });
    }
    const end = await this.#packet();
    if (end === null) return false;
    if (end[0] === 0xff) {
      packets.push({ kind: 'error', body: end });
      return false;
    }
    packets.push({ kind: 'eof', body: end });
    if ((eofStatus(end) & STATUS.CURSOR_EXISTS) !== 0) return false;
    return await this.#rows(packets, row);
  }

  async #rows(packets: MysqlPacket[], row: 'text row' | 'binary row'): Promise<boolean> {
    for (;;) {
      const body = await this.#packet();
      if (body === null) return false;
      if (body[0] === 0xff) {
        packets.push({ kind: 'error', body });
        return false;
      }
      if (body[0] === 0xfe && body.length < 9) {
        packets.push({ kind: 'eof', body });
        return (eofStatus(body) & STATUS.MORE_RESULTS) !== 0;
      }
      packets.push({ kind: row, body });
    }
  }

  #command(body: Buffer): void {
    this.#sequence = 0;
    this.#write(body);
  }

  #write(body: Buffer): void {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head.writeUInt8(this.#sequence & 0xff, 3);
    this.#sequence++;
    if (!this.#closed) this.#socket.write(Buffer.concat([head, body]));
  }

  /** The next packet; null when the connection has ended. */
  async #packet(): Promise<Buffer | null> {
    for (;;) {
      if (this.#received.length >= 4) {
        const size = this.#received.readUIntLE(0, 3);
        if (this.#received.length >= 4 + size) {
          const body = Buffer.from(this.#received.subarray(4, 4 + size));
          this.#sequence = this.#received.readUInt8(3) + 1;
          this.#received = this.#received.subarray(4 + size);
          return body;
        }
      }
      if (this.#closed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export function sizeAt(bytes: Buffer, at: number): { readonly size: number; readonly next: number } {
  const first = bytes.readUInt8(at);
  if (first < 0xfb) return { size: first, next: at + 1 };
  if (first === 0xfc) return { size: bytes.readUInt16LE(at + 1), next: at + 3 };
  if (first === 0xfd) return { size: bytes.readUIntLE(at + 1, 3), next: at + 4 };
  return { size: Number(bytes.readBigUInt64LE(at + 1)), next: at + 9 };
}

function okStatus(body: Buffer): number {
  const affected = sizeAt(body, 1);
  const inserted = sizeAt(body, affected.next);
  return body.readUInt16LE(inserted.next);
}

function eofStatus(body: Buffer): number {
  return body.readUInt16LE(3);
}

/** The cells of a text row; NULL for null. */
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

export function textRows(packets: readonly MysqlPacket[]): (string | null)[][] {
  return packets.filter(({ kind }) => kind === 'text row').map(({ body }) => textCells(body));
}

export function failureOf(packet: MysqlPacket | undefined): MysqlFailure | null {
  if (packet?.kind !== 'error') return null;
  const { body } = packet;
  const hasState = body[3] === 0x23;
  return {
    number: body.readUInt16LE(1),
    sqlstate: hasState ? body.toString('latin1', 4, 9) : '',
    message: body.toString('utf8', hasState ? 9 : 3),
  };
}

export function failureAmong(packets: readonly MysqlPacket[]): MysqlFailure | null {
  return failureOf(packets.find(({ kind }) => kind === 'error'));
}
