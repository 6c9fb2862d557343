/** Runs pgbench and reads what it prints and logs. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Peers } from './peers/debian.ts';

export const PROTOCOLS = ['simple', 'extended', 'prepared'] as const;
export type PgbenchProtocol = (typeof PROTOCOLS)[number];

export interface PgbenchOptions {
  readonly peers: Peers;
  readonly port: number;
  readonly protocol: PgbenchProtocol;
  readonly clients: number;
  readonly seconds: number;
  /** A custom script in place of the built-in select-only one. */
  readonly script?: string;
  /** Whether each transaction opens a connection of its own. */
  readonly reconnect?: boolean;
  /** A folder for the log of each transaction's time. */
  readonly logIn?: string;
}

export interface PgbenchResult {
  readonly tps: number;
  readonly transactions: number;
  /** Each transaction's time in microseconds, where they were logged. */
  readonly latenciesUs: readonly number[];
}

export const DATABASE = 'bench';

/**
 * Throws with pgbench's own words when it fails, and when any client was cut off. On a busy machine a short run may
 * end before its first transaction does.
 */
export async function runPgbench(options: PgbenchOptions): Promise<PgbenchResult> {
  const logs = options.logIn === undefined ? null : mkdtempSync(join(options.logIn, 'pgbench-'));
  const args = [
    ...['-h', '127.0.0.1', '-p', String(options.port), '-U', 'postgres', '-n'],
    ...['-M', options.protocol, '-c', String(options.clients), '-j', '1', '-T', String(options.seconds)],
    ...(options.script === undefined ? ['-S'] : ['-f', options.script]),
    ...(options.reconnect === true ? ['-C'] : []),
    ...(logs === null ? [] : ['-l', `--log-prefix=${join(logs, 'log')}`]),
    DATABASE,
  ];
  try {
    const output = await pgbench(options.peers, args);
    const transactions = Number(/transactions actually processed: (\d+)/.exec(output)?.[1] ?? 0);
    const tps = Number(/^tps = ([\d.]+)/m.exec(output)?.[1] ?? 0);
    const failed = Number(/number of failed transactions: (\d+)/.exec(output)?.[1] ?? 0);
    if (!output.includes('transactions actually processed') || failed > 0 || output.includes('aborted'))
      throw new Error(`pgbench failed:\n${output}`);
    return { tps, transactions, latenciesUs: logs === null ? [] : readLatencies(logs) };
  } finally {
    if (logs !== null) rmSync(logs, { recursive: true, force: true });
  }
}

async function pgbench(peers: Peers, args: readonly string[]): Promise<string> {
  const child = spawn(peers.pgbench, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...peers.environment, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
  });
  let output = '';
  const take = (text: Buffer) => {
    output += text;
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`pgbench ended with ${code}:\n${output}`);
  return output;
}

/** Lines of `client transaction time script epoch µs`; the third is the time in µs (pgbench(1), per-transaction logging). */
function readLatencies(folder: string): readonly number[] {
  const times: number[] = [];
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const time = line.split(' ')[2];
      if (time !== undefined) times.push(Number(time));
    }
  }
  return times;
}

export async function initialise(peers: Peers, port: number, scale: number): Promise<void> {
  const args = [
    '-i',
    '-q',
    '-s',
    String(scale),
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-U',
    'postgres',
    DATABASE,
  ];
  await promisify(execFile)(peers.pgbench, args, {
    env: { ...process.env, ...peers.environment, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
  });
}
