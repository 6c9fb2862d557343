/** One large result through one target, with what it cost the proxy. Shared by the scenarios with large results. */
import { cpuTime } from '../process-usage.ts';
import type { Bench, Target } from '../scenario.ts';
import { MYSQL_DATABASE } from './database.ts';
import { type MysqlDrained, MysqlSinkClient } from './sink-client.ts';

export type Format = 'text' | 'binary';

const MB = 1e6;
const RATE = { metric: 'throughput', unit: 'MB/s', better: 'higher' } as const;
const CPU = { metric: 'cpu', unit: 'µs per MB', better: 'lower' } as const;

export interface StreamCell {
  readonly scenario: string;
  readonly cell: string;
  readonly sql: string;
  readonly format: Format;
}

/** Rates are of what the server sends, whatever is left of it behind masks. */
export async function measureStream(
  bench: Bench,
  { scenario, cell, sql, format }: StreamCell,
  target: Target,
  serverBytes: number,
): Promise<MysqlDrained> {
  const before = target.pid === null ? null : cpuTime(target.pid);
  const drained = await drainMysql(target, sql, format);
  const rate = serverBytes / MB / (drained.ms / 1000);
  bench.recorder.add(scenario, cell, target.name, RATE, rate);
  let cpu = '';
  if (target.pid !== null && before !== null) {
    const after = cpuTime(target.pid);
    const usedMs = after.userMs + after.systemMs - before.userMs - before.systemMs;
    const perMb = (usedMs * 1000) / (serverBytes / MB);
    bench.recorder.add(scenario, cell, target.name, CPU, perMb);
    cpu = `, ${perMb.toFixed(0)} µs of CPU per MB`;
  }
  bench.say(
    `${scenario} ${cell}  ${target.name} ${(drained.bytes / MB).toFixed(0)} MB at ${rate.toFixed(0)} MB/s${cpu}`,
  );
  return drained;
}

export async function drainMysql({ port }: Target, sql: string, format: Format): Promise<MysqlDrained> {
  const client = await MysqlSinkClient.connect(port, MYSQL_DATABASE);
  try {
    return await client.drain(sql, format);
  } finally {
    client.end();
  }
}

/** Same rows, whatever a mask has made of their cells: as many packets, as far as their numbers tell. */
export function assertSameRows(target: Target, drained: MysqlDrained, direct: MysqlDrained): void {
  if (drained.sequence !== direct.sequence)
    throw new Error(`${target.name}: the last packet is ${drained.sequence} in place of ${direct.sequence}`);
}
