/** One segment file that is being written. An append is all or nothing, as far as the disk allows. */
import { closeSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { segmentName } from './segments.ts';

export class SegmentWriter {
  readonly number: number;
  readonly file: number;
  readonly #path: string;
  #bytes = 0;
  #tornBytes = 0;

  private constructor(number: number, path: string) {
    this.number = number;
    this.#path = path;
    this.file = openSync(path, 'ax', 0o600);
  }

  /** Makes the file; throws Node's error when it cannot, or is there already. */
  static create(directory: string, number: number): SegmentWriter {
    return new SegmentWriter(number, join(directory, segmentName(number)));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What a failed write has left of a record and could not be cut off: nothing may follow it in this file. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  /** Appends `bytes[0, end)` whole or not at all. */
  append(bytes: Buffer, end: number): Error | null {
    let at = 0;
    try {
      while (at < end) at += writeSync(this.file, bytes, at, end - at);
      this.#bytes += end;
      return null;
    } catch (error) {
      if (at > 0) this.#cutOff(at);
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #cutOff(tornBytes: number): void {
    try {
      ftruncateSync(this.file, this.#bytes);
    } catch {
      this.#tornBytes = tornBytes;
    }
  }

  /** Closes a segment in which nothing could be written, and takes it away. */
  discard(): void {
    closeSync(this.file);
    try {
      unlinkSync(this.#path);
    } catch {
      // An empty segment stays; the next one says that it was left behind.
    }
  }
}
