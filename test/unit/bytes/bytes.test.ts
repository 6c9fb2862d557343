/** Readers stay inside their frame, writers fill in lengths, accumulators give back what they took. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Accumulator, ByteReader, FrameWriter, MalformedBytes } from '../../../src/bytes/index.ts';

const frame = Buffer.from([9, 9, 1, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfd, 0x61, 0x62, 0, 0x7a, 9, 0]);

test('a reader reads its frame and ends with it', () => {
  const reader = new ByteReader(frame, 2, 13);
  assert.equal(reader.u8('a'), 1);
  assert.equal(reader.i16('b'), -2);
  assert.equal(reader.i32('c'), -3);
  assert.equal(reader.cstring('d'), 'ab');
  assert.equal(reader.remaining, 1);
  assert.throws(() => reader.expectEnd('the frame'), MalformedBytes);
  assert.equal(reader.bytes(1, 'e').toString(), 'z');
  reader.expectEnd('the frame');
  assert.equal(reader.offset, 13);
  assert.throws(() => reader.u8('f'), /f runs past the end/);
});

test('what lies behind the frame is not seen, not even to end a string', () => {
  const reader = new ByteReader(frame, 12, 14);
  assert.throws(() => reader.cstring('name'), /name has no terminator/);
  assert.throws(() => reader.skipCstring('name'), /name has no terminator/);
  assert.throws(() => reader.i32('number'), MalformedBytes);
  assert.throws(() => reader.bytes(-1, 'value'), /negative length of value/);
  assert.throws(() => reader.bytes(3, 'value'), MalformedBytes);
  assert.throws(() => reader.bytes(0x7fffffff, 'value'), MalformedBytes);
  assert.equal(reader.remaining, 2, 'a read that fails takes nothing');
  for (const [start, end] of [
    [-1, 2],
    [3, 2],
    [0, 16],
  ] as const) {
    assert.throws(() => new ByteReader(frame, start, end), MalformedBytes);
  }
});

test('property: no read of any kind goes outside its frame', () => {
  const step = fc.constantFrom('u8', 'i16', 'i32', 'u32', 'cstring', 'skip', 'bytes');
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(40),
      fc.nat(40),
      fc.array(step),
      fc.integer({ min: -5, max: 50 }),
      (bytes, a, b, steps, size) => {
        const start = Math.min(a, b, bytes.length);
        const end = Math.min(Math.max(a, b), bytes.length);
        const reader = new ByteReader(Buffer.from(bytes), start, end);
        for (const one of steps) {
          try {
            if (one === 'bytes') reader.bytes(size, 'x');
            else if (one === 'skip') reader.skipCstring('x');
            else reader[one]('x');
          } catch (error) {
            assert.ok(error instanceof MalformedBytes);
          }
          assert.ok(reader.offset >= start && reader.offset <= end);
          assert.equal(reader.remaining, end - reader.offset);
        }
      },
    ),
  );
});

test('property: frames that a writer makes are read back', () => {
  const part = fc.oneof(
    fc.record({ kind: fc.constant('i16' as const), value: fc.integer({ min: -32768, max: 32767 }) }),
    fc.record({ kind: fc.constant('i32' as const), value: fc.integer() }),
    fc.record({
      kind: fc.constant('text' as const),
      value: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    }),
    fc.record({ kind: fc.constant('raw' as const), value: fc.uint8Array({ maxLength: 600 }) }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 6 }), { maxLength: 5 }), (frames) => {
      const writer = new FrameWriter(1);
      for (const parts of frames) {
        writer.begin(0x51);
        for (const one of parts) {
          if (one.kind === 'i16') writer.i16(one.value);
          else if (one.kind === 'i32') writer.i32(one.value);
          else if (one.kind === 'text') writer.cstring(one.value);
          else writer.raw(one.value);
        }
        writer.end();
      }
      const bytes = writer.take();
      let at = 0;
      for (const parts of frames) {
        const size = bytes.readUInt32BE(at + 1) + 1;
        const reader = new ByteReader(bytes, at + 5, at + size);
        for (const one of parts) {
          if (one.kind === 'i16') assert.equal(reader.i16('x'), one.value);
          else if (one.kind === 'i32') assert.equal(reader.i32('x'), one.value);
          else if (one.kind === 'text') assert.equal(reader.cstring('x'), one.value);
          else assert.deepEqual(new Uint8Array(reader.bytes(one.value.length, 'x')), one.value);
        }
        reader.expectEnd('frame');
        at += size;
      }
      assert.equal(at, bytes.length);
      assert.equal(writer.take().length, 0);
    }),
  );
});

test('a writer refuses what would be read as something else', () => {
  const writer = new FrameWriter();
  assert.throws(() => writer.end(), /no frame is open/);
  writer.begin(null);
  assert.throws(() => writer.begin(0x51), /a frame is open/);
  assert.throws(() => writer.take(), /a frame is open/);
  assert.throws(() => writer.cstring('a\0b'), /NUL/);
  assert.throws(() => writer.i16(32_768), RangeError);
  assert.throws(() => writer.i32(2 ** 31), RangeError);
});

test('property: an accumulator gives back in order what it took, and what it gave stays as it was', () => {
  const chunk = fc.uint8Array({ maxLength: 700 });
  fc.assert(
    fc.property(fc.array(fc.tuple(chunk, fc.nat(1400)), { maxLength: 30 }), (steps) => {
      const accumulator = new Accumulator();
      let expected = Buffer.alloc(0);
      const kept: { readonly view: Buffer; readonly copy: Buffer }[] = [];
      for (const [bytes, consumed] of steps) {
        const source = Buffer.from(bytes);
        accumulator.append(source, 0, source.length);
        source.fill(0xee);
        expected = Buffer.concat([expected, bytes]);
        assert.ok(accumulator.view().equals(expected));
        const size = Math.min(consumed, expected.length);
        const view = accumulator.view().subarray(0, size);
        kept.push({ view, copy: Buffer.from(view) });
        accumulator.consume(size);
        expected = expected.subarray(size);
        assert.equal(accumulator.length, expected.length);
      }
      // What was consumed may still be on its way to a socket.
      for (const { view, copy } of kept) assert.ok(view.equals(copy));
      assert.ok(accumulator.takeAll().equals(expected));
      assert.equal(accumulator.length, 0);
      assert.throws(() => accumulator.consume(1), RangeError);
    }),
  );
});
