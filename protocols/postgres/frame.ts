/** The frame header: a tag byte and a length that counts itself but not the tag. */
import { MalformedBytes } from '../../src/bytes/index.ts';

export const HEADER_BYTES = 5;

/** The whole frame's size, tag included. `bytes[at, at + HEADER_BYTES)` has to be there. */
export function frameSize(bytes: Buffer, at: number): number {
  // Written out: readInt32BE checks its bounds again, and this runs for every frame that passes.
  const length = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
  if (length < 4) throw new MalformedBytes(`a frame of length ${length}`);
  return length + 1;
}
