/** Records that are chained and not written yet: one buffer, handed to the kernel in one call. */
import { hashLine } from './chain.ts';

const PENDING_BYTES = 256 * 1024;

/** The end of a chain: its last record's number, and the hash that the next one carries. */
export interface Place {
  readonly n: number;
  readonly digest: string;
}

export class PendingRecords {
  readonly #clock: () => number;
  #place: Place;
  #bytes = Buffer.allocUnsafeSlow(PENDING_BYTES);
  #size = 0;
  #atMs = -1;
  #at = '';
  /** How many there are. */
  records = 0;

  /** `clock`: milliseconds since the epoch. */
  constructor(place: Place, clock: () => number) {
    this.#place = place;
    this.#clock = clock;
  }

  /** The chain's end with everything that is pending. */
  get place(): Place {
    return this.#place;
  }

  get n(): number {
    return this.#place.n;
  }

  /** What is pending is `bytes[0, size)`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get size(): number {
    return this.#size;
  }

  /** The next record as a line; `members` are its own, as JSON text without braces and commas around them. */
  line(type: string, members: string): string {
    const { n, digest } = this.#place;
    return `{"n":${n + 1},"at":"${this.#now()}","type":"${type}",${members},"prev":"${digest}"}`;
  }

  add(line: string): void {
    this.#place = { n: this.#place.n + 1, digest: hashLine(line) };
    const room = line.length * 3 + 1;
    if (this.#size + room > this.#bytes.length) this.#grow(room);
    this.#size += this.#bytes.write(line, this.#size);
    this.#bytes[this.#size++] = 0x0a;
    this.records++;
  }

  #now(): string {
    const ms = this.#clock();
    if (ms !== this.#atMs) {
      this.#atMs = ms;
      this.#at = new Date(ms).toISOString();
    }
    return this.#at;
  }

  #grow(room: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#size + room));
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#bytes = grown;
  }

  /** Everything pending is on its way to the disk. */
  written(): void {
    this.#size = 0;
    this.records = 0;
    if (this.#bytes.length > PENDING_BYTES * 4) this.#bytes = Buffer.allocUnsafeSlow(PENDING_BYTES);
  }

  /** Nothing of it counts any more: the chain ends where it was written to. */
  forget(place: Place): void {
    this.#place = place;
    this.#size = 0;
    this.records = 0;
  }
}
