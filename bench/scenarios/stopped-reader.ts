import { setTimeout as delay } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createDatabase } from '../database.ts';
import { DATABASE } from '../pgbench.ts';
import { memory, resetPeak } from '../process-usage.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { SinkClient } from '../sink-client.ts';

const SQL = "SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000) AS n LIMIT 1000000";
const PROXIES = ['pgbouncer', 'haproxy', 'sluice'] as const;
const READ_FIRST_BYTES = 1_000_000;
const STOP_MS = 2_000;
const SETTLE_MS = 1_000;
const LONG_STOP_MS = 30_000;
const STOPPED = { metric: 'rss-while-stopped', unit: 'MiB', better: 'lower' } as const;
const START = { metric: 'rss-peak-before', unit: 'MiB', better: 'lower' } as const;
const PEAK = { metric: 'rss-peak', unit: 'MiB', better: 'lower' } as const;

const WARM_UP_STATEMENTS = 50;

/**
 * The most memory a proxy had while a client asked for 1 GB, stopped reading, and went on to the end. What starting
 * took, and compiling code at its first use, is a figure of its own.
 */
export const stoppedReader: Scenario = {
  name: 'stopped-reader',
  summary: 'peak RSS with a 1 GB result whose reader stops for 2 s (30 s with --long)',
  async run(bench) {
    const server = await startPostgres({ settings: { shared_buffers: '64MB' } });
    try {
      await createDatabase(bench.peers, server, 1);
      for (let round = 0; round < Math.min(bench.options.rounds, 3); round++) {
        for (const name of PROXIES) await measure(bench, server, name);
      }
    } finally {
      await server.stop();
    }
  },
};

async function measure(bench: Bench, server: PostgresServer, name: (typeof PROXIES)[number]): Promise<void> {
  const proxy = await bench.start(name, server, DATABASE, 100);
  try {
    const client = await SinkClient.connect(proxy.port, DATABASE);
    for (let n = 0; n < WARM_UP_STATEMENTS; n++)
      await client.drain(`SELECT n AS column_${n} FROM generate_series(1, 100) AS n LIMIT 100`);
    await delay(SETTLE_MS);
    const before = memory(proxy.pid).peakKiB / 1024;
    resetPeak(proxy.pid);
    const stopMs = bench.options.long ? LONG_STOP_MS : STOP_MS;
    let stopped = 0;
    const drained = await client.drainWithPause(SQL, READ_FIRST_BYTES, async () => {
      await delay(stopMs);
      stopped = memory(proxy.pid).rssKiB / 1024;
    });
    client.end();
    const peak = memory(proxy.pid).peakKiB / 1024;
    bench.recorder.add('stopped-reader', `${stopMs / 1000} s`, name, START, before);
    bench.recorder.add('stopped-reader', `${stopMs / 1000} s`, name, STOPPED, stopped);
    bench.recorder.add('stopped-reader', `${stopMs / 1000} s`, name, PEAK, peak);
    bench.say(
      `stopped-reader  ${name} ${stopped.toFixed(0)} MiB while stopped, ${peak.toFixed(0)} at its peak (${before.toFixed(0)} before), ${(drained.bytes / 1e9).toFixed(2)} GB in ${(drained.ms / 1000).toFixed(1)} s`,
    );
  } finally {
    await proxy.stop();
  }
}
