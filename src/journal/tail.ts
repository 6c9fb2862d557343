/** Follows a journal from a place on: whole lines as they are written, over the ends of segments. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { JsonObject } from '../core/json.ts';
import { objectOf, segmentsIn } from './segments.ts';

const CHUNK_BYTES = 256 * 1024;

export class JournalTail {
  readonly #directory: string;
  #segment = 0;
  #offset = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Every record that is there and was not given before. Lines that are no records are passed over. */
  *records(): Generator<JsonObject> {
    for (const { number, path } of segmentsIn(this.#directory)) {
      if (number < this.#segment) continue;
      if (number > this.#segment) {
        this.#segment = number;
        this.#offset = 0;
      }
      yield* this.#linesOf(path);
    }
  }

  *#linesOf(path: string): Generator<JsonObject> {
    const file = openSync(path, 'r');
    try {
      let want = CHUNK_BYTES;
      for (;;) {
        const left = fstatSync(file).size - this.#offset;
        const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(want, left)));
        const size = readSync(file, bytes, 0, bytes.length, this.#offset);
        let start = 0;
        for (let end = bytes.indexOf(0x0a); end >= 0 && end < size; end = bytes.indexOf(0x0a, start)) {
          const record = objectOf(bytes.toString('utf8', start, end));
          this.#offset += end + 1 - start;
          start = end + 1;
          if (record !== null) yield record;
        }
        if (start > 0) want = CHUNK_BYTES;
        else if (size < left) want *= 4;
        else return;
      }
    } finally {
      closeSync(file);
    }
  }
}
