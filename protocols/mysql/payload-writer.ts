/** Builds one packet: header, little-endian integers, strings in the protocol's forms. */
import { ByteSink } from '../../src/bytes/index.ts';
import { HEADER_BYTES, PACKET_PAYLOAD_MAX, writeHeader } from './packet.ts';

const LENGTH_16 = 0xfc;
const LENGTH_24 = 0xfd;
const LENGTH_64 = 0xfe;

export class PayloadWriter {
  readonly #sink: ByteSink;

  constructor(capacityBytes = 128) {
    this.#sink = new ByteSink(HEADER_BYTES + capacityBytes);
    this.#sink.take(HEADER_BYTES);
  }

  u8(value: number): this {
    const at = this.#sink.take(1);
    this.#sink.bytes.writeUInt8(value, at);
    return this;
  }

  u16(value: number): this {
    const at = this.#sink.take(2);
    this.#sink.bytes.writeUInt16LE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#sink.take(4);
    this.#sink.bytes.writeUInt32LE(value, at);
    return this;
  }

  zeros(count: number): this {
    const at = this.#sink.take(count);
    this.#sink.bytes.fill(0, at, at + count);
    return this;
  }

  /** A length-encoded integer, in its shortest form. */
  length(value: number | bigint): this {
    if (value < 0xfb) return this.u8(Number(value));
    if (value <= 0xffff) return this.u8(LENGTH_16).u16(Number(value));
    if (value <= 0xffffff) {
      const at = this.u8(LENGTH_24).#sink.take(3);
      this.#sink.bytes.writeUIntLE(Number(value), at, 3);
      return this;
    }
    const at = this.u8(LENGTH_64).#sink.take(8);
    this.#sink.bytes.writeBigUInt64LE(BigInt(value), at);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#sink.take(bytes.length);
    this.#sink.bytes.set(bytes, at);
    return this;
  }

  text(text: string): this {
    return this.raw(Buffer.from(text));
  }

  lengthBytes(bytes: Uint8Array): this {
    return this.length(bytes.length).raw(bytes);
  }

  lengthText(text: string): this {
    return this.lengthBytes(Buffer.from(text));
  }

  /** A NUL-terminated string; a NUL inside would end it early for the reader, so it is refused. */
  ctext(text: string): this {
    if (text.includes('\0')) throw new Error('a NUL inside a C string');
    return this.text(text).u8(0);
  }

  /** The packet, header and all, in memory of its own. The writer is used up. */
  packet(sequence: number): Buffer {
    const length = this.#sink.at - HEADER_BYTES;
    if (length >= PACKET_PAYLOAD_MAX) throw new Error('a packet of our own goes on in a second one');
    writeHeader(this.#sink.bytes, 0, length, sequence);
    return this.#sink.bytes.subarray(0, this.#sink.at);
  }
}
