/** The accounts of every budget that this instance counts for. */
import { Account, type AccountOptions } from './account.ts';
import type { AccountKey } from './lease-port.ts';

export interface BudgetsOptions extends AccountOptions {
  /** Calls back when a budget has nothing left anywhere; gives what ends it. */
  watch(callback: () => void): () => void;
}

const TIDY_MS = 500;
/** When there are more, those that hold nothing are forgotten. */
const ACCOUNTS_MAX = 1000;

export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #accounts = new Map<string, Account>();
  /** Another one when accounts that were given out before may have been forgotten. */
  generation = 1;
  #timer: NodeJS.Timeout | null = null;
  #unwatch: (() => void) | null = null;

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  /** `max` as the policy has it now. */
  account(key: AccountKey, max: number): Account {
    const name = JSON.stringify([key.rule, key.subject, key.unit, key.windowMs]);
    const known = this.#accounts.get(name);
    if (known !== undefined) {
      known.max = max;
      return known;
    }
    this.#timer ??= setInterval(() => this.#tidy(), TIDY_MS).unref();
    this.#unwatch ??= this.#options.watch(() => {
      for (const one of this.#accounts.values()) one.press();
    });
    const account = new Account(key, max, this.#options);
    this.#accounts.set(name, account);
    return account;
  }

  #tidy(): void {
    for (const [name, account] of this.#accounts) {
      account.tidy();
      if (this.#accounts.size <= ACCOUNTS_MAX || !account.isIdle) continue;
      this.#accounts.delete(name);
      this.generation++;
    }
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#unwatch?.();
    await Promise.all([...this.#accounts.values()].map((account) => account.settleAll()));
  }
}
