/** Threads that parse long statements. One that takes too long is ended, and its statement counts as unreadable. */
import { Piscina } from 'piscina';
import { CAPS } from './postgres/caps.ts';
import type { ParseOutcome, ParserMajor } from './postgres/parser.ts';

/** How long a thread may take to get ready, beside the time for the statement itself. */
const START_MS_MAX = 5_000;
const LOOK_EVERY_MS = 15;
const THREADS_MAX = 2;

export class ParsePool {
  readonly #pool: Piscina;
  /** Statements given up because they took too long. */
  timedOut = 0;

  constructor() {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#pool = new Piscina({
      filename: new URL(`../../workers/parse-statement.${extension}`, import.meta.url).href,
      name: 'parseStatement',
      minThreads: 1,
      maxThreads: THREADS_MAX,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
  }

  /** Parses `text`, whose buffer has to be its own: it goes to the thread. Never rejects. */
  async parse(major: ParserMajor, text: Buffer): Promise<ParseOutcome> {
    const begun = new Int32Array(new SharedArrayBuffer(4));
    const abort = new AbortController();
    const giveUp = this.#watch(begun, abort);
    // A pooled Buffer would take its whole pool along: the text is copied into one of its own.
    const own = new Uint8Array(text.length);
    own.set(text);
    try {
      return await this.#pool.run({ major, text: own, begun }, { signal: abort.signal });
    } catch {
      if (abort.signal.aborted) this.timedOut++;
      return { outcome: 'failed' };
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
      const late = began === 0 ? now - asked > START_MS_MAX : now - began > CAPS.workerMs - LOOK_EVERY_MS;
      if (late) abort.abort();
    }, LOOK_EVERY_MS);
  }

  /** Starts a thread and loads the parser, so that the first long statement does not wait for it. */
  async warmUp(major: ParserMajor): Promise<void> {
    await this.parse(major, Buffer.from('SELECT 1'));
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
