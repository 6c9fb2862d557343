/**
 * How often logins may fail, by address and by address and name together. Whoever fails more often than that in a
 * minute waits; what fails at once, on many connections, is paid for afterwards. A name alone is not counted: then
 * anybody could lock somebody else out. Of IPv6, the first 64 bits are the address: who has one has them all.
 */

import { networkOf } from '../core/network.ts';

interface Bucket {
  /** What is left; below zero it is owed. */
  tokens: number;
  atMs: number;
}

/** `unanswered`: answers that were no proof, and that the client has not followed by its password, so far. */
const LIMITS = { pair: 10, address: 100, unanswered: 300 } as const;
const REFILL_MS = 60_000;
/** Nobody waits for longer. */
const DEBT_MS_MAX = 15 * 60_000;
const BUCKETS_MAX = 20_000;
const NAME_CHARACTERS = 128;

export class LoginAttempts {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  /** `now` only goes forward, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until a login may be tried; 0: now. */
  waitMs(name: string, address: string): number {
    const keys = [...keysOf(name, address), unansweredKey(address)];
    return Math.max(...keys.map(([key, max]) => this.#waitMs(key, max)));
  }

  failed(name: string, address: string): void {
    for (const [key, max] of keysOf(name, address)) this.#take(key, max);
  }

  /** A fast answer was no proof, and the client is asked for its password: if it leaves instead, that was a guess. */
  unanswered(address: string): void {
    this.#take(...unansweredKey(address));
  }

  /** It has sent its password, which proves something or is a failure. */
  answered(address: string): void {
    const [key, max] = unansweredKey(address);
    const bucket = this.#refilled(key, max);
    if (bucket !== null) bucket.tokens = Math.min(max, bucket.tokens + 1);
  }

  #take(key: string, max: number): void {
    const bucket = this.#refilled(key, max) ?? { tokens: max, atMs: this.#now() };
    bucket.tokens = Math.max(bucket.tokens - 1, (-DEBT_MS_MAX * max) / REFILL_MS);
    // The one that failed last is forgotten last.
    this.#buckets.delete(key);
    if (this.#buckets.size >= BUCKETS_MAX) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    this.#buckets.set(key, bucket);
  }

  #waitMs(key: string, max: number): number {
    const tokens = this.#refilled(key, max)?.tokens ?? max;
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * REFILL_MS) / max);
  }

  /** Null: nothing has failed lately. */
  #refilled(key: string, max: number): Bucket | null {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return null;
    const now = this.#now();
    bucket.tokens += ((now - bucket.atMs) * max) / REFILL_MS;
    bucket.atMs = now;
    if (bucket.tokens < max) return bucket;
    this.#buckets.delete(key);
    return null;
  }
}

type Key = readonly [string, number];

function keysOf(name: string, address: string): readonly Key[] {
  const network = networkOf(address);
  return [
    [`pair ${network} ${name.slice(0, NAME_CHARACTERS)}`, LIMITS.pair],
    [`address ${network}`, LIMITS.address],
  ];
}

function unansweredKey(address: string): Key {
  return [`unanswered ${networkOf(address)}`, LIMITS.unanswered];
}
