/**
 * Who is logged in to the console. A login is a random token in a cookie, of which only the hash is kept, in this
 * process: a restart logs everybody out.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Identity } from '../core/principal.ts';
import type { Role } from './wire.ts';

export interface Login {
  readonly identity: Identity;
  readonly role: Role;
  readonly csrf: string;
  readonly expiresAtMs: number;
  usedAtMs: number;
}

const LIFETIME_MS = 12 * 60 * 60_000;
const IDLE_MS = 60 * 60_000;
const LOGINS_MAX = 10_000;
const TOKEN_BYTES = 32;

export class Logins {
  readonly #byHash = new Map<string, Login>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Gives the token for the cookie. A login does not outlive what was shown for it. */
  begin(identity: Identity, role: Role): { readonly token: string; readonly login: Login } {
    const now = this.#now();
    for (const [hash, login] of this.#byHash) if (!isLive(login, now)) this.#byHash.delete(hash);
    if (this.#byHash.size >= LOGINS_MAX) this.#byHash.delete(this.#byHash.keys().next().value ?? '');
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const csrf = randomBytes(TOKEN_BYTES).toString('base64url');
    const expiresAtMs = Math.min(now + LIFETIME_MS, identity.proof.expiresAtMs ?? Number.POSITIVE_INFINITY);
    const login = { identity, role, csrf, expiresAtMs, usedAtMs: now };
    this.#byHash.set(hashOf(token), login);
    return { token, login };
  }

  find(token: string): Login | null {
    const login = this.#byHash.get(hashOf(token));
    const now = this.#now();
    if (login === undefined || !isLive(login, now)) return null;
    login.usedAtMs = now;
    return login;
  }

  end(token: string): void {
    this.#byHash.delete(hashOf(token));
  }
}

function isLive(login: Login, now: number): boolean {
  return now < login.expiresAtMs && now < login.usedAtMs + IDLE_MS;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

export function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
