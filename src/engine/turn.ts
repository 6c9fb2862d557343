/**
 * One turn of the event loop. What sessions want to send upstream in it is staged here, copied out of the sockets'
 * read buffers; at its end the journal's records are written in one go, and only then do the bytes leave
 * (promise 8). Where the journal cannot be written, nothing leaves.
 */
import type { Journal } from '../journal/writer.ts';

export interface TurnTiming {
  /** Runs a function once everything that this turn has read is dealt with. */
  atEndOfTurn(run: () => void): void;
  /** Runs a function within some milliseconds. */
  soon(run: () => void): void;
}

/** A connection with staged bytes. */
export interface Staging {
  /** The turn is about to end: records that were put off are made now. */
  beforeFlush(): void;
  /** Sends what was staged up to and in a turn; false when some of it is still in use by the socket. */
  sendStaged(turn: number): boolean;
  /** Forgets what was staged in a turn and since, and tells the session. */
  dropStaged(turn: number): void;
  /** Whether its bytes wait for the disk, not only for the kernel. */
  readonly synced: boolean;
}

const ARENA_BYTES = 128 * 1024;

export interface StagedBytes {
  /** The turn whose records have to be written before these bytes leave. */
  readonly turn: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export class Turn {
  readonly #journal: Journal;
  readonly #timing: TurnTiming;
  #soon = false;
  #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  #used = 0;
  /** The arena has bytes of an earlier turn that are still needed: none of it may be used again. */
  #isLent = false;
  #staging: Staging[] = [];
  #scheduled = false;
  #number = 1;

  constructor(journal: Journal, timing: TurnTiming) {
    this.#journal = journal;
    this.#timing = timing;
  }

  get number(): number {
    return this.#number;
  }

  /** Copies bytes to where they stay until the turn ends. */
  keep(bytes: Buffer, start: number, end: number): StagedBytes {
    const size = end - start;
    if (size > ARENA_BYTES / 2) {
      const own = Buffer.allocUnsafeSlow(size);
      bytes.copy(own, 0, start, end);
      return { turn: this.#number, bytes: own, start: 0, end: size };
    }
    if (this.#used + size > ARENA_BYTES) this.#renew();
    const at = this.#used;
    bytes.copy(this.#arena, at, start, end);
    this.#used = at + size;
    return { turn: this.#number, bytes: this.#arena, start: at, end: at + size };
  }

  #renew(): void {
    this.#arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
    this.#used = 0;
    this.#isLent = false;
  }

  /** The connection has something staged; to be called once a turn by each. */
  add(staging: Staging): void {
    this.#staging.push(staging);
    this.wantFlush();
  }

  /** Makes sure that the turn ends in a write, as when only records have been made. */
  wantFlush(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timing.atEndOfTurn(() => this.flush());
  }

  /** Records that nothing waits for are written with the next ones that are waited for, or a moment later. */
  wantFlushSoon(): void {
    if (this.#scheduled || this.#soon) return;
    this.#soon = true;
    this.#timing.soon(() => {
      this.#soon = false;
      this.wantFlush();
    });
  }

  /** Ends the turn. False: what it wanted recorded is not, and nothing of it has left. */
  flush(): boolean {
    for (const one of this.#staging) one.beforeFlush();
    this.#scheduled = false;
    const ended = this.#number++;
    const staging = this.#staging;
    this.#staging = [];
    if (!this.#journal.flush()) {
      if (!this.#isLent) this.#used = 0;
      for (const one of staging) one.dropStaged(ended);
      return false;
    }
    let free = true;
    for (const one of staging) {
      if (one.synced) {
        this.#whenSynced(one, ended);
        free = false;
      } else if (!one.sendStaged(ended)) free = false;
    }
    // Bytes still in use stay where they are, and the next turn's follow them: an arena of its own for each turn that
    // waits for the disk would be 128 KiB for some hundred bytes, and most of the time would go to collecting them.
    if (!free) this.#isLent = true;
    if (!this.#isLent) this.#used = 0;
    return true;
  }

  #whenSynced(one: Staging, turn: number): void {
    this.#journal.whenSynced((error) => {
      if (error === null) one.sendStaged(turn);
      else one.dropStaged(turn);
    });
  }
}
