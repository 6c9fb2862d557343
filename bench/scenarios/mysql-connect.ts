import { MYSQL_DATABASE } from '../mysql/database.ts';
import { withCpu } from '../mysql/queries.ts';
import { MysqlSinkClient } from '../mysql/sink-client.ts';
import { type Bench, interleave, type Scenario, type Target, THROUGHPUT } from '../scenario.ts';

const CLIENTS = [1, 8] as const;
const WARM_UP_SECONDS = 1;
const MS_PER_SECOND = 1000;

/** Connect, log in, one select, close. Everything here opens a connection to the server for each. */
export const mysqlConnections: Scenario = {
  name: 'mysql-connect',
  summary: 'MariaDB connections per second: connect, log in, one select, close',
  async run(bench) {
    const targets = await bench.mysql.targets('direct', 'haproxy', 'sluice');
    for (const clients of CLIENTS) {
      for (const target of targets) await connectAgain(target, clients, WARM_UP_SECONDS);
      await interleave(bench.options.rounds, targets, (target) => measure(bench, target, clients));
    }
  },
};

async function measure(bench: Bench, target: Target, clients: number): Promise<void> {
  const { tps } = await withCpu(bench, 'mysql-connect', `×${clients}`, target, () =>
    connectAgain(target, clients, bench.options.seconds),
  );
  bench.recorder.add('mysql-connect', `×${clients}`, target.name, THROUGHPUT, tps);
}

/** Sysbench keeps its connections, so that this process is the client; it costs each target the same. */
async function connectAgain(
  { port }: Target,
  clients: number,
  seconds: number,
): Promise<{ readonly count: number; readonly tps: number }> {
  const begun = performance.now();
  const elapsedMs = () => performance.now() - begun;
  let count = 0;
  const again = async () => {
    for (; elapsedMs() < seconds * MS_PER_SECOND; count++) {
      const client = await MysqlSinkClient.connect(port, MYSQL_DATABASE);
      await client.run('SELECT 1');
      client.quit();
    }
  };
  await Promise.all(Array.from({ length: clients }, again));
  return { count, tps: count / (elapsedMs() / MS_PER_SECOND) };
}
