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
  type MysqlResultField,
  type ResultMasking,
} from '../../src/core/masks.ts';
import type { GiveOut } from './masked-rows.ts';
import { HEADER_BYTES } from './packet.ts';
import { NULL_AT, RowCells } from './row-cells.ts';
import { maskedColumns, packetEnd, RowSplicer } from './row-splicer.ts';

/** Rows that wait for their cells: what one batch may keep, and how many batches. */
const ROWS_BYTES_MAX = 1024 * 1024;
const BATCHES_MAX = 8;
/** Memory of larger rows is not kept. */
const SPARE_BYTES_MAX = 2 * ROWS_BYTES_MAX;
/** What a batch of rows begins with. */
const ROWS_BYTES = 256 * 1024;

type OpenLane = NonNullable<ResultMasking['openLane']>;

export interface RowLaneEvents {
  readonly giveOut: GiveOut;
  /** What was given out before, in other events, may still be in use. */
  congested(): boolean;
  /** Reading may go on, or what waited for the rows may. */
  progressed(): void;
  /** `sequence` is the one of the first row that was not given out. */
  failed(sequence: number): void;
}

export class RowLane {
  readonly #masked: readonly number[];
  readonly #cells: RowCells;
  readonly #port: MaskLanePort;
  readonly #events: RowLaneEvents;
  /** The rows of each batch that is out, oldest first. */
  readonly #out: ByteSink[] = [];
  /** Memory to be used again: what is allocated for each batch anew is collected seldom, and at a price. */
  readonly #spare: ByteSink[] = [];
  /** What was given out, and may still be in use by a client that is slow. */
  readonly #given: ByteSink[] = [];
  readonly #splicer: RowSplicer;
  #rows = new ByteSink(ROWS_BYTES);
  #full = false;

  constructor(
    masks: CellMasks,
    fields: readonly MysqlResultField[],
    openLane: OpenLane,
    events: RowLaneEvents,
  ) {
    this.#masked = maskedColumns(masks);
    this.#cells = new RowCells(fields);
    this.#events = events;
    this.#splicer = new RowSplicer(this.#rows, this.#cells);
    this.#port = openLane({
      masked: (cells) => this.#putTogether(cells),
      drained: () => {
        this.#full = false;
        events.progressed();
      },
      failed: () => {
        const first = this.#out[0] ?? this.#rows;
        const sequence = first.bytes[3] ?? 0;
        this.#forget();
        events.failed(sequence);
      },
    });
  }

  /** Rows are under way, or wait to be sent. */
  get isBusy(): boolean {
    return this.#out.length > 0 || this.#rows.at > 0;
  }

  /** No more rows should come for now. */
  get isFull(): boolean {
    return this.#full || this.#out.length >= BATCHES_MAX;
  }

  /** Takes whole rows, a packet each; they are copied. */
  push(bytes: Buffer, start: number, end: number): void {
    let copied = start;
    for (let at = start; at < end; ) {
      const next = packetEnd(bytes, at);
      this.#addCells(bytes, at, next);
      at = next;
      if (!this.#port.isFull && this.#rows.at + at - copied < ROWS_BYTES_MAX) continue;
      this.#rows.copy(bytes, copied, at);
      copied = at;
      this.#send();
    }
    this.#rows.copy(bytes, copied, end);
    // While nothing is under way there is nothing to wait for.
    if (this.#out.length === 0) this.flush();
  }

  /** Sends what is there. */
  flush(): void {
    if (this.#rows.at > 0) this.#send();
  }

  close(): void {
    this.#port.close();
    this.#forget();
  }

  #forget(): void {
    this.#out.length = 0;
    this.#spare.length = 0;
    this.#rows.reset();
  }

  #send(): void {
    this.#out.push(this.#rows);
    this.#rows = this.#empty();
    if (!this.#port.send()) this.#full = true;
  }

  #addCells(bytes: Buffer, start: number, end: number): void {
    const cells = this.#cells;
    const masked = this.#masked;
    cells.read(bytes, start + HEADER_BYTES, end);
    for (let i = 0; i < masked.length; i++) {
      const n = masked[i] ?? 0;
      const value = cells.values[n] ?? NULL_AT;
      if (value === NULL_AT) this.#port.addNull();
      else this.#port.add(bytes, value, cells.starts[n + 1] ?? 0);
    }
  }

  #putTogether(cells: MaskedCells): void {
    const rows = this.#out.shift();
    if (rows === undefined) throw new MalformedBytes('masked cells of no rows');
    if (!this.#events.congested()) for (const sink of this.#given.splice(0)) this.#useAgain(sink);
    const splicer = this.#splicer;
    const sink = this.#empty();
    splicer.sink = sink;
    splicer.begin(rows.bytes, 0);
    for (let at = 0; at < rows.at; ) {
      const next = packetEnd(rows.bytes, at);
      this.#row(rows, at, next, cells);
      at = next;
    }
    const changed = splicer.finish(0, rows.at);
    const given = changed ? sink : rows;
    this.#useAgain(changed ? rows : sink);
    this.#given.push(given);
    this.#events.giveOut(given.bytes, 0, given.at, changed ? splicer.grown : 0);
    if (this.#out.length === 0) this.flush();
    this.#events.progressed();
  }

  #empty(): ByteSink {
    return this.#spare.pop() ?? new ByteSink(ROWS_BYTES);
  }

  #useAgain(sink: ByteSink): void {
    sink.reset();
    if (sink.bytes.length <= SPARE_BYTES_MAX) this.#spare.push(sink);
  }

  #row(rows: ByteSink, start: number, end: number, masked: MaskedCells): void {
    const splicer = this.#splicer;
    const columns = this.#masked;
    this.#cells.read(rows.bytes, start + HEADER_BYTES, end);
    splicer.row(start);
    for (let i = 0; i < columns.length; i++) {
      const n = columns[i] ?? 0;
      if (!masked.next()) throw new MalformedBytes('fewer masked cells than rows have');
      const { length } = masked;
      if (length === MASKED_KEPT) continue;
      if (length === MASKED_NULL) splicer.replaceByNull(n);
      else splicer.replace(n, masked.bytes, masked.start, masked.end);
    }
    splicer.endRow(end);
  }
}
