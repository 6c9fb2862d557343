/** One run of sysbench against one target, with what it cost the proxy. Shared by the scenarios that use it. */
import { cpuTime } from '../process-usage.ts';
import { type Bench, CPU_SYSTEM, CPU_USER, type Target, THROUGHPUT } from '../scenario.ts';
import { runSysbench, type SysbenchOptions, type SysbenchResult } from './sysbench.ts';

const US_PER_MS = 1000;
const WARM_UP_SECONDS = 1;

export type Selects = Omit<SysbenchOptions, 'peers' | 'port'>;

/** Runs a cell once for each target without counting it: code that has not run yet is slow until it is compiled. */
export async function warmUpSelects(
  bench: Bench,
  targets: readonly Target[],
  options: Omit<Selects, 'seconds'>,
): Promise<void> {
  for (const { port } of targets)
    await runSysbench({ ...options, peers: bench.peers, port, seconds: WARM_UP_SECONDS });
}

export async function measureSelects(
  bench: Bench,
  scenario: string,
  cell: string,
  target: Target,
  options: Selects,
): Promise<SysbenchResult> {
  const result = await withCpu(bench, scenario, cell, target, async () => {
    const ran = await runSysbench({ ...options, peers: bench.peers, port: target.port });
    if (ran.transactions === 0)
      throw new Error(`${target.name}: no transaction in ${options.seconds} s; the machine is too busy`);
    return { ...ran, count: ran.transactions };
  });
  bench.recorder.add(scenario, cell, target.name, THROUGHPUT, result.tps);
  return result;
}

/** Records what the proxy's process used per query of a step; `count` says how many those were. */
export async function withCpu<Result extends { readonly count: number; readonly tps: number }>(
  bench: Bench,
  scenario: string,
  cell: string,
  target: Target,
  step: () => Promise<Result>,
): Promise<Result> {
  const before = target.pid === null ? null : cpuTime(target.pid);
  const result = await step();
  let cpu = '';
  if (target.pid !== null && before !== null) {
    const after = cpuTime(target.pid);
    const user = ((after.userMs - before.userMs) * US_PER_MS) / result.count;
    const system = ((after.systemMs - before.systemMs) * US_PER_MS) / result.count;
    bench.recorder.add(scenario, cell, target.name, CPU_USER, user);
    bench.recorder.add(scenario, cell, target.name, CPU_SYSTEM, system);
    cpu = `, ${user.toFixed(1)} + ${system.toFixed(1)} µs`;
  }
  bench.say(`${scenario} ${cell}  ${target.name} ${Math.round(result.tps).toLocaleString('en')} tps${cpu}`);
  return result;
}
