/** One thing that the project has promised to reach, and what a run gave for it. */

export interface Outcome {
  readonly what: string;
  /** How the figure came about: `of pgbouncer`. */
  readonly against: string;
  readonly unit: 'ratio' | 'KiB' | 'MiB' | 'µs' | 'ms';
  readonly value: number;
  /** The quartiles of the rounds. */
  readonly low: number;
  readonly high: number;
  readonly goal: number;
  readonly better: 'higher' | 'lower';
  readonly met: boolean;
}

export type Judged = Pick<Outcome, 'what' | 'against' | 'unit' | 'goal' | 'better'>;

/** With what the rounds gave; null where it was not measured. */
export type GoalValues = Judged & { readonly values: readonly number[] | null };
