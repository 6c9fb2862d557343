/** Who is called when something under a topic changes. */
import { STORE_TOPICS, type StoreTopic } from './store.ts';

export class Watchers {
  readonly #callbacks = new Map<StoreTopic, Set<() => void>>(STORE_TOPICS.map((topic) => [topic, new Set()]));

  /** Gives what ends it. */
  add(topic: StoreTopic, callback: () => void): () => void {
    // The same function may watch twice, and ends one of the two at a time.
    const own = () => callback();
    this.#callbacks.get(topic)?.add(own);
    return () => this.#callbacks.get(topic)?.delete(own);
  }

  get isEmpty(): boolean {
    return [...this.#callbacks.values()].every((callbacks) => callbacks.size === 0);
  }

  changed(topics: Iterable<StoreTopic>): void {
    for (const topic of topics) {
      for (const callback of [...(this.#callbacks.get(topic) ?? [])]) callback();
    }
  }
}
