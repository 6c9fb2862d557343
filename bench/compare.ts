/** Compares two runs, series by series, with the noise of their rounds in mind. */
import { Measurements, type Run } from './measurement.ts';
import { type Change, compareRounds, median, pairedRatios } from './statistics.ts';
import { formatNumber, formatPercent, renderTable } from './table.ts';

export interface Comparison extends Change {
  /** `select simple ×16 throughput`. */
  readonly name: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
}

/**
 * Of Sluice's own series. Throughput is compared as the ratio to the direct connection of the same rounds where there
 * is one: a machine that was busier in one of the runs then counts for both sides.
 */
export function compareRuns(before: Run, after: Run): readonly Comparison[] {
  const [old, now] = [new Measurements(before.measurements), new Measurements(after.measurements)];
  const comparisons: Comparison[] = [];
  for (const { scenario, cell, target, metric, unit, better } of now.all) {
    if (!target.startsWith('sluice')) continue;
    const [a, b] = [old.rounds(scenario, cell, target, metric), now.rounds(scenario, cell, target, metric)];
    if (a === null || b === null) continue;
    const [directA, directB] = [
      old.rounds(scenario, cell, 'direct', metric),
      now.rounds(scenario, cell, 'direct', metric),
    ];
    const relative = metric === 'throughput' && directA !== null && directB !== null;
    const seriesA = relative ? pairedRatios(a, directA) : a;
    const seriesB = relative ? pairedRatios(b, directB) : b;
    comparisons.push({
      name: `${scenario} ${cell} ${target} ${metric}`,
      unit: relative ? 'of direct' : unit,
      before: median(seriesA),
      after: median(seriesB),
      ...compareRounds(seriesA, seriesB, better),
    });
  }
  return comparisons;
}

export function renderComparison(before: Run, after: Run): string {
  const comparisons = compareRuns(before, after);
  const notes: string[] = [];
  if (before.machine.name !== after.machine.name || before.machine.cpu !== after.machine.cpu) {
    notes.push('The runs are from different machines: only ratios mean something.');
  }
  if (before.options.pinned !== after.options.pinned)
    notes.push('One of the runs was pinned to cores, the other was not.');
  const rows = comparisons.map(({ name, unit, before: a, after: b, change, noise, verdict }) => [
    name,
    unit,
    show(a, unit),
    show(b, unit),
    `${change >= 0 ? '+' : ''}${formatPercent(change)}`,
    `±${formatPercent(noise)}`,
    verdict === 'same' ? '' : verdict.toUpperCase(),
  ]);
  const count = (verdict: string) => comparisons.filter((one) => one.verdict === verdict).length;
  return [
    `A: ${label(before)}`,
    `B: ${label(after)}`,
    ...notes,
    '',
    renderTable(['', 'unit', 'A', 'B', 'change', 'noise', ''], rows),
    '',
    `${count('better')} better, ${count('worse')} worse, ${count('same')} the same within the noise.`,
    '',
  ].join('\n');
}

function show(value: number, unit: string): string {
  return unit === 'of direct' ? value.toFixed(3) : formatNumber(value);
}

function label(run: Run): string {
  return `${run.date}  commit ${run.commit}${run.dirty ? ' with changes' : ''}, ${run.machine.name}, ${run.options.rounds} rounds of ${run.options.seconds} s`;
}
