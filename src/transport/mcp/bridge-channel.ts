/** What several sources bring and one reader takes, in order; whoever brings more than fits waits (promise 9). */
export class BridgeChannel<T> {
  readonly #items: T[] = [];
  readonly #max: number;
  #ended = false;
  #failure: unknown = null;
  /** Woken when something has come, or the end has. */
  #reader: (() => void) | null = null;
  #writers: (() => void)[] = [];

  constructor(max = 64) {
    this.#max = max;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Resolves when there is room for more. What comes behind the end is let go. */
  async push(item: T): Promise<void> {
    this.put(item);
    while (this.#items.length >= this.#max && !this.#ended)
      await new Promise<void>((resolve) => this.#writers.push(resolve));
  }

  put(item: T): void {
    if (this.#ended) return;
    this.#items.push(item);
    this.#wake();
  }

  /** Where whoever brings it cannot wait. False: there is no room. */
  offer(item: T): boolean {
    if (this.#items.length >= this.#max * 4) return false;
    this.put(item);
    return true;
  }

  /** To be taken before anything else. */
  putFirst(items: readonly T[]): void {
    if (this.#ended) return;
    this.#items.unshift(...items);
    this.#wake();
  }

  /** What has come is still taken; `failure` is thrown behind it. */
  end(failure: unknown = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
    for (const wake of this.#writers.splice(0)) wake();
  }

  #wake(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.();
  }

  /** Null: nothing comes any more. One reader at a time. */
  async take(): Promise<T | null> {
    while (this.#items.length === 0) {
      if (this.#ended) {
        if (this.#failure !== null) throw this.#failure;
        return null;
      }
      await new Promise<void>((resolve) => {
        this.#reader = resolve;
      });
    }
    const item = this.#items.shift() ?? null;
    if (this.#items.length < this.#max) for (const wake of this.#writers.splice(0)) wake();
    return item;
  }

  /** Takes everything that is there and of this kind, up to the first that is not. */
  takeWhile<U extends T>(isMeant: (item: T) => item is U): readonly U[] {
    const taken: U[] = [];
    for (let item = this.#items[0]; item !== undefined && isMeant(item); item = this.#items[0]) {
      taken.push(item);
      this.#items.shift();
    }
    if (this.#items.length < this.#max) for (const wake of this.#writers.splice(0)) wake();
    return taken;
  }
}
