/** A masking lane as sessions see it: cells in, masked cells out, each of its events one event of the session. */
import type { MaskLaneEvents, MaskLanePort } from '../core/masks.ts';
import {
  BatchReader,
  BatchWriter,
  MaskLane,
  type MaskPlan,
  type MaskPool,
  type MaskRoute,
} from '../masking/index.ts';

/** Batches of one result are of about the same size: rounded up, the memory of one serves for the next. */
const STEP_BYTES = 128 * 1024;
const SPARE_MAX = 4;

export class LanePort implements MaskLanePort {
  readonly #lane: MaskLane;
  readonly #writer: BatchWriter;
  readonly #columns: number;
  readonly #route: MaskRoute;
  /** Memory of batches that are through. It has held cells of this result and of no other. */
  readonly #spare: ArrayBuffer[] = [];

  constructor(
    pool: MaskPool,
    plan: MaskPlan,
    route: MaskRoute,
    events: MaskLaneEvents,
    inEvent: (step: () => void) => void,
  ) {
    this.#columns = plan.columns.length;
    this.#route = route;
    this.#writer = new BatchWriter(plan.columns.length);
    this.#lane = new MaskLane(pool, plan, {
      masked: (batch) =>
        inEvent(() => {
          events.masked(new BatchReader(batch));
          if (this.#spare.length < SPARE_MAX) this.#spare.push(batch);
        }),
      drained: () => inEvent(() => events.drained()),
      failed: () => inEvent(() => events.failed()),
    });
  }

  add(source: Buffer, start: number, end: number): void {
    this.#writer.add(source, start, end);
  }

  addNull(): void {
    this.#writer.addNull();
  }

  get isFull(): boolean {
    return this.#route.isFull(this.#writer.cells / this.#columns, this.#writer.bytes);
  }

  get pending(): number {
    return this.#lane.pending;
  }

  send(): boolean {
    const size = this.#writer.packedBytes;
    const spare = this.#spare.pop();
    const fits = spare !== undefined && spare.byteLength >= size;
    const memory = fits ? spare : new ArrayBuffer(Math.ceil(size / STEP_BYTES) * STEP_BYTES);
    return this.#lane.push(this.#writer.take(memory));
  }

  close(): void {
    this.#lane.close();
    this.#spare.length = 0;
  }
}
