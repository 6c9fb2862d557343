import { ByteSink } from './byte-sink.ts';

const LENGTH_UNSET = 0xffffffff;

/**
 * Builds frames of `tag, int32 length, body`, one after the other, in one growing buffer.
 * The length is written as 0xffffffff until `end`, so that a frame left open cannot pass for a valid one.
 */
export class FrameWriter {
  readonly #sink: ByteSink;
  #lengthAt = -1;

  constructor(capacityBytes = 256) {
    this.#sink = new ByteSink(capacityBytes);
  }

  /** Opens a frame. `tag` is the type byte; null for the frames of the start-up phase, which have none. */
  begin(tag: number | null): this {
    if (this.#lengthAt >= 0) throw new Error('a frame is open');
    if (tag !== null) this.u8(tag);
    this.#lengthAt = this.#sink.take(4);
    this.#sink.bytes.writeUInt32BE(LENGTH_UNSET, this.#lengthAt);
    return this;
  }

  end(): this {
    if (this.#lengthAt < 0) throw new Error('no frame is open');
    this.#sink.bytes.writeUInt32BE(this.#sink.at - this.#lengthAt, this.#lengthAt);
    this.#lengthAt = -1;
    return this;
  }

  u8(value: number): this {
    const at = this.#sink.take(1);
    this.#sink.bytes.writeUInt8(value, at);
    return this;
  }

  i16(value: number): this {
    const at = this.#sink.take(2);
    this.#sink.bytes.writeInt16BE(value, at);
    return this;
  }

  i32(value: number): this {
    const at = this.#sink.take(4);
    this.#sink.bytes.writeInt32BE(value, at);
    return this;
  }

  /** A NUL-terminated UTF-8 string; a NUL inside would end it early for the reader, so it is refused. */
  cstring(text: string): this {
    if (text.includes('\0')) throw new Error('a NUL inside a C string');
    const size = Buffer.byteLength(text);
    const at = this.#sink.take(size + 1);
    this.#sink.bytes.write(text, at, 'utf8');
    this.#sink.bytes.writeUInt8(0, at + size);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#sink.take(bytes.length);
    this.#sink.bytes.set(bytes, at);
    return this;
  }

  /** All frames written so far, as bytes of their own; the writer starts anew. */
  take(): Buffer {
    if (this.#lengthAt >= 0) throw new Error('a frame is open');
    const taken = this.#sink.taken();
    this.#sink.reset();
    return taken;
  }
}
