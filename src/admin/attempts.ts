/**
 * How often logins may fail: by name and address together, by address, and all in all. Addresses from which somebody has
 * logged in are not a part of that sum, so that whoever has many cannot keep people out. Of IPv6, the first 64 bits count.
 */
import { networkOf } from '../core/network.ts';

interface Bucket {
  tokens: number;
  atMs: number;
}

const BUCKETS_MAX = 10_000;
/** Addresses from which people came lately. */
const KNOWN_MAX = 1_000;
const LIMITS = { pair: 5, address: 20, all: 200 } as const;
/** A bucket that is empty is full again after this. */
const REFILL_MS = 60_000;

export class Attempts {
  readonly #buckets = new Map<string, Bucket>();
  readonly #known = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds until the next attempt may be made; 0: now. */
  waitS(name: string, address: string): number {
    const network = networkOf(address);
    const keys = keysOf(name, network).filter(([key]) => key !== ALL || !this.#known.has(network));
    return Math.max(...keys.map(([key, max]) => this.#waitS(key, max)));
  }

  failed(name: string, address: string): void {
    for (const [key, max] of keysOf(name, networkOf(address))) {
      const bucket = this.#bucket(key, max);
      bucket.tokens = Math.max(0, bucket.tokens - 1);
    }
  }

  /** It has not failed after all: what was taken is given back. */
  succeeded(name: string, address: string): void {
    const network = networkOf(address);
    // The one that was seen last is forgotten last.
    this.#known.delete(network);
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.add(network);
    for (const [key, max] of keysOf(name, network)) {
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

const ALL = 'all';

function keysOf(name: string, network: string): readonly (readonly [string, number])[] {
  return [
    [`pair ${network} ${name.slice(0, 256)}`, LIMITS.pair],
    [`address ${network}`, LIMITS.address],
    [ALL, LIMITS.all],
  ];
}
