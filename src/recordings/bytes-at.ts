import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes of a file, as far as they are there. */
export function bytesAt(path: string, start: number, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const there = Math.max(0, Math.min(length, fstatSync(file).size - start));
    const bytes = Buffer.allocUnsafeSlow(there);
    return bytes.subarray(0, readSync(file, bytes, 0, there, start));
  } finally {
    closeSync(file);
  }
}
