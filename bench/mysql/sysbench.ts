/** Runs sysbench's point selects and reads what it prints. */
import { spawn } from 'node:child_process';
import type { Peers } from '../peers/debian.ts';

/** `text`: COM_QUERY with a new literal each time; `prepared`: one statement, executed with parameters. */
export const SYSBENCH_PROTOCOLS = ['text', 'prepared'] as const;
export type SysbenchProtocol = (typeof SYSBENCH_PROTOCOLS)[number];

export interface SysbenchOptions {
  readonly peers: Peers;
  readonly port: number;
  readonly protocol: SysbenchProtocol;
  readonly threads: number;
  readonly seconds: number;
}

export interface SysbenchResult {
  readonly tps: number;
  readonly transactions: number;
  /** To the next of sysbench's logarithmic buckets, which are 2 % wide. */
  readonly p99Us: number;
}

const ROWS = 100_000;
const USER = 'app';
const PASSWORD = 'apppw';
const US_PER_MS = 1000;

/** Throws with sysbench's own words when it fails. */
export async function runSysbench(options: SysbenchOptions): Promise<SysbenchResult> {
  const { peers, port, protocol, threads, seconds } = options;
  const output = await sysbench(peers, port, [
    `--db-ps-mode=${protocol === 'text' ? 'disable' : 'auto'}`,
    `--threads=${threads}`,
    `--time=${seconds}`,
    '--percentile=99',
    'run',
  ]);
  const [, transactions, tps] = /transactions:\s+(\d+)\s+\(([\d.]+) per sec/.exec(output) ?? [];
  const p99Ms = /99th percentile:\s+([\d.]+)/.exec(output)?.[1];
  if (transactions === undefined || !/ignored errors:\s+0 /.test(output))
    throw new Error(`sysbench failed:\n${output}`);
  return { tps: Number(tps), transactions: Number(transactions), p99Us: Number(p99Ms) * US_PER_MS };
}

/** Makes the table of point selects. */
export async function prepareSysbench(peers: Peers, port: number): Promise<void> {
  await sysbench(peers, port, ['prepare']);
}

async function sysbench(peers: Peers, port: number, args: readonly string[]): Promise<string> {
  const target = [
    '--mysql-host=127.0.0.1',
    `--mysql-port=${port}`,
    `--mysql-user=${USER}`,
    `--mysql-password=${PASSWORD}`,
    '--mysql-db=bench',
    '--mysql-ssl=off',
    '--tables=1',
    `--table-size=${ROWS}`,
  ];
  const child = spawn(peers.sysbench.program, [peers.sysbench.script, ...target, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...peers.environment, ...peers.sysbench.environment },
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
  if (code !== 0) throw new Error(`sysbench ended with ${code}:\n${output}`);
  return output;
}
