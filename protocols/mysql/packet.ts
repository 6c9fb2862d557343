/**
 * Packets: three bytes of length, one of sequence id, and a payload of up to 2^24 - 1 bytes. A payload of that size
 * goes on in the next packet, which may be empty; how that one begins means nothing.
 *
 * One `PacketReader` reads one leg from its first byte to its last, whatever the phase:
 *
 *   reader.feed(bytes, start, end);
 *   for (;;) {
 *     if (reader.rest()) { … bytes[start, end) is more of a packet that streams …; continue; }
 *     if (!reader.head()) break;                  // length, sequence, first: look, and choose
 *     if (streams) { reader.part(); … }           // what is here of it, header included; the rest follows by `rest`
 *     else if (reader.whole(max) === 'whole') …   // the payload in one piece, over several packets if need be
 *     else break;                                 // 'more': call again with the next bytes; 'too-large': yours to answer
 *   }
 *
 * Who stops before `head` has said false calls `keep`: a chunk belongs to the socket that read it.
 */
import { Accumulator, MalformedBytes } from '../../src/bytes/index.ts';

export const HEADER_BYTES = 4;
/** A payload of this length goes on in the next packet. */
export const PACKET_PAYLOAD_MAX = 0xffffff;

const NOTHING = Buffer.alloc(0);

export type Wholeness =
  /** `bytes[start, end)` is the payload. */
  | 'whole'
  /** It has not all come. What has is kept; after the next `feed`, `head` finds the packet again. */
  | 'more'
  /** The payload is longer than it may be. Nothing was taken: `part` and `rest` go past it. */
  | 'too-large';

export class PacketReader {
  /** What was taken last; valid until the next call, and no longer than the chunk that was fed. */
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;
  /** Of the packet that `head` found: its payload's length and its sequence id (of its last packet, after `whole`). */
  length = 0;
  sequence = 0;
  /** The payload's first byte; -1 where there is none, and where a payload goes on: nothing may be read into it. */
  first = -1;
  /** The packet goes on with the payload of the one before, of which `part` was taken. */
  continues = false;
  /** In how many packets the payload came that `whole` gave. If one, its header lies in front of it, at `start - 4`. */
  packets = 0;
  /**
   * The sequence id that is due. It counts on by itself; whoever knows that a command or its reply begins sets it:
   * 0 for a command, and for a reply one more than the command's last.
   */
  due = 0;

  readonly #kept = new Accumulator();
  #chunk: Buffer = NOTHING;
  #at = 0;
  #end = 0;
  /** How much is to come of the packet that streams. */
  #left = 0;
  #goesOn = false;

  /** Bytes that have come and were not taken. */
  get unread(): number {
    return this.#kept.length + this.#end - this.#at;
  }

  /** Bytes that are held in memory of the reader's own. */
  get held(): number {
    return this.#kept.length;
  }

  /** A packet, or a payload of several, has been taken in part. */
  get isInsidePayload(): boolean {
    return this.#left > 0 || this.#goesOn;
  }

  feed(bytes: Buffer, start: number, end: number): void {
    this.keep();
    this.#chunk = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Copies what has not been taken of the chunk. To be called before the chunk's owner takes it back. */
  keep(): void {
    if (this.#at < this.#end) this.#kept.append(this.#chunk, this.#at, this.#end);
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#end = 0;
  }

  /** Everything that is unread, as bytes of the caller's own: it is no packet, but the beginning of TLS. */
  takeUnread(): Buffer {
    this.keep();
    return this.#kept.takeAll();
  }

  /** More of the packet that streams, in `bytes[start, end)`. */
  rest(): boolean {
    if (this.#left === 0) return false;
    const kept = this.#kept.length;
    const size = Math.min(this.#left, kept > 0 ? kept : this.#end - this.#at);
    if (size === 0) return false;
    this.#take(size);
    this.#left -= size;
    return true;
  }

  /**
   * The next packet's header and first byte are here. Takes nothing, so it may be asked again.
   * Throws MalformedBytes for a sequence id that is not due.
   */
  head(): boolean {
    if (this.#left > 0) return false;
    let bytes = this.#chunk;
    let at = this.#at;
    let have = this.#end - at;
    if (this.#kept.length > 0) {
      this.#topUp(HEADER_BYTES + 1);
      bytes = this.#kept.view();
      at = 0;
      have = bytes.length;
    }
    if (have < HEADER_BYTES) return this.#wait();
    const length = lengthAt(bytes, at);
    if (length > 0 && have === HEADER_BYTES) return this.#wait();
    this.length = length;
    this.sequence = bytes[at + 3] ?? 0;
    this.continues = this.#goesOn;
    this.first = length === 0 || this.#goesOn ? -1 : (bytes[at + HEADER_BYTES] ?? -1);
    if (this.sequence !== this.due) outOfOrder(this.sequence, this.due);
    return true;
  }

  /** Takes what is here of the packet that `head` found, header included; more of it comes by `rest`. */
  part(): void {
    const size = HEADER_BYTES + this.length;
    const kept = this.#kept.length;
    const here = Math.min(size, kept > 0 ? kept : this.#end - this.#at);
    this.#take(here);
    this.#left = size - here;
    this.#goesOn = this.length === PACKET_PAYLOAD_MAX;
    this.due = (this.due + 1) & 0xff;
  }

  /** Takes the payload that begins with the packet that `head` found, if all of it is here. */
  whole(payloadBytesMax: number): Wholeness {
    if (this.length > payloadBytesMax) return 'too-large';
    if (this.length === PACKET_PAYLOAD_MAX) return this.#joined(payloadBytesMax);
    const size = HEADER_BYTES + this.length;
    if (!this.#has(size)) return 'more';
    this.#take(size);
    this.start += HEADER_BYTES;
    this.#wholeTaken(1);
    return 'whole';
  }

  /**
   * The whole chunk as far as it is unread, as `bytes[start, end)`, for who counts packets in it without stopping at
   * each. False where bytes are kept, or a packet is taken in part: then packets come one by one.
   */
  window(): boolean {
    if (this.#kept.length > 0 || this.isInsidePayload) return false;
    this.bytes = this.#chunk;
    this.start = this.#at;
    this.end = this.#end;
    return true;
  }

  /** Packets were taken from the window, up to `to`; of the last one `left` bytes are to come, by `rest`. */
  taken(to: number, left: number, due: number): void {
    this.#at = to;
    this.#left = left;
    this.due = due;
  }

  /** `head` and `whole` at once, for phases in which nothing streams. False where there is `more` to come. */
  next(payloadBytesMax: number): boolean {
    if (!this.head()) return false;
    const whole = this.whole(payloadBytesMax);
    if (whole === 'too-large') throw new MalformedBytes(`a packet of ${this.length} bytes or more`);
    return whole === 'whole';
  }

  #joined(payloadBytesMax: number): Wholeness {
    let size = 0;
    let payload = 0;
    let packets = 0;
    for (let last = PACKET_PAYLOAD_MAX; last === PACKET_PAYLOAD_MAX; ) {
      if (!this.#has(size + HEADER_BYTES)) return 'more';
      const bytes = this.#kept.length > 0 ? this.#kept.view() : this.#chunk;
      const at = this.#kept.length > 0 ? size : this.#at + size;
      last = lengthAt(bytes, at);
      const sequence = bytes[at + 3] ?? 0;
      const due = (this.due + packets) & 0xff;
      if (sequence !== due) outOfOrder(sequence, due);
      payload += last;
      size += HEADER_BYTES + last;
      packets++;
      if (payload > payloadBytesMax) return 'too-large';
    }
    if (!this.#has(size)) return 'more';
    const own = this.#kept.length > 0;
    this.#take(size);
    // A chunk is its socket's: the headers are taken out of bytes of our own.
    const joined = own
      ? this.bytes.subarray(this.start, this.end)
      : Buffer.from(this.bytes.subarray(this.start, this.end));
    for (let n = 1; n < packets; n++) {
      const from = n * (HEADER_BYTES + PACKET_PAYLOAD_MAX) + HEADER_BYTES;
      joined.copyWithin(HEADER_BYTES + n * PACKET_PAYLOAD_MAX, from, from + PACKET_PAYLOAD_MAX);
    }
    this.bytes = joined;
    this.start = HEADER_BYTES;
    this.end = HEADER_BYTES + payload;
    this.#wholeTaken(packets);
    return 'whole';
  }

  #wholeTaken(packets: number): void {
    this.packets = packets;
    this.sequence = (this.due + packets - 1) & 0xff;
    this.due = (this.due + packets) & 0xff;
    this.#goesOn = false;
  }

  /** Whether so many bytes are here, in one piece; keeps what is here if not. */
  #has(size: number): boolean {
    if (this.#kept.length === 0 && this.#end - this.#at >= size) return true;
    if (this.#kept.length > 0) this.#topUp(size);
    if (this.#kept.length >= size) return true;
    return this.#wait();
  }

  #wait(): false {
    this.keep();
    return false;
  }

  /** Adds to what is kept as much of the chunk as completes `size` bytes: a chunk is not copied for its first packet's sake. */
  #topUp(size: number): void {
    const want = Math.min(size - this.#kept.length, this.#end - this.#at);
    if (want <= 0) return;
    this.#kept.append(this.#chunk, this.#at, this.#at + want);
    this.#at += want;
  }

  /** Takes `size` bytes that are here: of what is kept, or else of the chunk. */
  #take(size: number): void {
    if (this.#kept.length > 0) {
      this.bytes = this.#kept.view();
      this.start = 0;
      this.#kept.consume(size);
    } else {
      this.bytes = this.#chunk;
      this.start = this.#at;
      this.#at += size;
    }
    this.end = this.start + size;
  }
}

function outOfOrder(sequence: number, due: number): never {
  throw new MalformedBytes(`packet ${sequence} where ${due} was due`);
}

/** The length in the header at `at`. */
export function lengthAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
}

export function writeHeader(bytes: Buffer, at: number, length: number, sequence: number): void {
  bytes[at] = length;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length >>> 16;
  bytes[at + 3] = sequence;
}

/**
 * Sends a payload of any length in as many packets as it takes, without copying it. Gives the sequence id that is due
 * after it. `send` has to take the bytes during the call.
 */
export function sendPayload(
  send: (bytes: Buffer, start: number, end: number) => void,
  bytes: Buffer,
  start: number,
  end: number,
  sequence: number,
): number {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  let at = start;
  for (;;) {
    const size = Math.min(PACKET_PAYLOAD_MAX, end - at);
    writeHeader(header, 0, size, sequence);
    send(header, 0, HEADER_BYTES);
    if (size > 0) send(bytes, at, at + size);
    at += size;
    sequence = (sequence + 1) & 0xff;
    if (size < PACKET_PAYLOAD_MAX) return sequence;
  }
}
