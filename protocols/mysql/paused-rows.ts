/** Rows that are kept back, and bounds on the way to the client: the parts of both that follow MySQL's sequence ids. */
import { KeptRows } from '../sql/kept-rows.ts';
import { type MaskingRows, RowBounds as SharedBounds } from '../sql/row-bounds.ts';
import { cut } from './cut.ts';
import { denialError, failureError } from './deny.ts';
import type { ErrFields } from './encode.ts';
import type { Link } from './link.ts';
import type { Results, Run } from './replies.ts';

export class RowBounds {
  readonly #link: Link;
  readonly #bounds: SharedBounds<ErrFields>;
  readonly #kept: KeptRows;
  /** What the client is to get in the place of the first row that is kept. */
  #keptSequence = 0;

  constructor(link: Link, masking: MaskingRows) {
    this.#link = link;
    this.#kept = new KeptRows(link);
    const wire = {
      denied: denialError,
      failed: failureError,
      // In this protocol a client cannot be told that it waits.
      told: () => {},
      decided: () => {
        link.askedMs = link.engine.now();
      },
    };
    this.#bounds = new SharedBounds(link, wire, masking, this.#kept);
  }

  /** Nothing more of the server's is looked at until somebody has decided, or a budget has more. */
  get isPaused(): boolean {
    return this.#bounds.isPaused;
  }

  get isKeeping(): boolean {
    return this.#kept.isKeeping;
  }

  /** What the client is to get in the place of rows that are kept; null where there are none. */
  get keptSequence(): number | null {
    return this.#kept.length > 0 ? this.#keptSequence : null;
  }

  /** Rows follow, the first with the sequence id `due` of the server's. */
  begin(keeps: boolean, due: number): void {
    this.#kept.isKeeping = keeps;
    if (keeps && this.#kept.length === 0) this.#keptSequence = (due + this.#link.shift) & 0xff;
  }

  /** A result has reached a bound. `due`: the sequence id of the row that comes next, `needed`: its bytes. */
  reached(results: Results, run: Run, unit: 'rows' | 'bytes', due: number, needed: number): void {
    this.#bounds.reached(run, unit, needed, (at) => this.#cut(results, run, at, due));
  }

  /** Asks again. False while nobody has decided. */
  ask(): boolean {
    return this.#bounds.ask();
  }

  /** Bytes on their way to the client. Where there is no room to keep them, false: nothing of the result is seen. */
  send(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#kept.isKeeping) {
      this.#link.send(bytes, from, to);
      return true;
    }
    if (this.#kept.add(bytes, from, to)) return true;
    const { reply } = this.#link;
    const run = this.#link.currentRun();
    if (reply?.of === 'results' && run !== null)
      this.#bounds.noRoom(run, (at) => this.#cut(reply, run, at, 0));
    return false;
  }

  /** The result is whole, and within its bounds. */
  give(): void {
    if (this.#kept.isKeeping) this.#kept.give();
  }

  forget(): void {
    this.#kept.forget();
  }

  #cut(results: Results, run: Run, unit: 'rows' | 'bytes', due: number): void {
    // What is being masked still goes to the client, in as many packets as it came: unless nothing has left yet.
    const sequence = run.keeps ? this.#keptSequence : due + this.#link.shift;
    cut(this.#link, results, run, unit, sequence);
  }
}
