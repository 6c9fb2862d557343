/** Where masked cells are written, one after the other: grows, is never pooled, and is used again after `reset`. */
export class ByteSink {
  bytes: Buffer;
  at = 0;

  constructor(sizeBytes = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }

  /** Makes sure that `size` more bytes fit; views of `bytes` taken before are stale afterwards. */
  room(size: number): void {
    const need = this.at + size;
    if (need <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  u8(byte: number): void {
    this.room(1);
    this.bytes[this.at++] = byte;
  }

  i32(value: number): void {
    this.room(4);
    this.at = this.bytes.writeInt32BE(value, this.at);
  }

  repeat(byte: number, count: number): void {
    this.room(count);
    this.bytes.fill(byte, this.at, this.at + count);
    this.at += count;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.room(size);
    if (size < 24) {
      // A native call costs more than a few bytes do.
      const bytes = this.bytes;
      let at = this.at;
      for (let i = start; i < end; i++) bytes[at++] = source[i] ?? 0;
      this.at = at;
      return;
    }
    this.bytes.set(source.subarray(start, end), this.at);
    this.at += size;
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
