/** A journal whose closed segments are in object storage: fetched, and put together with those that are here. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { ObjectStore } from '../journal/object-store.ts';
import { isSegmentName, segmentsIn } from '../journal/segments.ts';
import type { JournalProblem } from '../journal/verify.ts';

export interface AssembledJournal {
  /** The store's segments, and those of the directory that the store does not have. */
  readonly directory: string;
  readonly stored: number;
  /** A problem's place, as people find it. */
  located(problem: JournalProblem): JournalProblem;
  remove(): void;
}

export async function assembleStored(store: ObjectStore, directory: string): Promise<AssembledJournal> {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-stored-'));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  try {
    const names = (await store.names()).filter(isSegmentName);
    for (const name of names) await store.get(name, join(scratch, name));
    for (const { path } of segmentsIn(directory)) {
      const name = basename(path);
      if (!names.includes(name)) symlinkSync(resolve(path), join(scratch, name));
    }
    const located = ({ where, what }: JournalProblem): JournalProblem => {
      const name = where.startsWith(scratch) ? where.slice(scratch.length + 1) : null;
      if (name === null) return { where, what };
      const isStored = names.some((stored) => name.startsWith(stored));
      return { where: isStored ? store.nameOf(name) : join(directory, name), what };
    };
    return { directory: scratch, stored: names.length, located, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
