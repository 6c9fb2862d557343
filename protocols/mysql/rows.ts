/**
 * Counts the rows of a result from their headers alone: nothing is decoded, nothing copied. Stops before the
 * first row that would go over the limit, so that a result is always cut between two rows.
 */
import { MalformedBytes } from '../../src/bytes/index.ts';
import type { ResultLimit } from '../../src/core/decision.ts';
import type { Counted } from '../sql/run.ts';
import { HEADER_BYTES, lengthAt, PACKET_PAYLOAD_MAX } from './packet.ts';

export type RowStop =
  /** The next packet is no row, goes on in another packet, or its head is not here yet. */
  | 'other'
  /** The last row counted goes on in the next chunk. */
  | 'partial'
  /** The next row would go over `limit.rows` or `limit.bytes`. */
  | 'rows'
  | 'bytes';

const ERROR = 0xff;
const END = 0xfe;

/**
 * Whether a packet that begins with `first`, where a row or the end of the rows is due, is a row. No row begins with
 * 0xff; one that begins with 0xfe has a cell of 2^24 bytes or more, and so fills its packet.
 */
export function isRow(first: number, length: number, binary: boolean): boolean {
  if (first === ERROR) return false;
  if (first === END) return length === PACKET_PAYLOAD_MAX && !binary;
  if (first < 0 || (binary && first !== 0)) throw new MalformedBytes('neither a row nor the end of rows');
  return true;
}

/** Whether another row of `size` bytes on the wire is within the limit; the reason if it is not. */
export function overLimit(counted: Counted, size: number, limit: ResultLimit): 'rows' | 'bytes' | null {
  if (limit.rows !== null && counted.rows >= limit.rows) return 'rows';
  if (limit.bytes !== null && counted.bytes + size > limit.bytes) return 'bytes';
  return null;
}

/** Whole packets, of which the last may go on, as a copy with sequence ids that are ahead by `shift`. */
export function renumbered(bytes: Buffer, from: number, to: number, shift: number): Buffer {
  const own = Buffer.from(bytes.subarray(from, to));
  for (let at = 0; at + HEADER_BYTES <= own.length; at += HEADER_BYTES + lengthAt(own, at))
    own[at + 3] = (own[at + 3] ?? 0) + shift;
  return own;
}

export class RowCounter {
  /** Where counting stopped, the sequence id that is due there, and the last row's bytes that are still to come. */
  at = 0;
  due = 0;
  left = 0;
  /** Bytes of the row that would go over. */
  next = 0;

  /**
   * Counts rows of one packet each in `bytes[start, end)` into `counted`; the first has the sequence id `due`. A row
   * of which only the head is here counts whole where `partial` is allowed: its bytes follow in any case.
   */
  count(
    bytes: Buffer,
    start: number,
    end: number,
    due: number,
    binary: boolean,
    partial: boolean,
    counted: Counted,
    limit: ResultLimit,
  ): RowStop {
    const rowsMax = limit.rows ?? Number.POSITIVE_INFINITY;
    const bytesMax = limit.bytes ?? Number.POSITIVE_INFINITY;
    let { rows, bytes: sum } = counted;
    let at = start;
    let sequence = due;
    let stop: RowStop = 'other';
    while (end - at > HEADER_BYTES) {
      const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      const first = bytes[at + HEADER_BYTES]!;
      if (length === PACKET_PAYLOAD_MAX || length === 0 || !isRow(first, length, binary)) break;
      const size = HEADER_BYTES + length;
      if (at + size > end && !partial) break;
      if (bytes[at + 3] !== sequence)
        throw new MalformedBytes(`packet ${bytes[at + 3]} where ${sequence} was due`);
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
      sequence = (sequence + 1) & 0xff;
      if (at > end) {
        stop = 'partial';
        break;
      }
    }
    counted.rows = rows;
    counted.bytes = sum;
    this.left = at > end ? at - end : 0;
    this.at = Math.min(at, end);
    this.due = sequence;
    return stop;
  }
}
