/**
 * Records that nobody waits for: results, and parts of responses. They go with the next write, and one that fails keeps
 * them for the next.
 */
import type { PendingRecords } from './pending-records.ts';

/** Lasting records that wait to be written; whoever makes them is to stop beyond it. */
const BYTES_MAX = 4 * 1024 * 1024;

interface Lasting {
  readonly type: string;
  readonly members: string;
}

export class UnhurriedRecords {
  readonly #pending: PendingRecords;
  /** Results that no record has taken up yet: JSON objects with commas between them. */
  #results = '';
  #lasting: Lasting[] = [];
  #lastingBytes = 0;
  /** Those that pending records have taken up, and how many such records there are. */
  #gatheredResults = '';
  #gatheredLasting: Lasting[] = [];
  #gathered = 0;
  #whenWritten: (() => void)[] = [];

  constructor(pending: PendingRecords) {
    this.#pending = pending;
  }

  addResult(result: string): void {
    this.#results = joined(this.#results, result);
  }

  add(type: string, members: string): void {
    this.#lasting.push({ type, members });
    this.#lastingBytes += members.length;
  }

  get isEmpty(): boolean {
    return this.#lastingBytes === 0;
  }

  get isTooMuch(): boolean {
    return this.#lastingBytes > BYTES_MAX;
  }

  /** How many of the pending records are from here. */
  get gathered(): number {
    return this.#gathered;
  }

  /** They become pending records; a response stands before its result. */
  gather(): void {
    const pending = this.#pending;
    for (const one of this.#lasting) {
      pending.add(pending.line(one.type, one.members));
      this.#gatheredLasting.push(one);
      this.#gathered++;
    }
    this.#lasting = [];
    if (this.#results === '') return;
    pending.add(pending.line('results', `"of":[${this.#results}]`));
    this.#gatheredResults = joined(this.#gatheredResults, this.#results);
    this.#gathered++;
    this.#results = '';
  }

  /** Calls back once after the next write that succeeds. */
  whenWritten(run: () => void): void {
    this.#whenWritten.push(run);
  }

  /** What was gathered is written. */
  written(): void {
    if (this.#gathered > 0) {
      this.#gatheredResults = '';
      this.#gatheredLasting = [];
      this.#gathered = 0;
      this.#lastingBytes = this.#lasting.reduce((sum, { members }) => sum + members.length, 0);
    }
    if (this.#whenWritten.length === 0) return;
    const waiting = this.#whenWritten;
    this.#whenWritten = [];
    for (const run of waiting) run();
  }

  /** What was gathered is not written: it is for the next time. */
  refused(): void {
    if (this.#gathered === 0) return;
    this.#results = joined(this.#gatheredResults, this.#results);
    this.#lasting = [...this.#gatheredLasting, ...this.#lasting];
    this.#gatheredResults = '';
    this.#gatheredLasting = [];
    this.#gathered = 0;
  }
}

function joined(results: string, more: string): string {
  return results === '' || more === '' ? results + more : `${results},${more}`;
}
