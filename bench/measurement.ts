/** What a run of the bench gives: series of rounds, each with its name and unit, and the file they are kept in. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { pairedRatios } from './statistics.ts';

const measurementSchema = z.strictObject({
  /** The scenario's name: `select`. */
  scenario: z.string(),
  /** The case within it: `simple ×16`. */
  cell: z.string(),
  /** Through what: `direct`, `pgbouncer`, `haproxy`, `sluice`, … */
  target: z.string(),
  /** What was measured: `throughput`, `cpu-user`, `p50`, … */
  metric: z.string(),
  unit: z.string(),
  better: z.enum(['higher', 'lower']),
  /** One value per round; the nth rounds of all targets of a cell ran one after the other. */
  rounds: z.array(z.number()),
});

const runSchema = z.strictObject({
  format: z.literal(1),
  /** ISO 8601, UTC. */
  date: z.string(),
  machine: z.strictObject({
    name: z.string(),
    cpu: z.string(),
    cores: z.int(),
    memoryGiB: z.number(),
    kernel: z.string(),
    node: z.string(),
    /** The file system that journals were written to. */
    journalFileSystem: z.string(),
    /** Of the last minute, when the run began: a figure near the number of cores says that others were at work. */
    loadAtStart: z.number(),
  }),
  commit: z.string(),
  /** Whether tracked files differed from the commit. */
  dirty: z.boolean(),
  versions: z.record(z.string(), z.string()),
  options: z.strictObject({
    rounds: z.int(),
    seconds: z.number(),
    quick: z.boolean(),
    long: z.boolean(),
    pinned: z.boolean(),
    fromSource: z.boolean(),
    only: z.array(z.string()),
  }),
  measurements: z.array(measurementSchema),
});

export type Measurement = z.output<typeof measurementSchema>;
export type Run = z.output<typeof runSchema>;
export type Metric = Pick<Measurement, 'metric' | 'unit' | 'better'>;

/** Throws an Error that names the file when it is missing or is no result of this bench. */
export function readRun(file: string): Run {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = runSchema.safeParse(read);
  if (!parsed.success)
    throw new Error(`${file} is no result of this bench: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

export function writeRun(file: string, run: Run): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(run, null, 1)}\n`);
}

/** Takes measurements as they are made, a round at a time. */
export class Recorder {
  readonly #series = new Map<string, Measurement>();

  add(scenario: string, cell: string, target: string, metric: Metric, value: number): void {
    const key = [scenario, cell, target, metric.metric].join('\n');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { scenario, cell, target, ...metric, rounds: [] };
      this.#series.set(key, series);
    }
    series.rounds.push(value);
  }

  get measurements(): Measurement[] {
    return [...this.#series.values()];
  }
}

/** Measurements by what they are of. */
export class Measurements {
  readonly all: readonly Measurement[];

  constructor(all: readonly Measurement[]) {
    this.all = all;
  }

  rounds(scenario: string, cell: string, target: string, metric: string): readonly number[] | null {
    const found = this.all.find(
      (one) =>
        one.scenario === scenario && one.cell === cell && one.target === target && one.metric === metric,
    );
    return found === undefined || found.rounds.length === 0 ? null : found.rounds;
  }

  /** Of one target to another, round by round; null when one side was not measured. */
  ratios(
    scenario: string,
    cell: string,
    metric: string,
    target: string,
    base: string,
  ): readonly number[] | null {
    const of = this.rounds(scenario, cell, target, metric);
    const to = this.rounds(scenario, cell, base, metric);
    return of === null || to === null ? null : pairedRatios(of, to);
  }

  /** The cells of a scenario in the order in which they were measured. */
  cells(scenario: string): readonly string[] {
    return [...new Set(this.all.filter((one) => one.scenario === scenario).map((one) => one.cell))];
  }

  targets(scenario: string, metric: string): readonly string[] {
    const those = this.all.filter((one) => one.scenario === scenario && one.metric === metric);
    return [...new Set(those.map((one) => one.target))];
  }
}
