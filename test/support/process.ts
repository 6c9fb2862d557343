/** A program of ours as a process of its own: what it prints, what it ends with. */
import { type ChildProcess, spawn } from 'node:child_process';

const WAIT_MS = 60_000;

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface RunningProcess {
  readonly child: ChildProcess;
  /** What it printed so far. */
  output(): string;
  errors(): string;
  /** Resolves when what it printed, on either stream, matches; rejects when it ends or is too slow. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export function startProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that fails does not get as far as ending it.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  let errors = '';
  const looks = new Set<() => void>();
  const lookAgain = () => {
    for (const look of looks) look();
  };
  child.stdout.on('data', (text: Buffer) => {
    output += text;
    lookAgain();
  });
  child.stderr.on('data', (text: Buffer) => {
    errors += text;
    lookAgain();
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.removeListener('exit', kill);
      resolve(code ?? signal ?? -1);
    });
  });
  return {
    child,
    output: () => output,
    errors: () => errors,
    ended,
    printed(pattern) {
      return new Promise((resolve, reject) => {
        const settle = (settling: () => void) => {
          clearTimeout(timer);
          looks.delete(look);
          settling();
        };
        const fail = (why: string) =>
          settle(() => reject(new Error(`${why} before ${pattern}:\n${output}\n${errors}`)));
        const look = () => {
          const found = pattern.exec(output) ?? pattern.exec(errors);
          if (found !== null) settle(() => resolve(found));
        };
        const timer = setTimeout(() => fail(`${WAIT_MS} ms passed`), WAIT_MS);
        looks.add(look);
        void ended.then(
          (how) => fail(`it ended (${how})`),
          (error: unknown) => settle(() => reject(error)),
        );
        look();
      });
    },
  };
}
