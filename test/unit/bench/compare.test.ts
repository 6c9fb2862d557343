import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRuns, renderComparison } from '../../../bench/compare.ts';
import { judgeGoals } from '../../../bench/goals.ts';
import { type Measurement, Measurements, Recorder, type Run } from '../../../bench/measurement.ts';
import { renderReport } from '../../../bench/report.ts';
import { CPU_SYSTEM, CPU_USER, THROUGHPUT } from '../../../bench/scenario.ts';

function runOf(measurements: Measurement[]): Run {
  return {
    format: 1,
    date: '2026-11-21T00:00:00.000Z',
    machine: {
      name: 'box',
      cpu: 'some',
      cores: 2,
      memoryGiB: 24,
      kernel: '6.18',
      node: 'v26',
      journalFileSystem: 'ext4',
      loadAtStart: 0,
    },
    commit: 'abc',
    dirty: false,
    versions: { pgbouncer: '1.18' },
    options: {
      rounds: 5,
      seconds: 3,
      quick: false,
      long: false,
      pinned: false,
      fromSource: false,
      only: ['select'],
    },
    measurements,
  };
}

function selects(rounds: Readonly<Record<string, readonly number[]>>): Measurement[] {
  const recorder = new Recorder();
  for (const [target, values] of Object.entries(rounds)) {
    for (const value of values) recorder.add('select', 'simple ×1', target, THROUGHPUT, value);
  }
  return recorder.measurements;
}

test('a machine that was half as fast in the second run is no loss of Sluice', () => {
  const before = runOf(selects({ direct: [1000, 1000, 1000], sluice: [900, 900, 900] }));
  const after = runOf(selects({ direct: [500, 500, 500], sluice: [450, 450, 450] }));
  const [only, ...others] = compareRuns(before, after);
  assert.deepEqual(others, []);
  assert.equal(only?.unit, 'of direct');
  assert.equal(only?.verdict, 'same');
  assert.equal(only?.before, 0.9);
});

test('a loss beyond the noise is called worse', () => {
  const before = runOf(selects({ direct: [1000, 1000, 1000], sluice: [900, 900, 900] }));
  const after = runOf(selects({ direct: [1000, 1000, 1000], sluice: [800, 800, 800] }));
  assert.match(renderComparison(before, after), /WORSE/);
  assert.match(renderComparison(after, before), /BETTER/);
});

test('what only one of the runs measured is left out, and so are the others’ own figures', () => {
  const before = runOf(selects({ direct: [1000], pgbouncer: [900] }));
  const after = runOf(selects({ direct: [1000], pgbouncer: [100], sluice: [900] }));
  assert.deepEqual(compareRuns(before, after), []);
});

test('the goal against pgbouncer is judged round by round', () => {
  const run = selects({ pgbouncer: [100, 50, 100, 100, 100], sluice: [96, 48, 96, 10, 96] });
  const [outcome] = judgeGoals(new Measurements(run));
  assert.equal(outcome?.value, 0.96);
  assert.equal(outcome?.met, true);
  const [missed] = judgeGoals(new Measurements(selects({ pgbouncer: [100], sluice: [94.9] })));
  assert.equal(missed?.met, false);
});

test('memory goals are below a figure, in the units of the promise', () => {
  const recorder = new Recorder();
  const metric = { metric: 'rss-per-connection', unit: 'KiB', better: 'lower' } as const;
  // 40 KB are 39.06 KiB.
  recorder.add('idle-memory', '×2000', 'sluice', metric, 39.5);
  const [outcome] = judgeGoals(new Measurements(recorder.measurements));
  assert.equal(outcome?.met, false);
});

test('a new structure is held against the same script with one structure', () => {
  const recorder = new Recorder();
  recorder.add('uncached', 'same structure ×16', 'sluice', THROUGHPUT, 1000);
  recorder.add('uncached', 'new structure ×16', 'sluice', THROUGHPUT, 610);
  const [outcome] = judgeGoals(new Measurements(recorder.measurements));
  assert.equal(outcome?.value, 0.61);
  assert.equal(outcome?.met, true);
});

test('the report shows figures, ratios, CPU and goals', () => {
  const recorder = new Recorder();
  for (const [target, tps] of [
    ['direct', 20_000],
    ['pgbouncer', 12_000],
    ['sluice', 11_700],
  ] as const) {
    recorder.add('select', 'simple ×1', target, THROUGHPUT, tps);
    if (target === 'direct') continue;
    recorder.add('select', 'simple ×1', target, CPU_USER, 2.5);
    recorder.add('select', 'simple ×1', target, CPU_SYSTEM, 15);
  }
  const text = renderReport(runOf(recorder.measurements));
  assert.match(text, /simple ×1 +20,000 +12,000 +11,700 +0\.585 ±0\.0 % +0\.975/);
  assert.match(text, /2\.5 \+ 15\.0/);
  assert.match(text, /Goals: 1 of 1 met/);
});
