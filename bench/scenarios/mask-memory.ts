import { setTimeout as delay } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createDatabase } from '../database.ts';
import { DATABASE } from '../pgbench.ts';
import { memory, resetPeak } from '../process-usage.ts';
import type { Bench, Scenario, TargetName } from '../scenario.ts';
import { SinkClient } from '../sink-client.ts';
import { PEOPLE_TABLE, peopleTimes } from './mask-tables.ts';

const PROXIES: readonly { readonly cell: string; readonly name: Exclude<TargetName, 'direct'> }[] = [
  { cell: 'as it is', name: 'sluice' },
  { cell: '2 of 8 columns', name: 'sluice-columns' },
  { cell: 'detectors', name: 'sluice-detectors' },
];
/** The reader takes 4 MB, looks away for 50 ms, and so on: 1 GB in more than 13 s. */
const AT_ONCE_BYTES = 4_000_000;
const ELSEWHERE_MS = 50;
const TIMES = 9;
const QUICK_TIMES = 2;
const START = { metric: 'rss-peak-before', unit: 'MiB', better: 'lower' } as const;
const PEAK = { metric: 'rss-peak', unit: 'MiB', better: 'lower' } as const;
const ROUNDS_MAX = 3;

/** The most memory that Sluice had from the first byte to the last of 1 GB, masked, that is read slowly. */
export const maskMemory: Scenario = {
  name: 'mask-memory',
  summary: 'peak RSS with a masked result of 1 GB and a slow reader (200 MB with --quick)',
  async run(bench) {
    const server = await startPostgres({ settings: { shared_buffers: '256MB' } });
    try {
      await createDatabase(bench.peers, server, 1, PEOPLE_TABLE);
      for (let round = 0; round < Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
        for (const { cell, name } of PROXIES) await measure(bench, server, cell, name);
      }
    } finally {
      await server.stop();
    }
  },
};

async function measure(
  bench: Bench,
  server: PostgresServer,
  cell: string,
  name: Exclude<TargetName, 'direct'>,
): Promise<void> {
  const proxy = await bench.start(name, server, DATABASE, 100);
  try {
    const client = await SinkClient.connect(proxy.port, DATABASE);
    await client.drain('SELECT id, ssn FROM bench_people LIMIT 1');
    const before = memory(proxy.pid).peakKiB / 1024;
    resetPeak(proxy.pid);
    const sql = peopleTimes(bench.options.quick ? QUICK_TIMES : TIMES);
    const { bytes, ms } = await client.drainSlowly(sql, AT_ONCE_BYTES, () => delay(ELSEWHERE_MS));
    client.end();
    const peak = memory(proxy.pid).peakKiB / 1024;
    // A target of the same name for all, so that cells stand beside each other.
    bench.recorder.add('mask-memory', cell, 'sluice', START, before);
    bench.recorder.add('mask-memory', cell, 'sluice', PEAK, peak);
    bench.say(
      `mask-memory ${cell}  ${peak.toFixed(0)} MiB at its peak (${before.toFixed(0)} before), ${(bytes / 1e9).toFixed(2)} GB in ${(ms / 1000).toFixed(1)} s`,
    );
  } finally {
    await proxy.stop();
  }
}
