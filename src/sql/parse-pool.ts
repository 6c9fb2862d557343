/** Threads that parse long statements. One that takes too long is ended, and its statement counts as unreadable. */
import { CAPS } from './postgres/caps.ts';
import type { ParseOutcome, ParserMajor } from './postgres/parser.ts';
import { newBegun, ownBytes, TimedPool, type TimedTask } from './timed-pool.ts';

interface ParseTask extends TimedTask {
  readonly major: ParserMajor;
  readonly text: Uint8Array;
}

export class ParsePool {
  readonly #pool = new TimedPool<ParseTask, ParseOutcome>({
    file: 'parse-statement',
    name: 'parseStatement',
    workMs: CAPS.workerMs,
  });

  /** Statements given up because they took too long. */
  get timedOut(): number {
    return this.#pool.timedOut;
  }

  /** Never rejects. */
  async parse(major: ParserMajor, text: Buffer): Promise<ParseOutcome> {
    const parsed = await this.#pool.run({ major, text: ownBytes(text), begun: newBegun() });
    return parsed ?? { outcome: 'failed' };
  }

  /** Starts a thread and loads the parser, so that the first long statement does not wait for it. */
  async warmUp(major: ParserMajor): Promise<void> {
    await this.parse(major, Buffer.from('SELECT 1'));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
