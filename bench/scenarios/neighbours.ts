import { DATABASE } from '../pgbench.ts';
import { type Bench, interleave, type Scenario, type Target } from '../scenario.ts';
import { SinkClient } from '../sink-client.ts';
import { quantile } from '../statistics.ts';
import { PEOPLE_ROWS, peopleTimes } from './mask-tables.ts';
import { measureQueries, warmUp } from './queries.ts';

const CLIENTS = 4;
const PROTOCOL = 'simple';
/** Long enough that one large result is under way from begin to end, also where it is sent fast. */
const SECONDS_MIN = 5;
/** 1 GB, or a fifth of it with --quick. */
const TIMES = 9;
const QUICK_TIMES = 2;
const CELLS = { alone: `×${CLIENTS}, alone`, beside: `×${CLIENTS}, beside a large result` } as const;
const P99 = { metric: 'p99', unit: 'µs', better: 'lower' } as const;
const STREAM = { metric: 'stream', unit: 'MB/s', better: 'higher' } as const;
const MB = 1e6;

/**
 * What point selects lose while another session of the same proxy reads a large result, again and again until they
 * are done: with detectors on everything through Sluice, and as it is through pgbouncer.
 */
export const neighbours: Scenario = {
  name: 'neighbours',
  summary: `pgbench -S, ${CLIENTS} clients, while another session streams 1 GB with detectors (200 MB with --quick)`,
  async run(bench) {
    const targets = await bench.targets('pgbouncer', 'sluice-detectors');
    const seconds = Math.max(bench.options.seconds, bench.options.quick ? 1 : SECONDS_MIN);
    const sql = peopleTimes(bench.options.quick ? QUICK_TIMES : TIMES);
    await warmUp(bench, targets, { protocol: PROTOCOL, clients: CLIENTS });
    for (const target of targets) await streamOnce(target, peopleTimes(1));
    await interleave(bench.options.rounds, targets, (target) => selects(bench, CELLS.alone, target, seconds));
    await interleave(bench.options.rounds, targets, (target) => beside(bench, target, sql, seconds));
  },
};

async function selects(bench: Bench, cell: string, target: Target, seconds: number): Promise<void> {
  const { latenciesUs } = await measureQueries(bench, 'neighbours', cell, target, {
    protocol: PROTOCOL,
    clients: CLIENTS,
    seconds,
    logIn: bench.directory,
  });
  const p99 = quantile(latenciesUs, 0.99);
  bench.recorder.add('neighbours', cell, target.name, P99, p99);
  bench.say(`neighbours ${cell}  ${target.name} p99 ${p99.toFixed(0)} µs`);
}

async function beside(bench: Bench, target: Target, sql: string, seconds: number): Promise<void> {
  const client = await SinkClient.connect(target.port, DATABASE);
  const begun = performance.now();
  let selecting = true;
  let streamed = 0;
  const streaming = (async () => {
    while (selecting) {
      const { rows, bytes } = await client.drain(sql);
      streamed += bytes;
      if (rows % PEOPLE_ROWS !== 0) throw new Error(`${target.name} gave ${rows} rows`);
    }
  })();
  try {
    await Promise.race([selects(bench, CELLS.beside, target, seconds), failureOf(streaming)]);
  } finally {
    selecting = false;
    const rate = (streamed + client.received) / MB / ((performance.now() - begun) / 1000);
    bench.recorder.add('neighbours', CELLS.beside, target.name, STREAM, rate);
    bench.say(`neighbours ${CELLS.beside}  ${target.name} streamed at ${rate.toFixed(0)} MB/s`);
    streaming.catch(() => {});
    client.end();
  }
}

/** Never resolves: a stream that ends well is begun again. */
async function failureOf(streaming: Promise<void>): Promise<never> {
  await streaming;
  return new Promise(() => {});
}

async function streamOnce(target: Target, sql: string): Promise<void> {
  const client = await SinkClient.connect(target.port, DATABASE);
  await client.drain(sql);
  client.end();
}
