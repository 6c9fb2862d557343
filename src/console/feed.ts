/** What the server sends every second, for all parts of the page that want it. */
import type { LiveSnapshot } from '../admin/wire.ts';

export interface News {
  readonly live: LiveSnapshot;
  /** Requests for approval that wait; null: the store does not answer. */
  readonly pending: number | null;
}

type Listener = (news: News | null) => void;

const AGAIN_MS = 2_000;

export class Feed {
  readonly #listeners = new Set<Listener>();
  #source: EventSource | null = null;
  #timer = 0;
  last: News | null = null;

  start(): void {
    this.#source?.close();
    const source = new EventSource('/api/v1/live/events');
    source.onmessage = ({ data }) => {
      const news: News = JSON.parse(String(data));
      this.last = news;
      for (const listener of this.#listeners) listener(news);
    };
    source.onerror = () => {
      for (const listener of this.#listeners) listener(null);
      // A browser gives up where the answer is no stream, such as while Sluice is restarted.
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.start(), AGAIN_MS);
    };
    this.#source = source;
  }

  stop(): void {
    window.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.last = null;
  }

  /** Null is told when the connection is lost. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.last !== null) listener(this.last);
    return () => this.#listeners.delete(listener);
  }
}
