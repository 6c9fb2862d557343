import { MYSQL_DATABASE } from '../mysql/database.ts';
import { withCpu } from '../mysql/queries.ts';
import { MysqlSinkClient } from '../mysql/sink-client.ts';
import { type Bench, interleave, type Scenario, type Target } from '../scenario.ts';

const INSERT_BYTES = 1_000_000;
const INSERTS = 10;
const QUICK_INSERTS = 5;
const MS_PER_SECOND = 1000;
const TIME = { metric: 'time', unit: 'ms', better: 'lower' } as const;

/** Rows of literals, none of them seen before, in one statement of 1 MB. */
function insert(from: number): Buffer {
  const rows: string[] = [];
  for (let n = from, bytes = 0; bytes < INSERT_BYTES; n++) {
    const row = `(${n}, 'Customer Number ${n}', 'someone.${n}@example.com', 'asked for a call before it is sent')`;
    bytes += row.length + 1;
    rows.push(row);
  }
  return Buffer.from(`INSERT INTO bench_inserts (id, name, email, note) VALUES ${rows.join(',')}`);
}

export const mysqlInsert: Scenario = {
  name: 'mysql-insert',
  summary: 'an INSERT of 1 MB of literals, ms, and what the proxy uses for it',
  async run(bench) {
    const targets = await bench.mysql.targets('direct', 'haproxy', 'sluice');
    let from = 1_000_000;
    const next = () => {
      from += INSERT_BYTES;
      return insert(from);
    };
    for (const target of targets) await inserts(target, 3, next);
    await interleave(bench.options.rounds, targets, (target) => measure(bench, target, next));
  },
};

async function measure(bench: Bench, target: Target, next: () => Buffer): Promise<void> {
  const count = bench.options.quick ? QUICK_INSERTS : INSERTS;
  const { ms } = await withCpu(bench, 'mysql-insert', '1 MB', target, () => inserts(target, count, next));
  bench.recorder.add('mysql-insert', '1 MB', target.name, TIME, ms);
}

/** `ms` is the mean of a statement. */
async function inserts(
  { port }: Target,
  count: number,
  next: () => Buffer,
): Promise<{ readonly count: number; readonly tps: number; readonly ms: number }> {
  const client = await MysqlSinkClient.connect(port, MYSQL_DATABASE);
  let ms = 0;
  for (let n = 0; n < count; n++) {
    const statement = next();
    const begun = performance.now();
    await client.run(statement);
    ms += performance.now() - begun;
  }
  client.end();
  return { count, tps: (count * MS_PER_SECOND) / ms, ms: ms / count };
}
