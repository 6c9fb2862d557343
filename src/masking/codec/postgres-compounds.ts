/** Arrays, composites, ranges and multiranges of Postgres in binary: headers kept, each part masked in its place. */
import type { ByteSink } from '../byte-sink.ts';
import type { CompoundKind, PartMasker } from './codec.ts';

const DIMENSIONS_MAX = 6;
const RANGE_EMPTY = 0x01;
const RANGE_NO_LOWER = 0x08 | 0x20;
const RANGE_NO_UPPER = 0x10 | 0x40;

export function rewriteBinary(
  source: Buffer,
  start: number,
  end: number,
  kind: CompoundKind,
  mask: PartMasker,
  out: ByteSink,
): boolean {
  const before = out.at;
  const at = binaryCompound(source, start, end, kind, mask, out);
  if (at === end) return true;
  out.at = before;
  return false;
}

/** Where the value ended; -1 where it could not be read. */
function binaryCompound(
  source: Buffer,
  start: number,
  end: number,
  kind: CompoundKind,
  mask: PartMasker,
  out: ByteSink,
): number {
  switch (kind) {
    case 'array':
      return binaryArray(source, start, end, mask, out);
    case 'composite':
      return binaryComposite(source, start, end, mask, out);
    case 'range':
      return binaryRange(source, start, end, mask, out);
    case 'multirange':
      return binaryMultirange(source, start, end, mask, out);
  }
}

/** Copies a length and masks what it measures. */
function part(
  source: Buffer,
  at: number,
  end: number,
  index: number,
  mask: PartMasker,
  out: ByteSink,
): number {
  if (end - at < 4) return -1;
  const size = source.readInt32BE(at);
  if (size === -1) {
    out.i32(-1);
    return at + 4;
  }
  const from = at + 4;
  if (size < 0 || size > end - from) return -1;
  const lengthAt = out.at;
  out.i32(-1);
  if (mask(source, from, from + size, index, out)) {
    out.bytes.writeInt32BE(out.at - lengthAt - 4, lengthAt);
  } else {
    out.at = lengthAt + 4;
  }
  return from + size;
}

function binaryArray(source: Buffer, start: number, end: number, mask: PartMasker, out: ByteSink): number {
  if (end - start < 12) return -1;
  const dimensions = source.readInt32BE(start);
  if (dimensions < 0 || dimensions > DIMENSIONS_MAX || end - start < 12 + dimensions * 8) return -1;
  let count = dimensions === 0 ? 0 : 1;
  for (let i = 0; i < dimensions; i++) count *= source.readInt32BE(start + 12 + i * 8);
  const nullsAt = out.at + 4;
  let at = start + 12 + dimensions * 8;
  // An element takes four bytes at least, so that a false count cannot make us loop for long.
  if (count < 0 || count > (end - at) / 4) return -1;
  out.copy(source, start, at);
  let nulls = 0;
  for (let i = 0; i < count; i++) {
    const written = out.at;
    at = part(source, at, end, 0, mask, out);
    if (at < 0) return -1;
    if (out.bytes.readInt32BE(written) === -1) nulls = 1;
  }
  out.bytes.writeInt32BE(nulls, nullsAt);
  return at;
}

function binaryComposite(
  source: Buffer,
  start: number,
  end: number,
  mask: PartMasker,
  out: ByteSink,
): number {
  if (end - start < 4) return -1;
  const fields = source.readInt32BE(start);
  let at = start + 4;
  if (fields < 0 || fields > (end - at) / 8) return -1;
  out.copy(source, start, at);
  for (let i = 0; i < fields; i++) {
    if (end - at < 8) return -1;
    out.copy(source, at, at + 4);
    at = part(source, at + 4, end, i, mask, out);
    if (at < 0) return -1;
  }
  return at;
}

/** A bound that is masked to NULL makes the whole value unreadable: a range has no NULL bounds. */
function binaryRange(source: Buffer, start: number, end: number, mask: PartMasker, out: ByteSink): number {
  if (end - start < 1) return -1;
  const flags = source[start] ?? 0;
  out.u8(flags);
  let at = start + 1;
  if ((flags & RANGE_EMPTY) !== 0) return at;
  for (const missing of [RANGE_NO_LOWER, RANGE_NO_UPPER]) {
    if ((flags & missing) !== 0) continue;
    const written = out.at;
    at = part(source, at, end, 0, mask, out);
    if (at < 0 || out.bytes.readInt32BE(written) === -1) return -1;
  }
  return at;
}

function binaryMultirange(
  source: Buffer,
  start: number,
  end: number,
  mask: PartMasker,
  out: ByteSink,
): number {
  if (end - start < 4) return -1;
  const ranges = source.readInt32BE(start);
  let at = start + 4;
  if (ranges < 0 || ranges > (end - at) / 5) return -1;
  out.copy(source, start, at);
  for (let i = 0; i < ranges; i++) {
    const written = out.at;
    at = part(
      source,
      at,
      end,
      0,
      (inner, from, to, _, sink) => rewriteBinary(inner, from, to, 'range', mask, sink),
      out,
    );
    if (at < 0 || out.bytes.readInt32BE(written) === -1) return -1;
  }
  return at;
}
