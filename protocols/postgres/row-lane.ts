/**
 * Rows on their way through worker threads: the rows are kept here, the cells of masked columns go out in batches,
 * and when a batch is back its rows are put together and given out, in their order.
 */
import { ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import {
  type CellMasks,
  MASKED_KEPT,
  MASKED_NULL,
  type MaskedCells,
  type MaskLanePort,
  type ResultMasking,
} from '../../src/core/masks.ts';
import { HEADER_BYTES } from './frame.ts';
import type { GiveOut } from './masked-rows.ts';

/** Rows that wait for their cells: what one batch may keep, and how many batches. */
const ROWS_BYTES_MAX = 1024 * 1024;
const BATCHES_MAX = 8;

type OpenLane = NonNullable<ResultMasking['openLane']>;

export interface RowLaneEvents {
  readonly giveOut: GiveOut;
  /** Reading may go on, or what waited for the rows may. */
  progressed(): void;
  failed(): void;
}

export class RowLane {
  readonly #cells: CellMasks;
  readonly #port: MaskLanePort;
  readonly #events: RowLaneEvents;
  /** The rows of each batch that is out, oldest first. */
  readonly #out: Buffer[] = [];
  #rows = new ByteSink(ROWS_BYTES_MAX);
  #full = false;

  constructor(cells: CellMasks, openLane: OpenLane, events: RowLaneEvents) {
    this.#cells = cells;
    this.#events = events;
    this.#port = openLane({
      masked: (cells) => this.#masked(cells),
      drained: () => {
        this.#full = false;
        events.progressed();
      },
      failed: () => {
        this.#out.length = 0;
        events.failed();
      },
    });
  }

  /** Rows are under way, or wait to be sent off. */
  get isBusy(): boolean {
    return this.#out.length > 0 || this.#rows.at > 0;
  }

  /** No more rows should come for now. */
  get isFull(): boolean {
    return this.#full || this.#out.length >= BATCHES_MAX;
  }

  /** Takes whole rows; they are copied. */
  push(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const next = at + bytes.readInt32BE(at + 1) + 1;
      this.#addCells(bytes, at, next);
      this.#rows.copy(bytes, at, next);
      at = next;
      if (this.#port.isFull || this.#rows.at >= ROWS_BYTES_MAX) this.#send();
    }
    // While nothing is under way there is nothing to wait for.
    if (this.#out.length === 0) this.flush();
  }

  /** Sends off what is there. */
  flush(): void {
    if (this.#rows.at > 0) this.#send();
  }

  close(): void {
    this.#port.close();
    this.#out.length = 0;
  }

  #send(): void {
    this.#out.push(this.#rows.taken());
    this.#rows.reset();
    if (!this.#port.send()) this.#full = true;
  }

  #addCells(bytes: Buffer, start: number, end: number): void {
    forEachCell(bytes, start, end, this.#cells.length, (n, at, length) => {
      if (this.#cells[n] == null) return;
      if (length < 0) this.#port.addNull();
      else this.#port.add(bytes, at + 4, at + 4 + length);
    });
  }

  #masked(cells: MaskedCells): void {
    const rows = this.#out.shift();
    if (rows === undefined) throw new MalformedBytes('masked cells of no rows');
    const sink = new ByteSink(rows.length + 1024);
    for (let at = 0; at < rows.length; ) {
      const next = at + rows.readInt32BE(at + 1) + 1;
      this.#putTogether(rows, at, next, cells, sink);
      at = next;
    }
    this.#events.giveOut(sink.bytes, 0, sink.at);
    if (this.#out.length === 0) this.flush();
    this.#events.progressed();
  }

  #putTogether(rows: Buffer, start: number, end: number, cells: MaskedCells, sink: ByteSink): void {
    const rowAt = sink.at;
    let copied = start;
    forEachCell(rows, start, end, this.#cells.length, (n, at, length) => {
      if (this.#cells[n] == null) return;
      if (!cells.next()) throw new MalformedBytes('fewer masked cells than rows have');
      if (cells.length === MASKED_KEPT) return;
      sink.copy(rows, copied, at);
      sink.i32(Math.max(cells.length, MASKED_NULL));
      if (cells.length > 0) sink.copy(cells.bytes, cells.start, cells.end);
      copied = at + 4 + Math.max(length, 0);
    });
    sink.copy(rows, copied, end);
    sink.bytes.writeInt32BE(sink.at - rowAt - 1, rowAt + 1);
  }
}

/** `at` is where a cell's length stands; -1 is the length of NULL. */
function forEachCell(
  bytes: Buffer,
  start: number,
  end: number,
  columns: number,
  visit: (n: number, at: number, length: number) => void,
): void {
  let at = start + HEADER_BYTES + 2;
  if (at > end) throw new MalformedBytes('a row of wrong size');
  const count = bytes.readInt16BE(start + HEADER_BYTES) & 0xffff;
  if (count !== columns) throw new MalformedBytes(`a row of ${count} cells`);
  for (let n = 0; n < count; n++) {
    if (at + 4 > end) throw new MalformedBytes('a cell past the end of its row');
    const length = bytes.readInt32BE(at);
    const next = at + 4 + Math.max(length, 0);
    if (length < -1 || next > end) throw new MalformedBytes('a cell past the end of its row');
    visit(n, at, length);
    at = next;
  }
  if (at !== end) throw new MalformedBytes('bytes behind the last cell of a row');
}
