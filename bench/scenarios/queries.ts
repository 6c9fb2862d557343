/** One pgbench run against one target, with what it cost the proxy. Shared by the scenarios that use pgbench. */
import { type PgbenchOptions, type PgbenchResult, runPgbench } from '../pgbench.ts';
import { cpuTime } from '../process-usage.ts';
import { type Bench, CPU_SYSTEM, CPU_USER, type Target, THROUGHPUT } from '../scenario.ts';

const US_PER_MS = 1000;

const WARM_UP_SECONDS = 1;

/** Runs a cell once for each target without counting it: code that has not run yet is slow until it is compiled. */
export async function warmUp(
  bench: Bench,
  targets: readonly Target[],
  options: Omit<PgbenchOptions, 'peers' | 'port' | 'seconds'>,
): Promise<void> {
  for (const { port } of targets) {
    await runPgbench({ ...options, peers: bench.peers, port, seconds: WARM_UP_SECONDS });
  }
}

export async function measureQueries(
  bench: Bench,
  scenario: string,
  cell: string,
  target: Target,
  options: Omit<PgbenchOptions, 'peers' | 'port'>,
): Promise<PgbenchResult> {
  const before = target.pid === null ? null : cpuTime(target.pid);
  const result = await runPgbench({ ...options, peers: bench.peers, port: target.port });
  if (result.transactions === 0)
    throw new Error(`${target.name}: no transaction in ${options.seconds} s; the machine is too busy`);
  bench.recorder.add(scenario, cell, target.name, THROUGHPUT, result.tps);
  let cpu = '';
  if (target.pid !== null && before !== null) {
    const after = cpuTime(target.pid);
    const user = ((after.userMs - before.userMs) * US_PER_MS) / result.transactions;
    const system = ((after.systemMs - before.systemMs) * US_PER_MS) / result.transactions;
    bench.recorder.add(scenario, cell, target.name, CPU_USER, user);
    bench.recorder.add(scenario, cell, target.name, CPU_SYSTEM, system);
    cpu = `, ${user.toFixed(1)} + ${system.toFixed(1)} µs`;
  }
  bench.say(`${scenario} ${cell}  ${target.name} ${Math.round(result.tps).toLocaleString('en')} tps${cpu}`);
  return result;
}
