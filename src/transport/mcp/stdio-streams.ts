/** What a program has said and nobody has taken yet: one stream for each request, and one for what belongs to none. */
import type { LegError, ServerEvent, ServerStream } from './legs.ts';

/** Beyond this the program is not read from; below the other it is again. */
const HELD_BYTES_MAX = 1024 * 1024;
const HELD_BYTES_LOW = 256 * 1024;

/** What all streams of a program hold together: a reader that is slow slows the program. */
export class HeldMessages {
  #bytes = 0;
  #isFull = false;
  readonly #flow: { pause(): void; resume(): void };

  constructor(flow: { pause(): void; resume(): void }) {
    this.#flow = flow;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#isFull || this.#bytes <= HELD_BYTES_MAX) return;
    this.#isFull = true;
    this.#flow.pause();
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    if (!this.#isFull || this.#bytes > HELD_BYTES_LOW) return;
    this.#isFull = false;
    this.#flow.resume();
  }
}

export class StdioStream {
  readonly #held: HeldMessages;
  readonly #onClose: (isEarly: boolean) => void;
  #messages: Buffer[] = [];
  #ended = false;
  #error: LegError | null = null;
  #closed = false;
  /** Woken by whatever happens. */
  #wake: (() => void) | null = null;

  /** `onClose`: whoever reads it has let go of it, early or once it had ended. */
  constructor(held: HeldMessages, onClose: (isEarly: boolean) => void) {
    this.#held = held;
    this.#onClose = onClose;
  }

  get isEnded(): boolean {
    return this.#ended || this.#closed;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** The first that has come is the last that will. */
  get isSingle(): boolean {
    return this.isEnded && this.#messages.length <= 1;
  }

  push(message: Buffer): void {
    if (this.isEnded) return;
    this.#messages.push(message);
    this.#held.add(message.length);
    this.#woken();
  }

  /** Nothing follows. `error`: thrown behind what has come. */
  end(error: LegError | null): void {
    if (this.isEnded) return;
    this.#ended = true;
    this.#error = error;
    this.#woken();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { length } of this.#messages) this.#held.remove(length);
    this.#messages = [];
    this.#woken();
    this.#onClose(!this.#ended);
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Resolves when there is something to take, or nothing will be any more; at the latest after so long. */
  async arrival(withinMs: number): Promise<void> {
    if (!this.isEmpty || this.isEnded) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  as(shape: ServerStream['shape']): ServerStream {
    return { shape, events: this.#events(), close: () => this.close() };
  }

  async *#events(): AsyncGenerator<ServerEvent, void, void> {
    try {
      for (;;) {
        const message = this.#messages.shift();
        if (message !== undefined) {
          this.#held.remove(message.length);
          yield { message, id: null, retryMs: null };
          continue;
        }
        if (this.#closed) return;
        if (this.#ended) {
          if (this.#error !== null) throw this.#error;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.close();
    }
  }
}

export const NOTHING: ServerStream = { shape: 'none', events: nothing(), close() {} };

async function* nothing(): AsyncGenerator<ServerEvent, void, void> {}
