/**
 * Every decoder of MySQL's connection phase on bytes that are nearly right: it gives a value or throws MalformedBytes,
 * nothing else, reads nothing outside its payload, and the same bytes elsewhere in memory read the same. From a seed.
 */
import assert from 'node:assert/strict';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import {
  readAuthSwitch,
  readChangeUser,
  readEof,
  readErr,
  readGreeting,
  readLogin,
  readOk,
  readTextRow,
} from '../../protocols/mysql/decode.ts';
import {
  authSwitchRequest,
  eofPacket,
  errPacket,
  greetingPacket,
  loginPacket,
  okPacket,
} from '../../protocols/mysql/encode.ts';
import { PayloadWriter } from '../../protocols/mysql/payload-writer.ts';
import { readSessionState } from '../../protocols/mysql/session-track.ts';
import { MalformedBytes } from '../../src/bytes/index.ts';
import { generator } from './mutations.ts';

type Decoder = (bytes: Buffer, start: number, end: number) => unknown;

const ALL = 0xffffffff & ~C.SSL;
const payload = (packet: Buffer, from = 0) => Buffer.from(packet.subarray(4 + from));
const STATE = Buffer.from('\x00\x0a\x08sql_mode\x00\x01\x05\x04shop\x03\x01\x30\x09\x00', 'latin1');
const ATTRIBUTES = new PayloadWriter().lengthBytes(
  new PayloadWriter().lengthText('program_name').lengthText('x').packet(0).subarray(4),
);
const login = loginPacket(
  {
    capabilities: ALL,
    collation: 45,
    user: 'agent',
    answer: Buffer.alloc(32, 7),
    database: 'shop',
    plugin: 'p',
  },
  1,
);
const ok = okPacket(
  {
    affected: 3,
    insertId: 2n ** 64n - 1n,
    status: 0x4002,
    warnings: 1,
    info: Buffer.from('info'),
    sessionState: STATE,
    endsResult: false,
  },
  ALL,
  1,
);
const greeting = greetingPacket({
  version: '8.4.7',
  connectionId: 9,
  nonce: Buffer.alloc(20, 0x41),
  capabilities: ALL,
  collation: 45,
  status: 2,
  plugin: 'caching_sha2_password',
});

const SUBJECTS: readonly (readonly [string, Decoder, Buffer])[] = [
  ['login', readLogin, Buffer.concat([payload(login), payload(ATTRIBUTES.packet(0)), Buffer.from([3])])],
  [
    'change user',
    (bytes, start, end) => readChangeUser(bytes, start, end, ALL),
    Buffer.from('agent\0\x04abcdshop\0\x2d\x00plugin\0\x04\x01a\x01b', 'latin1'),
  ],
  ['greeting', readGreeting, payload(greeting)],
  [
    'auth switch',
    readAuthSwitch,
    authSwitchRequest('mysql_native_password', Buffer.alloc(20, 1)).subarray(1),
  ],
  ['ok', (bytes, start, end) => readOk(bytes, start, end, ALL), payload(ok, 1)],
  ['plain ok', (bytes, start, end) => readOk(bytes, start, end, 0), payload(ok, 1)],
  ['eof', readEof, payload(eofPacket(2, 0, 1), 1)],
  ['err', readErr, payload(errPacket({ errno: 1064, sqlstate: '42000', message: 'm' }, 1), 1)],
  ['row', readTextRow, Buffer.from('\x01a\xfb\x03bcd\xfc\x02\x00xy', 'latin1')],
  ['session state', readSessionState, STATE],
];

function outcome(decoder: Decoder, bytes: Buffer, start: number, end: number): unknown {
  try {
    return decoder(bytes, start, end);
  } catch (error) {
    if (error instanceof MalformedBytes) return 'malformed';
    throw error;
  }
}

/** The names of subjects that are not taken as they are: there should be none. */
export function wrongSubjects(): readonly string[] {
  return SUBJECTS.filter(
    ([, decoder, valid]) => outcome(decoder, valid, 0, valid.length) === 'malformed',
  ).map(([name]) => name);
}

/** One mutation of each subject. Gives how many were taken for right. */
export function fuzzMysqlDecoders(seed: number): number {
  const random = generator(seed);
  const pick = (count: number) => Math.floor(random() * count);
  let taken = 0;
  for (const [name, decoder, valid] of SUBJECTS) {
    let bytes = Buffer.from(valid);
    for (let n = pick(4); n > 0; n--) {
      const at = pick(bytes.length);
      const kind = random();
      if (kind < 0.4) bytes[at] = [0, 1, 0xfb, 0xfc, 0xfd, 0xfe, 0xff][pick(7)] ?? 0;
      else if (kind < 0.7) bytes[at] = pick(256);
      else if (kind < 0.85) bytes = bytes.subarray(0, Math.max(1, at));
      else
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.alloc(1 + pick(9), pick(256)),
          bytes.subarray(at),
        ]);
    }
    const alone = outcome(decoder, bytes, 0, bytes.length);
    // Within other bytes, which must not be seen: terminators, and lengths that lead out of the payload.
    for (const other of [0x00, 0xff, 0x41]) {
      const around = Buffer.alloc(bytes.length + 64, other);
      bytes.copy(around, 32);
      const inside = outcome(decoder, around, 32, 32 + bytes.length);
      assert.deepEqual(inside, alone, `${name}, seed ${seed}`);
    }
    if (alone !== 'malformed') taken++;
  }
  return taken;
}
