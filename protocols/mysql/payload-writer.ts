/** Builds one packet: header, little-endian integers, strings in the protocol's forms. */
import { HEADER_BYTES, PACKET_PAYLOAD_MAX, writeHeader } from './packet.ts';

const LENGTH_16 = 0xfc;
const LENGTH_24 = 0xfd;
const LENGTH_64 = 0xfe;

export class PayloadWriter {
  #bytes: Buffer;
  #at = HEADER_BYTES;

  constructor(capacityBytes = 128) {
    this.#bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + capacityBytes);
  }

  #room(size: number): number {
    const need = this.#at + size;
    if (need > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#at);
      this.#bytes = grown;
    }
    const at = this.#at;
    this.#at = need;
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value, at);
    return this;
  }

  zeros(count: number): this {
    const at = this.#room(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  /** A length-encoded integer, in its shortest form. */
  length(value: number | bigint): this {
    if (value < 0xfb) return this.u8(Number(value));
    if (value <= 0xffff) return this.u8(LENGTH_16).u16(Number(value));
    if (value <= 0xffffff) {
      const at = this.u8(LENGTH_24).#room(3);
      this.#bytes.writeUIntLE(Number(value), at, 3);
      return this;
    }
    const at = this.u8(LENGTH_64).#room(8);
    this.#bytes.writeBigUInt64LE(BigInt(value), at);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
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
    const length = this.#at - HEADER_BYTES;
    if (length >= PACKET_PAYLOAD_MAX) throw new Error('a packet of our own goes on in a second one');
    writeHeader(this.#bytes, 0, length, sequence);
    return this.#bytes.subarray(0, this.#at);
  }
}
