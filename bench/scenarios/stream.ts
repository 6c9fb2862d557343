import { DATABASE } from '../pgbench.ts';
import { cpuTime } from '../process-usage.ts';
import { type Bench, interleave, type Scenario, type Target } from '../scenario.ts';
import { type Drained, SinkClient } from '../sink-client.ts';

/** Rows of five columns, about 95 bytes each on the wire: 150 MB. */
export const STREAM_ROWS = 1_600_000;
export const STREAM_TABLE = `CREATE TABLE bench_stream AS
  SELECT n AS id, 'customer ' || n AS name, 'someone.' || n || '@example.com' AS email,
         (n::bigint * 7919 % 100000)::int AS cents, timestamp '2026-01-01' + n * interval '1 second' AS at
  FROM generate_series(1, ${STREAM_ROWS}) AS n`;

const QUERIES = [
  { cell: 'SELECT', sql: `SELECT id, name, email, cents, at FROM bench_stream LIMIT ${STREAM_ROWS}` },
  {
    cell: 'COPY',
    sql: `COPY (SELECT id, name, email, cents, at FROM bench_stream LIMIT ${STREAM_ROWS}) TO STDOUT`,
  },
] as const;

const MB = 1e6;
const RATE = { metric: 'throughput', unit: 'MB/s', better: 'higher' } as const;
const CPU = { metric: 'cpu', unit: 'µs per MB', better: 'lower' } as const;

/** Large results into a client that does nothing with them, with a limit rule in force that is not reached. */
export const stream: Scenario = {
  name: 'stream',
  summary: 'a 150 MB result and COPY TO STDOUT of the same rows, MB/s',
  async run(bench) {
    const targets = await bench.targets('direct', 'pgbouncer', 'haproxy', 'sluice-open', 'sluice');
    for (const { cell, sql } of QUERIES) {
      let expected: number | null = null;
      // A first one that does not count: the table comes into memory, and hint bits are set.
      await drain(targets[0], sql);
      await interleave(bench.options.rounds, targets, async (target) => {
        const drained = await measure(bench, cell, target, sql);
        expected ??= drained.bytes;
        if (drained.bytes !== expected || drained.rows !== STREAM_ROWS) {
          throw new Error(`${target.name} gave ${drained.bytes} bytes in place of ${expected}`);
        }
      });
    }
  },
};

async function measure(bench: Bench, cell: string, target: Target, sql: string): Promise<Drained> {
  const before = target.pid === null ? null : cpuTime(target.pid);
  const drained = await drain(target, sql);
  const rate = drained.bytes / MB / (drained.ms / 1000);
  bench.recorder.add('stream', cell, target.name, RATE, rate);
  let cpu = '';
  if (target.pid !== null && before !== null) {
    const after = cpuTime(target.pid);
    const usedMs = after.userMs + after.systemMs - before.userMs - before.systemMs;
    const perMb = (usedMs * 1000) / (drained.bytes / MB);
    bench.recorder.add('stream', cell, target.name, CPU, perMb);
    cpu = `, ${perMb.toFixed(0)} µs of CPU per MB`;
  }
  bench.say(
    `stream ${cell}  ${target.name} ${(drained.bytes / MB).toFixed(0)} MB at ${rate.toFixed(0)} MB/s${cpu}`,
  );
  return drained;
}

async function drain(target: Target | undefined, sql: string): Promise<Drained> {
  const client = await SinkClient.connect(target?.port ?? 0, DATABASE);
  try {
    return await client.drain(sql);
  } finally {
    client.end();
  }
}
