/** The frame header: a tag byte and a length that counts itself but not the tag. */
import { MalformedBytes } from '../../src/bytes/index.ts';

export const HEADER_BYTES = 5;

/** The whole frame's size, tag included. `bytes[at, at + HEADER_BYTES)` has to be there. */
export function frameSize(bytes: Buffer, at: number): number {
  const length = int32At(bytes, at + 1);
  if (length < 4) throw new MalformedBytes(`a frame of length ${length}`);
  return length + 1;
}

/** Written out: readInt32BE checks its bounds again, and this runs for every frame and every cell that passes. */
export function int32At(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Unsigned. */
export function int16At(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
