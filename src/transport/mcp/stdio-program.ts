/**
 * An MCP server that is a program of this machine: started, spoken to by lines over its pipes, and ended. What it writes
 * to standard error goes to the log, within bounds. It is not started again: whoever needs it starts another.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { asLine, type Line, LineReader } from '../../../protocols/stdio/index.ts';
import { LegError } from './legs.ts';
import { StderrLog, type StderrSink } from './stdio-stderr.ts';

export interface ProgramOrder {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Of a line that it writes. */
  readonly messageBytesMax: number;
  /** What of its environment and arguments nobody may read in a log. */
  readonly secrets: readonly string[];
  readonly log: StderrSink;
}

export interface ProgramEvents {
  line(line: Line): void;
  /** Nothing comes any more, and nothing can be sent. Once. */
  ended(error: LegError): void;
}

/** A server closes when its standard input does (MCP, lifecycle, shutdown); then it is asked, then it is made to. */
const GRACE_MS = 1_000;
/** What a program's children hold of its pipes once it has gone itself is not waited for. */
const LAST_BYTES_MS = 500;

const NOT_STARTED: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such command, or its directory is not there',
  EACCES: 'it may not be executed',
  ENOEXEC: 'it is no program for this machine',
  E2BIG: 'its arguments and environment are too long',
  EAGAIN: 'there are too many processes',
};

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export class StdioProgram {
  readonly #child: Child;
  readonly #events: ProgramEvents;
  readonly #reader: LineReader;
  readonly #stderr: StderrLog;
  readonly #over: Promise<void>;
  #resolveOver: () => void = () => {};
  #error: LegError | null = null;
  #ending: Promise<void> | null = null;
  readonly #atExit = () => this.#kill('SIGKILL');

  constructor(order: ProgramOrder, events: ProgramEvents) {
    const [file, ...args] = order.command;
    this.#events = events;
    this.#reader = new LineReader(order.messageBytesMax);
    this.#stderr = new StderrLog(order.log, order.secrets);
    this.#over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    // In a group of its own: what it starts itself, as npx does, ends with it, and a terminal's Ctrl-C is ours to pass on.
    this.#child = spawn(file, args, {
      env: { ...order.environment },
      cwd: order.directory,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      shell: false,
    });
    process.once('exit', this.#atExit);
    this.#listen(this.#child, file);
  }

  #listen(child: Child, file: string): void {
    // Arguments stay unsaid: they may have logins.
    const named = `the program ${JSON.stringify(file)}`;
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why = NOT_STARTED[error.code ?? ''] ?? error.code ?? 'for reasons of its own';
      this.#ended(new LegError('unreachable', `${named} cannot be started: ${why}`));
    });
    child.stdout.on('data', (chunk: Buffer) => {
      for (const line of this.#reader.push(chunk)) this.#events.line(line);
    });
    // A pipe that breaks is told by the end of the program, too.
    child.stdout.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    child.stderr.on('error', () => {});
    child.stdin.on('error', () => {});
    child.once('exit', () => {
      const timer = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, LAST_BYTES_MS);
      child.once('close', () => clearTimeout(timer));
      child.stdout.resume();
      // Its own children have lost whom they worked for.
      this.#kill('SIGTERM');
    });
    child.once('close', (code, signal) => {
      const last = this.#reader.end();
      if (last !== null && this.#error === null) this.#events.line(last);
      const how = signal === null ? `with exit code ${code ?? 0}` : `by ${signal}`;
      this.#ended(new LegError('ended', `${named} has ended ${how}`));
    });
  }

  #ended(error: LegError): void {
    if (this.#error !== null) return;
    this.#error = error;
    process.removeListener('exit', this.#atExit);
    this.#stderr.end();
    this.#events.ended(error);
    this.#resolveOver();
  }

  /** Null while it runs. */
  get error(): LegError | null {
    return this.#error;
  }

  /** Null: it could not be started. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** One message; resolves when the pipe has room for more. Rejects with LegError. */
  async send(message: Buffer): Promise<void> {
    if (this.#error !== null) throw this.#error;
    const { stdin } = this.#child;
    if (!stdin.writable) throw new LegError('ended', 'the program takes nothing any more');
    if (stdin.write(asLine(message))) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        stdin.removeListener('drain', done);
        stdin.removeListener('close', done);
        resolve();
      };
      stdin.once('drain', done);
      stdin.once('close', done);
    });
  }

  /** It is not read from until `resume`: a program whose pipe is full waits. */
  pause(): void {
    this.#child.stdout.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
  }

  /** Resolves once it is gone. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    if (this.#error !== null) return;
    this.#child.stdin.end();
    this.#child.stdout.resume();
    if (await this.#isOverWithin(GRACE_MS)) return;
    this.#kill('SIGTERM');
    if (await this.#isOverWithin(GRACE_MS)) return;
    this.#kill('SIGKILL');
    await this.#over;
  }

  async #isOverWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | null = null;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const isOver = await Promise.race([this.#over.then(() => true), late]);
    if (timer !== null) clearTimeout(timer);
    return isOver;
  }

  /** The program and what it has started; they may be gone already. */
  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }
}
