/**
 * Group commit: everyone who waits for the disk shares one fdatasync, which runs beside the event loop. A full
 * segment is handed over here too, so that nobody counts as synced before what went before is.
 */
import { close, closeSync, fdatasync, fsync, fsyncSync, open } from 'node:fs';

export type WhenSynced = (error: Error | null) => void;

export class Syncer {
  readonly #directory: string;
  readonly #onError: (error: Error) => void;
  /** Files that may hold something the disk has not, oldest first; the last is the one that is being written. */
  #files: number[] = [];
  /** A file was made since the directory itself was synced. */
  #isNew = false;
  #waiting: WhenSynced[] = [];
  #running = false;
  #closed = false;

  constructor(directory: string, onError: (error: Error) => void) {
    this.#directory = directory;
    this.#onError = onError;
  }

  /** From now on `file` is written; the one before is synced and closed. */
  begin(file: number): void {
    this.#files.push(file);
    this.#isNew = true;
    if (this.#files.length > 1) this.whenSynced(() => {});
  }

  /** Calls back once everything written so far is on the disk itself. */
  whenSynced(done: WhenSynced): void {
    this.#waiting.push(done);
    if (!this.#running) this.#run();
  }

  #run(): void {
    const served = this.#waiting;
    const files = this.#files.slice();
    this.#waiting = [];
    this.#running = true;
    const directory = this.#isNew ? this.#directory : null;
    this.#isNew = false;
    syncFiles(files, 0, (fileError) => {
      syncDirectory(directory, (directoryError) => {
        const error = fileError ?? directoryError;
        this.#running = false;
        this.#retire(this.#closed ? files : files.slice(0, -1));
        if (error !== null && !this.#closed) this.#onError(error);
        for (const done of served) done(error);
        if (this.#waiting.length > 0 && !this.#closed) this.#run();
      });
    });
  }

  #retire(files: readonly number[]): void {
    this.#files = this.#files.filter((file) => !files.includes(file));
    for (const file of files) close(file, () => {});
  }

  /** Syncs and closes everything, before it returns. */
  close(): void {
    this.#closed = true;
    let failure: Error | null = null;
    for (const file of this.#files) {
      try {
        fsyncSync(file);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
      }
    }
    if (failure !== null) this.#onError(failure);
    // Files that a sync still runs on are closed when it ends.
    if (!this.#running) for (const file of this.#files) closeSync(file);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done(failure);
  }
}

function syncFiles(files: readonly number[], n: number, done: WhenSynced): void {
  const file = files[n];
  if (file === undefined) done(null);
  else fdatasync(file, (error) => (error === null ? syncFiles(files, n + 1, done) : done(error)));
}

/** A new file is only there after a crash when its directory was synced as well (fsync(2)). */
function syncDirectory(directory: string | null, done: WhenSynced): void {
  if (directory === null) {
    done(null);
    return;
  }
  open(directory, 'r', (openError, file) => {
    if (openError !== null) done(openError);
    else fsync(file, (error) => close(file, () => done(error)));
  });
}
