/** When what was shown at a login runs out, the session of it ends, whatever it is doing. */
import { ProxyError } from '../core/errors.ts';
import type { Proof } from '../core/principal.ts';
import type { ListenerDomain } from './listener-domain.ts';

/** What a timer of Node's can wait for at most. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class SessionExpiry {
  readonly #domain: Pick<ListenerDomain, 'after' | 'sql'>;
  readonly #terminate: (error: ProxyError) => void;
  #expiresAtMs: number | null = null;
  #timer: { cancel(): void } | null = null;

  constructor(domain: Pick<ListenerDomain, 'after' | 'sql'>, terminate: (error: ProxyError) => void) {
    this.#domain = domain;
    this.#terminate = terminate;
  }

  /** From now on it is this proof that the session stands on; null: it has ended. */
  follow(proof: Proof | null): void {
    this.#expiresAtMs = proof?.expiresAtMs ?? null;
    this.#await();
  }

  /** The clock may have been set forward, of which a timer knows nothing. */
  check(): void {
    if (this.#expiresAtMs === null) return;
    if (this.#domain.sql.clock() < this.#expiresAtMs) return;
    this.#expiresAtMs = null;
    this.#terminate(new ProxyError('login-expired'));
  }

  #await(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#expiresAtMs === null) return;
    const leftMs = this.#expiresAtMs - this.#domain.sql.clock();
    this.#timer = this.#domain.after(Math.min(Math.max(leftMs, 0), TIMER_MS_MAX), () => {
      this.check();
      this.#await();
    });
  }
}
