/** Where masked cells are written, one after the other: grows, is never pooled, and is used again after `reset`. */
/** Up to here a loop takes less time than a native call: 0.8 ns a byte against 24 (`node bench/micro/masking-copies.ts`). */
const LOOP_BYTES_MAX = 32;

const NOTHING = Buffer.alloc(0);
const SMALLEST_BYTES = 512;

export class ByteSink {
  bytes: Buffer;
  at = 0;

  /** With 0, memory is taken when there is something to write: most results are small, and change in nothing. */
  constructor(sizeBytes = 4096) {
    this.bytes = sizeBytes === 0 ? NOTHING : Buffer.allocUnsafeSlow(sizeBytes);
  }

  /** Makes sure that `size` more bytes fit; views of `bytes` taken before are stale afterwards. */
  room(size: number): void {
    const need = this.at + size;
    if (need <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2, SMALLEST_BYTES));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  /** Makes room for `size` bytes that come next, and gives where they go in `bytes`, which is looked up after this. */
  take(size: number): number {
    this.room(size);
    const { at } = this;
    this.at = at + size;
    return at;
  }

  u8(byte: number): void {
    this.room(1);
    this.bytes[this.at++] = byte;
  }

  /** Big-endian. Byte by byte: a call of Buffer's own checks everything once more. */
  i32(value: number): void {
    this.room(4);
    this.at += 4;
    this.setI32(this.at - 4, value);
  }

  /** Over four bytes that were written before. */
  setI32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  repeat(byte: number, count: number): void {
    this.room(count);
    this.bytes.fill(byte, this.at, this.at + count);
    this.at += count;
  }

  copy(source: Buffer, start: number, end: number): void {
    const size = end - start;
    this.room(size);
    if (size < LOOP_BYTES_MAX) {
      const bytes = this.bytes;
      let at = this.at;
      for (let i = start; i < end; i++) bytes[at++] = source[i] ?? 0;
      this.at = at;
      return;
    }
    this.at += source.copy(this.bytes, this.at, start, end);
  }

  text(text: string): void {
    this.room(text.length * 3);
    this.at += this.bytes.write(text, this.at, 'utf8');
  }

  /** What was written since `from`, as bytes of its own. */
  taken(from = 0): Buffer {
    const own = Buffer.allocUnsafeSlow(this.at - from);
    this.bytes.copy(own, 0, from, this.at);
    return own;
  }

  reset(): void {
    this.at = 0;
  }
}
