/**
 * One budget's account within this instance: slices that it has leased from the store, and what of them is allotted to
 * results that are under way. Who runs short gets what others have been allotted and have not used yet, so that within
 * an instance nothing is refused while something is left. All of it is synchronous but the leases.
 */
import type { AccountKey, LeasePort } from './lease-port.ts';

/** What has been allotted to one result. The account reads it and takes it back at any time. */
export interface Allotment {
  granted: number;
  /** How much of it has been used; may be more than was granted. */
  readonly used: number;
  /** It has been taken back: what was used is accounted for, and the next of it has to be asked for. */
  taken(): void;
}

export type Taken = 'granted' | 'wait' | 'empty' | 'failed';

export interface AccountOptions {
  readonly ledger: LeasePort;
  readonly instance: string;
  /** Milliseconds of a clock that only goes on. */
  now(): number;
}

interface Slice {
  readonly id: string;
  readonly granted: number;
  readonly untilMs: number;
}

/** A slice is this part of what is left, so that the last of a budget does not lie where nobody needs it. */
const SLICE_PART = 16;
const SLICE_LEAST = { rows: 64, bytes: 256 * 1024, statements: 4 } as const;
const SLICE_MOST = { rows: 65_536, bytes: 64 * 1024 * 1024, statements: 4096 } as const;
/** A result is allotted this part of what is at hand. */
const ALLOTMENT_PART = 8;
const ALLOTMENT_LEAST = { rows: 32, bytes: 64 * 1024, statements: 1 } as const;
/** For so long a budget that was found empty is not asked for again, nor a store that did not answer. */
const EMPTY_MS = 1000;
const FAILED_MS = 250;
/** What nobody has taken of for so long is given back. */
const IDLE_MS = 5000;
/** The same where nothing is left elsewhere. */
const PRESSED_IDLE_MS = 250;
/** So long before it ends a slice is followed by another. */
const RENEWED_MS = 5000;
/** How often and when it is asked for again while others hold what is left. */
const ELSEWHERE_TRIES = 8;
const ELSEWHERE_MS = 200;

export class Account {
  readonly key: AccountKey;
  max: number;
  readonly #options: AccountOptions;
  readonly #slices: Slice[] = [];
  /** What of the slices is neither allotted nor spent. */
  #free = 0;
  /** What has been spent and is not settled. */
  #spent = 0;
  readonly #open = new Set<Allotment>();
  readonly #waiting = new Set<() => void>();
  #asking: Promise<void> | null = null;
  readonly #settling = new Set<Promise<void>>();
  /** What the store has not been told yet. */
  #owed: { readonly id: string; readonly spent: number }[] = [];
  #left: number;
  #usedMs: number;
  /** Taken of since it was last looked after: the clock costs more than all of that. */
  #touched = false;
  /** With less than this at hand more is asked for. */
  #low = 0;
  #emptyUntilMs = Number.NEGATIVE_INFINITY;
  #failedUntilMs = Number.NEGATIVE_INFINITY;
  #counted = 0;
  /** What others hold and did not give back while it was waited for: they may be dead. */
  #stuck = 0;
  #pressed = false;
  #refillsAtMs: number | null = null;

  constructor(key: AccountKey, max: number, options: AccountOptions) {
    this.key = key;
    this.max = max;
    this.#options = options;
    this.#left = max;
    this.#usedMs = options.now();
  }

  /** What counted when the store was last asked. */
  get counted(): number {
    return this.#counted;
  }

  /** Milliseconds until something stops counting; null: not known. */
  get refillsInMs(): number | null {
    return this.#refillsAtMs === null ? null : Math.max(0, this.#refillsAtMs - this.#options.now());
  }

  /** Nothing is held here, and nobody waits. */
  get isIdle(): boolean {
    return (
      this.#slices.length === 0 && this.#open.size === 0 && this.#asking === null && this.#owed.length === 0
    );
  }

  /**
   * Whether something is at hand or to be had. `wait`: `wake` is called once. What is nearly used up is leased ahead,
   * so that the next who comes does not have to wait.
   */
  available(needed: number, wake: () => void): Taken {
    if (this.#free < needed) this.#takeBack();
    if (this.#free >= needed) {
      this.#askAhead();
      return 'granted';
    }
    const now = this.#options.now();
    if (now < this.#emptyUntilMs && needed > this.#left) return 'empty';
    if (now < this.#failedUntilMs) return 'failed';
    this.#waiting.add(wake);
    this.#ask(needed);
    return 'wait';
  }

  /** Allots at least `needed` to a result, counting from now. */
  allot(allotment: Allotment, needed: number, wake: () => void): Taken {
    this.close(allotment);
    const found = this.available(needed, wake);
    if (found !== 'granted') return found;
    const wanted = Math.max(ALLOTMENT_LEAST[this.key.unit], Math.ceil(this.#free / ALLOTMENT_PART));
    allotment.granted = Math.min(this.#free, Math.max(needed, wanted));
    this.#free -= allotment.granted;
    this.#open.add(allotment);
    this.#touched = true;
    return 'granted';
  }

  /** What was used of it is spent, and the rest is free again. */
  close(allotment: Allotment): void {
    if (!this.#open.delete(allotment)) return;
    const { used, granted } = allotment;
    this.#spent += used;
    this.#free += granted - used;
    allotment.granted = 0;
    this.#touched = true;
  }

  /** Spends what `available` has said is at hand. */
  spend(amount: number): void {
    this.#free -= amount;
    this.#spent += amount;
    this.#touched = true;
  }

  #takeBack(): void {
    for (const allotment of [...this.#open]) {
      this.close(allotment);
      allotment.taken();
    }
  }

  #askAhead(): void {
    if (this.#free >= this.#low) return;
    const now = this.#options.now();
    if (now >= this.#emptyUntilMs && now >= this.#failedUntilMs) this.#ask(1);
  }

  #sliceOf(left: number): number {
    const { unit } = this.key;
    return Math.min(SLICE_MOST[unit], Math.max(SLICE_LEAST[unit], Math.ceil(left / SLICE_PART)));
  }

  #ask(needed: number): void {
    this.#asking ??= this.#lease(needed)
      .catch(() => {
        this.#failedUntilMs = this.#options.now() + FAILED_MS;
      })
      .finally(() => {
        this.#asking = null;
        const waiting = [...this.#waiting];
        this.#waiting.clear();
        for (const wake of waiting) wake();
      });
  }

  async #lease(needed: number): Promise<void> {
    const { ledger, instance, now } = this.#options;
    for (let n = 1; ; n++) {
      await this.#tellSpent();
      const askedMs = now();
      const wanted = Math.max(needed, this.#sliceOf(this.#left));
      const slice = await ledger.lease(this.key, wanted, this.max, instance);
      this.#left = slice.left;
      this.#low = this.#sliceOf(slice.left) / 4;
      this.#counted = slice.counted;
      this.#refillsAtMs = slice.refillsInMs === null ? null : askedMs + slice.refillsInMs;
      if (slice.granted > 0) {
        this.#slices.push({ id: slice.id, granted: slice.granted, untilMs: askedMs + slice.lastsMs });
        this.#free += slice.granted;
      }
      if (slice.granted > 0) this.#stuck = 0;
      if (slice.left > 0 || this.#free >= needed) return;
      const isStuck = slice.elsewhere <= this.#stuck;
      if (n === ELSEWHERE_TRIES) this.#stuck = slice.elsewhere;
      if (isStuck || n === ELSEWHERE_TRIES || this.#waiting.size === 0) {
        this.#emptyUntilMs = now() + Math.min(EMPTY_MS, slice.refillsInMs ?? EMPTY_MS);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, ELSEWHERE_MS).unref());
    }
  }

  /** Settles slices that are spent, the oldest first, and what could not be settled before. */
  async #tellSpent(): Promise<void> {
    await Promise.all(this.#settling);
    for (
      let [oldest] = this.#slices;
      oldest !== undefined && this.#spent >= oldest.granted;
      [oldest] = this.#slices
    )
      this.#drop(oldest);
    await this.#settleOwed();
  }

  /** The oldest slice goes: as much of it as was spent is settled, the rest given back. */
  #drop(slice: Slice): void {
    this.#slices.shift();
    // Of the last one all: a row may have been larger than what was left for it.
    const spent = this.#slices.length === 0 ? this.#spent : Math.min(this.#spent, slice.granted);
    this.#free -= slice.granted - spent;
    this.#spent -= spent;
    this.#owed.push({ id: slice.id, spent });
  }

  async #settleOwed(): Promise<void> {
    const owed = this.#owed;
    this.#owed = [];
    for (const [n, { id, spent }] of owed.entries()) {
      try {
        await this.#options.ledger.settle(id, spent);
      } catch (error) {
        this.#owed.push(...owed.slice(n));
        throw error;
      }
    }
  }

  /** The budget has nothing left anywhere: what lies here others may wait for. */
  press(): void {
    if (this.#slices.length > 0) this.#pressed = true;
  }

  /** Gives back what has lain unused, and what has been held for nearly as long as it may be: called now and then. */
  tidy(): void {
    const now = this.#options.now();
    if (this.#touched) {
      this.#touched = false;
      this.#usedMs = now;
    }
    const isUnused =
      this.#open.size === 0 && now - this.#usedMs >= (this.#pressed ? PRESSED_IDLE_MS : IDLE_MS);
    const [oldest] = this.#slices;
    if (oldest !== undefined && isUnused) {
      this.#takeBack();
      this.#dropAll();
      this.#mayAskAgain();
    } else if (oldest !== undefined && now > oldest.untilMs - RENEWED_MS) {
      // Another one first, so that nobody has to wait for it.
      if (this.#slices.length === 1 && now < oldest.untilMs) this.#ask(1);
      else {
        this.#takeBack();
        this.#drop(oldest);
        this.#mayAskAgain();
      }
    }
    if (this.#owed.length > 0) this.#inBackground(this.#settleOwed());
  }

  /** What was given back is there to be had again, for others and for this instance. */
  #mayAskAgain(): void {
    this.#left = Math.max(1, this.#left);
    this.#emptyUntilMs = Number.NEGATIVE_INFINITY;
  }

  #dropAll(): void {
    for (let [oldest] = this.#slices; oldest !== undefined; [oldest] = this.#slices) this.#drop(oldest);
    this.#pressed = false;
  }

  #inBackground(work: Promise<void>): void {
    // What could not be told is tried again; until then it counts in full.
    const settling = work.catch(() => {}).finally(() => this.#settling.delete(settling));
    this.#settling.add(settling);
  }

  async settleAll(): Promise<void> {
    await this.#asking;
    this.#takeBack();
    this.#dropAll();
    if (this.#owed.length > 0) this.#inBackground(this.#settleOwed());
    await Promise.all(this.#settling);
  }
}
