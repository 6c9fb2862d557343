/**
 * Streams cut into what can be read by itself: lines, and events of an event stream. Bytes in at any cut, pieces out
 * that together are the same bytes. Bounded: a piece that does not end in time is `too-long`.
 */

const LF = 0x0a;
const CR = 0x0d;

/** A piece with its end, such as `{"a":1}\n` or a whole event with the blank line behind it. */
export type Piece = Buffer;

/** Where lines end, looked for by Node itself: most bytes end nothing. Asked for positions that only grow. */
class LineEnds {
  readonly #bytes: Buffer;
  #lf = -1;
  #cr = -1;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The first LF from `at` on; the length where there is none. */
  lineFeed(at: number): number {
    if (this.#lf < at) this.#lf = this.#search(LF, at);
    return this.#lf;
  }

  either(at: number): number {
    if (this.#cr < at) this.#cr = this.#search(CR, at);
    return Math.min(this.lineFeed(at), this.#cr);
  }

  #search(byte: number, at: number): number {
    const found = this.#bytes.indexOf(byte, at);
    return found < 0 ? this.#bytes.length : found;
  }
}

export class PieceSplitter {
  readonly #kind: 'lines' | 'events';
  readonly #bytesMax: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The last byte of what is held, and whether the line that it is on is empty so far. */
  #afterCr = false;
  #lineEmpty = true;

  constructor(kind: 'lines' | 'events', bytesMax: number) {
    this.#kind = kind;
    this.#bytesMax = bytesMax;
  }

  /** The pieces that end in `chunk`, in order; `too-long`: one is longer than it may be. */
  push(chunk: Buffer): readonly Piece[] | 'too-long' {
    const pieces: Piece[] = [];
    const ends = new LineEnds(chunk);
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const next = this.#kind === 'lines' ? ends.lineFeed(at) : ends.either(at);
      if (next > at) {
        // What is between two ends of lines is a line that is not empty.
        this.#afterCr = false;
        this.#lineEmpty = false;
        at = next;
      }
      if (at === chunk.length || !this.#endsWith(chunk[at] ?? 0)) continue;
      pieces.push(this.#take(chunk.subarray(from, at + 1)));
      from = at + 1;
    }
    if (from < chunk.length) {
      const rest = Buffer.from(chunk.subarray(from));
      this.#held.push(rest);
      this.#heldBytes += rest.length;
    }
    const isOver = this.#heldBytes > this.#bytesMax || pieces.some(({ length }) => length > this.#bytesMax);
    return isOver ? 'too-long' : pieces;
  }

  /** What is left when the stream has ended; empty where nothing is. */
  end(): Piece {
    return this.#take(Buffer.alloc(0));
  }

  #take(last: Buffer): Piece {
    const piece = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    return piece;
  }

  /** Whether a piece ends with this byte. */
  #endsWith(byte: number): boolean {
    if (this.#kind === 'lines') return byte === LF;
    // Lines of an event stream end with CR LF, LF or CR; an empty one ends the event. The LF of a CR LF is taken along
    // with what follows it, since it may still be to come when the event has been passed on.
    if (byte === LF && this.#afterCr) {
      this.#afterCr = false;
      return false;
    }
    this.#afterCr = byte === CR;
    if (byte !== LF && byte !== CR) {
      this.#lineEmpty = false;
      return false;
    }
    const ends = this.#lineEmpty;
    this.#lineEmpty = true;
    return ends;
  }
}

/** One field of an event (HTML, 9.2.6), by its place in the piece: the value is [start, end). */
export interface EventField {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The lines of an event; a comment has the name ``. */
export function eventFields(piece: Buffer): readonly EventField[] {
  const fields: EventField[] = [];
  const ends = new LineEnds(piece);
  // A byte order mark may begin the stream.
  let at = piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf ? 3 : 0;
  while (at < piece.length) {
    const end = ends.either(at);
    if (end > at) fields.push(fieldOf(piece, at, end));
    at = end + (piece[end] === CR && piece[end + 1] === LF ? 2 : 1);
  }
  return fields;
}

function fieldOf(piece: Buffer, start: number, end: number): EventField {
  let colon = start;
  while (colon < end && piece[colon] !== 0x3a) colon++;
  const name = piece.utf8Slice(start, colon);
  if (colon === end) return { name, start: end, end };
  return { name, start: piece[colon + 1] === 0x20 && colon + 1 < end ? colon + 2 : colon + 1, end };
}
