/**
 * One issuer as it described itself last, and the keys that it signs with. They are fetched at the start, again from
 * time to time, and when a token names a key that is not known. While the issuer is down, the keys of before go on
 * serving for as long as they may; an issuer that was never reached is asked again and again, and nobody else waits.
 */
import { createLocalJWKSet } from 'jose';
import { fetchKeys, fetchMetadata, type IssuerMetadata } from './oidc-documents.ts';

export interface IssuerSettings {
  readonly issuer: string;
  /** How old keys may get while the issuer cannot be reached. */
  readonly keysMaxAgeMs: number;
}

export interface IssuerEvents {
  /** Null: it can be reached again. Told once for each change. */
  onHealth(error: Error | null): void;
}

export interface KnownIssuer {
  readonly metadata: IssuerMetadata;
  /** Finds the key that a token names. */
  readonly keys: ReturnType<typeof createLocalJWKSet>;
}

const REFRESH_MS = 10 * 60_000;
/** Of a token that names an unknown key one fetch may come of, and then none for this long: such tokens cost nothing to make. */
const UNKNOWN_KEY_MS = 10_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;

export class OidcIssuer {
  readonly settings: IssuerSettings;
  readonly #events: IssuerEvents;
  readonly #now: () => number;
  #known: KnownIssuer | null = null;
  /** By the monotonic clock. */
  #fetchedMs = 0;
  #unknownKeyMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #fetching: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  /** `now`: a clock that only goes forward, in milliseconds. */
  constructor(settings: IssuerSettings, events: IssuerEvents, now: () => number = () => performance.now()) {
    this.settings = settings;
    this.#events = events;
    this.#now = now;
  }

  /** Begins to ask; never throws. */
  start(): void {
    void this.#fetch();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** What is known of it, as long as that may be used; null: nothing, and it cannot be reached. */
  async current(): Promise<KnownIssuer | null> {
    if (this.#usable === null && this.#now() - this.#failedMs > RETRY_MIN_MS) await this.#fetch();
    return this.#usable;
  }

  /** A token names a key that is not among those known. Null where asking again would come too soon, or brings nothing. */
  async refetched(): Promise<KnownIssuer | null> {
    const now = this.#now();
    if (this.#fetching === null) {
      if (now - this.#unknownKeyMs < UNKNOWN_KEY_MS) return null;
      this.#unknownKeyMs = now;
    }
    const before = this.#known;
    await this.#fetch();
    return this.#known === before ? null : this.#usable;
  }

  get #usable(): KnownIssuer | null {
    return this.#now() - this.#fetchedMs <= this.settings.keysMaxAgeMs ? this.#known : null;
  }

  /** One at a time, whoever asks. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    try {
      const metadata = await fetchMetadata(this.settings.issuer);
      const keys = await fetchKeys(metadata.jwks_uri);
      this.#known = { metadata, keys: createLocalJWKSet(keys) };
      this.#fetchedMs = this.#now();
      if (this.#failures > 0) this.#events.onHealth(null);
      this.#failures = 0;
      this.#again(REFRESH_MS);
    } catch (error) {
      if (this.#failures === 0 && !this.#closed)
        this.#events.onHealth(error instanceof Error ? error : new Error(String(error)));
      this.#failures++;
      this.#failedMs = this.#now();
      this.#again(Math.min(RETRY_MIN_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS));
    }
  }

  #again(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#fetch(), ms).unref();
  }
}
