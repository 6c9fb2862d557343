/** Rates of statements, as token buckets: each instance counts its own. */

interface Bucket {
  tokens: number;
  atMs: number;
}

/** When there are more, those that are full again are forgotten. */
const BUCKETS_MAX = 10_000;

export class Rates {
  readonly #buckets = new Map<string, Bucket & { readonly fullAfterMs: number }>();
  readonly #now: () => number;

  /** `now`: milliseconds of a clock that only goes on. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes so many tokens; gives 0, or else how many milliseconds there is to wait for them, and takes none. */
  take(name: string, amount: number, perMs: number, burst: number): number {
    const now = this.#now();
    const bucket = this.#buckets.get(name) ?? this.#make(name, burst, perMs, now);
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.atMs) * perMs);
    bucket.atMs = now;
    // A message of more statements than may ever come at once passes where all of the burst is there.
    const wanted = Math.min(amount, burst);
    if (bucket.tokens < wanted) return Math.max(1, (wanted - bucket.tokens) / perMs);
    bucket.tokens -= amount;
    return 0;
  }

  #make(name: string, burst: number, perMs: number, now: number) {
    if (this.#buckets.size >= BUCKETS_MAX) this.#forget(now);
    const bucket = { tokens: burst, atMs: now, fullAfterMs: burst / perMs };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #forget(now: number): void {
    for (const [name, { atMs, fullAfterMs }] of this.#buckets)
      if (now - atMs > fullAfterMs) this.#buckets.delete(name);
  }
}
