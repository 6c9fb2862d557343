/** Segment files: `journal-000001.jsonl` and so on, in one directory, each a part of one chain. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type JsonObject, parseJson } from '../core/json.ts';
import { hashLine } from './chain.ts';

const NAME = /^journal-(\d{6,})\.jsonl$/;
const TAIL_BYTES = 64 * 1024;

export function segmentName(number: number): string {
  return `journal-${String(number).padStart(6, '0')}.jsonl`;
}

export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

export interface SegmentFile {
  readonly number: number;
  readonly path: string;
}

/** The segments in a directory, oldest first. */
export function segmentsIn(directory: string): readonly SegmentFile[] {
  const found: SegmentFile[] = [];
  for (const name of readdirSync(directory)) {
    const number = NAME.exec(name)?.[1];
    if (number !== undefined) found.push({ number: Number(number), path: join(directory, name) });
  }
  return found.sort((left, right) => left.number - right.number);
}

export interface Tail {
  /** The hash of the last whole line, and what it says; null where there is none. */
  readonly digest: string | null;
  readonly record: JsonObject | null;
  /** Bytes behind the last newline: a record that was being written when the machine stopped. */
  readonly tornBytes: number;
}

/** Reads a segment's end without reading all of it. */
export function readTail(path: string): Tail {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    for (let want = TAIL_BYTES; ; want *= 2) {
      const length = Math.min(want, size);
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, size - length);
      const last = bytes.lastIndexOf(0x0a);
      const before = last <= 0 ? -1 : bytes.lastIndexOf(0x0a, last - 1);
      if (last >= 0 && (before >= 0 || length === size)) {
        const line = bytes.subarray(before + 1, last);
        return {
          digest: hashLine(line),
          record: objectOf(line.toString('utf8')),
          tornBytes: length - last - 1,
        };
      }
      if (length === size) return { digest: null, record: null, tornBytes: size };
    }
  } finally {
    closeSync(file);
  }
}

/** A line as a record; null where it is not even JSON. */
export function objectOf(line: string): JsonObject | null {
  try {
    const value = parseJson(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
