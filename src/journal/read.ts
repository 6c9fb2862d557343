/** Reads a journal back, line by line, without holding a segment in memory. */
import { closeSync, openSync, readSync } from 'node:fs';
import { isArray, isObject, type JsonObject } from '../core/json.ts';
import { objectOf, segmentsIn } from './segments.ts';

const CHUNK_BYTES = 256 * 1024;

export interface Line {
  readonly text: string;
  /** The same as it is in the file, without its newline; valid until the next line. */
  readonly bytes: Buffer;
  /** 1-based. */
  readonly number: number;
  /** False for what stands behind the last newline. */
  readonly whole: boolean;
}

/** The lines of one file. */
export function* linesOf(path: string): Generator<Line> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let rest = Buffer.alloc(0);
    let number = 1;
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, size)]);
      let start = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
        const line = bytes.subarray(start, end);
        yield { text: line.toString('utf8'), bytes: line, number: number++, whole: true };
        start = end + 1;
      }
      rest = bytes.subarray(start);
    }
    if (rest.length > 0) yield { text: rest.toString('utf8'), bytes: rest, number, whole: false };
  } finally {
    closeSync(file);
  }
}

/**
 * Every record of a journal, oldest first; the results that one line gathers come as records of type `result`.
 * Lines that are no records are passed over: verifying is `verify`'s.
 */
export function* recordsIn(directory: string): Generator<JsonObject> {
  for (const { path } of segmentsIn(directory)) {
    for (const line of linesOf(path)) {
      const record = line.whole ? objectOf(line.text) : null;
      if (record?.['type'] === 'results') yield* resultsOf(record);
      else if (record !== null) yield record;
    }
  }
}

function* resultsOf({ n, at, of: results }: JsonObject): Generator<JsonObject> {
  if (!isArray(results)) return;
  for (const result of results) if (isObject(result)) yield { n, at, type: 'result', ...result };
}
