/** A row of 16 MB or more, in several packets, that had to be read whole. */
import { ByteSink } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { GiveOut } from './masked-rows.ts';
import { HEADER_BYTES } from './packet.ts';
import type { RunMasking } from './replies.ts';
import { writePackets } from './row-splicer.ts';

/** Its payload is `bytes[start, end)`, without the headers of its packets; `start` is behind one. */
export interface LargeRow {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly packets: number;
  /** The sequence id of its first packet. */
  readonly due: number;
}

/** On the wire. */
export function sizeOf({ start, end, packets }: LargeRow): number {
  return end - start + packets * HEADER_BYTES;
}

/** In bytes of its own, for as long as it waits; with room for a header in front, which who masks it counts on. */
export function ownRow(row: LargeRow): LargeRow {
  const bytes = Buffer.from(row.bytes.subarray(row.start - HEADER_BYTES, row.end));
  return { ...row, bytes, start: HEADER_BYTES, end: bytes.length };
}

export function giveLargeRow(row: LargeRow, masking: RunMasking, giveOut: GiveOut): void {
  const { bytes, start, end, packets, due } = row;
  switch (masking.masking) {
    case 'rows':
      masking.rows.rewriteLarge(bytes, start, end, due, packets, giveOut);
      return;
    case 'none': {
      const sink = new ByteSink(sizeOf(row));
      writePackets(sink, bytes.subarray(start, end), end - start, due);
      giveOut(sink.bytes, 0, sink.at, 0);
      return;
    }
    case 'undescribed':
      throw new ProxyError('invariant', { detail: 'rows whose masks are not known' });
  }
}
