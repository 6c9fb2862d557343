/** What a scenario of the bench is, and what it is given to work with. */
import type { PostgresServer } from '../src/demo/postgres-server.ts';
import type { Child } from './child.ts';
import type { Metric, Recorder } from './measurement.ts';
import type { Peers } from './peers/debian.ts';
import type { SluiceVariant } from './peers/sluice.ts';
import type { SluiceProgram } from './sluice-program.ts';

export type TargetName = 'direct' | 'pgbouncer' | 'haproxy' | SluiceVariant;

/** No pooler of ours speaks MySQL. */
export type MysqlTargetName = Exclude<TargetName, 'pgbouncer'>;

/** Something that speaks Postgres or MySQL on a port. */
export interface Target {
  readonly name: TargetName;
  readonly port: number;
  /** Null for the server itself. */
  readonly pid: number | null;
}

export interface BenchOptions {
  readonly rounds: number;
  /** Of one measurement of one target. */
  readonly seconds: number;
  readonly quick: boolean;
  readonly long: boolean;
  /** Proxies have core 0 to themselves; everything else runs on the others. */
  readonly pinned: boolean;
  /** Sluice runs from its TypeScript files in place of the built package. */
  readonly fromSource: boolean;
  readonly only: readonly string[];
}

export interface Bench {
  readonly options: BenchOptions;
  readonly peers: Peers;
  readonly recorder: Recorder;
  /** A folder for logs and scripts, gone after the run. */
  readonly directory: string;
  readonly program: SluiceProgram;
  /** The core that proxies have to themselves; null leaves that to the kernel. */
  readonly proxyCore: number | null;
  /** The targets that run for the whole bench, started when they are first asked for. */
  targets(...names: readonly TargetName[]): Promise<readonly Target[]>;
  /** A proxy of its own, in front of a server of the scenario's. */
  start(
    name: Exclude<TargetName, 'direct'>,
    server: PostgresServer,
    database: string,
    connections: number,
  ): Promise<Child>;
  readonly mysql: MysqlBench;
  /** Shows what is being done. */
  say(text: string): void;
}

/** The same with a MariaDB server, or any of the scenario's own. */
export interface MysqlBench {
  targets(...names: readonly MysqlTargetName[]): Promise<readonly Target[]>;
  start(
    name: Exclude<MysqlTargetName, 'direct'>,
    server: { readonly port: number },
    connections: number,
  ): Promise<Child>;
}

export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  run(bench: Bench): Promise<void>;
}

export const THROUGHPUT: Metric = { metric: 'throughput', unit: 'tps', better: 'higher' };
export const CPU_USER: Metric = { metric: 'cpu-user', unit: 'µs per query', better: 'lower' };
export const CPU_SYSTEM: Metric = { metric: 'cpu-system', unit: 'µs per query', better: 'lower' };

/**
 * Runs a step for every target in turn, for every round. The order turns from round to round, so that no target
 * always comes after the same other one.
 */
export async function interleave<Kind = Target>(
  rounds: number,
  targets: readonly Kind[],
  step: (target: Kind, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < targets.length; n++) {
      const target = targets[(n + round) % targets.length];
      if (target !== undefined) await step(target, round);
    }
  }
}
