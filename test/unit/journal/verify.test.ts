/** Promise 8: what verify finds of every way to falsify a journal, and where it says that it is. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { GENESIS, hashLine, sealedText } from '../../../src/journal/chain.ts';
import { formatCheckpoint, parseCheckpoint, takeCheckpoint } from '../../../src/journal/checkpoint.ts';
import { SigningKey } from '../../../src/journal/keys.ts';
import { recordsIn } from '../../../src/journal/read.ts';
import { readTail, segmentsIn } from '../../../src/journal/segments.ts';
import { verifyJournal } from '../../../src/journal/verify.ts';
import { fill, type JournalFolder, journalFolder } from '../../support/journals.ts';

/** Three sealed segments of some records each. */
function sealedJournal(context: TestContext): JournalFolder {
  const folder = journalFolder(context);
  const journal = folder.open(1500);
  fill(journal, 20);
  journal.close();
  assert.ok(segmentsIn(folder.directory).length >= 3);
  return folder;
}

function problemsOf(folder: JournalFolder): readonly string[] {
  return folder.verify().problems.map(({ where, what }) => `${where.split('/').at(-1)}: ${what}`);
}

test('promise 8: an untouched journal verifies, each record linked to the one before', (context) => {
  const folder = sealedJournal(context);
  const report = folder.verify();
  assert.deepEqual(report.problems, []);
  assert.equal(report.sealed, report.segments);
  assert.equal(report.unsealed, 0);
  assert.deepEqual(report.keyIds, [folder.key.publicKey.id]);
  const statements = [...recordsIn(folder.directory)].filter((record) => record['type'] === 'statement');
  assert.deepEqual(
    statements.map((record) => record['id']),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  let previous = GENESIS;
  for (const { path } of segmentsIn(folder.directory)) {
    for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
      const record: { readonly prev: string } = JSON.parse(line);
      assert.equal(record.prev, previous);
      previous = hashLine(line);
    }
  }
  assert.equal(report.last.digest, previous);
});

test('a changed value in any field of a record is found at its line', (context) => {
  for (const [from, to] of [
    ['"id":2,', '"id":3,'],
    ['SELECT 2"', 'SELECT 9"'],
    ['"type":"statement","id":2', '"type":"Statement","id":2'],
    ['"id":2,"text"', '"id":2,"Text"'],
  ] as const) {
    const folder = sealedJournal(context);
    folder.edit(1, (lines) => lines.map((line) => line.replace(from, to)));
    assert.deepEqual(problemsOf(folder), [
      'journal-000001.jsonl:3: record 3 has been changed (its hash is not the one that record 4 holds)',
    ]);
  }
});

test('a changed time, number or link is found', (context) => {
  for (const change of [
    (line: string) => line.replace('2026-01-01', '2026-01-02'),
    (line: string) => line.replace('{"n":3', '{"n":7'),
    (line: string) => line.replace(/"prev":"./, '"prev":"x'),
  ]) {
    const folder = sealedJournal(context);
    folder.edit(1, (lines) => lines.map((line, n) => (n === 2 ? change(line) : line)));
    assert.match(problemsOf(folder)[0] ?? '', /^journal-000001\.jsonl:[23]: /);
  }
});

test('a removed record is named', (context) => {
  const folder = sealedJournal(context);
  folder.edit(1, (lines) => lines.toSpliced(2, 1));
  assert.deepEqual(problemsOf(folder), ['journal-000001.jsonl:3: record 3 has been removed before this one']);
});

test('swapped records are found', (context) => {
  const folder = sealedJournal(context);
  folder.edit(1, ([opening = '', one = '', two = '', ...rest]) => [opening, two, one, ...rest]);
  assert.match(
    problemsOf(folder).join('\n'),
    /jsonl:3: record 2 where 4 was expected: added or out of order/,
  );
});

test('a record put in between is found, also where the numbers behind it are moved up', (context) => {
  const folder = sealedJournal(context);
  folder.edit(1, (lines) => {
    const forged = `{"n":3,"at":"2026-01-01T00:00:00.000Z","type":"statement","id":99,"prev":"${hashLine(lines[1] ?? '')}"}`;
    return [
      ...lines.slice(0, 2),
      forged,
      ...lines.slice(2).map((line, n) => line.replace(/^\{"n":\d+/, `{"n":${n + 4}`)),
    ];
  });
  assert.match(problemsOf(folder)[0] ?? '', /^journal-000001\.jsonl:3: record 3 has been changed/);
});

test('a removed segment is found, in the middle and at the beginning', (context) => {
  const middle = sealedJournal(context);
  rmSync(middle.segment(2));
  assert.match(problemsOf(middle)[0] ?? '', /^journal-000003\.jsonl: 1 segments are missing before this one/);
  const first = sealedJournal(context);
  rmSync(first.segment(1));
  assert.match(
    problemsOf(first)[0] ?? '',
    /^journal-000002\.jsonl: the segments before this one are missing/,
  );
});

test('a cut tail is found against a checkpoint that was kept elsewhere', (context) => {
  const folder = sealedJournal(context);
  const taken = takeCheckpoint(folder.directory, folder.key, new Date(folder.nowMs));
  assert.ok(taken !== null);
  const checkpoint = parseCheckpoint(formatCheckpoint(taken));
  assert.deepEqual(verifyJournal(folder.directory, { checkpoint }).problems, []);
  const last = segmentsIn(folder.directory).at(-1)?.number ?? 0;
  folder.edit(last, (lines) => lines.slice(0, 2));
  assert.deepEqual(problemsOf(folder), [], 'without a checkpoint nothing can tell');
  const [problem] = verifyJournal(folder.directory, { checkpoint }).problems;
  assert.match(problem?.what ?? '', /its tail has been cut off/);
  // Nor does it help to go on from there.
  const journal = folder.open();
  fill(journal, 30);
  journal.close();
  assert.match(
    verifyJournal(folder.directory, { checkpoint }).problems[0]?.what ?? '',
    /is not the one that the checkpoint holds fast/,
  );
});

test('a checkpoint that was changed is none', (context) => {
  const folder = sealedJournal(context);
  const taken = takeCheckpoint(folder.directory, folder.key, new Date(folder.nowMs));
  assert.ok(taken !== null);
  const text = formatCheckpoint(taken);
  assert.throws(() => parseCheckpoint(text.replace(`"n": ${taken.n}`, `"n": ${taken.n - 1}`)), /signature/);
  assert.throws(() => parseCheckpoint(text.replace(taken.digest.slice(0, 8), '00000000')), /signature/);
  assert.throws(() => parseCheckpoint('{}'), /no checkpoint/);
  assert.throws(() => parseCheckpoint('x'), /not JSON/);
});

test('a journal forged whole with another key is found by the key', (context) => {
  const folder = sealedJournal(context);
  const other = journalFolder(context);
  const forged = other.open(1500);
  fill(forged, 5);
  forged.close();
  const report = verifyJournal(other.directory, { publicKey: folder.key.publicKey });
  assert.match(report.problems[0]?.what ?? '', /signed by key [0-9a-f]{16}, not by [0-9a-f]{16}/);
});

test('a seal made with another key does not hold', (context) => {
  const folder = sealedJournal(context);
  const thief = SigningKey.loadOrCreate(join(folder.directory, 'thief.key'));
  const last = segmentsIn(folder.directory).at(-1)?.number ?? 0;
  folder.edit(last, (lines) => {
    const seal = lines.at(-1) ?? '';
    const n = Number(/^\{"n":(\d+)/.exec(seal)?.[1]);
    const unsigned = seal.replace(/,"signature":"[^"]*"/, '');
    const signature = thief.sign(sealedText('seal', last, n, hashLine(unsigned)));
    return [...lines.slice(0, -1), seal.replace(/"signature":"[^"]*"/, `"signature":"${signature}"`)];
  });
  assert.match(problemsOf(folder)[0] ?? '', /the signature that closes the segment is wrong/);
});

test('records added behind the seal are found', (context) => {
  const folder = sealedJournal(context);
  const last = segmentsIn(folder.directory).at(-1)?.number ?? 0;
  folder.edit(last, (lines) => {
    const n = Number(/^\{"n":(\d+)/.exec(lines.at(-1) ?? '')?.[1]);
    const prev = hashLine(lines.at(-1) ?? '');
    return [...lines, `{"n":${n + 1},"at":"2026-01-01T00:00:00.000Z","type":"statement","prev":"${prev}"}`];
  });
  assert.match(problemsOf(folder)[0] ?? '', /a record after the segment was closed/);
});

test('an emptied segment is found', (context) => {
  const folder = sealedJournal(context);
  writeFileSync(folder.segment(2), '');
  assert.match(problemsOf(folder).join('\n'), /journal-000002\.jsonl: the segment is empty/);
});

test('promise 8: whichever bit of a sealed journal is flipped, verify finds it', (context) => {
  const folder = sealedJournal(context);
  for (const { path } of segmentsIn(folder.directory)) {
    const intact = readFileSync(path);
    for (let at = 0; at < intact.length; at++) {
      const damaged = Buffer.from(intact);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, damaged);
      assert.notEqual(folder.verify().problems.length, 0, `${path} byte ${at}`);
    }
    writeFileSync(path, intact);
  }
  assert.deepEqual(folder.verify().problems, []);
});

test('every bit of the last byte of a seal’s signature counts', (context) => {
  const folder = sealedJournal(context);
  const path = segmentsIn(folder.directory).at(-1)?.path ?? '';
  const intact = readFileSync(path);
  const end = intact.lastIndexOf('==","prev"');
  // Base64 leaves four bits of the last character without meaning, and Node reads over what is no base64.
  for (const at of [end - 1, end, end + 1]) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(intact);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      writeFileSync(path, damaged);
      assert.notEqual(folder.verify().problems.length, 0, `byte ${at}, bit ${bit}`);
    }
  }
});

test('the tail of a segment is read without the rest of it', (context) => {
  const folder = journalFolder(context);
  const journal = folder.open();
  journal.append('statement', `"text":${JSON.stringify('x'.repeat(200_000))}`);
  journal.flush();
  const { digest, record, tornBytes } = readTail(folder.segment(1));
  assert.equal(record?.['n'], 2);
  assert.equal(digest, journal.place.digest);
  assert.equal(tornBytes, 0);
  journal.close();
});
