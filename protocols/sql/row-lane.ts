/**
 * Rows on their way through worker threads: the rows are kept here, the cells of masked columns go out in batches,
 * and when a batch is back its rows are put together and given out, in their order.
 */
import { ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import type { MaskedCells, MaskLanePort, ResultMasking } from '../../src/core/masks.ts';

/** Rows that wait for their cells: what one batch may keep. */
const ROWS_BYTES_MAX = 1024 * 1024;
/** Memory of larger rows is not kept. */
const SPARE_BYTES_MAX = 2 * ROWS_BYTES_MAX;
/** What a batch of rows begins with. */
const ROWS_BYTES = 256 * 1024;

export type OpenLane = NonNullable<ResultMasking['openLane']>;

/** Rows of one result, as their protocol has them. */
export interface LaneRows {
  /** How many batches may be out. */
  readonly batchesMax: number;
  /** The masked cells of the row at `start` go to the port. Gives where the next row begins. */
  addCells(bytes: Buffer, start: number, end: number, port: MaskLanePort): number;
  /** Rows of a batch with their masked cells, into a sink that is empty. False: none has changed, and it stays so. */
  putTogether(rows: ByteSink, cells: MaskedCells, into: ByteSink): boolean;
}

export interface RowLaneEvents {
  /** Takes `bytes[start, end)`, whole rows, on their way to the client. */
  giveOut(bytes: Buffer, start: number, end: number): void;
  /** What was given out before, in other events, may still be in use. */
  congested(): boolean;
  /** Reading may go on, or what waited for the rows may. */
  progressed(): void;
  /** `oldest` begins with the first row that was not given out. */
  failed(oldest: Buffer): void;
}

export class RowLane {
  readonly #wire: LaneRows;
  readonly #port: MaskLanePort;
  readonly #events: RowLaneEvents;
  /** The rows of each batch that is out, oldest first. */
  readonly #out: ByteSink[] = [];
  /** Memory to be used again: what is allocated for each batch anew is collected seldom, and at a price. */
  readonly #spare: ByteSink[] = [];
  /** What was given out, and may still be in use by a client that is slow. */
  readonly #given: ByteSink[] = [];
  #rows = new ByteSink(ROWS_BYTES);
  #full = false;

  constructor(wire: LaneRows, openLane: OpenLane, events: RowLaneEvents) {
    this.#wire = wire;
    this.#events = events;
    this.#port = openLane({
      masked: (cells) => this.#putTogether(cells),
      drained: () => {
        this.#full = false;
        events.progressed();
      },
      failed: () => {
        const oldest = this.#out[0] ?? this.#rows;
        this.#forget();
        events.failed(oldest.bytes);
      },
    });
  }

  /** Rows are under way, or wait to be sent. */
  get isBusy(): boolean {
    return this.#out.length > 0 || this.#rows.at > 0;
  }

  /** No more rows should come for now. */
  get isFull(): boolean {
    return this.#full || this.#out.length >= this.#wire.batchesMax;
  }

  /** Takes whole rows; they are copied. */
  push(bytes: Buffer, start: number, end: number): void {
    const wire = this.#wire;
    let copied = start;
    for (let at = start; at < end; ) {
      at = wire.addCells(bytes, at, end, this.#port);
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

  #putTogether(cells: MaskedCells): void {
    const rows = this.#out.shift();
    if (rows === undefined) throw new MalformedBytes('masked cells of no rows');
    if (!this.#events.congested()) for (const sink of this.#given.splice(0)) this.#useAgain(sink);
    const sink = this.#empty();
    const changed = this.#wire.putTogether(rows, cells, sink);
    const given = changed ? sink : rows;
    this.#useAgain(changed ? rows : sink);
    this.#given.push(given);
    this.#events.giveOut(given.bytes, 0, given.at);
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
}
