/** Length-encoded integers, read without the product's own code. */
export function sizeAt(bytes: Buffer, at: number): { readonly size: number; readonly next: number } {
  const first = bytes.readUInt8(at);
  if (first < 0xfb) return { size: first, next: at + 1 };
  if (first === 0xfc) return { size: bytes.readUInt16LE(at + 1), next: at + 3 };
  if (first === 0xfd) return { size: bytes.readUIntLE(at + 1, 3), next: at + 4 };
  return { size: Number(bytes.readBigUInt64LE(at + 1)), next: at + 9 };
}
