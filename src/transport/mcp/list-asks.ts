/**
 * How often a server is asked for its lists by Sluice itself. A call of something that nobody has seen leads to a question;
 * calls of what is not there would each be one, so that somebody could have a server asked as often as they like. Within a
 * while the same session is not asked for again, unless the server says that its list has changed.
 */
import type { Method } from '../../../protocols/mcp/methods.ts';

const AGAIN_MS = 10_000;
const KNOWN_MAX = 10_000;

interface Asked {
  readonly atMs: number;
  readonly reviews: number;
  readonly done: Promise<void>;
}

export class ListAsks {
  readonly #now: () => number;
  readonly #asked = new Map<string, Asked>();

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Resolves once the list was asked for, now or a moment ago. Rejects with what `ask` rejects with; that does not count.
   * `reviews`: what is pinned has changed so often; where it has since, here or at another instance, it is asked for again.
   */
  async once(whose: string, list: Method, reviews: number, ask: () => Promise<void>): Promise<void> {
    const key = keyOf(whose, list);
    const known = this.#asked.get(key);
    const isRecent = known !== undefined && this.#now() < known.atMs + AGAIN_MS;
    if (isRecent && known.reviews === reviews) return known.done;
    this.#asked.delete(key);
    if (this.#asked.size >= KNOWN_MAX) this.#asked.delete(this.#asked.keys().next().value ?? '');
    const asked = { atMs: this.#now(), reviews, done: ask() };
    this.#asked.set(key, asked);
    try {
      await asked.done;
    } catch (error) {
      if (this.#asked.get(key) === asked) this.#asked.delete(key);
      throw error;
    }
  }

  /** The server says that a list is another now. */
  changed(whose: string, list: Method): void {
    this.#asked.delete(keyOf(whose, list));
  }
}

function keyOf(whose: string, list: Method): string {
  return `${list} ${whose}`;
}
