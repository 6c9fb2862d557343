import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createDatabase } from '../database.ts';
import { DATABASE } from '../pgbench.ts';
import { settledRssKiB } from '../process-usage.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { SinkClient } from '../sink-client.ts';

const CONNECTIONS = 2000;
const AT_ONCE = 40;
const PROXIES = ['pgbouncer', 'haproxy', 'sluice'] as const;

const EMPTY = { metric: 'rss-empty', unit: 'MiB', better: 'lower' } as const;
const PER_CONNECTION = { metric: 'rss-per-connection', unit: 'KiB', better: 'lower' } as const;

/** Resident memory of each proxy before and with 2,000 sessions that have logged in, run one statement, and do nothing more. */
export const idleMemory: Scenario = {
  name: 'idle-memory',
  summary: `RSS per connection with ${CONNECTIONS.toLocaleString('en')} idle sessions`,
  async run(bench) {
    bench.say(`idle-memory  starting a server for ${CONNECTIONS} sessions`);
    const server = await startPostgres({
      settings: { max_connections: String(CONNECTIONS + 100), shared_buffers: '16MB', jit: 'off' },
    });
    try {
      await createDatabase(bench.peers, server, 1);
      for (let round = 0; round < bench.options.rounds; round++) {
        for (const name of PROXIES) await measure(bench, server, name);
      }
    } finally {
      await server.stop();
    }
  },
};

async function measure(bench: Bench, server: PostgresServer, name: (typeof PROXIES)[number]): Promise<void> {
  const proxy = await bench.start(name, server, DATABASE, CONNECTIONS + 100);
  const clients: SinkClient[] = [];
  try {
    // The first session brings what every process needs once: readers, code that is compiled.
    (await session(proxy.port)).end();
    const emptyKiB = await settledRssKiB(proxy.pid);
    while (clients.length < CONNECTIONS) {
      const some = Array.from({ length: AT_ONCE }, () => session(proxy.port));
      clients.push(...(await Promise.all(some)));
    }
    const fullKiB = await settledRssKiB(proxy.pid);
    const perConnection = (fullKiB - emptyKiB) / CONNECTIONS;
    bench.recorder.add('idle-memory', `×${CONNECTIONS}`, name, EMPTY, emptyKiB / 1024);
    bench.recorder.add('idle-memory', `×${CONNECTIONS}`, name, PER_CONNECTION, perConnection);
    bench.say(
      `idle-memory  ${name} ${perConnection.toFixed(1)} KiB per connection, ${(emptyKiB / 1024).toFixed(0)} MiB without`,
    );
  } finally {
    for (const client of clients) client.end();
    await proxy.stop();
  }
}

/** A session that has run something: pgbouncer takes no server connection for it before. */
async function session(port: number): Promise<SinkClient> {
  const client = await SinkClient.connect(port, DATABASE);
  await client.drain('SELECT 1');
  return client;
}
