/** Counts what detectors find in the values of one column. Values come in, counts go out: none is kept. */
import { type CellType, type DetectorName, DetectorProbe } from '../masking/index.ts';

export interface DetectorCount {
  readonly detector: DetectorName;
  /** Values that are nothing else. */
  readonly whole: number;
  /** Values with something else beside it. */
  readonly part: number;
}

export interface ColumnCensus {
  /** Values that were looked at: not NULL, not blank, not too large to be read. */
  readonly values: number;
  /** Of them, those that begin with a date as `2026-03-01`. */
  readonly isoDates: number;
  /** What was found, most often first. */
  readonly counts: readonly DetectorCount[];
}

export const NOTHING_SAMPLED: ColumnCensus = { values: 0, isoDates: 0, counts: [] };

const ISO_DATE = /^\s*\d{4}-\d\d-\d\d/;

export class CensusTaker {
  readonly #probe: DetectorProbe;
  readonly #counts = new Map<DetectorName, { whole: number; part: number }>();
  #values = 0;
  #isoDates = 0;

  constructor(type: CellType, column: string) {
    this.#probe = new DetectorProbe(type, column);
  }

  add(value: string): void {
    if (value.trim() === '') return;
    this.#values++;
    if (ISO_DATE.test(value)) this.#isoDates++;
    for (const [detector, found] of this.#probe.look(value)) {
      const count = this.#counts.get(detector) ?? { whole: 0, part: 0 };
      count[found]++;
      this.#counts.set(detector, count);
    }
  }

  get census(): ColumnCensus {
    const counts = [...this.#counts].map(([detector, { whole, part }]) => ({ detector, whole, part }));
    counts.sort((a, b) => b.whole + b.part - a.whole - a.part || (a.detector < b.detector ? -1 : 1));
    return { values: this.#values, isoDates: this.#isoDates, counts };
  }
}
