/** The end of the turn that something was recorded in, for whoever sends nothing that has to be staged (promise 8). */
import type { RequestDomain } from './request-domain.ts';
import type { Staging } from './turn.ts';

class TurnEnd implements Staging {
  readonly synced: boolean;
  readonly #settle: (written: boolean) => void;

  constructor(synced: boolean, settle: (written: boolean) => void) {
    this.synced = synced;
    this.#settle = settle;
  }

  beforeFlush(): void {}

  sendStaged(): boolean {
    this.#settle(true);
    return true;
  }

  dropStaged(): void {
    this.#settle(false);
  }
}

/** Whether what has been recorded in this turn is written. */
export function recorded({ turn, synced }: Pick<RequestDomain, 'turn' | 'synced'>): Promise<boolean> {
  return new Promise((resolve) => turn.add(new TurnEnd(synced, resolve)));
}
