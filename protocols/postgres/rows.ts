/**
 * Counts the rows of a result from their headers alone: nothing is decoded, nothing copied. Stops before the
 * first row that would go over the limit, so that a result is always cut between two rows.
 */
import { MalformedBytes } from '../../src/bytes/index.ts';
import type { ResultLimit } from '../../src/core/decision.ts';
import type { Counted } from '../sql/run.ts';
import { HEADER_BYTES } from './frame.ts';

export type RowStop =
  /** The next frame is no row, or its header is not here yet. */
  | 'other'
  /** The last row counted goes on in the next chunk: `left` bytes of it. */
  | 'partial'
  /** The next row would go over `limit.rows` or `limit.bytes`. */
  | 'rows'
  | 'bytes';

export class RowCounter {
  /** Where counting stopped, and how much of the last row is still to come; valid until the next `count`. */
  at = 0;
  left = 0;
  /** Bytes of the row that would go over. */
  next = 0;

  /**
   * Counts frames of `tag` in `bytes[at, end)` into `counted`. A row of which only the header is here counts
   * whole: its bytes follow in any case.
   */
  count(
    bytes: Buffer,
    start: number,
    end: number,
    tag: number,
    counted: Counted,
    limit: ResultLimit,
  ): RowStop {
    const rowsMax = limit.rows ?? Number.POSITIVE_INFINITY;
    const bytesMax = limit.bytes ?? Number.POSITIVE_INFINITY;
    let { rows, bytes: sum } = counted;
    let at = start;
    let stop: RowStop = 'other';
    while (end - at >= HEADER_BYTES && bytes[at]! === tag) {
      const length = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
      if (length < 4) throw new MalformedBytes(`a row of length ${length}`);
      const size = length + 1;
      if (rows >= rowsMax) {
        stop = 'rows';
        break;
      }
      if (sum + size > bytesMax) {
        stop = 'bytes';
        this.next = size;
        break;
      }
      rows++;
      sum += size;
      at += size;
      if (at > end) {
        stop = 'partial';
        break;
      }
    }
    counted.rows = rows;
    counted.bytes = sum;
    this.left = at > end ? at - end : 0;
    this.at = Math.min(at, end);
    return stop;
  }
}
