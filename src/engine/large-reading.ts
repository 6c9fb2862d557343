/** A statement that is parsed in a worker: asked for once, and read when the session asks again. */
import { createHash } from 'node:crypto';
import type { ParseOutcome, ParserMajor, ReadingSpace, ReadOutcome, StatementReader } from '../sql/index.ts';

interface Waiting {
  readonly key: string;
  outcome: ParseOutcome | null;
}

export class LargeReading {
  readonly #parse: (major: ParserMajor, text: Buffer) => Promise<ParseOutcome>;
  readonly #wake: () => void;
  #waiting: Waiting | null = null;

  /** `parse` never rejects; `wake` is called when the statement can be asked for again. */
  constructor(parse: (major: ParserMajor, text: Buffer) => Promise<ParseOutcome>, wake: () => void) {
    this.#parse = parse;
    this.#wake = wake;
  }

  /** What the worker said, if it has; else `large`, and it is asked. */
  read(space: ReadingSpace, reader: StatementReader, text: Buffer): ReadOutcome {
    const key = createHash('sha256').update(text).digest('base64');
    if (this.#waiting?.key === key) {
      const parsed = this.#waiting.outcome;
      if (parsed === null) return { outcome: 'large' };
      const read = reader.readParsed(space, parsed);
      if (read.outcome !== 'busy') this.#waiting = null;
      return read;
    }
    const waiting: Waiting = { key, outcome: null };
    this.#waiting = waiting;
    void this.#parse(reader.parser.major, Buffer.from(text)).then((outcome) => {
      waiting.outcome = outcome;
      this.#wake();
    });
    return { outcome: 'large' };
  }
}
