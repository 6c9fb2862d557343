/**
 * What is done to closed segments while Sluice runs: they are put into object storage, where there is one, and removed
 * by retention; one that is to be stored is not removed before it is there.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ObjectStore } from './object-store.ts';
import { expiredSegments, type RemovalPort, type RetentionRule, removeSegments } from './retention.ts';
import { objectOf, type SegmentFile, segmentsIn } from './segments.ts';

export interface UpkeepOptions extends RemovalPort {
  readonly directory: string;
  readonly retention: RetentionRule | null;
  readonly store: ObjectStore | null;
  /** Milliseconds since the epoch. */
  clock(): number;
  /** Told once when something begins to fail, and once when it works again (null). */
  onHealth(what: 'upload' | 'retention', error: Error | null): void;
}

/** How far segments have been stored, and where: beside the segments. */
const STATE_FILE = 'stored.json';

export class JournalUpkeep {
  readonly #options: UpkeepOptions;
  #running: Promise<void> | null = null;
  #stopped = false;
  readonly #failing = new Set<'upload' | 'retention'>();

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Does what there is to do; one run at a time. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Begins nothing more, and waits for what has begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, retention } = this.#options;
    if (store !== null) await this.#guarded('upload', () => this.#upload(store));
    if (retention !== null) await this.#guarded('retention', () => this.#retain(retention));
  }

  async #guarded(what: 'upload' | 'retention', step: () => Promise<void>): Promise<void> {
    try {
      await step();
      if (this.#failing.delete(what)) this.#options.onHealth(what, null);
    } catch (error) {
      if (this.#failing.has(what)) return;
      this.#failing.add(what);
      this.#options.onHealth(what, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #upload(store: ObjectStore): Promise<void> {
    const { directory, journal, flush } = this.#options;
    const through = this.#storedThrough(store);
    for (const { path, number } of segmentsIn(directory).slice(0, -1)) {
      if (number <= through) continue;
      if (this.#stopped) return;
      const name = basename(path);
      const sha256 = await store.put(name, path);
      journal.append(
        'stored',
        `"segment":${number},"sha256":"${sha256}","to":${JSON.stringify(store.nameOf(name))}`,
      );
      flush();
      this.#setStored(store, number);
    }
  }

  async #retain(rule: RetentionRule): Promise<void> {
    const { directory, store, clock } = this.#options;
    const expired = expiredSegments(directory, rule, clock());
    const removable = store === null ? expired : await this.#stored(store, expired);
    if (!this.#stopped) await removeSegments(removable, rule, this.#options);
  }

  /** Those of them, up to the first that is not, which are in the store at this moment. */
  async #stored(store: ObjectStore, segments: readonly SegmentFile[]): Promise<readonly SegmentFile[]> {
    const through = this.#storedThrough(store);
    const there: SegmentFile[] = [];
    for (const segment of segments) {
      if (segment.number > through || (await store.look(basename(segment.path))) === null) break;
      there.push(segment);
    }
    return there;
  }

  #storedThrough(store: ObjectStore): number {
    try {
      const state = objectOf(readFileSync(join(this.#options.directory, STATE_FILE), 'utf8'));
      const { to, through } = state ?? {};
      // Another bucket has none of them.
      return to === store.nameOf('') && typeof through === 'number' ? through : 0;
    } catch {
      return 0;
    }
  }

  #setStored(store: ObjectStore, through: number): void {
    const path = join(this.#options.directory, STATE_FILE);
    writeFileSync(`${path}.new`, `${JSON.stringify({ to: store.nameOf(''), through })}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}
