/**
 * What the server owes, in order: one expectation per message sent to it that has a reply, and the replies that
 * Sluice owes itself in between. The server answers strictly in order, so this queue is the session's map.
 */
import type { StatementFacts } from '../../src/core/facts.ts';
import type { SentRun } from '../sql/run.ts';
import type { Nativeness } from './deny.ts';
import type { RunMasking } from './masking.ts';
import type { NameChange } from './names.ts';

/** One statement that runs; what is made to fail says so in bytes that are ready to be sent. */
export interface Run extends SentRun<Buffer> {
  masking: RunMasking;
  /** The formats of its columns, as Bind has asked for them; null where nobody needs to know. */
  formats: readonly number[] | null;
  /** Changes of names that happen when it completes. */
  readonly changes: readonly NameChange[];
}

/** Whether the client gets to see a message of the server's. */
export type Sight = 'pass' | 'drop';

export type Expectation =
  /** A Query: the replies of its statements, then ReadyForQuery. `current` is the statement that answers now. */
  | {
      readonly of: 'query';
      readonly runs: readonly Run[];
      current: number;
      failed: boolean;
      /** A result was cut and its statement completed all the same: the client is told with ReadyForQuery. */
      cut: Run | null;
      /** And then a later statement failed, so that nothing of the text has happened. */
      undone: boolean;
      readonly turn: number;
      readonly change: NameChange | null;
    }
  | { readonly of: 'parse' | 'bind' | 'close'; readonly change: NameChange | null; readonly turn: number }
  | {
      readonly of: 'describe-statement';
      readonly facts: StatementFacts | null;
      parameters: boolean;
      readonly turn: number;
    }
  | { readonly of: 'describe-portal'; readonly facts: StatementFacts | null; readonly turn: number }
  | { readonly of: 'execute'; readonly run: Run; readonly turn: number }
  /** Sluice's own Describe of the portal that is executed next: how its rows are masked. */
  | { readonly of: 'describe-masked'; readonly run: Run; readonly turn: number }
  | { readonly of: 'sync'; readonly turn: number }
  /** A message of Sluice's own that makes the server fail here; its error is replaced by `error`. */
  | {
      readonly of: 'poison';
      readonly error: Buffer;
      readonly native: Nativeness;
      readonly turn: number;
      readonly change: NameChange | null;
    }
  /** The same as a Query, so that ReadyForQuery follows. */
  | {
      readonly of: 'poison-query';
      readonly error: Buffer;
      readonly native: Nativeness;
      failed: boolean;
      readonly turn: number;
    }
  /** Nothing was sent: Sluice owes these bytes itself. `ready`: and a ReadyForQuery behind them. */
  | {
      readonly of: 'owed';
      readonly bytes: Buffer;
      readonly ready: boolean;
      readonly turn: number;
      readonly change: NameChange | null;
    }
  /** A question of Sluice's own, whose answers the client does not see. */
  | { readonly of: 'probe-alone'; readonly turn: number }
  | { readonly of: 'probe-pipeline'; closed: number; readonly turn: number };

export class Replies {
  #items: (Expectation | undefined)[] = new Array(16);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  first(): Expectation | null {
    return this.#size === 0 ? null : (this.#items[this.#head] ?? null);
  }

  /** The nth from the first, which is 0; null behind the last. */
  at(n: number): Expectation | null {
    return n < this.#size ? (this.#items[(this.#head + n) & (this.#items.length - 1)] ?? null) : null;
  }

  push(expectation: Expectation): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = expectation;
    this.#size++;
  }

  shift(): Expectation | null {
    const first = this.first();
    if (first === null) return null;
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size--;
    return first;
  }

  /** Takes the last one off again. */
  pop(): Expectation | null {
    if (this.#size === 0) return null;
    const at = (this.#head + this.#size - 1) & (this.#items.length - 1);
    const last = this.#items[at] ?? null;
    this.#items[at] = undefined;
    this.#size--;
    return last;
  }

  last(): Expectation | null {
    return this.#size === 0
      ? null
      : (this.#items[(this.#head + this.#size - 1) & (this.#items.length - 1)] ?? null);
  }

  /** Whether one of them, from the oldest on, is of a kind. */
  some(isWanted: (expectation: Expectation) => boolean): boolean {
    for (let n = 0; n < this.#size; n++) {
      const item = this.#items[(this.#head + n) & (this.#items.length - 1)];
      if (item !== undefined && isWanted(item)) return true;
    }
    return false;
  }

  #grow(): void {
    const grown: (Expectation | undefined)[] = new Array(this.#items.length * 2);
    for (let n = 0; n < this.#size; n++) grown[n] = this.#items[(this.#head + n) & (this.#items.length - 1)];
    this.#items = grown;
    this.#head = 0;
  }
}

/** Messages of the extended protocol, which the server skips after an error until Sync. */
export function isSkippedAfterError(expectation: Expectation): boolean {
  return expectation.of !== 'sync';
}
