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

export class LanePort implements MaskLanePort {
  readonly #lane: MaskLane;
  readonly #writer: BatchWriter;
  readonly #columns: number;
  readonly #route: MaskRoute;

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
      masked: (batch) => inEvent(() => events.masked(new BatchReader(batch))),
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
    return this.#lane.push(this.#writer.take());
  }

  close(): void {
    this.#lane.close();
  }
}
