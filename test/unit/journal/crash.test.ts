/** Promise 8: what a process leaves that was killed, and how the next one takes it up. */
import assert from 'node:assert/strict';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordsIn } from '../../../src/journal/read.ts';
import { segmentsIn } from '../../../src/journal/segments.ts';
import { verifyJournal } from '../../../src/journal/verify.ts';
import { fill, journalFolder, journalIn } from '../../support/journals.ts';

function idsIn(directory: string): readonly unknown[] {
  return [...recordsIn(directory)].filter(({ type }) => type === 'statement').map(({ id }) => id);
}

test('promise 8: cut at any byte, the journal is taken up again with every whole record in it', (context) => {
  const folder = journalFolder(context);
  const journal = folder.open();
  fill(journal, 3);
  const written = readFileSync(folder.segment(1));
  journal.close();
  for (let size = 0; size <= written.length; size++) {
    const copy = join(folder.directory, `cut-${size}`);
    mkdirSync(copy);
    cpSync(join(folder.directory, 'signing.key'), join(copy, 'signing.key'));
    writeFileSync(join(copy, 'journal-000001.jsonl'), written.subarray(0, size));
    const whole = written.subarray(0, size).toString().split('\n').length - 1;
    const next = journalIn(copy);
    const reopened = next.open();
    fill(reopened, 2, 100);
    reopened.close();
    const report = verifyJournal(copy, { publicKey: folder.key.publicKey });
    assert.deepEqual(report.problems, [], `cut at ${size}`);
    const ids = idsIn(copy);
    assert.deepEqual(ids, [...[1, 2, 3].slice(0, Math.max(0, whole - 1)), 100, 101], `cut at ${size}`);
    rmSync(copy, { recursive: true });
  }
});

test('a torn record is told of by the segment that follows, and only as much as is there', (context) => {
  const folder = journalFolder(context);
  const journal = folder.open();
  fill(journal, 3);
  journal.close();
  const path = folder.segment(1);
  // Without the seal, and in the middle of the last record.
  truncateSync(path, readFileSync(path).lastIndexOf('"SELECT 3"'));
  assert.match(folder.verify().problems[0]?.what ?? '', /^\d+ bytes of a record that was never finished$/);
  const reopened = folder.open();
  reopened.close();
  const opening = [...recordsIn(folder.directory)].find((record) => record['segment'] === 2);
  assert.ok(opening?.['recovered'] !== undefined);
  assert.deepEqual(folder.verify().problems, []);
  // Cutting more off afterwards shows.
  truncateSync(path, readFileSync(path).length - 3);
  assert.match(folder.verify().problems[0]?.what ?? '', /never finished/);
});

test('a segment that was never begun is accounted for, whichever process left it', (context) => {
  const folder = journalFolder(context);
  const journal = folder.open();
  fill(journal, 2);
  journal.close();
  closeSync(openSync(join(folder.directory, 'journal-000002.jsonl'), 'wx'));
  assert.match(folder.verify().problems[0]?.what ?? '', /the segment is empty/);
  const reopened = folder.open();
  fill(reopened, 1, 50);
  reopened.close();
  assert.deepEqual(folder.verify().problems, []);
  assert.equal(segmentsIn(folder.directory).length, 3);
});

test('a journal that ends with something else is not taken up, and the lock is given back', (context) => {
  const folder = journalFolder(context);
  folder.open().close();
  folder.edit(1, (lines) => [...lines, 'garbage']);
  assert.throws(() => folder.open(), /does not end with a record of a journal/);
  folder.edit(1, (lines) => lines.slice(0, -1));
  folder.open().close();
});

test('results that nobody waited for are written with the next records, and at the end', (context) => {
  const folder = journalFolder(context);
  const journal = folder.open();
  journal.appendResult('{"session":"s","number":1,"rows":1}');
  journal.appendResult('{"session":"s","number":2,"rows":2}');
  assert.ok(journal.flush());
  journal.appendResult('{"session":"s","number":3,"rows":3}');
  journal.close();
  const results = [...recordsIn(folder.directory)].filter(({ type }) => type === 'result');
  assert.deepEqual(
    results.map(({ number }) => number),
    [1, 2, 3],
  );
  assert.deepEqual(folder.verify().problems, []);
});

test('promise 8: what a session’s statements came to stands before its end', (context) => {
  const folder = journalFolder(context);
  const journal = folder.open();
  journal.append('statement', '"session":"a","number":1');
  journal.appendResult('{"session":"a","number":1,"rows":1}');
  journal.append('session-end', '"session":"a"');
  journal.appendResult('{"session":"b","number":1,"rows":1}');
  journal.append('session-end', '"session":"b"');
  assert.ok(journal.flush());
  journal.appendResult('{"session":"c","number":1,"rows":1}');
  journal.append('session-end', '"session":"c"');
  journal.close();
  const order = [...recordsIn(folder.directory)].flatMap(({ type, session }) =>
    session === undefined ? [] : [`${session} ${type}`],
  );
  assert.deepEqual(order, [
    'a statement',
    'a result',
    'a session-end',
    'b result',
    'b session-end',
    'c result',
    'c session-end',
  ]);
  assert.deepEqual(folder.verify().problems, []);
});

test('whoever waits for the disk is called back once, also over the end of a segment and at the close', async (context) => {
  const folder = journalFolder(context);
  const journal = folder.open(600);
  let called = 0;
  const waits: Promise<void>[] = [];
  for (let n = 0; n < 20; n++) {
    fill(journal, 1, n);
    waits.push(
      new Promise((resolve) => {
        journal.whenSynced((error) => {
          assert.equal(error, null);
          called++;
          resolve();
        });
      }),
    );
  }
  journal.close();
  await Promise.all(waits);
  assert.equal(called, 20);
  assert.deepEqual(folder.verify().problems, []);
  assert.deepEqual(folder.health, []);
});
