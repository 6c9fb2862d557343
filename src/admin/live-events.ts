/** Streams of server-sent events: every second what is live, made once for all who look. */
import type { ServerResponse } from 'node:http';
import type { LivePort } from './ports.ts';
import { LIVE_MAX } from './routes.ts';

const EVERY_MS = 1_000;
export const STREAMS_MAX = 200;

interface Stream {
  readonly response: ServerResponse;
  /** Whether its reader may still read. */
  readonly isAllowed: () => boolean;
}

export class LiveEvents {
  readonly #live: LivePort;
  readonly #pending: () => Promise<number>;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | null = null;

  /** `pending`: how many requests for approval are open. */
  constructor(live: LivePort, pending: () => Promise<number>) {
    this.#live = live;
    this.#pending = pending;
  }

  get isFull(): boolean {
    return this.#streams.size >= STREAMS_MAX;
  }

  add(response: ServerResponse, isAllowed: () => boolean): void {
    const stream = { response, isAllowed };
    this.#streams.add(stream);
    response.on('close', () => {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#stop();
    });
    response.on('error', () => response.destroy());
    this.#timer ??= setInterval(() => void this.#send(), EVERY_MS);
    void this.#send();
  }

  async #send(): Promise<void> {
    const pending = await this.#pending().catch(() => null);
    const event = `data: ${JSON.stringify({ live: this.#live.snapshot(LIVE_MAX), pending })}\n\n`;
    for (const { response, isAllowed } of [...this.#streams]) {
      if (!isAllowed()) response.end();
      // A reader that does not read is skipped: the next event says all that this one does.
      else if (!response.writableNeedDrain) response.write(event);
    }
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  close(): void {
    this.#stop();
    for (const { response } of this.#streams) response.destroy();
    this.#streams.clear();
  }
}
