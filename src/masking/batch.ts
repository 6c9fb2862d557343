/**
 * Many cells in one ArrayBuffer of their own, so that it can be transferred to a worker and nothing else goes with it:
 * two words (cells, columns), a length for each cell, row by row, then the cells' bytes. Words are little-endian int32.
 */
import { ByteSink } from './byte-sink.ts';
import { KEPT, maskCell, NULLED } from './cell-masker.ts';
import type { CompiledPlan } from './plan.ts';

const WORD_BYTES = 4;
const HEADER_BYTES = 2 * WORD_BYTES;
export const NULL_CELL = -1;
/** In what comes back: the cell is as it was, and its bytes are not repeated. */
export const KEPT_CELL = -2;

/** Collects the cells of a plan's columns, row by row. */
export class BatchWriter {
  readonly #columns: number;
  readonly #bytes: ByteSink;
  #lengths = new Int32Array(1024);
  #cells = 0;

  constructor(columns: number, sizeBytes = 64 * 1024) {
    this.#columns = columns;
    this.#bytes = new ByteSink(sizeBytes);
  }

  get cells(): number {
    return this.#cells;
  }

  /** Bytes of the cells so far. */
  get bytes(): number {
    return this.#bytes.at;
  }

  add(source: Buffer, start: number, end: number): void {
    this.#bytes.copy(source, start, end);
    this.#length(end - start);
  }

  addNull(): void {
    this.#length(NULL_CELL);
  }

  #length(length: number): void {
    if (this.#cells === this.#lengths.length) {
      const grown = new Int32Array(this.#lengths.length * 2);
      grown.set(this.#lengths);
      this.#lengths = grown;
    }
    this.#lengths[this.#cells++] = length;
  }

  /** What `take` needs for what is there. */
  get packedBytes(): number {
    return HEADER_BYTES + this.#cells * WORD_BYTES + this.#bytes.at;
  }

  /** All cells so far, in memory of their own or in `packed`; the writer starts anew. Throws in the middle of a row. */
  take(packed = new ArrayBuffer(this.packedBytes)): ArrayBuffer {
    const cells = this.#cells;
    if (cells % this.#columns !== 0) throw new Error('a batch ends with a whole row');
    const words = new Int32Array(packed, 0, 2 + cells);
    words[0] = cells;
    words[1] = this.#columns;
    words.set(this.#lengths.subarray(0, cells), 2);
    this.#bytes.bytes.copy(Buffer.from(packed), words.byteLength, 0, this.#bytes.at);
    this.#cells = 0;
    this.#bytes.reset();
    return packed;
  }
}

/** Goes through the cells of a batch in their order. Throws where the words do not fit together. */
export class BatchReader {
  readonly cells: number;
  readonly columns: number;
  /** All cells' bytes; `start` and `end` are positions in it. */
  readonly bytes: Buffer;
  readonly #lengths: Int32Array;
  #cell = -1;
  start = 0;
  end = 0;

  constructor(batch: ArrayBuffer) {
    const [cells = -1, columns = 0] = new Int32Array(batch, 0, 2);
    const head = HEADER_BYTES + cells * WORD_BYTES;
    if (cells < 0 || columns < 1 || cells % columns !== 0 || head > batch.byteLength) {
      throw new Error('a batch with a broken head');
    }
    this.cells = cells;
    this.columns = columns;
    this.#lengths = new Int32Array(batch, HEADER_BYTES, cells);
    this.bytes = Buffer.from(batch, head);
  }

  /** Goes to the next cell; false behind the last one. */
  next(): boolean {
    if (++this.#cell >= this.cells) return false;
    this.start = this.end;
    this.end += Math.max(0, this.length);
    if (this.end > this.bytes.length) throw new Error('a batch shorter than its cells');
    return true;
  }

  /** Of the cell at hand, in bytes; NULL_CELL or KEPT_CELL where it has none. */
  get length(): number {
    return this.#lengths[this.#cell] ?? NULL_CELL;
  }

  /** The number of the plan's column that the cell at hand is of. */
  get column(): number {
    return this.#cell % this.columns;
  }
}

/**
 * Masks a whole batch: the same cells in the same order, each masked, NULL or kept. They take the batch's own memory
 * where they fit, and larger memory where they do not; `out` is used meanwhile. A thread that took new memory for
 * every batch would have tens of megabytes of it before any is collected.
 */
export function maskBatch(plan: CompiledPlan, batch: ArrayBuffer, out = new ByteSink()): ArrayBuffer {
  const reader = new BatchReader(batch);
  if (reader.columns !== plan.columns.length) throw new Error('a batch of another plan');
  const lengths = new Int32Array(batch, HEADER_BYTES, reader.cells);
  out.reset();
  for (let i = 0; reader.next(); i++) {
    lengths[i] = maskOne(plan, reader.column, reader.bytes, reader.start, reader.end, reader.length, out);
  }
  const head = HEADER_BYTES + lengths.byteLength;
  const masked = head + out.at <= batch.byteLength ? batch : new ArrayBuffer(head + out.at);
  if (masked !== batch) new Uint8Array(masked).set(new Uint8Array(batch, 0, head));
  out.bytes.copy(Buffer.from(masked), head, 0, out.at);
  return masked;
}

/**
 * Masks one cell of a plan's column; what it becomes is written to `out`, and its new length is given back, or
 * NULL_CELL or KEPT_CELL. `length` is the cell's own, NULL_CELL where it is NULL. Never throws.
 */
export function maskOne(
  plan: CompiledPlan,
  column: number,
  source: Buffer,
  start: number,
  end: number,
  length: number,
  out: ByteSink,
): number {
  const compiled = plan.columns[column];
  if (compiled === undefined) return NULL_CELL;
  const { cell, ofNull } = compiled;
  if (length === NULL_CELL) {
    if (ofNull === null) return KEPT_CELL;
    out.copy(ofNull, 0, ofNull.length);
    return ofNull.length;
  }
  if (cell === null) return KEPT_CELL;
  const before = out.at;
  const outcome = maskCell(cell, source, start, end, out);
  if (outcome === KEPT) return KEPT_CELL;
  return outcome === NULLED ? NULL_CELL : out.at - before;
}
