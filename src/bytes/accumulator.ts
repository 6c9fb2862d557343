const SMALLEST_BYTES = 512;

/**
 * Bytes kept over from one chunk to the next: the head of a frame that is not complete yet, or input that
 * waits while a statement is held. They are copied in, because a chunk belongs to the socket that read it.
 * Growth is the caller's to bound; an empty accumulator holds no memory.
 */
export class Accumulator {
  #bytes: Buffer | null = null;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(chunk: Buffer, start: number, end: number): void {
    const size = end - start;
    if (size <= 0) return;
    chunk.copy(this.#roomFor(size), this.#end, start, end);
    this.#end += size;
  }

  /** What is held, as a view; valid until the next `append` or `consume`. */
  view(): Buffer {
    return this.#bytes === null ? Buffer.alloc(0) : this.#bytes.subarray(this.#start, this.#end);
  }

  /** Takes everything out, as bytes that no later `append` will touch. */
  takeAll(): Buffer {
    const taken = this.view();
    this.#bytes = null;
    this.#start = 0;
    this.#end = 0;
    return taken;
  }

  consume(size: number): void {
    if (size < 0 || size > this.length) throw new RangeError('consumed more than is held');
    this.#start += size;
    if (this.#start === this.#end) this.clear();
  }

  clear(): void {
    this.#bytes = null;
    this.#start = 0;
    this.#end = 0;
  }

  #roomFor(size: number): Buffer {
    const held = this.length;
    const bytes = this.#bytes;
    if (bytes !== null && this.#end + size <= bytes.length) return bytes;
    // Never moved within the same memory: what was consumed may still be on its way to a socket.
    const grown = Buffer.allocUnsafeSlow(Math.max(SMALLEST_BYTES, held + size, held * 2));
    bytes?.copy(grown, 0, this.#start, this.#end);
    this.#bytes = grown;
    this.#start = 0;
    this.#end = held;
    return grown;
  }
}
