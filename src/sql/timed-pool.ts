/** Threads that read what is too long for the event loop. One that takes too long is ended; its task has failed. */
import { Piscina } from 'piscina';

/** How long a thread may take to get ready, beside the time for the task itself. */
const START_MS_MAX = 5_000;
const LOOK_EVERY_MS = 15;
const THREADS_MAX = 2;

/** `begun`: one element, which the thread sets to 1 when the work itself begins. */
export interface TimedTask {
  readonly begun: Int32Array;
}

export interface TimedPoolOptions {
  /** The file in workers/, without its extension, and the function in it. */
  readonly file: string;
  readonly name: string;
  /** How long one task may take. */
  readonly workMs: number;
  /** The module to run in place of that file; null: that file. */
  readonly entry?: URL | null;
}

export class TimedPool<Task extends TimedTask, Result> {
  readonly #pool: Piscina<Task, Result>;
  readonly #workMs: number;
  /** Tasks given up because they took too long. */
  timedOut = 0;

  constructor({ file, name, workMs, entry = null }: TimedPoolOptions) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#workMs = workMs;
    this.#pool = new Piscina({
      filename: (entry ?? new URL(`../../workers/${file}.${extension}`, import.meta.url)).href,
      name,
      minThreads: 1,
      maxThreads: THREADS_MAX,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
  }

  /** Null where the task has failed or taken too long. Never rejects. */
  async run(task: Task): Promise<Result | null> {
    const abort = new AbortController();
    const giveUp = this.#watch(task.begun, abort);
    try {
      return await this.#pool.run(task, { signal: abort.signal });
    } catch {
      if (abort.signal.aborted) this.timedOut++;
      return null;
    } finally {
      clearInterval(giveUp);
    }
  }

  #watch(begun: Int32Array, abort: AbortController): NodeJS.Timeout {
    const asked = performance.now();
    let began = 0;
    return setInterval(() => {
      const now = performance.now();
      if (began === 0 && Atomics.load(begun, 0) === 1) began = now;
      const late = began === 0 ? now - asked > START_MS_MAX : now - began > this.#workMs - LOOK_EVERY_MS;
      if (late) abort.abort();
    }, LOOK_EVERY_MS);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** A flag that threads share; what a task's `begun` is. */
export function newBegun(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** A pooled Buffer would take its whole pool along: the text is copied into one of its own. */
export function ownBytes(text: Buffer): Uint8Array {
  const own = new Uint8Array(text.length);
  own.set(text);
  return own;
}
