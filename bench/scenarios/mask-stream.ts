import { DATABASE } from '../pgbench.ts';
import { cpuTime } from '../process-usage.ts';
import { type Bench, interleave, type Scenario, type Target, type TargetName } from '../scenario.ts';
import { type Drained, SinkClient } from '../sink-client.ts';
import { PEOPLE_ROWS, PEOPLE_SQL } from './mask-tables.ts';

const CELLS: readonly {
  readonly cell: string;
  readonly format: 'text' | 'binary';
  readonly masked: TargetName;
}[] = [
  { cell: '2 of 8 columns, text', format: 'text', masked: 'sluice-columns' },
  { cell: '2 of 8 columns, binary', format: 'binary', masked: 'sluice-columns' },
  { cell: 'detectors, text', format: 'text', masked: 'sluice-detectors' },
];

const MB = 1e6;
const RATE = { metric: 'throughput', unit: 'MB/s', better: 'higher' } as const;
const CPU = { metric: 'cpu', unit: 'µs per MB', better: 'lower' } as const;

/** A large result with masked cells, beside the same result as it is. */
export const maskStream: Scenario = {
  name: 'mask-stream',
  summary:
    'a 115 MB result with 2 of 8 columns masked (text, binary), and with detectors on everything, MB/s',
  async run(bench) {
    for (const { cell, format, masked } of CELLS) {
      const targets = await bench.targets('direct', 'pgbouncer', 'sluice', masked);
      // First ones that do not count: the table comes into memory, code is compiled, threads start.
      let expected = 0;
      for (const target of targets) {
        const { bytes } = await drain(target, format);
        if (target.name === 'direct') expected = bytes;
        if ((target.name === masked) !== (bytes !== expected))
          throw new Error(
            `${target.name}: ${bytes} bytes of ${expected}: masks are not where they should be`,
          );
      }
      await interleave(bench.options.rounds, targets, (target) =>
        measure(bench, cell, target, format, expected),
      );
    }
  },
};

/** Rates are of what the server sends, whatever is left of it behind the masks. */
async function measure(
  bench: Bench,
  cell: string,
  target: Target,
  format: 'text' | 'binary',
  serverBytes: number,
): Promise<void> {
  const before = target.pid === null ? null : cpuTime(target.pid);
  const { ms } = await drain(target, format);
  const rate = serverBytes / MB / (ms / 1000);
  bench.recorder.add('mask-stream', cell, target.name, RATE, rate);
  let cpu = '';
  if (target.pid !== null && before !== null) {
    const after = cpuTime(target.pid);
    const usedMs = after.userMs + after.systemMs - before.userMs - before.systemMs;
    const perMb = (usedMs * 1000) / (serverBytes / MB);
    bench.recorder.add('mask-stream', cell, target.name, CPU, perMb);
    cpu = `, ${perMb.toFixed(0)} µs of CPU per MB`;
  }
  bench.say(`mask-stream ${cell}  ${target.name} at ${rate.toFixed(0)} MB/s${cpu}`);
}

async function drain(target: Target, format: 'text' | 'binary'): Promise<Drained> {
  const client = await SinkClient.connect(target.port, DATABASE);
  try {
    const drained = await client.drain(PEOPLE_SQL, format);
    if (drained.rows !== PEOPLE_ROWS) throw new Error(`${target.name} gave ${drained.rows} rows`);
    return drained;
  } finally {
    client.end();
  }
}
