/** A server process of our own, for a demo or a test: on loopback, in a temporary folder, gone when we are gone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_DEADLINE_MS = 30_000;
const RETRY_DELAY_MS = 30;

export type RunAs = { readonly uid: number; readonly gid: number } | Record<string, never>;

export interface PrivateServerOptions {
  /** For messages. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly runAs?: RunAs;
  /** Removed when the server is stopped. */
  readonly directory: string;
  /** What the server logs when it takes connections. */
  readonly readyText: string;
  /** Ends it at once: the data is thrown away, so there is nothing to write back. */
  readonly stopSignal: 'SIGQUIT' | 'SIGKILL';
}

export interface PrivateServer {
  /** What the server wrote to its log so far. */
  log(): string;
  /** Kills it at once, as a crash would. */
  kill(): void;
  stop(): Promise<void>;
  /** Ends it at once, and keeps its folder. */
  halt(): Promise<void>;
  /** Lets it shut down in order, and keeps its folder. */
  shutDown(): Promise<void>;
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Resolves when the server takes connections. Throws with the server's own log when it does not start. */
export async function launchPrivateServer(options: PrivateServerOptions): Promise<PrivateServer> {
  const { name, directory, stopSignal } = options;
  const child = spawn(options.file, options.args, {
    ...options.runAs,
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a group of its own: Ctrl-C is for us, and we stop the server when its clients are gone.
    detached: true,
  });
  const guard = guardOf(child, directory, stopSignal);
  let log = '';
  const ready = new Promise<void>((resolve) => {
    const take = (text: Buffer) => {
      log += text;
      if (log.includes(options.readyText)) resolve();
    };
    child.stderr.on('data', take);
    child.stdout.on('data', take);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  const end = async (signal: NodeJS.Signals) => {
    guard.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    process.removeListener('exit', onExit);
  };
  const outcome = await Promise.race([
    ready.then(() => 'ready'),
    exited.then(() => 'exited'),
    delay(START_DEADLINE_MS, 'late', { ref: false }),
  ]);
  if (outcome !== 'ready') {
    await end('SIGKILL');
    throw new Error(`${name} did not start (${outcome}):\n${log}`);
  }
  return {
    log: () => log,
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      await end(stopSignal);
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: RETRY_DELAY_MS });
    },
    halt: () => end(stopSignal),
    shutDown: () => end('SIGTERM'),
  };
}

/**
 * A server must not outlive us, whatever ends us, SIGKILL too: a shell waits for the end of its input, which is when
 * we are gone, and then ends the server and removes its folder.
 */
function guardOf(
  server: ChildProcess,
  directory: string,
  signal: PrivateServerOptions['stopSignal'],
): ChildProcess {
  const script = `read -r _; kill -${signal.slice(3)} "$0"; while kill -0 "$0"; do sleep 0.1; done; rm -rf "$1"`;
  const guard = spawn('/bin/sh', ['-c', script, String(server.pid), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  return guard;
}
