import { createMysqlDatabase, MYSQL_DATABASE, startMysqlServer } from '../mysql/database.ts';
import { MysqlSinkClient } from '../mysql/sink-client.ts';
import { memory, settledRssKiB } from '../process-usage.ts';
import type { Bench, Scenario } from '../scenario.ts';

const CONNECTIONS = 2000;
const AT_ONCE = 40;
const ROUNDS_MAX = 2;
const PROXIES = ['haproxy', 'sluice'] as const;

const EMPTY = { metric: 'rss-empty', unit: 'MiB', better: 'lower' } as const;
const PER_CONNECTION = { metric: 'rss-per-connection', unit: 'KiB', better: 'lower' } as const;

/** Resident memory of each proxy before and with 2,000 sessions that have logged in, run one statement, and do nothing more. */
export const mysqlIdleMemory: Scenario = {
  name: 'mysql-idle-memory',
  summary: `RSS per connection with ${CONNECTIONS.toLocaleString('en')} idle sessions to MariaDB`,
  async run(bench) {
    bench.say(`mysql-idle-memory  starting a server for ${CONNECTIONS} sessions`);
    const server = await startMysqlServer(CONNECTIONS);
    try {
      await createMysqlDatabase(bench.peers, server, false);
      for (let round = 0; round < Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
        for (const name of PROXIES) await measure(bench, server.port, name);
      }
    } finally {
      await server.stop();
    }
  },
};

async function measure(bench: Bench, port: number, name: (typeof PROXIES)[number]): Promise<void> {
  const proxy = await bench.mysql.start(name, { port }, CONNECTIONS + 100);
  const clients: MysqlSinkClient[] = [];
  try {
    // The first session brings what every process needs once: the reader, code that is compiled.
    (await session(proxy.port)).end();
    const emptyKiB = await settledRssKiB(proxy.pid);
    while (clients.length < CONNECTIONS) {
      const some = Array.from({ length: AT_ONCE }, () => session(proxy.port));
      clients.push(...(await Promise.all(some)));
    }
    const fullKiB = await settledRssKiB(proxy.pid);
    const perConnection = (fullKiB - emptyKiB) / CONNECTIONS;
    bench.recorder.add('mysql-idle-memory', `×${CONNECTIONS}`, name, EMPTY, emptyKiB / 1024);
    bench.recorder.add('mysql-idle-memory', `×${CONNECTIONS}`, name, PER_CONNECTION, perConnection);
    bench.say(
      `mysql-idle-memory  ${name} ${perConnection.toFixed(1)} KiB per connection, ${(emptyKiB / 1024).toFixed(0)} MiB without, ${(memory(proxy.pid).peakKiB / 1024).toFixed(0)} MiB at its peak`,
    );
  } finally {
    for (const client of clients) client.end();
    await proxy.stop();
  }
}

async function session(port: number): Promise<MysqlSinkClient> {
  const client = await MysqlSinkClient.connect(port, MYSQL_DATABASE);
  await client.run('SELECT 1');
  return client;
}
