import { setTimeout as delay } from 'node:timers/promises';
import { MYSQL_DATABASE, mysqlPeopleTimes } from '../mysql/database.ts';
import { MysqlSinkClient } from '../mysql/sink-client.ts';
import { memory, resetPeak } from '../process-usage.ts';
import type { Bench, MysqlTargetName, Scenario } from '../scenario.ts';

const PROXIES: readonly { readonly cell: string; readonly name: Exclude<MysqlTargetName, 'direct'> }[] = [
  { cell: 'as it is', name: 'haproxy' },
  { cell: 'as it is', name: 'sluice' },
  { cell: '2 of 8 columns masked', name: 'sluice-columns' },
];
const TIMES = 9;
const QUICK_TIMES = 2;
const READ_FIRST_BYTES = 50_000_000;
const STOP_MS = 2000;
const LONG_STOP_MS = 30_000;
const SETTLE_MS = 500;
const WARM_UP_STATEMENTS = 50;
const ROUNDS_MAX = 2;
const START = { metric: 'rss-peak-before', unit: 'MiB', better: 'lower' } as const;
const STOPPED = { metric: 'rss-while-stopped', unit: 'MiB', better: 'lower' } as const;
const PEAK = { metric: 'rss-peak', unit: 'MiB', better: 'lower' } as const;

/** The most memory a proxy had while a client asked for 1 GB, stopped reading, and went on to the end. */
export const mysqlStoppedReader: Scenario = {
  name: 'mysql-stopped-reader',
  summary:
    'peak RSS with a 1 GB result of MariaDB whose reader stops for 2 s (30 s with --long), also masked',
  async run(bench) {
    const [direct] = await bench.mysql.targets('direct');
    for (let round = 0; round < Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
      for (const { cell, name } of PROXIES) await measure(bench, direct?.port ?? 0, cell, name);
    }
  },
};

async function measure(
  bench: Bench,
  serverPort: number,
  kind: string,
  name: Exclude<MysqlTargetName, 'direct'>,
): Promise<void> {
  const proxy = await bench.mysql.start(name, { port: serverPort }, 100);
  try {
    const client = await MysqlSinkClient.connect(proxy.port, MYSQL_DATABASE);
    for (let n = 0; n < WARM_UP_STATEMENTS; n++)
      await client.run(`SELECT id AS column_${n}, ssn FROM bench_people LIMIT 100`);
    await delay(SETTLE_MS);
    const before = memory(proxy.pid).peakKiB / 1024;
    resetPeak(proxy.pid);
    const stopMs = bench.options.long ? LONG_STOP_MS : STOP_MS;
    const cell = `${kind}, ${stopMs / 1000} s`;
    let stopped = 0;
    const sql = mysqlPeopleTimes(bench.options.quick ? QUICK_TIMES : TIMES);
    const drained = await client.drainWithPause(sql, READ_FIRST_BYTES, async () => {
      await delay(stopMs);
      stopped = memory(proxy.pid).rssKiB / 1024;
    });
    client.end();
    const peak = memory(proxy.pid).peakKiB / 1024;
    // A target of the same name for all, so that cells stand beside each other.
    const target = name === 'haproxy' ? name : 'sluice';
    bench.recorder.add('mysql-stopped-reader', cell, target, START, before);
    bench.recorder.add('mysql-stopped-reader', cell, target, STOPPED, stopped);
    bench.recorder.add('mysql-stopped-reader', cell, target, PEAK, peak);
    bench.say(
      `mysql-stopped-reader ${cell}  ${name} ${stopped.toFixed(0)} MiB while stopped, ${peak.toFixed(0)} at its peak (${before.toFixed(0)} before), ${(drained.bytes / 1e9).toFixed(2)} GB in ${(drained.ms / 1000).toFixed(1)} s`,
    );
  } finally {
    await proxy.stop();
  }
}
