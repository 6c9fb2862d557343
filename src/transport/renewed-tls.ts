/** A certificate and its key as a server has them now. */
import { createSecureContext } from 'node:tls';

/** Both in PEM. */
export interface CertificateAndKey {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export class RenewedTls {
  #current: CertificateAndKey | null = null;
  #take: ((material: CertificateAndKey) => void) | null = null;

  /** Null until there was something to use. */
  get current(): CertificateAndKey | null {
    return this.#current;
  }

  /** Those that come from now on get this. Throws where certificate and key do not belong together. */
  use({ cert, key }: CertificateAndKey): void {
    createSecureContext({ cert, key });
    this.#current = { cert, key };
    this.#take?.(this.#current);
  }

  /** Calls back with each that comes after the current one. */
  follow(take: (material: CertificateAndKey) => void): void {
    this.#take = take;
  }
}
