/**
 * MySQL sessions without a network, in the command phase, fed with commands and replies that are nearly right, from
 * both sides, in chunks of any size.
 */
import { PACKET_PAYLOAD_MAX } from '../../protocols/mysql/packet.ts';
import { CELL_OUTCOME, type CellMask } from '../../src/core/masks.ts';
import {
  C,
  column,
  eof,
  ok,
  packet,
  query,
  result,
  Solo,
  TableGate,
  text,
  variable,
  type Word,
} from '../support/mysql-solo.ts';
import { generator } from './mutations.ts';

type Random = () => number;

const WORDS: readonly Word[] = [
  {},
  { deny: 'no' },
  { rows: 2 },
  { bytes: 40 },
  { masked: true },
  { masked: true, rows: 1 },
];
const STARS: CellMask = {
  ofNull: Buffer.from('none'),
  mask(_source, _start, _end, out) {
    out.text('***');
    return CELL_OUTCOME.written;
  },
};
const ID = [1, 0, 0, 0] as const;
const EXECUTE = [...ID, 0, 1, 0, 0, 0] as const;

/** Commands as a client sends them. */
const COMMANDS: readonly ((random: Random) => Buffer)[] = [
  (random) => query(`SELECT ${Math.floor(random() * WORDS.length)}`),
  (random) => query(`SELECT ${Math.floor(random() * WORDS.length)}`),
  (random) => packet(0, 0x16, `SELECT ${Math.floor(random() * WORDS.length)}`),
  () => packet(0, 0x17, ...EXECUTE),
  () => packet(0, 0x17, ...ID, 1, 1, 0, 0, 0),
  () => packet(0, 0x17, ...EXECUTE, 0, 1, 0xfd, 0, text('abc')),
  () => packet(0, 0x18, ...ID, 0, 0, 'data'),
  () => packet(0, 0x19, ...ID),
  () => packet(0, 0x1a, ...ID),
  () => packet(0, 0x1c, ...ID, 2, 0, 0, 0),
  () => packet(0, 0x02, 'shop'),
  () => packet(0, 0x0e),
  () => packet(0, 0x1f),
  () => packet(0, 0x11, 'agent\0', 0, 'shop\0', 45, 0, 'mysql_native_password\0'),
  () => packet(0, 0x0c, 7, 0, 0, 0),
  () => packet(0, 0x09),
  (random) => packet(0, Math.floor(random() * 256), 'x'),
];

/** Replies as a server sends them. */
const REPLIES: readonly ((random: Random) => Buffer)[] = [
  () => ok(1),
  () => ok(1, 2 | 8),
  () => ok(1, 2, { state: variable(['sql_mode', 'ANSI_QUOTES']) }),
  (random) => ok(1, 2, { state: variable(['character_set_client', random() < 0.5 ? 'gbk' : 'utf8mb4']) }),
  () => packet(1, 0xff, 0x28, 0x04, '#42000no'),
  () => packet(1, 0xff, 0x25, 0x05, '#70100interrupted'),
  () => packet(1, 0xfb, '/etc/passwd'),
  () => packet(1, 0x00, ...ID, 0, 0, 0, 0, 0, 0, 0),
  () => packet(1, 0x00, ...ID, 0, 0, 1, 0, 0, 0, 0),
  () =>
    result(
      ['a', 'ssn'],
      [
        ['1', 'secret'],
        ['2', null],
        ['3', 'third'],
      ],
    ),
  () =>
    result(
      ['a', 'ssn'],
      [
        ['1', 'secret'],
        ['2', null],
      ],
      { deprecated: false },
    ),
  () => result(['ssn'], [['x'.repeat(200)]], { status: 2 | 8 }),
  () => result(['ssn'], [], { status: 2 | 64 }),
  () => eof(1),
];

/** What would be right for the command that the server got last. */
function fitting(last: Buffer, random: Random): Buffer {
  const pick = (...from: readonly number[]) =>
    REPLIES[from[Math.floor(random() * from.length)] ?? 0] ?? (() => ok(1));
  const sql = last.toString('latin1', 5);
  if (last[4] === 0x03 && !sql.startsWith('SELECT')) return ok(1);
  if (last[4] === 0x03) return pick(0, 2, 4, 5, 6, 9, 9, 9, 11)(random);
  if (last[4] === 0x16) return pick(4, 7)(random);
  if (last[4] === 0x17 && random() < 0.7) return binaryResult(random);
  if (last[4] === 0x1c)
    return Buffer.concat([
      packet(1, 0, 0, text('secret')),
      ok(2, 2 | (random() < 0.5 ? 128 : 64), { end: true }),
    ]);
  return pick(0, 0, 0, 4)(random);
}

function binaryResult(random: Random): Buffer {
  const columns = [packet(1, 1), column(2, 'ssn')];
  if (random() < 0.4) return Buffer.concat([...columns, ok(3, 2 | 64, { end: true })]);
  return Buffer.concat([
    ...columns,
    packet(3, 0, 0, text('secret')),
    packet(4, 0, 4),
    ok(5, 2, { end: true }),
  ]);
}

/** Changes a stream here and there: bytes, lengths, sequence ids, cuts, repetitions. */
function mutate(bytes: Buffer, random: Random): Buffer {
  let changed = Buffer.from(bytes);
  for (let n = Math.floor(random() * 3); n > 0; n--) {
    const at = Math.floor(random() * changed.length);
    const kind = random();
    if (kind < 0.3) changed[at] = [0, 1, 0xfb, 0xfc, 0xfd, 0xfe, 0xff][Math.floor(random() * 7)] ?? 0;
    else if (kind < 0.5) changed[at] = Math.floor(random() * 256);
    else if (kind < 0.6) changed[at & 3] = Math.floor(random() * 256);
    else if (kind < 0.75) changed = changed.subarray(0, Math.max(1, at));
    else if (kind < 0.9) changed = Buffer.concat([changed, changed.subarray(at)]);
    else
      changed = Buffer.concat([
        changed.subarray(0, at),
        Buffer.alloc(1 + Math.floor(random() * 9)),
        changed.subarray(at),
      ]);
  }
  return changed;
}

/** One session by seed. Gives how it ended; throws where it has thrown, or sent what is no command. */
export function fuzzMysqlSession(seed: number): string {
  const random = generator(seed);
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const gate = new TableGate((sql) => WORDS[Number(sql.at(-1))] ?? {});
  gate.mask = (fields) => fields.map(({ name }) => (name === 'ssn' ? STARS : null));
  const flags = random() < 0.5 ? C.DEPRECATE_EOF | C.SESSION_TRACK : 0;
  const solo = new Solo(gate, flags);
  const valid = random() < 0.3;
  const shape = (bytes: Buffer) => (valid || random() < 0.85 ? bytes : mutate(bytes, random));
  const size = () => 1 + Math.floor(random() ** 2 * 60);
  const sent: Buffer[] = [];
  for (let turn = 0; turn < 12 && solo.ended === undefined; turn++) {
    for (let n = Math.floor(random() * 3); n >= 0; n--) {
      const bytes = pick(COMMANDS)?.(random);
      if (bytes !== undefined) solo.client(shape(bytes), size());
    }
    for (let n = Math.floor(random() * 3); n >= 0; n--) {
      const last = solo.sentToServer.at(-1);
      sent.push(...solo.sentToServer.splice(0));
      const bytes =
        last !== undefined && (valid || random() < 0.9) ? fitting(last, random) : pick(REPLIES)?.(random);
      if (bytes !== undefined && (last !== undefined || (!valid && random() < 0.1)))
        solo.server(shape(bytes), size());
    }
    if (solo.cancels > 0 && random() < 0.8) solo.session.cancelDelivered();
    solo.session.tick();
  }
  sent.push(...solo.sentToServer.splice(0));
  assertCommands(Buffer.concat(sent), seed);
  const client = Buffer.concat(solo.sentToClient).toString('latin1');
  // Of a reply that was changed, the column's name may have been.
  if (valid && gate.admitted.every(({ text: sql }) => /[45]$/.test(sql)) && client.includes('secret'))
    throw new Error(`seed ${seed}: a masked value`);
  solo.session.downstreamEnded();
  solo.session.downstreamLost();
  if (solo.ended === undefined) throw new Error(`seed ${seed}: the session outlives its client`);
  if (solo.ended?.code === 'invariant')
    throw solo.ended.cause ?? new Error(`seed ${seed}: ${solo.ended.detail}`);
  return solo.ended?.code ?? 'left';
}

/** What goes to the server is whole packets, and each text among them was allowed. */
function assertCommands(bytes: Buffer, seed: number): void {
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntLE(at, 3);
    const next = at + 4 + length;
    if (next > bytes.length || length >= PACKET_PAYLOAD_MAX)
      throw new Error(`seed ${seed}: a packet that is none`);
    if (bytes[at + 4] === 0x03 && /SELECT 1$/.test(bytes.toString('latin1', at + 5, next)))
      throw new Error(`seed ${seed}: a denied text went to the server`);
    at = next;
  }
}
