/** Result cells as a real server sends them: cut out of the packets by a reader of its own, in both protocols. */
import { connect, type Socket } from 'node:net';
import { type Connection, createConnection } from 'mysql2/promise';
import type { MysqlResultField } from '../../src/core/masks.ts';
import type { MysqlServer } from '../../src/demo/mysql-server.ts';
import type { CellFormat } from '../../src/masking/index.ts';

export interface RawResult {
  readonly fields: readonly MysqlResultField[];
  /** By row and column; a cell is its value's bytes, without a length. */
  readonly rows: readonly (readonly (Buffer | null)[])[];
}

/** A connection of mysql2's whose socket is ours, so that its bytes can be kept. */
export class RawConnection {
  readonly sql: Connection;
  readonly #socket: Socket;

  private constructor(sql: Connection, socket: Socket) {
    this.sql = sql;
    this.#socket = socket;
  }

  static async open(server: Pick<MysqlServer, 'port' | 'url'>, database: string): Promise<RawConnection> {
    const socket = connect(server.port, '127.0.0.1');
    const sql = await createConnection({ uri: server.url(database), stream: () => socket });
    return new RawConnection(sql, socket);
  }

  /** Asks a statement with one result. */
  async ask(sql: string, format: CellFormat): Promise<RawResult> {
    const chunks: Buffer[] = [];
    const tap = (chunk: Buffer) => chunks.push(Buffer.from(chunk));
    if (format === 'text') {
      this.#socket.on('data', tap);
      await this.sql.query({ sql, rowsAsArray: true });
    } else {
      const statement = await this.sql.prepare(sql);
      this.#socket.on('data', tap);
      await statement.execute([]);
      // Under its text mysql2 would give the same one again, closed or not.
      this.sql.unprepare(sql);
    }
    this.#socket.off('data', tap);
    return parse(packetsIn(Buffer.concat(chunks)), format);
  }
}

function packetsIn(bytes: Buffer): readonly Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUIntLE(at, 3);
    packets.push(bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return packets;
}

class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  take(size: number): Buffer {
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  /** A length-encoded number. */
  size(): number {
    const first = this.take(1).readUInt8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.take(2).readUInt16LE();
    if (first === 0xfd) return this.take(3).readUIntLE(0, 3);
    return Number(this.take(8).readBigUInt64LE());
  }

  string(): Buffer {
    return this.take(this.size());
  }
}

function parse(packets: readonly Buffer[], format: CellFormat): RawResult {
  const [head = Buffer.alloc(0), ...rest] = packets;
  const columns = new Cursor(head).size();
  const fields = rest.slice(0, columns).map((packet) => fieldOf(packet, format === 'binary'));
  // Behind the columns and behind the rows there is an EOF packet.
  const rows = rest.slice(columns + 1, -1);
  const read = format === 'text' ? textRow : binaryRow;
  return { fields, rows: rows.map((packet) => read(packet, fields)) };
}

const FIXED_PART_BYTES = 12;

function fieldOf(packet: Buffer, binary: boolean): MysqlResultField {
  const cursor = new Cursor(packet);
  const [, schema = '', , table = '', name = '', column = ''] = Array.from({ length: 6 }, () =>
    cursor.string().toString(),
  );
  // MariaDB tells mysql2 more of a type, in front of the part whose length is always the same.
  const extended = cursor.string();
  const fixed = new Cursor(extended.length === FIXED_PART_BYTES ? extended : cursor.string());
  return {
    dialect: 'mysql',
    name,
    schema,
    table,
    column,
    charset: fixed.take(2).readUInt16LE(),
    lengthMax: fixed.take(4).readUInt32LE(),
    type: fixed.take(1).readUInt8(),
    flags: fixed.take(2).readUInt16LE(),
    decimals: fixed.take(1).readUInt8(),
    binary,
  };
}

function textRow(packet: Buffer, fields: readonly MysqlResultField[]): (Buffer | null)[] {
  const cursor = new Cursor(packet);
  return fields.map(() => {
    if (packet[cursor.at] !== 0xfb) return cursor.string();
    cursor.at += 1;
    return null;
  });
}

const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 2],
  [13, 2],
  [3, 4],
  [9, 4],
  [4, 4],
  [8, 8],
  [5, 8],
]);

function binaryRow(packet: Buffer, fields: readonly MysqlResultField[]): (Buffer | null)[] {
  const bitmapBytes = (fields.length + 7 + 2) >> 3;
  const cursor = new Cursor(packet, 1 + bitmapBytes);
  return fields.map(({ type }, n) => {
    const bit = n + 2;
    if ((packet.readUInt8(1 + (bit >> 3)) & (1 << (bit & 7))) !== 0) return null;
    const size = FIXED_BYTES.get(type);
    return size === undefined ? cursor.string() : cursor.take(size);
  });
}
