import { MaskFailure, type MaskPool } from './mask-pool.ts';
import type { MaskPlan } from './plan.ts';

/** What a lane tells the result that it belongs to. Never called from inside of `push`. */
export interface LaneEvents {
  /** A masked batch, in the order of the pushes. */
  masked(batch: ArrayBuffer): void;
  /** After `push` gave false: reading may go on. */
  drained(): void;
  /** The result is over: nothing follows, and nothing of it that was not given out may be passed. */
  failed(error: MaskFailure): void;
}

const LANE_BYTES_MAX = 2 * 1024 * 1024;

/** One result's way through the pool: batches are masked side by side and come out in their order. */
export class MaskLane {
  readonly #pool: MaskPool;
  readonly #plan: MaskPlan;
  readonly #events: LaneEvents;
  readonly #bytesMax: number;
  /** By order of the pushes; null until masked. */
  readonly #slots: { masked: ArrayBuffer | null }[] = [];
  #bytes = 0;
  #full = false;
  #over = false;
  #flushing = false;

  constructor(pool: MaskPool, plan: MaskPlan, events: LaneEvents, bytesMax = LANE_BYTES_MAX) {
    this.#pool = pool;
    this.#plan = plan;
    this.#events = events;
    this.#bytesMax = bytesMax;
  }

  /** Batches that have not come out yet. */
  get pending(): number {
    return this.#slots.length;
  }

  /** Takes the batch's memory. False: it was taken, but nothing more should be pushed before `drained`. */
  push(batch: ArrayBuffer): boolean {
    if (this.#over) return false;
    const bytes = batch.byteLength;
    const slot: { masked: ArrayBuffer | null } = { masked: null };
    this.#slots.push(slot);
    this.#bytes += bytes;
    this.#pool.mask(this.#plan, batch).then(
      (masked) => {
        this.#bytes -= bytes;
        slot.masked = masked;
        this.#flush();
      },
      (error: unknown) => this.#fail(error),
    );
    this.#full = this.#bytes >= this.#bytesMax || this.#pool.full;
    return !this.#full;
  }

  /** The result is not wanted any more; no event follows. */
  close(): void {
    this.#over = true;
    this.#slots.length = 0;
  }

  /**
   * Gives out the batch that is next. Several may be there at once; other sessions have their turn between them, since
   * each is some milliseconds of work.
   */
  #flush(): void {
    const masked = this.#slots[0]?.masked ?? null;
    if (this.#over || masked === null || this.#flushing) {
      this.#drain();
      return;
    }
    this.#slots.shift();
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
    this.#events.masked(masked);
    this.#drain();
  }

  #drain(): void {
    if (this.#over || !this.#full || this.#bytes > this.#bytesMax / 2) return;
    if (this.#pool.full) {
      this.#pool.whenRoom(() => this.#drain());
      return;
    }
    this.#full = false;
    this.#events.drained();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.close();
    this.#events.failed(error instanceof MaskFailure ? error : new MaskFailure('threw', error));
  }
}
