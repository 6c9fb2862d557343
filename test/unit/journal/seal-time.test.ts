/** A seal is signed over its own record: the time in it must not move between signing and writing. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SigningKey } from '../../../src/journal/keys.ts';
import { verifyJournal } from '../../../src/journal/verify.ts';
import { Journal } from '../../../src/journal/writer.ts';

test('promise 8: a journal whose clock moves while it is sealed verifies', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-seal-'));
  let ms = 0;
  const journal = Journal.open({
    directory,
    key: SigningKey.loadOrCreate(join(directory, 'signing.key')),
    segmentBytesMax: 1024 * 1024,
    clock: () => ++ms,
    onHealth: () => {},
  });
  journal.append('policy', '"version":"x"');
  journal.close();
  const report = verifyJournal(directory, {});
  rmSync(directory, { recursive: true, force: true });
  assert.deepEqual(report.problems, []);
  assert.equal(report.sealed, 1);
});
