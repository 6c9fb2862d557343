/** A run in plain text: what was measured, ratios, and the goals with whether they were met. */
import type { Outcome } from './goal.ts';
import { judgeGoals, throughputRatios } from './goals.ts';
import { Measurements, type Run } from './measurement.ts';
import { median, pairedDifferences, spread } from './statistics.ts';
import { formatNumber, formatPercent, renderTable } from './table.ts';

interface Section {
  readonly scenario: string;
  readonly title: string;
}

const THROUGHPUT_SECTIONS: readonly Section[] = [
  { scenario: 'select', title: 'Select-only, transactions per second' },
  { scenario: 'uncached', title: 'Structure of every statement: the same, or new; transactions per second' },
  { scenario: 'stream', title: 'Large results, MB per second' },
  { scenario: 'connect', title: 'Connect, log in, one select, close; per second' },
  { scenario: 'mask-stream', title: 'Large results with masks, MB per second of what the server sends' },
  { scenario: 'mask-select', title: 'Select-only with masks configured, transactions per second' },
  {
    scenario: 'neighbours',
    title: 'Select-only beside a session with a large result, transactions per second',
  },
  { scenario: 'mysql-select', title: 'MariaDB, point selects, transactions per second' },
  {
    scenario: 'mysql-uncached',
    title: 'MariaDB, statements of 500 characters of one structure, or of new ones; per second',
  },
  { scenario: 'mysql-stream', title: 'MariaDB, large results, MB per second' },
  {
    scenario: 'mysql-mask-stream',
    title: 'MariaDB, large results with masks, MB per second of what the server sends',
  },
  { scenario: 'mysql-connect', title: 'MariaDB, connect, log in, one select, close; per second' },
  {
    scenario: 'mysql-neighbours',
    title: 'MariaDB, point selects beside a session with a large result, transactions per second',
  },
  { scenario: 'mcp', title: 'MCP, tools/call over streamable HTTP, calls per second' },
  { scenario: 'durability', title: 'Journal written or synced, transactions per second' },
];
const FIGURE_SECTIONS: readonly (Section & { readonly metrics: readonly string[] })[] = [
  {
    scenario: 'mysql-insert',
    title: 'MariaDB, an INSERT of 1 MB',
    metrics: ['time', 'cpu-user', 'cpu-system'],
  },
  {
    scenario: 'mysql-idle-memory',
    title: 'Memory with idle sessions to MariaDB',
    metrics: ['rss-empty', 'rss-per-connection'],
  },
  {
    scenario: 'mysql-stopped-reader',
    title: 'Memory with a 1 GB result of MariaDB whose reader stops',
    metrics: ['rss-peak-before', 'rss-while-stopped', 'rss-peak'],
  },
  {
    scenario: 'mysql-neighbours',
    title:
      'MariaDB, time of one statement beside a session with a large result, and how fast that result is sent',
    metrics: ['p99', 'stream'],
  },
  {
    scenario: 'idle-memory',
    title: 'Memory with idle sessions',
    metrics: ['rss-empty', 'rss-per-connection'],
  },
  {
    scenario: 'stopped-reader',
    title: 'Memory with a 1 GB result whose reader stops',
    metrics: ['rss-peak-before', 'rss-while-stopped', 'rss-peak'],
  },
  {
    scenario: 'mask-memory',
    title: 'Memory with a masked result of 1 GB that is read slowly',
    metrics: ['rss-peak-before', 'rss-peak'],
  },
  {
    scenario: 'neighbours',
    title: 'Time of one statement beside a session with a large result, and how fast that result is sent',
    metrics: ['p99', 'stream'],
  },
];

export function renderReport(run: Run): string {
  const measured = new Measurements(run.measurements);
  const parts = [
    header(run),
    ...THROUGHPUT_SECTIONS.map((section) => throughputTable(measured, section)),
    ...['select', 'uncached', 'mysql-select', 'mysql-uncached'].map((scenario) =>
      cpuTable(measured, scenario),
    ),
    latencyTable(measured, 'latency', 'statement'),
    latencyTable(measured, 'mcp', 'tool call'),
    ...FIGURE_SECTIONS.map(({ title, scenario, metrics }) => figureTable(measured, title, scenario, metrics)),
    goalsTable(judgeGoals(measured)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function header(run: Run): string {
  const { machine, options } = run;
  const busy =
    machine.loadAtStart > machine.cores / 4
      ? `  The machine was busy: load ${machine.loadAtStart.toFixed(2)} at the start.`
      : '';
  return [
    `${run.date}  commit ${run.commit}${run.dirty ? ' with changes' : ''}`,
    `${machine.name}: ${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}, journal on ${machine.journalFileSystem}`,
    ...Object.entries(run.versions).map(([name, version]) => `${name}: ${version}`),
    `Medians of ${options.rounds} interleaved rounds of ${options.seconds} s${options.pinned ? ', proxies on a core of their own' : ''}; ± is half the distance of the quartiles.${busy}`,
  ].join('\n');
}

function shown(values: readonly number[] | null): string {
  return values === null ? '' : formatNumber(median(values));
}

function ratioShown(values: readonly number[] | null): string {
  return values === null || values.length === 0
    ? ''
    : `${median(values).toFixed(3)} ±${formatPercent(spread(values))}`;
}

function throughputTable(run: Measurements, { scenario, title }: Section): string {
  const targets = run.targets(scenario, 'throughput');
  if (targets.length === 0) return '';
  const proxies = targets.filter((name) => name.startsWith('sluice'));
  const bases = targets.filter(
    (name) =>
      name === 'direct' || name === 'pgbouncer' || (name === 'haproxy' && /^mysql-|^mcp$/.test(scenario)),
  );
  // Where there is nobody else, Sluice is compared with itself.
  const ratios =
    bases.length > 0
      ? proxies.flatMap((target) => bases.map((base) => ({ target, base })))
      : proxies.slice(1).map((target) => ({ target, base: proxies[0] ?? '' }));
  const rows = run
    .cells(scenario)
    .map((cell) => [
      cell,
      ...targets.map((target) => shown(run.rounds(scenario, cell, target, 'throughput'))),
      ...ratios.map(({ target, base }) => ratioShown(throughputRatios(run, scenario, cell, target, base))),
    ]);
  const head = ['', ...targets, ...ratios.map(({ target, base }) => `${target}/${base}`)];
  return `${title}\n${renderTable(head, rows)}`;
}

function cpuTable(run: Measurements, scenario: string): string {
  const targets = run.targets(scenario, 'cpu-user');
  if (targets.length === 0) return '';
  const rows = run.cells(scenario).map((cell) => [
    cell,
    ...targets.map((target) => {
      const user = run.rounds(scenario, cell, target, 'cpu-user');
      const system = run.rounds(scenario, cell, target, 'cpu-system');
      return user === null || system === null
        ? ''
        : `${median(user).toFixed(1)} + ${median(system).toFixed(1)}`;
    }),
  ]);
  return `CPU per query of the proxy in µs, user + system (${scenario})\n${renderTable(['', ...targets], rows)}`;
}

function latencyTable(run: Measurements, scenario: string, what: string): string {
  const targets = run.targets(scenario, 'p50');
  const proxies = targets.filter((name) => name !== 'direct');
  if (targets.length === 0) return '';
  const rows = run.cells(scenario).flatMap((cell) =>
    ['p50', 'p99'].map((metric) => {
      const direct = run.rounds(scenario, cell, 'direct', metric);
      const added = (target: string) => {
        const values = run.rounds(scenario, cell, target, metric);
        if (values === null || direct === null) return '';
        const differences = pairedDifferences(values, direct);
        return differences.length === 0
          ? ''
          : `${median(differences) < 0 ? '' : '+'}${formatNumber(median(differences))}`;
      };
      return [`${cell} ${metric}`, shown(direct), ...proxies.map(added)];
    }),
  );
  const title = `Time of one ${what} in µs, one client: direct, and what each proxy adds to it`;
  return `${title}\n${renderTable(['', 'direct', ...proxies], rows)}`;
}

function figureTable(run: Measurements, title: string, scenario: string, metrics: readonly string[]): string {
  const [first] = metrics;
  const targets = first === undefined ? [] : run.targets(scenario, first);
  if (targets.length === 0) return '';
  const rows = run.cells(scenario).flatMap((cell) =>
    metrics.map((metric) => {
      const unit = run.all.find((one) => one.scenario === scenario && one.metric === metric)?.unit ?? '';
      return [
        `${cell} ${metric}, ${unit}`,
        ...targets.map((target) => shown(run.rounds(scenario, cell, target, metric))),
      ];
    }),
  );
  return `${title}\n${renderTable(['', ...targets], rows)}`;
}

function goalsTable(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return '';
  const show = (outcome: Outcome, value: number) =>
    outcome.unit === 'ratio' ? value.toFixed(3) : `${formatNumber(value)} ${outcome.unit}`;
  const rows = outcomes.map((outcome) => [
    outcome.what,
    outcome.against,
    show(outcome, outcome.value),
    `${show(outcome, outcome.low)} to ${show(outcome, outcome.high)}`,
    `${outcome.better === 'higher' ? '≥' : '<'} ${show(outcome, outcome.goal)}`,
    outcome.met ? 'yes' : 'NO',
  ]);
  const met = outcomes.filter((outcome) => outcome.met).length;
  return `Goals: ${met} of ${outcomes.length} met\n${renderTable(['', 'measured as', 'figure', 'quartiles', 'goal', 'met'], rows)}`;
}
