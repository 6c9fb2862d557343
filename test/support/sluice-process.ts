/** Sluice as `sluice run` starts it, in a process of its own, for what happens to processes: signals, memory, limits. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json.ts';
import { recordsIn } from '../../src/journal/read.ts';
import { type VerifyReport, verifyJournal } from '../../src/journal/verify.ts';
import { until } from './until.ts';

export interface SluiceProcessOptions {
  readonly upstream: string;
  /** Further listeners, each in YAML's flow style. */
  readonly listeners?: readonly string[];
  readonly policy?: string;
  /** Further keys of the listener, in YAML's flow style. */
  readonly listener?: string;
  readonly users?: string;
  /** Further top-level lines of sluice.yaml. */
  readonly config?: string;
  readonly drain?: string;
  /** Where the journal is; a folder beside the configuration unless told otherwise. */
  readonly journalDirectory?: string;
  /** A folder of an earlier process, to be started in again. */
  readonly directory?: string;
}

export interface SluiceProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Of all of its listeners, in order. */
  readonly ports: readonly number[];
  readonly directory: string;
  readonly journalDirectory: string;
  readonly policyFile: string;
  log(): string;
  records(): readonly JsonObject[];
  verify(): VerifyReport;
  /** Resident memory now, in bytes. */
  rssBytes(): number;
  openFiles(): number;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Kills it if it is still there, and removes its folder. */
  remove(): Promise<void>;
}

const MAIN = join(import.meta.dirname, '../../src/main.ts');

function protocolOf(upstream: string): string {
  if (/^https?:/.test(upstream)) return 'http';
  return /^(mysql|mariadb):/.test(upstream) ? 'mysql' : 'postgres';
}

export async function startSluiceProcess(options: SluiceProcessOptions): Promise<SluiceProcess> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'sluice-process-'));
  const journalDirectory = options.journalDirectory ?? join(directory, 'journal');
  const policyFile = join(directory, 'policy.yaml');
  writeFileSync(policyFile, options.policy ?? 'default: allow\n');
  const protocol = protocolOf(options.upstream);
  const listener = options.listener === undefined ? '' : `, ${options.listener}`;
  const lines = [
    'listeners:',
    `  - { name: shop, protocol: ${protocol}, listen: "127.0.0.1:0", upstream: ${JSON.stringify(options.upstream)}, auth: [trust]${listener} }`,
    ...(options.listeners ?? []).map((one) => `  - ${one}`),
    `identity: { users: ${options.users ?? '[ { name: agent, groups: [agents] } ]'} }`,
    'policy: policy.yaml',
    `journal: { dir: ${JSON.stringify(journalDirectory)} }`,
    `drain: ${options.drain ?? '5s'}`,
    ...(options.config === undefined ? [] : [options.config]),
  ];
  const configFile = join(directory, 'sluice.yaml');
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  const child = spawn(process.execPath, [MAIN, 'run', '--config', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text: Buffer) => {
    log += text;
  });
  const exited = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'gone')),
  );
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  const ports = () => [...log.matchAll(/"port":(\d+),"msg":"listening"/g)].map(([, port]) => Number(port));
  const isUp = () => ports().length > (options.listeners?.length ?? 0);
  await until(() => isUp() || child.exitCode !== null, 'Sluice to listen', 20_000);
  if (!isUp()) throw new Error(`Sluice did not start:\n${log}`);
  return {
    child,
    port: ports()[0] ?? 0,
    ports: ports(),
    directory,
    journalDirectory,
    policyFile,
    log: () => log,
    records: () => [...recordsIn(journalDirectory)],
    verify: () => verifyJournal(journalDirectory, {}),
    rssBytes: () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    openFiles: () => readdirSync(`/proc/${child.pid}/fd`).length,
    exited,
    async remove() {
      child.kill('SIGKILL');
      await exited;
      process.removeListener('exit', onExit);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
