/**
 * Logins by way of an issuer that were begun. What is kept of one is in a cookie of the browser that began it, sealed
 * with a key of this process: however many are begun by whomever, they take no memory and push out no other. An attempt
 * serves once, and for minutes: who comes back in another browser, a second time or too late, has not logged in.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { isObject, type Json, parseJson } from '../core/json.ts';
import type { SignOnState } from './ports.ts';

const LIFETIME_MS = 10 * 60_000;
/** Cookies that came back are remembered until they would have run out; beyond this the issuer's code alone is for once. */
const TAKEN_MAX = 10_000;
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class SignOnAttempts {
  readonly #key = randomBytes(32);
  /** By hash, with when they run out. */
  readonly #taken = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Gives what goes into the cookie. */
  add(state: SignOnState): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    const text = JSON.stringify({ ...state, expiresAtMs: this.#now() + LIFETIME_MS });
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** The attempt of this cookie, if it is the one that `state` belongs to. It is over with that, whatever comes of it. */
  take(cookie: string, state: string | null): SignOnState | null {
    const found = this.#opened(cookie);
    if (found === null) return null;
    const now = this.#now();
    const { expiresAtMs, ...attempt } = found;
    if (expiresAtMs <= now) return null;
    const hash = createHash('sha256').update(attempt.state).digest('base64url');
    if (this.#taken.has(hash)) return null;
    for (const [old, untilMs] of this.#taken) {
      if (untilMs > now) break;
      this.#taken.delete(old);
    }
    if (this.#taken.size >= TAKEN_MAX) this.#taken.delete(this.#taken.keys().next().value ?? '');
    this.#taken.set(hash, expiresAtMs);
    return attempt.state === state ? attempt : null;
  }

  /** Null: it is none of ours. */
  #opened(cookie: string): (SignOnState & { readonly expiresAtMs: number }) | null {
    const bytes = Buffer.from(cookie, 'base64url');
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return null;
    const end = bytes.length - TAG_BYTES;
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(end));
      const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
      return attemptIn(parseJson(text.toString('utf8')));
    } catch {
      return null;
    }
  }
}

function attemptIn(value: Json | undefined): (SignOnState & { readonly expiresAtMs: number }) | null {
  if (value === undefined || !isObject(value)) return null;
  const { state, nonce, verifier, redirectUri, expiresAtMs } = value;
  if (typeof state !== 'string' || typeof nonce !== 'string' || typeof verifier !== 'string') return null;
  if (typeof redirectUri !== 'string' || typeof expiresAtMs !== 'number') return null;
  return { state, nonce, verifier, redirectUri, expiresAtMs };
}
