/** The few packets that a client of the bench sends and reads. */
import { createHash } from 'node:crypto';

const CAPABILITIES =
  // LONG_PASSWORD, LONG_FLAG, CONNECT_WITH_DB, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH, DEPRECATE_EOF
  1 | (1 << 2) | (1 << 3) | (1 << 9) | (1 << 13) | (1 << 15) | (1 << 19) | (1 << 24);
const PACKET_BYTES_MAX = 0xffffff;
const UTF8MB4 = 45;
const HEADER_BYTES = 4;
const ERR = 0xff;
const END = 0xfe;
const PLUGIN = 'mysql_native_password';

function packet(payload: Buffer, sequence: number): Buffer {
  if (payload.length >= PACKET_BYTES_MAX) throw new Error('a command of one packet');
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, payload]);
}

export function commandPacket(code: number, body: string | Buffer): Buffer {
  return packet(Buffer.concat([Buffer.of(code), Buffer.from(body)]), 0);
}

/** Whole packets in what has come. */
export function packetsIn(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at + HEADER_BYTES <= bytes.length; count++) {
    at += HEADER_BYTES + bytes.readUIntLE(at, 3);
    if (at > bytes.length) break;
  }
  return count;
}

/** Whether a small reply is there: an OK or an error, or a result with its definitions, rows and end. */
export function isReplyOf(bytes: Buffer): boolean {
  let first = true;
  for (let at = 0; at + HEADER_BYTES < bytes.length; ) {
    const length = bytes.readUIntLE(at, 3);
    const code = bytes[at + HEADER_BYTES] ?? 0;
    at += HEADER_BYTES + length;
    if (at > bytes.length) return false;
    if (code === ERR || (first ? code === 0 : code === END)) return true;
    first = false;
  }
  return false;
}

/** Handshake v10: the nonce is in two parts, the second behind the flags. */
export function readGreeting(greeting: Buffer): { readonly nonce: Buffer } {
  const version = greeting.indexOf(0, HEADER_BYTES + 1);
  const at = version + 1 + 4;
  const second = at + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10;
  return { nonce: Buffer.concat([greeting.subarray(at, at + 8), greeting.subarray(second, second + 12)]) };
}

export function loginPacket(user: string, password: string, database: string, nonce: Buffer): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(CAPABILITIES, 0);
  head.writeUInt32LE(PACKET_BYTES_MAX, 4);
  head[8] = UTF8MB4;
  const answer = scramble(password, nonce);
  const words = [
    Buffer.from(`${user}\0`),
    Buffer.of(answer.length),
    answer,
    Buffer.from(`${database}\0${PLUGIN}\0`),
  ];
  return packet(Buffer.concat([head, ...words]), 1);
}

/** The answer to a request to use `mysql_native_password` with another nonce. */
export function nativeAnswer(request: Buffer, password: string): Buffer {
  const plugin = request.indexOf(0, HEADER_BYTES + 1);
  const name = request.toString('latin1', HEADER_BYTES + 1, plugin);
  if (name !== PLUGIN) throw new Error(`the server wants ${name}`);
  return packet(scramble(password, request.subarray(plugin + 1, plugin + 21)), 3);
}

/** SHA1(password) XOR SHA1(nonce + SHA1(SHA1(password))). */
function scramble(password: string, nonce: Buffer): Buffer {
  const sha1 = (...parts: readonly Buffer[]) => {
    const hash = createHash('sha1');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const once = sha1(Buffer.from(password));
  const mixed = sha1(nonce, sha1(once));
  return Buffer.from(once.map((byte, n) => byte ^ (mixed[n] ?? 0)));
}
