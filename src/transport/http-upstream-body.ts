/**
 * The body of an upstream's answer, pulled by one reader and no faster than it reads (promise 9). It is no stream of
 * Node's: to make one costs more than all the rest of a small answer, which has mostly come whole before it is looked at.
 */

/** Where it comes from. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** Nothing more is wanted: the connection ends where there is more to come. */
  abort(reason: Error): void;
}

/** What waits for the reader, at most, before the server is held up: as much as streams of Node's have it. */
const WAITING_BYTES_MAX = 64 * 1024;

export class UpstreamBody implements AsyncIterable<Buffer> {
  readonly #source: BodySource;
  #chunks: Buffer[] = [];
  #waitingBytes = 0;
  #paused = false;
  #ended = false;
  #discards = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** From the source: `chunk` is the body's own from here on. */
  push(chunk: Buffer): void {
    if (this.#discards || this.#error !== null) return;
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > WAITING_BYTES_MAX && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#woken();
  }

  /** From the source: that was all of it. */
  end(): void {
    this.#ended = true;
    this.#woken();
  }

  /** From the source: it broke off. What has come before is not read any more. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#chunks = [];
    this.#woken();
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** All that is left of it, where it has come to its end; null: there is more to wait for, or it broke off. */
  takeWhole(): Buffer | null {
    if (!this.#ended || this.#error !== null) return null;
    const chunks = this.#taken();
    const [only] = chunks;
    return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
  }

  #taken(): Buffer[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#waitingBytes = 0;
    return chunks;
  }

  /** The next bytes; null behind the last. Rejects with what it broke off with. */
  async read(): Promise<Buffer | null> {
    for (;;) {
      if (this.#error !== null) throw this.#error;
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length;
        if (this.#paused && this.#chunks.length === 0) this.#resume();
        return chunk;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #resume(): void {
    this.#paused = false;
    this.#source.resume();
  }

  /** Reads on to the end and keeps nothing, so that the connection can be used again. */
  discard(): void {
    this.#discards = true;
    this.#chunks = [];
    if (this.#paused) this.#resume();
  }

  /** Lets go of it. Whoever still reads is told that it broke off. */
  destroy(): void {
    if (this.#ended || this.#error !== null) return;
    const error = new Error('the answer was let go of');
    this.fail(error);
    this.#source.abort(error);
  }

  /** Leaving a loop early lets go of it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    try {
      for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
    } finally {
      this.destroy();
    }
  }
}
