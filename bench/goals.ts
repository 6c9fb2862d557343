/** What the project has promised to reach, and whether a run did. */
import type { GoalValues, Judged, Outcome } from './goal.ts';
import { mcpGoals } from './mcp/goals.ts';
import type { Measurements } from './measurement.ts';
import { mysqlGoals } from './mysql/goals.ts';
import { median, pairedRatios, quantile } from './statistics.ts';

const PGBOUNCER_SHARE = 0.95;
const UNCACHED_SHARE = 0.6;
const DIRECT_SHARE = 0.95;
const MASKED_SHARE = 0.9;
const DETECTED_SHARE = 0.5;
const NEIGHBOURS_SHARE = 0.9;
const NEIGHBOURS_P99 = 1.5;
const IDLE_KB = 40;
/** 40 KB are 39.06 KiB, 150 MB are 143.05 MiB; what /proc counts in is KiB. */
const IDLE_KIB = (IDLE_KB * 1000) / 1024;
const PEAK_MIB = (150 * 1e6) / 2 ** 20;
const MASKED_PEAK_MIB = (200 * 1e6) / 2 ** 20;

export function judgeGoals(run: Measurements): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const judge = (goal: Judged, values: readonly number[] | null) => {
    if (values === null || values.length === 0) return;
    const value = median(values);
    const met = goal.better === 'higher' ? value >= goal.goal : value < goal.goal;
    outcomes.push({ ...goal, value, low: quantile(values, 0.25), high: quantile(values, 0.75), met });
  };
  const ratio = (what: string, against: string, goal: number, values: readonly number[] | null) =>
    judge({ what, against, unit: 'ratio', goal, better: 'higher' }, values);

  for (const cell of run.cells('select')) {
    ratio(
      `select ${cell}`,
      'of pgbouncer',
      PGBOUNCER_SHARE,
      throughputRatios(run, 'select', cell, 'sluice', 'pgbouncer'),
    );
  }
  for (const cell of run.cells('uncached')) {
    if (!cell.startsWith('new')) continue;
    const fresh = run.rounds('uncached', cell, 'sluice', 'throughput');
    const known = run.rounds('uncached', cell.replace('new', 'same'), 'sluice', 'throughput');
    const values = fresh === null || known === null ? null : pairedRatios(fresh, known);
    ratio(cell, 'of Sluice with its cache', UNCACHED_SHARE, values);
  }
  for (const cell of run.cells('stream')) {
    ratio(
      `stream ${cell}`,
      'of direct',
      DIRECT_SHARE,
      throughputRatios(run, 'stream', cell, 'sluice', 'direct'),
    );
  }
  for (const cell of run.cells('idle-memory')) {
    const values = run.rounds('idle-memory', cell, 'sluice', 'rss-per-connection');
    judge(
      {
        what: `idle sessions ${cell}`,
        against: 'RSS per connection',
        unit: 'KiB',
        goal: IDLE_KIB,
        better: 'lower',
      },
      values,
    );
  }
  for (const cell of run.cells('stopped-reader')) {
    const values = run.rounds('stopped-reader', cell, 'sluice', 'rss-peak');
    judge(
      {
        what: `1 GB, reader stops ${cell}`,
        against: 'peak RSS',
        unit: 'MiB',
        goal: PEAK_MIB,
        better: 'lower',
      },
      values,
    );
  }
  for (const goal of [...maskingGoals(run), ...mysqlGoals(run), ...mcpGoals(run)]) judge(goal, goal.values);
  return outcomes;
}

function maskingGoals(run: Measurements): readonly GoalValues[] {
  const share = (scenario: string, cell: string, target: string, base: string, goal: number): GoalValues => ({
    what: `${scenario} ${cell}`,
    against: `of ${base}`,
    unit: 'ratio',
    goal,
    better: 'higher',
    values: throughputRatios(run, scenario, cell, target, base),
  });
  return [
    ...run
      .cells('mask-stream')
      .map((cell) =>
        cell.startsWith('detectors')
          ? share('mask-stream', cell, 'sluice-detectors', 'direct', DETECTED_SHARE)
          : share('mask-stream', cell, 'sluice-columns', 'direct', MASKED_SHARE),
      ),
    ...run
      .cells('mask-select')
      .map((cell) => share('mask-select', cell, 'sluice-columns', 'pgbouncer', PGBOUNCER_SHARE)),
    ...run
      .cells('neighbours')
      .filter((cell) => cell.endsWith('large result'))
      .flatMap((cell): GoalValues[] => [
        share('neighbours', cell, 'sluice-detectors', 'pgbouncer', NEIGHBOURS_SHARE),
        {
          what: `neighbours ${cell}`,
          against: 'p99, of pgbouncer',
          unit: 'ratio',
          goal: NEIGHBOURS_P99,
          better: 'lower',
          values: run.ratios('neighbours', cell, 'p99', 'sluice-detectors', 'pgbouncer'),
        },
      ]),
    ...run
      .cells('mask-memory')
      .filter((cell) => cell !== 'as it is')
      .map(
        (cell): GoalValues => ({
          what: `1 GB masked, slow reader, ${cell}`,
          against: 'peak RSS',
          unit: 'MiB',
          goal: MASKED_PEAK_MIB,
          better: 'lower',
          values: run.rounds('mask-memory', cell, 'sluice', 'rss-peak'),
        }),
      ),
  ];
}

/** Of throughputs, round by round; null when one side was not measured. */
export function throughputRatios(
  run: Measurements,
  scenario: string,
  cell: string,
  target: string,
  base: string,
): readonly number[] | null {
  return run.ratios(scenario, cell, 'throughput', target, base);
}
