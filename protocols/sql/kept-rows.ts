/** Rows that the client may not see before the whole result may be seen. */
import { Accumulator } from '../../src/bytes/index.ts';
import type { EnginePort } from '../../src/core/session.ts';

interface KeepingLink {
  readonly engine: EnginePort;
  toClient(bytes: Buffer): void;
}

export class KeptRows {
  readonly #link: KeepingLink;
  readonly #rows = new Accumulator();
  isKeeping = false;

  constructor(link: KeepingLink) {
    this.#link = link;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** False where there is no memory left for them. */
  add(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#link.engine.hold(to - from)) return false;
    this.#rows.append(bytes, from, to);
    return true;
  }

  /** The result is whole and within its bounds, or approved: they may be seen. */
  give(): void {
    this.isKeeping = false;
    if (this.#rows.length === 0) return;
    this.#link.engine.release(this.#rows.length);
    this.#link.toClient(this.#rows.takeAll());
  }

  forget(): void {
    this.isKeeping = false;
    this.#link.engine.release(this.#rows.length);
    this.#rows.clear();
  }
}
