/**
 * A MySQL server that lies: it greets, lets everybody in and tells of its settings as a real one does, and says what it
 * is told to in each place where a test wants it otherwise.
 */
import { createServer, type Socket } from 'node:net';
import { CAPABILITY } from '../../protocols/mysql/capabilities.ts';
import { greetingPacket } from '../../protocols/mysql/encode.ts';
import { ok, variable } from './mysql-solo.ts';

export interface Lies {
  /** In place of the greeting; null: silence. */
  readonly greeting?: Buffer | null;
  /** In place of the OK that answers the login, and in answer to what is sent in reply to that. */
  readonly login?: (packet: Buffer, n: number) => Buffer;
  /** In place of the OK that answers Sluice's own first statement. */
  readonly prepared?: Buffer;
  /** The answer to a command, by its payload; null: nothing yet. */
  readonly answer?: (command: Buffer, socket: Socket) => Buffer | null;
}

export interface FakeMysql {
  readonly port: number;
  lies: Lies;
  /** Payloads that were sent to it, by Sluice or through it. */
  readonly heard: Buffer[];
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>;
  close(): void;
}

export const GREETING = {
  version: '8.4.0',
  connectionId: 9,
  nonce: Buffer.alloc(20, 1),
  capabilities: (0xffffffff & ~CAPABILITY.SSL) >>> 0,
  collation: 45,
  status: 2,
  plugin: 'mysql_native_password',
};

const SETTINGS = [
  ['sql_mode', ''],
  ['character_set_client', 'utf8mb4'],
  ['character_set_results', 'utf8mb4'],
  ['session_track_system_variables', 'sql_mode'],
] as const;

export async function startFakeMysql(): Promise<FakeMysql> {
  const open = new Set<Socket>();
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    serve(socket, fake);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const fake: FakeMysql = {
    port: address.port,
    lies: {},
    heard,
    open,
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
  return fake;
}

function serve(socket: Socket, fake: FakeMysql): void {
  let unread = Buffer.alloc(0);
  let packets = 0;
  let isIn = false;
  let isPrepared = false;
  const { lies } = fake;
  const greeting = lies.greeting === undefined ? greetingPacket(GREETING) : lies.greeting;
  if (greeting !== null) socket.write(greeting);
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 4 && unread.length >= 4 + unread.readUIntLE(0, 3)) {
      const size = 4 + unread.readUIntLE(0, 3);
      const payload = Buffer.from(unread.subarray(4, size));
      const sequence = unread.readUInt8(3);
      unread = unread.subarray(size);
      fake.heard.push(payload);
      const answer = said(payload, sequence);
      if (answer !== null) socket.write(answer);
    }
  });
  const said = (payload: Buffer, sequence: number): Buffer | null => {
    if (!isIn) {
      const answer = lies.login?.(payload, packets++) ?? ok(sequence + 1);
      isIn = answer[4] === 0x00;
      return answer;
    }
    if (!isPrepared) {
      isPrepared = true;
      return lies.prepared ?? settingsAsTheyStand();
    }
    if (payload.includes('session_track_system_variables')) return settingsAsTheyStand();
    if (payload[0] === 0x01) return null;
    // Sluice's own: a cancel, and what it asks behind one.
    if (/^(DO|KILL) /.test(payload.toString('latin1', 1))) return ok(1);
    return fake.lies.answer?.(payload, socket) ?? null;
  };
}

/** The OK packet of the statement that prepares a session. */
export function settingsAsTheyStand(): Buffer {
  return ok(1, 2, { state: Buffer.concat(SETTINGS.map(variable)) });
}
