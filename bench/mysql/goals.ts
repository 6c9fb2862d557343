/** What is promised of MySQL and MariaDB, and what a run measured of it. */
import type { GoalValues } from '../goal.ts';
import type { Measurements } from '../measurement.ts';

const HAPROXY_SHARE = 0.95;
const DIRECT_SHARE = 0.95;
const MASKED_SHARE = 0.9;
const DETECTED_SHARE = 0.5;
const NEIGHBOURS_SHARE = 0.9;
const NEIGHBOURS_P99 = 1.5;
const NEW_STATEMENT_US = 300;
const INSERT_MS = 60;
const IDLE_KIB = (40 * 1000) / 1024;
const PEAK_MIB = (150 * 1e6) / 2 ** 20;
const MASKED_PEAK_MIB = (200 * 1e6) / 2 ** 20;
const US_PER_MS = 1000;

export function mysqlGoals(run: Measurements): readonly GoalValues[] {
  const share = (scenario: string, cell: string, target: string, base: string, goal: number): GoalValues => ({
    what: `${scenario} ${cell}`,
    against: `of ${base}`,
    unit: 'ratio',
    goal,
    better: 'higher',
    values: run.ratios(scenario, cell, 'throughput', target, base),
  });
  const under = (
    scenario: string,
    cell: string,
    metric: string,
    unit: GoalValues['unit'],
    goal: number,
  ): GoalValues => ({
    what: `${scenario} ${cell}`,
    against: metric,
    unit,
    goal,
    better: 'lower',
    values: run.rounds(scenario, cell, 'sluice', metric),
  });
  return [
    ...run
      .cells('mysql-select')
      .map((cell) => share('mysql-select', cell, 'sluice', 'haproxy', HAPROXY_SHARE)),
    ...run
      .cells('mysql-uncached')
      .filter(isNew)
      .map((cell) => newStatements(run, cell)),
    ...run.cells('mysql-insert').map(
      (cell): GoalValues => ({
        ...under('mysql-insert', cell, 'time', 'ms', INSERT_MS),
        against: 'CPU of Sluice',
        values: sums(run, 'mysql-insert', cell)?.map((us) => us / US_PER_MS) ?? null,
      }),
    ),
    ...run.cells('mysql-stream').map((cell) => share('mysql-stream', cell, 'sluice', 'direct', DIRECT_SHARE)),
    ...run
      .cells('mysql-mask-stream')
      .map((cell) =>
        cell.startsWith('detectors')
          ? share('mysql-mask-stream', cell, 'sluice-detectors', 'direct', DETECTED_SHARE)
          : share('mysql-mask-stream', cell, 'sluice-columns', 'direct', MASKED_SHARE),
      ),
    ...run
      .cells('mysql-idle-memory')
      .map((cell) => under('mysql-idle-memory', cell, 'rss-per-connection', 'KiB', IDLE_KIB)),
    ...run
      .cells('mysql-stopped-reader')
      .map((cell) =>
        under(
          'mysql-stopped-reader',
          cell,
          'rss-peak',
          'MiB',
          cell.includes('masked') ? MASKED_PEAK_MIB : PEAK_MIB,
        ),
      ),
    ...run
      .cells('mysql-neighbours')
      .filter((cell) => cell.endsWith('large result'))
      .flatMap((cell): GoalValues[] => [
        share('mysql-neighbours', cell, 'sluice-detectors', 'haproxy', NEIGHBOURS_SHARE),
        {
          what: `mysql-neighbours ${cell}`,
          against: 'p99, of haproxy',
          unit: 'ratio',
          goal: NEIGHBOURS_P99,
          better: 'lower',
          values: run.ratios('mysql-neighbours', cell, 'p99', 'sluice-detectors', 'haproxy'),
        },
      ]),
  ];
}

function isNew(cell: string): boolean {
  return cell.startsWith('new');
}

function newStatements(run: Measurements, cell: string): GoalValues {
  return {
    what: `mysql-uncached ${cell}`,
    against: 'CPU of Sluice',
    unit: 'µs',
    goal: NEW_STATEMENT_US,
    better: 'lower',
    values: sums(run, 'mysql-uncached', cell),
  };
}

/** User and system time of Sluice's process per statement, in µs, round by round. */
function sums(run: Measurements, scenario: string, cell: string): readonly number[] | null {
  const user = run.rounds(scenario, cell, 'sluice', 'cpu-user');
  const system = run.rounds(scenario, cell, 'sluice', 'cpu-system');
  return user?.map((us, n) => us + (system?.[n] ?? 0)) ?? null;
}
