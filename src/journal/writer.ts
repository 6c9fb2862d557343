/**
 * Appends records. They are gathered over a turn of the event loop and handed to the kernel in one write before
 * that turn's bytes go upstream (DESIGN 8), so that a killed process loses nothing it let pass; the chain makes
 * what a killed machine loses show. A write that fails is undone whole, and until one succeeds nothing passes.
 */
import { mkdirSync } from 'node:fs';
import { hashLine, sealedText } from './chain.ts';
import { type Ending, endingOf } from './ending.ts';
import type { SigningKey } from './keys.ts';
import { isCode, lockJournal } from './lock.ts';
import { PendingRecords, type Place } from './pending-records.ts';
import { SegmentWriter } from './segment-writer.ts';
import { Syncer, type WhenSynced } from './syncer.ts';
import { UnhurriedRecords } from './unhurried.ts';

export interface JournalOptions {
  readonly directory: string;
  readonly key: SigningKey;
  /** A segment is closed when it has grown past this. */
  readonly segmentBytesMax: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told once when writing begins to fail and once when it works again. */
  readonly onHealth: (error: Error | null) => void;
}

export const JOURNAL_FORMAT = 1;
/** While writing fails, how often it is tried again. */
const RETRY_MS = 250;

export class Journal {
  readonly #options: JournalOptions;
  readonly #unlock: () => void;
  readonly #syncer: Syncer;
  /** The last segment there is; null until the first is begun. */
  #segment: SegmentWriter | null = null;
  /** The number of the last segment there is, as of one that another process wrote. */
  #segmentNumber: number;
  /** Where the last record of the journal stands. */
  #recordSegment: number;
  #segmentRecords = 0;
  /** No record may follow in the last segment: it is sealed, or ends with a torn record. */
  #over = true;
  /** Bytes of torn records that no segment accounts for yet. */
  #tornBytes: number;
  /** The chain's end as it is on disk, and with the pending records. */
  #written: Place;
  readonly #pending: PendingRecords;
  readonly #unhurried: UnhurriedRecords;
  #failure: Error | null = null;
  #triedAtMs = 0;
  #refused = 0;
  /** Records that a flush was promised for have been given up in between. */
  #lost = false;
  #closed = false;

  private constructor(options: JournalOptions, unlock: () => void, ending: Ending) {
    const { n, digest, recordSegment, lastSegment, tornBytes } = ending;
    this.#options = options;
    this.#unlock = unlock;
    this.#written = { n, digest };
    this.#pending = new PendingRecords(this.#written, options.clock);
    this.#unhurried = new UnhurriedRecords(this.#pending);
    this.#recordSegment = recordSegment;
    this.#segmentNumber = lastSegment;
    this.#tornBytes = tornBytes;
    this.#syncer = new Syncer(options.directory, (error) => this.#fail(error));
  }

  /** Opens the journal in a directory, after whatever is there; throws when it cannot be written. */
  static open(options: JournalOptions): Journal {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const unlock = lockJournal(options.directory);
    try {
      const ending = endingOf(options.directory);
      const journal = new Journal(options, unlock, ending);
      const error = journal.#begin(ending.isClosed);
      if (error !== null) throw error;
      return journal;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** Whether the last attempt to write succeeded. */
  get healthy(): boolean {
    return this.#failure === null;
  }

  /** The chain's end on disk: what a checkpoint holds fast. */
  get place(): { readonly segment: number } & Place {
    return { segment: this.#recordSegment, ...this.#written };
  }

  /**
   * Adds a record. `members` are its own members as JSON text, without braces and commas around them.
   * It is on disk after the next `flush` that returns true.
   */
  append(type: string, members: string): void {
    // What a session's statements came to stands before its end.
    if (type === 'session-end') this.#unhurried.gather();
    this.#pending.add(this.#pending.line(type, members));
  }

  /**
   * Adds a statement's result, a JSON object's text. The results of a flush are one record, since there are as many
   * as statements and nobody waits for them, or several where sessions end; a flush that fails keeps them for the next.
   */
  appendResult(result: string): void {
    this.#unhurried.addResult(result);
  }

  /**
   * Adds a record that nobody waits for and that must not be lost: a flush that fails keeps it for the next. Whoever
   * makes many of them stops while `isBehind`.
   */
  appendLasting(type: string, members: string): void {
    this.#unhurried.add(type, members);
  }

  /** More lasting records wait to be written than memory is meant for, or they cannot be written. */
  get isBehind(): boolean {
    return this.#unhurried.isTooMuch || (this.#failure !== null && !this.#unhurried.isEmpty);
  }

  /** Calls back once after the next write that succeeds. */
  whenWritten(run: () => void): void {
    this.#unhurried.whenWritten(run);
  }

  /** Hands what is pending to the kernel. False: none of it is written, and none of it counts any more. */
  flush(): boolean {
    if (this.#lost || this.#failure !== null) {
      // With nothing to lose a turn ends well: what it sends was recorded before, or needs no record.
      const isLossless = !this.#lost && this.#pending.records === this.#unhurried.gathered;
      this.#lost = false;
      this.#refusePending();
      return isLossless;
    }
    this.#unhurried.gather();
    if (this.#pending.size === 0) return true;
    const error = this.#write();
    if (error !== null) {
      this.#refusePending();
      this.#fail(error);
      return false;
    }
    if ((this.#segment?.bytes ?? 0) > this.#options.segmentBytesMax) this.#roll();
    return true;
  }

  /** Writes what is pending; where that fails, it is still pending. */
  #write(): Error | null {
    const segment = this.#segment;
    if (segment === null) return new Error('the journal has no segment');
    const error = segment.append(this.#pending.bytes, this.#pending.size);
    if (error !== null) {
      if (segment.tornBytes > 0) {
        this.#over = true;
        this.#tornBytes = segment.tornBytes;
      }
      return error;
    }
    this.#written = this.#pending.place;
    this.#recordSegment = segment.number;
    this.#segmentRecords += this.#pending.records;
    this.#pending.written();
    this.#unhurried.written();
    return null;
  }

  #refusePending(): void {
    this.#refused += this.#pending.records - this.#unhurried.gathered;
    this.#pending.forget(this.#written);
    this.#unhurried.refused();
  }

  #fail(error: Error): void {
    this.#triedAtMs = this.#options.clock();
    const isNew = this.#failure === null;
    this.#failure = error;
    if (isNew) this.#options.onHealth(error);
  }

  /** While writing fails: tries once in a while whether it works again. True when it does. */
  tryRecover(): boolean {
    const failure = this.#failure;
    if (failure === null) return true;
    if (this.#closed || Math.abs(this.#options.clock() - this.#triedAtMs) < RETRY_MS) return false;
    this.#triedAtMs = this.#options.clock();
    // Whoever these were for has yet to learn that they are not written.
    if (this.#pending.records > 0) this.#lost = true;
    this.#refusePending();
    const error = this.#writeOutage(failure);
    if (error !== null) {
      this.#pending.forget(this.#written);
      this.#unhurried.refused();
      this.#failure = error;
      return false;
    }
    this.#failure = null;
    this.#refused = 0;
    this.#options.onHealth(null);
    return true;
  }

  #writeOutage(failure: Error): Error | null {
    if (this.#over) {
      const error = this.#begin(this.#tornBytes === 0);
      if (error !== null) return error;
    }
    this.append('outage', `"error":${JSON.stringify(failure.message)},"recordsRefused":${this.#refused}`);
    this.#unhurried.gather();
    return this.#write();
  }

  /** Begins the next segment; all is as before where that fails. `isContinued`: the one before was sealed. */
  #begin(isContinued: boolean): Error | null {
    const before = this.#segment;
    let next: SegmentWriter;
    try {
      next = this.#create();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    const { spki, id } = this.#options.key.publicKey;
    const recovered = isContinued && next.number === this.#recordSegment + 1 ? '' : this.#recovered();
    this.append(
      'segment',
      `"segment":${next.number},"format":${JOURNAL_FORMAT},"key":"${spki}","keyId":"${id}"${recovered}`,
    );
    this.#segment = next;
    this.#segmentRecords = 0;
    const error = this.#write();
    if (error !== null) {
      this.#pending.forget(this.#written);
      this.#segment = before;
      next.discard();
      return error;
    }
    this.#segmentNumber = next.number;
    this.#tornBytes = 0;
    this.#over = false;
    this.#syncer.begin(next.file);
    return null;
  }

  /** The next file; a number that is taken was left behind by an attempt that failed. */
  #create(): SegmentWriter {
    for (let number = this.#segmentNumber + 1; ; number++) {
      try {
        return SegmentWriter.create(this.#options.directory, number);
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
    }
  }

  /** What a segment says that does not follow a sealed one: how far the chain went, and what was found behind it. */
  #recovered(): string {
    const { n } = this.#written;
    return `,"recovered":{"segment":${this.#recordSegment},"records":${n},"tornBytes":${this.#tornBytes}}`;
  }

  /** Closes the segment with a signed record of its length, and begins the next. */
  #roll(): void {
    const error = this.#seal() ?? this.#begin(true);
    if (error !== null) this.#fail(error);
  }

  /** The signature is over the record itself, without its `signature` member, and so over everything before it. */
  #seal(): Error | null {
    const segment = this.#segment?.number ?? 0;
    const members = `"segment":${segment},"records":${this.#segmentRecords + 1}`;
    // Built once: the time in it must not move between signing and writing.
    const line = this.#pending.line('seal', members);
    const signature = this.#options.key.sign(
      sealedText('seal', segment, this.#pending.n + 1, hashLine(line)),
    );
    this.#pending.add(line.replace(members, `${members},"signature":"${signature}"`));
    const error = this.#write();
    if (error === null) this.#over = true;
    else this.#pending.forget(this.#written);
    return error;
  }

  /** Calls back once everything written so far is on the disk itself; waiters share one fdatasync. */
  whenSynced(done: WhenSynced): void {
    this.#syncer.whenSynced(done);
  }

  /** Seals the segment and gives the journal up. */
  close(): void {
    if (this.#closed) return;
    this.#triedAtMs = Number.NEGATIVE_INFINITY;
    const isWritten = this.tryRecover() && this.flush();
    this.#closed = true;
    if (isWritten && !this.#over) {
      const error = this.#seal();
      if (error !== null) this.#fail(error);
    }
    this.#syncer.close();
    this.#unlock();
  }
}

/** Two lists of JSON objects, either of which may be empty. */
