/** Reads one payload and nothing beyond it: integers are little-endian, strings have five forms of length. */
import { MalformedBytes } from '../../src/bytes/index.ts';

const LENGTH_16 = 0xfc;
const LENGTH_24 = 0xfd;
const LENGTH_64 = 0xfe;
/** In a row of text, a cell that is NULL; as a length it means nothing. */
export const NULL_CELL = 0xfb;

export class PayloadReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  /** Views `bytes[start, end)`; the caller keeps the bytes unchanged while it reads. */
  constructor(bytes: Buffer, start: number, end: number) {
    if (start < 0 || end < start || end > bytes.length) throw new MalformedBytes('payload bounds');
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

  /** The next byte, not taken; -1 at the end. */
  get ahead(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at] ?? -1) : -1;
  }

  #take(size: number, what: string): number {
    if (!(size >= 0 && size <= this.#end - this.#at))
      throw new MalformedBytes(`${what} runs past the end of its packet`);
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u8(what: string): number {
    return this.#bytes.readUInt8(this.#take(1, what));
  }

  u16(what: string): number {
    return this.#bytes.readUInt16LE(this.#take(2, what));
  }

  u24(what: string): number {
    return this.#bytes.readUIntLE(this.#take(3, what), 3);
  }

  u32(what: string): number {
    return this.#bytes.readUInt32LE(this.#take(4, what));
  }

  u64(what: string): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8, what));
  }

  skip(size: number, what: string): void {
    this.#take(size, what);
  }

  /** A length-encoded integer, as a count or a length: one beyond 2^53 fits nothing. */
  length(what: string): number {
    const value = this.#number(what);
    if (typeof value === 'number') return value;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedBytes(`${what} is beyond any length`);
    return Number(value);
  }

  /** A length-encoded integer that may use all of its 64 bits, such as an insert id. */
  number64(what: string): bigint {
    return BigInt(this.#number(what));
  }

  #number(what: string): number | bigint {
    const first = this.u8(what);
    if (first < NULL_CELL) return first;
    switch (first) {
      case LENGTH_16:
        return this.u16(what);
      case LENGTH_24:
        return this.u24(what);
      case LENGTH_64:
        return this.u64(what);
      default:
        throw new MalformedBytes(`${what} has no length`);
    }
  }

  /** `size` bytes as a view; valid as long as the payload is. */
  bytes(size: number, what: string): Buffer {
    const at = this.#take(size, what);
    return this.#bytes.subarray(at, at + size);
  }

  /** A length-encoded string as a view. */
  lengthBytes(what: string): Buffer {
    return this.bytes(this.length(what), what);
  }

  /** A length-encoded string of UTF-8. */
  lengthText(what: string): string {
    return this.lengthBytes(what).toString('utf8');
  }

  /** A NUL-terminated string as a view without its terminator, which has to lie inside the payload. */
  cbytes(what: string): Buffer {
    const nul = this.#bytes.indexOf(0, this.#at);
    if (nul < 0 || nul >= this.#end) throw new MalformedBytes(`${what} has no terminator`);
    const at = this.#at;
    this.#at = nul + 1;
    return this.#bytes.subarray(at, nul);
  }

  ctext(what: string): string {
    return this.cbytes(what).toString('utf8');
  }

  /** What is left, as a view. */
  rest(): Buffer {
    return this.bytes(this.remaining, 'the rest');
  }

  expectEnd(what: string): void {
    if (this.#at !== this.#end) throw new MalformedBytes(`${this.remaining} bytes too many in ${what}`);
  }
}
