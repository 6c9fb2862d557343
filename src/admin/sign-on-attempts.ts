/**
 * Logins by way of an issuer that were begun. An attempt is known by a cookie of its own, once, and for minutes: who
 * comes back in another browser, a second time or too late, has not logged in.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { SignOnState } from './ports.ts';

const LIFETIME_MS = 10 * 60_000;
const ATTEMPTS_MAX = 1_000;

interface Attempt {
  readonly state: SignOnState;
  readonly expiresAtMs: number;
}

/** Attempts that wait for their browsers, by the hash of a cookie. */
export class SignOnAttempts {
  readonly #byHash = new Map<string, Attempt>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Gives what goes into the cookie. */
  add(state: SignOnState): string {
    const now = this.#now();
    for (const [hash, { expiresAtMs }] of this.#byHash) if (expiresAtMs <= now) this.#byHash.delete(hash);
    if (this.#byHash.size >= ATTEMPTS_MAX) this.#byHash.delete(this.#byHash.keys().next().value ?? '');
    const cookie = randomBytes(32).toString('base64url');
    this.#byHash.set(hashOf(cookie), { state, expiresAtMs: now + LIFETIME_MS });
    return cookie;
  }

  /** The attempt of this cookie, if it is the one that `state` belongs to. It is over with that, whatever comes of it. */
  take(cookie: string, state: string | null): SignOnState | null {
    const hash = hashOf(cookie);
    const found = this.#byHash.get(hash);
    this.#byHash.delete(hash);
    if (found === undefined || found.expiresAtMs <= this.#now() || found.state.state !== state) return null;
    return found.state;
  }
}

function hashOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url');
}
