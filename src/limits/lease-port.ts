/** What budgets ask of the store that instances share: leases of slices. */

export interface AccountKey {
  readonly rule: string;
  /** `user:agent`, `group:agents`, `table:shop.orders at 127.0.0.1:5432/shop`. */
  readonly subject: string;
  readonly unit: 'rows' | 'bytes' | 'statements';
  readonly windowMs: number;
}

export interface LeasedSlice {
  readonly id: string;
  readonly granted: number;
  /** What the window has left after it. */
  readonly left: number;
  /** What counts within the window, this slice included. */
  readonly counted: number;
  /** How much of that others hold and may give back. */
  readonly elsewhere: number;
  /** Milliseconds until something stops counting; null: nothing counts. */
  readonly refillsInMs: number | null;
  /** Milliseconds for which it may be spent, from the moment before it was asked for. */
  readonly lastsMs: number;
}

/** Every method rejects where the store cannot be asked. */
export interface LeasePort {
  lease(key: AccountKey, wanted: number, max: number, instance: string): Promise<LeasedSlice>;
  settle(lease: string, spent: number): Promise<void>;
}
