import { MYSQL_DATABASE, mysqlPeopleTimes } from '../mysql/database.ts';
import { measureSelects, warmUpSelects } from '../mysql/queries.ts';
import { MysqlSinkClient } from '../mysql/sink-client.ts';
import { drainMysql } from '../mysql/streams.ts';
import { type Bench, interleave, type Scenario, type Target } from '../scenario.ts';

const THREADS = 4;
const SELECTS = { protocol: 'text', threads: THREADS } as const;
/** Long enough that one large result is under way from begin to end, also where it is sent fast. */
const SECONDS_MIN = 5;
const TIMES = 9;
const QUICK_TIMES = 2;
const CELLS = { alone: `×${THREADS}, alone`, beside: `×${THREADS}, beside a large result` } as const;
const P99 = { metric: 'p99', unit: 'µs', better: 'lower' } as const;
const STREAM = { metric: 'stream', unit: 'MB/s', better: 'higher' } as const;
const MB = 1e6;

/** What point selects lose while another session of the same proxy reads a large result, with detectors through Sluice. */
export const mysqlNeighbours: Scenario = {
  name: 'mysql-neighbours',
  summary: `point selects of MariaDB, ${THREADS} threads, while another session streams 1 GB with detectors`,
  async run(bench) {
    const targets = await bench.mysql.targets('haproxy', 'sluice-detectors');
    const seconds = Math.max(bench.options.seconds, bench.options.quick ? 1 : SECONDS_MIN);
    const sql = mysqlPeopleTimes(bench.options.quick ? QUICK_TIMES : TIMES);
    await warmUpSelects(bench, targets, SELECTS);
    for (const target of targets) await drainMysql(target, mysqlPeopleTimes(1), 'text');
    await interleave(bench.options.rounds, targets, (target) => selects(bench, CELLS.alone, target, seconds));
    await interleave(bench.options.rounds, targets, (target) => beside(bench, target, sql, seconds));
  },
};

async function selects(bench: Bench, cell: string, target: Target, seconds: number): Promise<void> {
  const { p99Us } = await measureSelects(bench, 'mysql-neighbours', cell, target, { ...SELECTS, seconds });
  bench.recorder.add('mysql-neighbours', cell, target.name, P99, p99Us);
  bench.say(`mysql-neighbours ${cell}  ${target.name} p99 ${p99Us.toFixed(0)} µs`);
}

async function beside(bench: Bench, target: Target, sql: string, seconds: number): Promise<void> {
  const client = await MysqlSinkClient.connect(target.port, MYSQL_DATABASE);
  const begun = performance.now();
  let selecting = true;
  let streamed = 0;
  const streaming = (async () => {
    while (selecting) streamed += (await client.drain(sql)).bytes;
  })();
  try {
    await Promise.race([selects(bench, CELLS.beside, target, seconds), failureOf(streaming)]);
  } finally {
    selecting = false;
    const rate = (streamed + client.received) / MB / ((performance.now() - begun) / 1000);
    bench.recorder.add('mysql-neighbours', CELLS.beside, target.name, STREAM, rate);
    bench.say(`mysql-neighbours ${CELLS.beside}  ${target.name} streamed at ${rate.toFixed(0)} MB/s`);
    streaming.catch(() => {});
    client.end();
  }
}

/** Never resolves: a stream that ends well is begun again. */
async function failureOf(streaming: Promise<void>): Promise<never> {
  await streaming;
  return new Promise(() => {});
}
