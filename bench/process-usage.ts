/** What a process has used so far, by Linux' /proc. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Clock ticks per second that /proc counts in: 100 on every Linux there is (USER_HZ). */
const TICKS_PER_SECOND = 100;

export interface CpuTime {
  readonly userMs: number;
  readonly systemMs: number;
}

/** CPU time of all threads of a process, dead ones included, to 10 ms (proc_pid_stat(5), fields 14 and 15). */
export function cpuTime(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may contain spaces; what follows it begins with field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ms = (field: number) => (Number(fields[field - 3]) * 1000) / TICKS_PER_SECOND;
  return { userMs: ms(14), systemMs: ms(15) };
}

export interface Memory {
  /** Resident now. */
  readonly rssKiB: number;
  /** The most that was ever resident. */
  readonly peakKiB: number;
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { rssKiB: kib('VmRSS'), peakKiB: kib('VmHWM') };
}

/** Starts the count of the most anew (proc_pid_clear_refs(5), value 5). */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

const SETTLE_INTERVAL_MS = 1000;
const SETTLE_MAX_MS = 15_000;

/** Resident memory once it stays as it is for a second, as it is after a while at the latest. */
export async function settledRssKiB(pid: number): Promise<number> {
  let last = memory(pid).rssKiB;
  for (let waited = 0; waited < SETTLE_MAX_MS; waited += SETTLE_INTERVAL_MS) {
    await delay(SETTLE_INTERVAL_MS);
    const now = memory(pid).rssKiB;
    if (Math.abs(now - last) < 64) return now;
    last = now;
  }
  return last;
}
