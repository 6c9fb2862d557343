/** Journals in folders of their own, and ways to damage them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SigningKey } from '../../src/journal/keys.ts';
import { segmentsIn } from '../../src/journal/segments.ts';
import { type VerifyReport, verifyJournal } from '../../src/journal/verify.ts';
import { Journal } from '../../src/journal/writer.ts';

export interface JournalFolder {
  readonly directory: string;
  readonly key: SigningKey;
  /** What the journal said of its health: null is good. */
  readonly health: (string | null)[];
  /** Milliseconds that the journal's clock shows. */
  nowMs: number;
  open(segmentBytesMax?: number): Journal;
  verify(): VerifyReport;
  /** The path of a segment, by number. */
  segment(number: number): string;
  /** Changes a segment's lines. */
  edit(number: number, change: (lines: string[]) => readonly string[]): void;
}

/** A folder that is removed at the end of the test. */
export function journalFolder(test: TestContext, parent = tmpdir()): JournalFolder {
  const directory = mkdtempSync(join(parent, 'sluice-journal-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return journalIn(directory);
}

export function journalIn(directory: string): JournalFolder {
  const key = SigningKey.loadOrCreate(join(directory, 'signing.key'));
  const health: (string | null)[] = [];
  const segment = (number: number) =>
    segmentsIn(directory).find((file) => file.number === number)?.path ?? `no segment ${number}`;
  return {
    directory,
    key,
    health,
    nowMs: Date.UTC(2026, 0, 1),
    open(segmentBytesMax = 1 << 20) {
      return Journal.open({
        directory,
        key,
        segmentBytesMax,
        clock: () => this.nowMs,
        onHealth: (error) => health.push(error === null ? null : error.message),
      });
    },
    verify: () => verifyJournal(directory, {}),
    segment,
    edit(number, change) {
      const path = segment(number);
      const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
      writeFileSync(
        path,
        change(lines)
          .map((line) => `${line}\n`)
          .join(''),
      );
    },
  };
}

/** Writes `count` records, each in a flush of its own. */
export function fill(journal: Journal, count: number, from = 1): void {
  for (let n = from; n < from + count; n++) {
    journal.append('statement', `"id":${n},"text":"SELECT ${n}"`);
    if (!journal.flush()) throw new Error('the journal did not take a record');
  }
}
