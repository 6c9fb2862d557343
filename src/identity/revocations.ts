/**
 * Who has no access any more. The shared store says it; this is what one instance knows of it, soon after it was said
 * anywhere. What was known last holds while the store cannot be asked. Until it could be asked for the first time,
 * nobody logs in by what may have been revoked since.
 */
import { ProxyError } from '../core/errors.ts';
import { foldedName } from '../core/person.ts';
import type { Identity } from '../core/principal.ts';

export interface RevokedAccess {
  readonly kind: 'principal' | 'credential' | 'session' | 'quarantine';
  readonly subject: string;
  readonly reason: string | null;
  readonly by: string;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly at: number;
  readonly until: number | null;
}

/** The part of the store that is asked. */
export interface RevocationSource {
  current(): Promise<readonly RevokedAccess[]>;
  /** Calls back soon after something has changed; gives what ends it. */
  watch(callback: () => void): () => void;
}

/** What has changed since the store was read before; of the first reading, all. */
export interface RevocationChange {
  readonly revoked: readonly RevokedAccess[];
  readonly lifted: readonly RevokedAccess[];
  readonly isFirst: boolean;
}

/** How often the store is read without being told: for what was not told, and for revocations that end by time. */
const READ_MS = 2_000;

export class Revocations {
  readonly #source: RevocationSource;
  readonly #onChange: (change: RevocationChange) => void;
  readonly #unwatch: () => void;
  readonly #timer: NodeJS.Timeout;
  /** Null until the store was read for the first time. */
  #inForce: ReadonlyMap<string, RevokedAccess> | null = null;
  #reading: Promise<void> | null = null;
  #readAgain = false;

  /** `onChange` comes before anybody can log in by what has changed. */
  constructor(source: RevocationSource, onChange: (change: RevocationChange) => void) {
    this.#source = source;
    this.#onChange = onChange;
    const read = () => void this.read();
    this.#unwatch = source.watch(read);
    this.#timer = setInterval(read, READ_MS).unref();
  }

  /** Resolves once what the store said at this moment or later is in force here, or it could not be asked. */
  read(): Promise<void> {
    if (this.#reading !== null) {
      this.#readAgain = true;
      return this.#reading;
    }
    this.#reading = this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    do {
      this.#readAgain = false;
      let current: readonly RevokedAccess[];
      try {
        current = await this.#source.current();
      } catch {
        // What is wrong with the store is logged by the store; who is known to be revoked stays so.
        return;
      }
      this.#take(current);
    } while (this.#readAgain);
  }

  #take(current: readonly RevokedAccess[]): void {
    const before = this.#inForce;
    const next = new Map(current.map((one) => [keyOf(one), one]));
    this.#inForce = next;
    const revoked = current.filter((one) => before?.get(keyOf(one))?.at !== one.at);
    const lifted = [...(before?.values() ?? [])].filter((one) => !next.has(keyOf(one)));
    if (revoked.length > 0 || lifted.length > 0) {
      this.#onChange({ revoked, lifted, isFirst: before === null });
    }
  }

  /** What takes access from an identity, or from one session of it; null: nothing that is known. */
  against({ principal, proof }: Identity, session: string | null): RevokedAccess | null {
    return (
      this.#of('principal', principal.name) ??
      this.#of('quarantine', principal.name) ??
      (proof.credential === null ? null : this.#of('credential', proof.credential)) ??
      (session === null ? null : this.#of('session', session))
    );
  }

  isRevoked(principal: string): boolean {
    return this.#of('principal', principal) !== null || this.#of('quarantine', principal) !== null;
  }

  /** Why an identity may not log in now; null: it may. */
  refusal(identity: Identity): ProxyError | null {
    const found = this.against(identity, null);
    if (found !== null) {
      // Why is for the journal: what people write there is not for whom it is about.
      const whose = found.kind === 'credential' ? 'of this credential' : `of "${identity.principal.name}"`;
      return new ProxyError('access-revoked', { detail: whose });
    }
    // Nobody has proven anything to come by trust, so there is nothing that could have been taken from them.
    if (this.#inForce !== null || identity.proof.via === 'trust') return null;
    return new ProxyError('identity-unavailable', { detail: 'the state store has not answered yet' });
  }

  #of(kind: RevokedAccess['kind'], subject: string): RevokedAccess | null {
    return this.#inForce?.get(keyOf({ kind, subject })) ?? null;
  }

  close(): void {
    this.#unwatch();
    clearInterval(this.#timer);
  }
}

/** A name is taken away in all of its spellings: an issuer may write Bob for bob. */
function keyOf({ kind, subject }: Pick<RevokedAccess, 'kind' | 'subject'>): string {
  return `${kind} ${kind === 'principal' || kind === 'quarantine' ? foldedName(subject) : subject}`;
}

/** Whether all that this principal has is taken away, for good or for a while. */
export function isAgainstPrincipal(
  { kind, subject }: Pick<RevokedAccess, 'kind' | 'subject'>,
  principal: string,
): boolean {
  return (kind === 'principal' || kind === 'quarantine') && foldedName(subject) === foldedName(principal);
}
