/** Bytes that are nearly right: frames with wrong lengths, counts, tags, cut short or torn apart. From a seed, so that a failure can be had again. */
import {
  bind,
  close,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  frame,
  parse,
  query,
  sync,
} from '../support/frontend.ts';

/** A small generator of numbers (mulberry32): the same seed gives the same bytes. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** One of each message that has lengths or counts in it. */
export const VALID: readonly Buffer[] = [
  query('SELECT 1'),
  parse('s', 'SELECT $1::int, $2::text', [23, 25]),
  bind('p', 's', ['1', null], { formats: [0, 1], results: [1] }),
  bind('', '', []),
  describe('S', 's'),
  describe('P', 'p'),
  execute('p', 10),
  close('S', 's'),
  close('P', 'p'),
  sync(),
  flush(),
  copyData('1\tx\n'),
  copyDone(),
  copyFail('no'),
  frame('F', Buffer.from([0, 0, 0, 100, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x31, 0, 0])),
];

const WRONG_LENGTHS = [-2147483648, -1, 0, 3, 2147483647, 0x10000];
const WRONG_COUNTS = [-1, 3, 32767];

/** A frame with its own length wrong, in every way. */
export function withWrongLength(message: Buffer): readonly Buffer[] {
  const right = message.readInt32BE(1);
  return [...WRONG_LENGTHS, right - 1, right + 1, right * 2].map((length) => {
    const bytes = Buffer.from(message);
    bytes.writeInt32BE(length, 1);
    return bytes;
  });
}

/** A frame with each place inside its body overwritten by counts and lengths that do not fit. */
export function withWrongBody(message: Buffer): readonly Buffer[] {
  const all: Buffer[] = [];
  for (let at = 5; at < message.length; at++) {
    for (const count of WRONG_COUNTS) {
      if (at + 2 > message.length) continue;
      const bytes = Buffer.from(message);
      bytes.writeInt16BE(count, at);
      all.push(bytes);
    }
    for (const length of [-2, 2147483647]) {
      if (at + 4 > message.length) continue;
      const bytes = Buffer.from(message);
      bytes.writeInt32BE(length, at);
      all.push(bytes);
    }
  }
  return all;
}

/** A stream of messages, most of them right, some changed in a few bytes. */
export function mutatedStream(random: () => number): Buffer {
  const pick = (count: number) => Math.floor(random() * count);
  const pieces: Buffer[] = [];
  for (let n = 2 + pick(10); n > 0; n--) {
    const message = Buffer.from(VALID[pick(VALID.length)] ?? sync());
    const kind = random();
    if (kind < 0.25) message[pick(message.length)] = pick(256);
    else if (kind < 0.35) message.writeInt32BE(message.readInt32BE(1) + pick(9) - 4, 1);
    else if (kind < 0.4) message[0] = pick(256);
    else if (kind < 0.45) {
      pieces.push(message.subarray(0, pick(message.length)));
      continue;
    } else if (kind < 0.5) {
      pieces.push(Buffer.from(Array.from({ length: 1 + pick(40) }, () => pick(256))));
      continue;
    }
    pieces.push(message);
  }
  return Buffer.concat(pieces);
}
