/** A server that the bench starts, waits for, and ends. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it will listen, on 127.0.0.1. */
  readonly port: number;
  /** A file for what it says. */
  readonly log: string;
  /** The core it has to itself; null leaves that to the kernel. */
  readonly core: number | null;
}

export interface Child {
  readonly pid: number;
  readonly port: number;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;
const ATTEMPT_INTERVAL_MS = 50;

/** Resolves when the port takes connections; throws with the server's own words when it does not. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, port, log } = options;
  const pinned = options.core === null ? [] : ['taskset', '-c', String(options.core)];
  // taskset replaces itself by the command, so that the process id is the server's own.
  const [command, ...args] = [...pinned, options.command, ...options.args];
  if (command === undefined) throw new Error('no command');
  const output = openSync(log, 'a');
  const child = spawn(command, args, {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...options.environment },
  });
  closeSync(output);
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${name} ended (${signal ?? code}):\n${readFileSync(log, 'utf8')}`)),
    );
  });
  failed.catch(() => {});
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // Nothing that the bench starts outlives it.
  const onExit = () => void child.kill('SIGKILL');
  process.once('exit', onExit);
  const stop = async () => {
    child.kill('SIGTERM');
    const late = delay(STOP_DEADLINE_MS, 'late', { ref: false });
    if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL');
    await exited;
    process.removeListener('exit', onExit);
  };
  const giveUpMs = performance.now() + START_DEADLINE_MS;
  while (!(await Promise.race([failed, answers(port)]))) {
    if (performance.now() > giveUpMs) {
      await stop();
      throw new Error(`${name} does not listen on ${port}:\n${readFileSync(log, 'utf8')}`);
    }
    await delay(ATTEMPT_INTERVAL_MS);
  }
  return { pid: child.pid ?? 0, port, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
