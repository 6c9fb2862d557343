import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HEADER_BYTES,
  PACKET_PAYLOAD_MAX,
  PacketReader,
  sendPayload,
} from '../../../protocols/mysql/packet.ts';
import { MalformedBytes } from '../../../src/bytes/index.ts';

const MAX = 64 * 1024 * 1024;

function framed(payload: Buffer, sequence = 0): Buffer {
  const pieces: Buffer[] = [];
  sendPayload(
    (bytes, start, end) => pieces.push(Buffer.from(bytes.subarray(start, end))),
    payload,
    0,
    payload.length,
    sequence,
  );
  return Buffer.concat(pieces);
}

/** Whole payloads of a stream that comes in these chunks; each chunk is overwritten once it has been dealt with. */
function payloadsOf(stream: Buffer, sizes: (at: number) => number, restarts = true): readonly string[] {
  const reader = new PacketReader();
  const payloads: string[] = [];
  for (let at = 0; at < stream.length; ) {
    const chunk = Buffer.from(stream.subarray(at, at + sizes(at)));
    reader.feed(chunk, 0, chunk.length);
    while (reader.next(MAX)) {
      payloads.push(`${reader.sequence}:${reader.bytes.toString('latin1', reader.start, reader.end)}`);
      if (restarts) reader.due = 0;
    }
    chunk.fill(0xee);
    at += chunk.length;
  }
  assert.equal(reader.unread, 0);
  return payloads;
}

const PAYLOADS = ['', 'a', 'bc', '\xff\xff\xff\x00', 'x'.repeat(300), ''];
const STREAM = Buffer.concat(PAYLOADS.map((text) => framed(Buffer.from(text, 'latin1'))));
const EXPECTED = PAYLOADS.map((text) => `0:${text}`);

test('whole payloads come out the same at every chunk size and in every split', () => {
  for (let size = 1; size <= STREAM.length; size++)
    assert.deepEqual(
      payloadsOf(STREAM, () => size),
      EXPECTED,
    );
  for (let split = 1; split < STREAM.length; split++) {
    assert.deepEqual(
      payloadsOf(STREAM, (at) => (at === 0 ? split : STREAM.length)),
      EXPECTED,
    );
  }
});

test('a stream of parts passes every byte, headers included, at every chunk size', () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const reader = new PacketReader();
    const passed: Buffer[] = [];
    const firsts: number[] = [];
    const pass = () => passed.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)));
    for (let at = 0; at < STREAM.length; at += size) {
      reader.feed(STREAM, at, Math.min(STREAM.length, at + size));
      for (;;) {
        if (reader.rest()) {
          pass();
          continue;
        }
        if (!reader.head()) break;
        firsts.push(reader.first);
        reader.part();
        reader.due = 0;
        pass();
      }
    }
    assert.ok(Buffer.concat(passed).equals(STREAM), `chunks of ${size}`);
    assert.deepEqual(firsts, [-1, 0x61, 0x62, 0xff, 0x78, -1]);
    assert.equal(reader.isInsidePayload, false);
  }
});

test('a payload over 16 MB is one, also where its last packet is empty or looks like a command', () => {
  for (const tail of ['', '\x03DROP TABLE person']) {
    const payload = Buffer.concat([Buffer.alloc(PACKET_PAYLOAD_MAX, 0x61), Buffer.from(tail)]);
    const stream = Buffer.concat([framed(payload), framed(Buffer.from('next'))]);
    for (const size of [stream.length, 65536, PACKET_PAYLOAD_MAX + HEADER_BYTES, PACKET_PAYLOAD_MAX + 5]) {
      const [first, second, ...more] = payloadsOf(stream, () => size);
      assert.equal(first?.length, `1:`.length + payload.length);
      assert.equal(first?.slice(-24), `1:${payload.toString('latin1')}`.slice(-24));
      assert.equal(second, '0:next');
      assert.equal(more.length, 0);
    }
  }
});

test('where a payload over 16 MB streams, its second packet has no first byte', () => {
  const stream = framed(
    Buffer.concat([Buffer.alloc(PACKET_PAYLOAD_MAX), Buffer.from('\xfe\x00\x00', 'latin1')]),
  );
  const reader = new PacketReader();
  reader.feed(stream, 0, stream.length);
  assert.ok(reader.head());
  assert.equal(reader.continues, false);
  reader.part();
  assert.ok(reader.isInsidePayload);
  assert.ok(reader.head());
  assert.deepEqual([reader.first, reader.continues, reader.length, reader.sequence], [-1, true, 3, 1]);
  reader.part();
  assert.equal(reader.isInsidePayload, false);
});

test('a payload in one packet has its header in front of it, in the chunk and out of it', () => {
  const stream = framed(Buffer.from('hello'));
  for (const split of [0, 2, 4, 7]) {
    const reader = new PacketReader();
    reader.feed(stream, 0, split);
    reader.next(MAX);
    reader.feed(stream, split, stream.length);
    assert.ok(reader.next(MAX));
    assert.equal(reader.packets, 1);
    assert.ok(reader.bytes.subarray(reader.start - HEADER_BYTES, reader.end).equals(stream));
  }
});

test('sequence ids are checked: of the first packet, and of those that continue it', () => {
  const reader = new PacketReader();
  const wrong = framed(Buffer.from('x'), 1);
  reader.feed(wrong, 0, wrong.length);
  assert.throws(() => reader.head(), MalformedBytes);
  const long = framed(Buffer.alloc(PACKET_PAYLOAD_MAX + 3));
  long[PACKET_PAYLOAD_MAX + HEADER_BYTES + 3] = 0;
  const other = new PacketReader();
  other.feed(long, 0, long.length);
  assert.throws(() => other.next(MAX), /packet 0 where 1 was due/);
});

test('ids count to 255 and begin again', () => {
  const reader = new PacketReader();
  const stream = Buffer.concat(Array.from({ length: 600 }, (_, n) => framed(Buffer.from('y'), n & 0xff)));
  reader.feed(stream, 0, stream.length);
  let count = 0;
  while (reader.next(MAX)) count++;
  assert.equal(count, 600);
});

test('promise 9: a payload over the limit is not held: it is told at its header, and can be passed by', () => {
  const reader = new PacketReader();
  const stream = Buffer.concat([framed(Buffer.alloc(1000)), framed(Buffer.from('z'))]);
  reader.feed(stream, 0, 10);
  assert.ok(reader.head());
  assert.equal(reader.whole(999), 'too-large');
  reader.part();
  reader.feed(stream, 10, stream.length);
  assert.ok(reader.rest());
  reader.due = 0;
  assert.ok(reader.next(10));
  assert.equal(reader.bytes.toString('latin1', reader.start, reader.end), 'z');
  const long = new PacketReader();
  const two = framed(Buffer.alloc(PACKET_PAYLOAD_MAX + 10));
  long.feed(two, 0, PACKET_PAYLOAD_MAX + 2 * HEADER_BYTES);
  assert.ok(long.head());
  assert.equal(long.whole(PACKET_PAYLOAD_MAX + 9), 'too-large');
});

test('what is unread can be taken over as it is', () => {
  const reader = new PacketReader();
  const stream = Buffer.concat([framed(Buffer.from('q')), Buffer.from([0x16, 3, 1])]);
  reader.feed(stream, 0, stream.length);
  assert.ok(reader.next(MAX));
  assert.deepEqual([...reader.takeUnread()], [0x16, 3, 1]);
  assert.equal(reader.unread, 0);
});
