/**
 * What one event sends to one side, gathered into one write. Bytes that stand side by side in the same buffer are
 * one piece: a chunk that passes whole is written as it was read, without a copy.
 */
import type { Leg } from './leg.ts';

/** Pieces smaller than this together are copied into one write. */
const JOIN_BYTES_MAX = 32 * 1024;

export class Pieces {
  readonly #done: Buffer[] = [];
  /** The piece that may still grow. */
  #bytes: Buffer | null = null;
  #start = 0;
  #end = 0;

  get isEmpty(): boolean {
    return this.#bytes === null;
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (end <= start) return;
    if (this.#bytes === bytes && this.#end === start) {
      this.#end = end;
      return;
    }
    if (this.#bytes !== null) this.#done.push(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Writes everything and starts anew. */
  writeTo(leg: Leg): void {
    const last = this.#bytes;
    if (last === null) return;
    this.#bytes = null;
    if (this.#done.length === 0) {
      leg.write(last, this.#start, this.#end);
      return;
    }
    this.#done.push(last.subarray(this.#start, this.#end));
    let size = 0;
    for (const piece of this.#done) size += piece.length;
    if (size > JOIN_BYTES_MAX) leg.writeAll(this.#done);
    else leg.write(Buffer.concat(this.#done, size), 0, size);
    this.#done.length = 0;
  }
}
