/** Tells when the store cannot be used, and when it can again: once for each change. */
import type { Database, Transaction } from './database.ts';
import { StoreUnavailable } from './store.ts';

export class WatchedDatabase implements Database {
  readonly #inner: Database;
  readonly #onHealth: (problem: string | null) => void;
  #problem: string | null = null;

  /** `onHealth` gets what is wrong, or null when it works again. */
  constructor(inner: Database, onHealth: (problem: string | null) => void) {
    this.#inner = inner;
    this.#onHealth = onHealth;
  }

  write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#observed(this.#inner.write(run));
  }

  read<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#observed(this.#inner.read(run));
  }

  watch: Database['watch'] = (topic, callback) => this.#inner.watch(topic, callback);

  inspect(): Promise<void> {
    return this.#observed(this.#inner.inspect());
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #observed<Result>(answer: Promise<Result>): Promise<Result> {
    try {
      const result = await answer;
      this.#now(null);
      return result;
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#now(error.message);
      throw error;
    }
  }

  #now(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#onHealth(problem);
  }
}
