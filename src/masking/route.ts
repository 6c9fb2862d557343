/**
 * Where a result's cells are masked: in place while that takes less time than anybody notices, in workers once it does.
 * The costs are measured by `node bench/micro/masking.ts` and rounded up; only their sizes against each other matter.
 */
import { baseOf } from './cell-type.ts';
import type { MaskerName } from './maskers/index.ts';
import type { ColumnPlan, MaskPlan } from './plan.ts';

/** Nanoseconds for a cell of text. */
export const CELL_NS: Readonly<Record<MaskerName, number>> = {
  null: 20,
  redact: 20,
  fixed: 20,
  last4: 80,
  first1: 80,
  email: 100,
  year: 100,
  range: 300,
  hash: 2_200,
  token: 15_000,
  fpe: 45_000,
};
/** To decode and encode a value that is no text. */
const VALUE_NS = 400;
const DETECT_CELL_NS = 100;
const DETECT_BYTE_NS = 12;
/** Of a custom pattern, beside the detectors. */
const PATTERN_CELL_NS = 300;
const PATTERN_BYTE_NS = 6;
/** A cell of which nothing more is known. */
const CELL_BYTES = 16;

/** Below this, a worker saves the event loop no more than it costs to send cells there and back. */
const WORTH_NS_PER_BYTE = 10;
/** What a result may take of the event loop in place, in all: small results never see a worker. */
const INLINE_NS_MAX = 2_000_000;
/** A batch is sent at this size, at which what a message costs is lost in what masking costs… */
const BATCH_BYTES = 256 * 1024;
/** …or when it keeps a worker busy for so long that others would wait. */
const BATCH_NS = 20_000_000;

interface Cost {
  readonly rowNs: number;
  readonly byteNs: number;
}

function costOf(plan: MaskPlan): Cost {
  let rowNs = 0;
  let byteNs = 0;
  for (const column of plan.columns) {
    const cost = columnCost(column);
    rowNs += cost.rowNs;
    byteNs = Math.max(byteNs, cost.byteNs);
  }
  return { rowNs, byteNs };
}

function columnCost({ mask, type }: ColumnPlan): Cost {
  if (mask.how === 'mask') {
    const value = baseOf(type).kind === 'text' || CELL_NS[mask.masker.name] <= CELL_NS.redact ? 0 : VALUE_NS;
    return { rowNs: CELL_NS[mask.masker.name] + value, byteNs: 0 };
  }
  const patterns = mask.rules.reduce((sum, rule) => sum + rule.patterns.length, 0);
  return {
    rowNs: DETECT_CELL_NS + patterns * PATTERN_CELL_NS,
    byteNs: DETECT_BYTE_NS + patterns * PATTERN_BYTE_NS,
  };
}

/** One result's choice. It only ever changes from `inline` to `workers`, so rows stay in their order. */
export class MaskRoute {
  readonly #cost: Cost;
  readonly #cheap: boolean;
  #spentNs = 0;

  constructor(plan: MaskPlan) {
    this.#cost = costOf(plan);
    const perRow = Math.max(1, plan.columns.length) * CELL_BYTES;
    this.#cheap = this.#cost.byteNs + this.#cost.rowNs / perRow < WORTH_NS_PER_BYTE;
  }

  /** Whether a result may be so large that it goes to workers. */
  get mayLeave(): boolean {
    return !this.#cheap;
  }

  /** Where rows go next; `bytes` are those of the cells to be masked in them. Counts them as masked there. */
  take(rows: number, bytes: number): 'inline' | 'workers' {
    if (this.#cheap) return 'inline';
    if (this.#spentNs > INLINE_NS_MAX) return 'workers';
    const estimate = this.#estimateNs(rows, bytes);
    if (this.#spentNs + estimate > INLINE_NS_MAX) {
      this.#spentNs = Number.POSITIVE_INFINITY;
      return 'workers';
    }
    this.#spentNs += estimate;
    return 'inline';
  }

  /** Whether a batch of so many rows and bytes is to be sent. */
  isFull(rows: number, bytes: number): boolean {
    return bytes >= BATCH_BYTES || this.#estimateNs(rows, bytes) >= BATCH_NS;
  }

  #estimateNs(rows: number, bytes: number): number {
    return rows * this.#cost.rowNs + bytes * this.#cost.byteNs;
  }
}
