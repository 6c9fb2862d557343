import { MYSQL_DATABASE } from '../mysql/database.ts';
import { withCpu } from '../mysql/queries.ts';
import { MysqlSinkClient } from '../mysql/sink-client.ts';
import { type Bench, interleave, type Scenario, type Target, THROUGHPUT } from '../scenario.ts';

const MS_PER_SECOND = 1000;
/** A parser's code is compiled bit by bit: after one second a statement still takes twice as long as after five. */
const WARM_UP_SECONDS = 5;

/** Some 500 characters over two tables; an alias that is new makes every statement one of its own structure. */
function statement(alias: number): string {
  return (
    `SELECT p.id AS id_${alias}, p.name, p.city, COUNT(t.id) AS times_${alias}, SUM(p.cents * 1.19) AS gross_${alias}, ` +
    'MAX(p.at) AS last_at FROM bench_people p LEFT JOIN tellers t ON t.id = p.id AND t.balance IN (10, 20, 30) ' +
    "WHERE p.id = 7 AND p.city = 'Kyoto' AND p.at >= '2024-01-01' AND (p.city LIKE 'L%' OR p.email IS NOT NULL AND " +
    "p.note <> '') AND NOT EXISTS (SELECT 1 FROM tellers x WHERE x.id = p.id AND x.balance > 99) " +
    `AND 1 = 0 GROUP BY p.id, p.name, p.city HAVING SUM(p.cents) > 100 ORDER BY gross_${alias} DESC, p.name LIMIT 50`
  );
}

const CELLS = [
  { cell: 'same structure', alias: () => 1 },
  { cell: 'new structure', alias: (n: number) => n },
] as const;

export const mysqlUncached: Scenario = {
  name: 'mysql-uncached',
  summary:
    'statements of 500 characters, every one new in structure, against the same with one structure; one client',
  async run(bench) {
    const targets = await bench.mysql.targets('direct', 'haproxy', 'sluice');
    let alias = 1_000_000;
    for (const { cell, alias: of } of CELLS) {
      const next = () => statement(of(++alias));
      for (const target of targets) await ask(target, WARM_UP_SECONDS, next);
      await interleave(bench.options.rounds, targets, (target) => measure(bench, cell, target, next));
    }
  },
};

async function measure(bench: Bench, cell: string, target: Target, next: () => string): Promise<void> {
  const { tps } = await withCpu(bench, 'mysql-uncached', cell, target, () =>
    ask(target, bench.options.seconds, next),
  );
  bench.recorder.add('mysql-uncached', cell, target.name, THROUGHPUT, tps);
}

async function ask(
  { port }: Target,
  seconds: number,
  next: () => string,
): Promise<{ readonly count: number; readonly tps: number }> {
  const client = await MysqlSinkClient.connect(port, MYSQL_DATABASE);
  const begun = performance.now();
  let count = 0;
  let ms = 0;
  for (; ms < seconds * MS_PER_SECOND; ms = performance.now() - begun, count++) await client.run(next());
  client.end();
  return { count, tps: count / (ms / MS_PER_SECOND) };
}
