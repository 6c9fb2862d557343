/** How often logins may fail: by name and address together, by address, and all in all. */

interface Bucket {
  tokens: number;
  atMs: number;
}

const BUCKETS_MAX = 10_000;
const LIMITS = { pair: 5, address: 20, all: 200 } as const;
/** A bucket that is empty is full again after this. */
const REFILL_MS = 60_000;

export class Attempts {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds until the next attempt may be made; 0: now. */
  waitS(name: string, address: string): number {
    return Math.max(...keysOf(name, address).map(([key, max]) => this.#waitS(key, max)));
  }

  failed(name: string, address: string): void {
    for (const [key, max] of keysOf(name, address)) {
      const bucket = this.#bucket(key, max);
      bucket.tokens = Math.max(0, bucket.tokens - 1);
    }
  }

  /** It has not failed after all: what was taken is given back. */
  succeeded(name: string, address: string): void {
    for (const [key, max] of keysOf(name, address)) {
      const bucket = this.#bucket(key, max);
      bucket.tokens = Math.min(max, bucket.tokens + 1);
    }
  }

  #waitS(key: string, max: number): number {
    const { tokens } = this.#bucket(key, max);
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * REFILL_MS) / max / 1000);
  }

  #bucket(key: string, max: number): Bucket {
    const now = this.#now();
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= BUCKETS_MAX) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
      bucket = { tokens: max, atMs: now };
      this.#buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(max, bucket.tokens + ((now - bucket.atMs) * max) / REFILL_MS);
    bucket.atMs = now;
    return bucket;
  }
}

function keysOf(name: string, address: string): readonly (readonly [string, number])[] {
  return [
    [`pair ${address} ${name.slice(0, 256)}`, LIMITS.pair],
    [`address ${address}`, LIMITS.address],
    ['all', LIMITS.all],
  ];
}
