/** A read past the frame, a negative length, a missing terminator: the peer's bytes cannot be trusted any more. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes';
}

/**
 * Reads one frame's body and nothing beyond it. Every length is checked for sign and against the frame's end,
 * and `expectEnd` refuses trailing bytes, so that two readers of the same frame cannot disagree.
 * Integers are big-endian (network order), as Postgres writes them.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  /** Views `bytes[start, end)`; the caller keeps the bytes unchanged while it reads. */
  constructor(bytes: Buffer, start: number, end: number) {
    if (start < 0 || end < start || end > bytes.length) throw new MalformedBytes('frame bounds');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The offset, in the underlying buffer, of the next byte to be read. */
  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  #take(size: number, what: string): number {
    if (size < 0) throw new MalformedBytes(`negative length of ${what}`);
    if (size > this.#end - this.#at) throw new MalformedBytes(`${what} runs past the end of its frame`);
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u8(what: string): number {
    return this.#bytes.readUInt8(this.#take(1, what));
  }

  i16(what: string): number {
    return this.#bytes.readInt16BE(this.#take(2, what));
  }

  i32(what: string): number {
    return this.#bytes.readInt32BE(this.#take(4, what));
  }

  u32(what: string): number {
    return this.#bytes.readUInt32BE(this.#take(4, what));
  }

  /** `size` bytes as a view; valid as long as the frame is. */
  bytes(size: number, what: string): Buffer {
    const at = this.#take(size, what);
    return this.#bytes.subarray(at, at + size);
  }

  /** A NUL-terminated string, decoded as UTF-8; the terminator must lie inside the frame. */
  cstring(what: string): string {
    const nul = this.#bytes.indexOf(0, this.#at);
    if (nul < 0 || nul >= this.#end) throw new MalformedBytes(`${what} has no terminator`);
    const at = this.#at;
    this.#at = nul + 1;
    // Most names in a protocol are empty.
    return nul === at ? '' : this.#bytes.utf8Slice(at, nul);
  }

  /** Skips a NUL-terminated string and gives its end (the terminator's offset). */
  skipCstring(what: string): number {
    const nul = this.#bytes.indexOf(0, this.#at);
    if (nul < 0 || nul >= this.#end) throw new MalformedBytes(`${what} has no terminator`);
    this.#at = nul + 1;
    return nul;
  }

  expectEnd(what: string): void {
    if (this.#at !== this.#end) throw new MalformedBytes(`${this.remaining} bytes too many in ${what}`);
  }
}
