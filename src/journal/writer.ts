/**
 * Appends records. They are gathered over a turn of the event loop and handed to the kernel in one write before
 * that turn's bytes go upstream (DESIGN 8), so that a killed process loses nothing it let pass; the chain makes
 * what a killed machine loses show. A write that fails is undone whole, and until one succeeds nothing passes.
 */
import { closeSync, fdatasync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { GENESIS, hashLine, sealedText } from './chain.ts';
import type { SigningKey } from './keys.ts';
import { lockJournal } from './lock.ts';
import { readTail, segmentName, segmentsIn } from './segments.ts';

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
const PENDING_BYTES = 256 * 1024;
/** While writing fails, how often it is tried again. */
const RETRY_MS = 250;

interface Place {
  readonly n: number;
  readonly digest: string;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #unlock: () => void;
  #file = -1;
  #segment = 0;
  #segmentBytes = 0;
  #segmentRecords = 0;
  /** The chain's end as it is on disk, and with the pending records. */
  #written: Place = { n: 0, digest: GENESIS };
  #n = 0;
  #digest = GENESIS;
  #pending = Buffer.allocUnsafeSlow(PENDING_BYTES);
  #pendingBytes = 0;
  #pendingRecords = 0;
  #failure: Error | null = null;
  #triedAtMs = 0;
  #refused = 0;
  #atMs = -1;
  #at = '';
  #syncing = false;
  #waiting: ((error: Error | null) => void)[] = [];
  #closed = false;

  private constructor(options: JournalOptions, unlock: () => void) {
    this.#options = options;
    this.#unlock = unlock;
  }

  /** Opens the journal in a directory, after whatever is there; throws when it cannot be written. */
  static open(options: JournalOptions): Journal {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const journal = new Journal(options, lockJournal(options.directory));
    const last = segmentsIn(options.directory).at(-1);
    let recovered = '';
    if (last !== undefined) {
      journal.#segment = last.number;
      recovered = journal.#continueAfter(options.directory);
    }
    journal.#openSegment(recovered);
    if (!journal.flush()) throw journal.#failure ?? new Error('the journal cannot be written');
    return journal;
  }

  /** Takes up the chain where the last segment left it; says what a crash has left behind. */
  #continueAfter(directory: string): string {
    let torn = 0;
    for (const { path, number } of [...segmentsIn(directory)].reverse()) {
      const tail = readTail(path);
      torn += tail.tornBytes;
      if (tail.line === null) continue;
      const n = tail.record?.['n'];
      if (typeof n !== 'number') throw new Error(`${path} does not end with a record of a journal`);
      this.#written = { n, digest: hashLine(tail.line) };
      this.#n = n;
      this.#digest = this.#written.digest;
      if (tail.record?.['type'] === 'seal' && torn === 0) return '';
      return `,"recovered":{"segment":${number},"records":${n},"tornBytes":${torn}}`;
    }
    return `,"recovered":{"segment":0,"records":0,"tornBytes":${torn}}`;
  }

  /** Whether the last attempt to write succeeded. */
  get healthy(): boolean {
    return this.#failure === null;
  }

  /** The chain's end on disk: what a checkpoint holds fast. */
  get place(): { readonly segment: number } & Place {
    return { segment: this.#segment, ...this.#written };
  }

  /**
   * Adds a record. `members` are its own members as JSON text, without braces and commas around them.
   * It is on disk after the next `flush` that returns true.
   */
  append(type: string, members: string): void {
    this.#add(this.#line(this.#n + 1, type, members));
  }

  #line(n: number, type: string, members: string): string {
    return `{"n":${n},"at":"${this.#now()}","type":"${type}",${members},"prev":"${this.#digest}"}`;
  }

  #add(line: string): void {
    this.#n++;
    this.#digest = hashLine(line);
    const room = line.length * 3 + 1;
    if (this.#pendingBytes + room > this.#pending.length) this.#grow(room);
    this.#pendingBytes += this.#pending.write(line, this.#pendingBytes);
    this.#pending[this.#pendingBytes++] = 0x0a;
    this.#pendingRecords++;
  }

  #now(): string {
    const ms = this.#options.clock();
    if (ms !== this.#atMs) {
      this.#atMs = ms;
      this.#at = new Date(ms).toISOString();
    }
    return this.#at;
  }

  #grow(room: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#pending.length * 2, this.#pendingBytes + room));
    this.#pending.copy(grown, 0, 0, this.#pendingBytes);
    this.#pending = grown;
  }

  /** Hands what is pending to the kernel. False: none of it is written, and none of it counts any more. */
  flush(): boolean {
    if (this.#pendingBytes === 0) return true;
    const error = this.#write();
    if (error !== null) {
      this.#refused += this.#pendingRecords;
      this.#forgetPending();
      this.#fail(error);
      return false;
    }
    this.#written = { n: this.#n, digest: this.#digest };
    this.#segmentBytes += this.#pendingBytes;
    this.#segmentRecords += this.#pendingRecords;
    this.#pendingBytes = 0;
    this.#pendingRecords = 0;
    if (this.#pending.length > PENDING_BYTES * 4) this.#pending = Buffer.allocUnsafeSlow(PENDING_BYTES);
    if (this.#segmentBytes > this.#options.segmentBytesMax) this.#roll();
    return true;
  }

  #forgetPending(): void {
    this.#n = this.#written.n;
    this.#digest = this.#written.digest;
    this.#pendingBytes = 0;
    this.#pendingRecords = 0;
  }

  /** All or nothing: what a failed write has left is cut off again. */
  #write(): Error | null {
    let at = 0;
    try {
      while (at < this.#pendingBytes) at += writeSync(this.#file, this.#pending, at, this.#pendingBytes - at);
      return null;
    } catch (error) {
      try {
        ftruncateSync(this.#file, this.#segmentBytes);
      } catch {
        // The torn line stays; the next segment says so.
      }
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #fail(error: Error): void {
    this.#triedAtMs = this.#options.clock();
    if (this.#failure === null) this.#options.onHealth(error);
    this.#failure = error;
  }

  /** While writing fails: tries once in a while whether it works again. True when it does. */
  tryRecover(): boolean {
    if (this.#failure === null) return true;
    if (this.#closed || this.#options.clock() - this.#triedAtMs < RETRY_MS) return false;
    this.#triedAtMs = this.#options.clock();
    this.append(
      'outage',
      `"error":${JSON.stringify(this.#failure.message)},"recordsRefused":${this.#refused}`,
    );
    const error = this.#write();
    if (error !== null) {
      this.#forgetPending();
      this.#failure = error;
      return false;
    }
    this.#written = { n: this.#n, digest: this.#digest };
    this.#segmentBytes += this.#pendingBytes;
    this.#segmentRecords += this.#pendingRecords;
    this.#pendingBytes = 0;
    this.#pendingRecords = 0;
    this.#failure = null;
    this.#refused = 0;
    this.#options.onHealth(null);
    return true;
  }

  #openSegment(recovered: string): void {
    this.#segment++;
    const path = join(this.#options.directory, segmentName(this.#segment));
    this.#file = openSync(path, 'ax', 0o600);
    this.#segmentBytes = 0;
    this.#segmentRecords = 0;
    const key = this.#options.key.publicKey;
    this.append(
      'segment',
      `"segment":${this.#segment},"format":${JOURNAL_FORMAT},"key":"${key.spki}","keyId":"${key.id}"${recovered}`,
    );
  }

  /** Closes the segment with a signed record of its length, and begins the next. */
  #roll(): void {
    if (!this.#seal()) return;
    const full = this.#file;
    try {
      this.#openSegment('');
    } catch (error) {
      this.#file = full;
      this.#segment--;
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    closeSync(full);
    this.flush();
  }

  /** The signature is over the record itself, without its `signature` member, and so over everything before it. */
  #seal(): boolean {
    const members = `"segment":${this.#segment},"records":${this.#segmentRecords + 1}`;
    const unsigned = hashLine(this.#line(this.#n + 1, 'seal', members));
    const signature = this.#options.key.sign(sealedText('seal', this.#segment, this.#n + 1, unsigned));
    this.append('seal', `${members},"signature":"${signature}"`);
    const error = this.#write();
    if (error !== null) {
      this.#forgetPending();
      this.#fail(error);
      return false;
    }
    this.#written = { n: this.#n, digest: this.#digest };
    this.#pendingBytes = 0;
    this.#pendingRecords = 0;
    fsyncSync(this.#file);
    return true;
  }

  /** Calls back once everything written so far is on the disk itself; waiters share one fdatasync. */
  whenSynced(done: (error: Error | null) => void): void {
    this.#waiting.push(done);
    if (!this.#syncing) this.#sync();
  }

  #sync(): void {
    const served = this.#waiting;
    this.#waiting = [];
    this.#syncing = true;
    fdatasync(this.#file, (error) => {
      this.#syncing = false;
      if (error !== null) this.#fail(error);
      for (const done of served) done(error);
      if (this.#waiting.length > 0) this.#sync();
    });
  }

  /** Seals the segment and gives the journal up. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.flush()) this.#seal();
    closeSync(this.#file);
    this.#unlock();
  }
}
