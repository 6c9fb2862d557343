/** Promise 8: retention removes whole segments by rule, says so under a signature, and nobody else can. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { formatCheckpoint, parseCheckpoint, takeCheckpoint } from '../../../src/journal/checkpoint.ts';
import { expiredSegments, type RetentionRule, removeSegments } from '../../../src/journal/retention.ts';
import { segmentsIn } from '../../../src/journal/segments.ts';
import { verifyJournal } from '../../../src/journal/verify.ts';
import type { Journal } from '../../../src/journal/writer.ts';
import { fill, type JournalFolder, journalFolder } from '../../support/journals.ts';

const DAY_MS = 24 * 3_600_000;

/** Several segments, some of them of the day before. */
function filled(context: TestContext): { folder: JournalFolder; journal: Journal } {
  const folder = journalFolder(context);
  const journal = folder.open(1500);
  context.after(() => journal.close());
  fill(journal, 40);
  folder.nowMs += DAY_MS;
  fill(journal, 20);
  assert.ok(segmentsIn(folder.directory).length >= 5);
  return { folder, journal };
}

async function retain(folder: JournalFolder, journal: Journal, rule: RetentionRule): Promise<number> {
  const expired = expiredSegments(folder.directory, rule, folder.nowMs);
  return await removeSegments(expired, rule, { journal, key: folder.key, flush: () => journal.flush() });
}

test('promise 8: what retention removes by age verifies; what is there is what is young', async (context) => {
  const { folder, journal } = filled(context);
  const removed = await retain(folder, journal, { ageMs: DAY_MS / 2, bytes: null });
  assert.ok(removed > 0);
  assert.equal(segmentsIn(folder.directory)[0]?.number, removed + 1);
  const report = folder.verify();
  assert.deepEqual([report.problems, report.removed], [[], removed]);
  assert.deepEqual(expiredSegments(folder.directory, { ageMs: DAY_MS / 2, bytes: null }, folder.nowMs), []);
});

test('by size, the oldest go until the rest fits, and never the one that is written', async (context) => {
  const { folder, journal } = filled(context);
  const size = () => segmentsIn(folder.directory).reduce((sum, { path }) => sum + statSync(path).size, 0);
  await retain(folder, journal, { ageMs: null, bytes: 4000 });
  assert.ok(size() < 4000 + 1500, `${size()} bytes`);
  await retain(folder, journal, { ageMs: null, bytes: 1 });
  assert.equal(segmentsIn(folder.directory).length, 1);
  fill(journal, 3);
  assert.deepEqual(folder.verify().problems, []);
});

test('promise 8: a segment more than the record names, or a record that is not signed, is a missing segment', async (context) => {
  const { folder, journal } = filled(context);
  await retain(folder, journal, { ageMs: DAY_MS / 2, bytes: null });
  journal.close();
  const last = segmentsIn(folder.directory).at(-1);
  const tombstone = segmentsIn(folder.directory).find(({ path }) =>
    readFileSync(path, 'utf8').includes('"type":"removed"'),
  );
  assert.ok(last !== undefined && tombstone !== undefined);
  folder.edit(tombstone.number, (lines) =>
    lines.map((line) => line.replace(/"by":"retention"/, '"by":"Retention"')),
  );
  assert.notDeepEqual(folder.verify().problems, []);
  folder.edit(tombstone.number, (lines) =>
    lines.map((line) => line.replace(/"by":"Retention"/, '"by":"retention"')),
  );
  assert.deepEqual(folder.verify().problems, []);
  const [first] = segmentsIn(folder.directory);
  assert.ok(first !== undefined && first.number !== tombstone.number);
  rmSync(first.path);
  assert.match(folder.verify().problems[0]?.what ?? '', /missing, and no signed record says/);
});

test('a checkpoint of a segment that retention has removed is no cut tail', async (context) => {
  const folder = journalFolder(context);
  const journal = folder.open(1500);
  context.after(() => journal.close());
  fill(journal, 5);
  const checkpoint = takeCheckpoint(folder.directory, folder.key, new Date(0));
  assert.ok(checkpoint !== null);
  fill(journal, 30);
  await retain(folder, journal, { ageMs: null, bytes: 1 });
  const expected = { checkpoint: parseCheckpoint(formatCheckpoint(checkpoint)) };
  assert.deepEqual(verifyJournal(folder.directory, expected).problems, []);
});
