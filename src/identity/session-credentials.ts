/**
 * Session credentials as they are looked up at logins: in the store, each time, so that none serves after its end or
 * its removal. That a name has none is remembered for a moment where it is asked for again and again: guessing does not
 * become load, and whoever gets a credential after the first refusal is let in with it at once.
 */
import type { StoredCredential } from './session-credential.ts';

/** The part of the store that is asked. */
export interface CredentialSource {
  /** Those that have not expired, the newest first. */
  list(filter: {
    readonly principal: string | null;
    readonly limit: number;
  }): Promise<readonly StoredCredential[]>;
  /** 32 bytes in hex, the same for all instances. */
  salt(): Promise<string>;
  /** Calls back soon after one was made; gives what ends it. */
  watch(callback: () => void): () => void;
}

export interface FoundCredentials {
  readonly storeSalt: string;
  readonly credentials: readonly StoredCredential[];
}

/** A proof is held against each: a name with more of them has its oldest passed over. */
export const CREDENTIALS_MAX = 1_000;
/** So many look-ups of a name that has none, within so long, are made; then it is believed for as long. */
const MISSES_MAX = 10;
const NONE_MS = 250;
const NAMES_MAX = 10_000;

export class SessionCredentials {
  readonly #source: CredentialSource;
  readonly #now: () => number;
  readonly #unwatch: () => void;
  #salt: Promise<string> | null = null;
  readonly #asking = new Map<string, Promise<readonly StoredCredential[]>>();
  /** Names that had none, how often since when. */
  readonly #none = new Map<string, { misses: number; readonly sinceMs: number }>();

  /** `now` only goes forward, in milliseconds. */
  constructor(source: CredentialSource, now: () => number) {
    this.#source = source;
    this.#now = now;
    this.#unwatch = source.watch(() => this.#none.clear());
  }

  /** What a name may log in with at this moment. Rejects where the store cannot be asked. */
  async of(name: string): Promise<FoundCredentials> {
    const storeSalt = await this.#storeSalt();
    if (this.#isBelievedToHaveNone(name)) return { storeSalt, credentials: [] };
    // Many that log in at once ask once.
    let asking = this.#asking.get(name);
    if (asking === undefined) {
      asking = this.#ask(name).finally(() => this.#asking.delete(name));
      this.#asking.set(name, asking);
    }
    return { storeSalt, credentials: await asking };
  }

  async #ask(name: string): Promise<readonly StoredCredential[]> {
    const found = await this.#source.list({ principal: name, limit: CREDENTIALS_MAX });
    if (found.length === 0) this.#missed(name);
    else this.#none.delete(name);
    return found;
  }

  #isBelievedToHaveNone(name: string): boolean {
    const known = this.#none.get(name);
    return known !== undefined && known.misses >= MISSES_MAX && this.#now() < known.sinceMs + NONE_MS;
  }

  #missed(name: string): void {
    const known = this.#none.get(name);
    if (known !== undefined && this.#now() < known.sinceMs + NONE_MS) {
      known.misses++;
      return;
    }
    this.#none.delete(name);
    if (this.#none.size >= NAMES_MAX) this.#none.delete(this.#none.keys().next().value ?? '');
    this.#none.set(name, { misses: 1, sinceMs: this.#now() });
  }

  #storeSalt(): Promise<string> {
    this.#salt ??= this.#source.salt().catch((error: unknown) => {
      this.#salt = null;
      throw error;
    });
    return this.#salt;
  }

  close(): void {
    this.#unwatch();
  }
}
