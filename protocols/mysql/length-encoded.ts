/** Length-encoded integers where they stand, for who reads a payload by offsets. */

/** The value at `at` and where what follows begins; null where it is NULL, not whole, or beyond any length. */
export function lengthEncodedAt(
  bytes: Buffer,
  at: number,
  end: number,
): { readonly value: number; readonly next: number } | null {
  if (at >= end) return null;
  const first = bytes[at] ?? 0;
  if (first < 0xfb) return { value: first, next: at + 1 };
  const size = first === 0xfc ? 2 : first === 0xfd ? 3 : first === 0xfe ? 8 : 0;
  if (size === 0 || at + 1 + size > end) return null;
  // Above 2^48 it fits no packet.
  if (size === 8 && bytes.readUInt16LE(at + 7) !== 0) return null;
  return { value: bytes.readUIntLE(at + 1, Math.min(size, 6)), next: at + 1 + size };
}
