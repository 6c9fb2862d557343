/** Rows of 16 MB or more, in several packets, that have to be read whole: they may not have to pass, or not as they are. */
import { ByteSink } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { Link } from './link.ts';
import type { GiveOut } from './masked-rows.ts';
import { MASKED_ROW_BYTES_MAX } from './masking.ts';
import { HEADER_BYTES, type PacketReader } from './packet.ts';
import type { RowBounds } from './paused-rows.ts';
import type { Results, Run, RunMasking } from './replies.ts';
import { writePackets } from './row-splicer.ts';
import { overLimit } from './rows.ts';

/** Its payload is `bytes[start, end)`, without the headers of its packets; `start` is behind one. */
interface LargeRow {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly packets: number;
  /** The sequence id of its first packet. */
  readonly due: number;
}

export class LargeRows {
  readonly #link: Link;
  readonly #bounds: RowBounds;
  readonly #giveOut: GiveOut;
  /** It has reached a bound. */
  #waiting: LargeRow | null = null;

  constructor(link: Link, bounds: RowBounds, giveOut: GiveOut) {
    this.#link = link;
    this.#bounds = bounds;
    this.#giveOut = giveOut;
  }

  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  clear(): void {
    this.#waiting = null;
  }

  /** The row that begins here, if all of it is here; false where more of it has to come. */
  read(reader: PacketReader, results: Results, run: Run): boolean {
    const { due } = reader;
    const whole = reader.whole(MASKED_ROW_BYTES_MAX);
    if (whole === 'too-large') throw new ProxyError('masked-row-too-large');
    if (whole === 'more') return false;
    const { bytes, start, end, packets } = reader;
    this.#link.lookThrough(bytes, start, end);
    this.#offer({ bytes, start, end, packets, due }, results, run);
    return true;
  }

  /** What waited may pass by now. */
  again(): void {
    const { reply } = this.#link;
    const run = this.#link.currentRun();
    const row = this.#waiting;
    this.#waiting = null;
    if (row !== null && reply?.of === 'results' && run !== null) this.#offer(row, reply, run);
  }

  /** It is given out, dropped behind a cut, or waits until it may pass. */
  #offer(row: LargeRow, results: Results, run: Run): void {
    const size = sizeOf(row);
    while (results.over === null) {
      const over = overLimit(run.counted, size, run.limit);
      if (over === null) {
        run.counted.rows++;
        run.counted.bytes += size;
        give(row, run.masking, this.#giveOut);
        return;
      }
      this.#bounds.reached(results, run, over, row.due, size);
      if (!this.#bounds.isPaused) continue;
      this.#waiting = ownRow(row);
      return;
    }
  }
}

/** On the wire. */
function sizeOf({ start, end, packets }: LargeRow): number {
  return end - start + packets * HEADER_BYTES;
}

/** In bytes of its own, for as long as it waits; with room for a header in front, which who masks it counts on. */
function ownRow(row: LargeRow): LargeRow {
  const bytes = Buffer.from(row.bytes.subarray(row.start - HEADER_BYTES, row.end));
  return { ...row, bytes, start: HEADER_BYTES, end: bytes.length };
}

function give(row: LargeRow, masking: RunMasking, giveOut: GiveOut): void {
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
