/**
 * What one listener's sessions add up to since the start, for metrics. Plain numbers, since every statement counts here;
 * whoever wants them reads them.
 */

/** Upper bounds of the histogram's buckets, in seconds. */
export const DECISION_BUCKETS_S: readonly number[] = [
  0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.01, 0.1,
];
/** Of so many decisions one is timed: the clock costs more than a decision that is looked up. */
const TIMED_EVERY = 32;

export class Meter {
  allowed = 0;
  denied = 0;
  /** Statements of which some column is masked by its origin. */
  masked = 0;
  rows = 0;
  bytes = 0;
  /** Results that a limit has cut. */
  cuts = 0;
  /** Timed decisions by bucket; the last one has those above every bound. */
  readonly decisions = new Uint32Array(DECISION_BUCKETS_S.length + 1);
  decisionSeconds = 0;
  #asked = 0;

  /** Whether this decision is one that is timed. */
  get isTimed(): boolean {
    this.#asked = (this.#asked + 1) % TIMED_EVERY;
    return this.#asked === 0;
  }

  decided(ms: number): void {
    const seconds = ms / 1000;
    this.decisionSeconds += seconds;
    let n = 0;
    while (n < DECISION_BUCKETS_S.length && seconds > (DECISION_BUCKETS_S[n] ?? 0)) n++;
    this.decisions[n] = (this.decisions[n] ?? 0) + 1;
  }
}
