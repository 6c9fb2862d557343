import { BenchClient } from '../mcp/client.ts';
import { type McpTarget, SHAPES, type Shape, startMcpStage } from '../mcp/stage.ts';
import { type Bench, interleave, type Scenario } from '../scenario.ts';
import { quantile } from '../statistics.ts';

interface Size {
  readonly name: string;
  readonly tool: 'echo' | 'rows';
  readonly given: Readonly<Record<string, string | number>>;
  /** Calls at once where throughput is measured. */
  readonly clients: number;
}

const SIZES: readonly Size[] = [
  { name: 'echo', tool: 'echo', given: { message: 'hello' }, clients: 16 },
  { name: '1 KB', tool: 'rows', given: { bytes: 1_000 }, clients: 16 },
  { name: '100 KB', tool: 'rows', given: { bytes: 100_000 }, clients: 8 },
  { name: '2 MB', tool: 'rows', given: { bytes: 2_000_000 }, clients: 4 },
];
const CALLS_MIN = 5;
/** The first tens of thousands of calls cost twice as much as those after them, while they are being compiled. */
const WARM_UP_SECONDS = 12;

/** Calls of one tool over a session: one at a time for the time of each, then several at once. */
export const mcp: Scenario = {
  name: 'mcp',
  summary:
    'tools/call over streamable HTTP: echo, 1 KB, 100 KB, 2 MB; JSON and events; p50, p99, calls per second',
  async run(bench) {
    const stage = await startMcpStage(bench);
    try {
      for (const size of SIZES) {
        for (const shape of SHAPES) {
          // What is compiled and connected on the way is not what a call costs.
          const warmUp = size.tool === 'echo' ? WARM_UP_SECONDS : bench.options.seconds / 4;
          for (const target of stage.targets) await measure(target, shape, size, warmUp);
          await interleave(bench.options.rounds, stage.targets, async (target) => {
            record(
              bench,
              `${size.name} ${shape}`,
              target,
              await measure(target, shape, size, bench.options.seconds),
            );
          });
        }
      }
    } finally {
      await stage.stop();
    }
  },
};

interface Measured {
  readonly timesMs: readonly number[];
  readonly perSecond: number;
}

function record(
  { recorder }: Bench,
  cell: string,
  { name }: McpTarget,
  { timesMs, perSecond }: Measured,
): void {
  recorder.add('mcp', cell, name, { metric: 'throughput', unit: 'calls/s', better: 'higher' }, perSecond);
  for (const [metric, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const us = quantile(timesMs, share) * 1000;
    recorder.add('mcp', cell, name, { metric, unit: 'µs', better: 'lower' }, us);
  }
}

/** `seconds`: of both measurements together. */
async function measure(
  { urls }: McpTarget,
  shape: Shape,
  { tool, given, clients }: Size,
  seconds: number,
): Promise<Measured> {
  const client = new BenchClient(urls[shape], clients);
  try {
    await client.open();
    const timesMs: number[] = [];
    let bytes: number | null = null;
    const call = async () => {
      const called = await client.call(tool, given);
      bytes ??= called.bytes;
      // Ids of requests grow by a digit; anything more is another answer.
      if (Math.abs(called.bytes - bytes) > 64) throw new Error(`${called.bytes} bytes in place of ${bytes}`);
      return called.ms;
    };
    const halfMs = (seconds * 1000) / 2;
    for (const endMs = performance.now() + halfMs; performance.now() < endMs || timesMs.length < CALLS_MIN; )
      timesMs.push(await call());
    let calls = 0;
    const begunMs = performance.now();
    const endMs = begunMs + halfMs;
    await Promise.all(
      Array.from({ length: clients }, async () => {
        do {
          await call();
          calls++;
        } while (performance.now() < endMs);
      }),
    );
    return { timesMs, perSecond: (calls * 1000) / (performance.now() - begunMs) };
  } finally {
    client.close();
  }
}
