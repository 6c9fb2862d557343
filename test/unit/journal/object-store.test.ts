/** Closed segments in S3-compatible storage: signed, checked, never over another's; retention waits for them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ObjectStore } from '../../../src/journal/object-store.ts';
import { segmentsIn } from '../../../src/journal/segments.ts';
import { JournalUpkeep } from '../../../src/journal/upkeep.ts';
import type { Journal } from '../../../src/journal/writer.ts';
import { fill, type JournalFolder, journalFolder } from '../../support/journals.ts';
import { type S3, S3_KEYS, startS3 } from '../../support/s3.ts';

interface Stand {
  readonly s3: S3;
  readonly folder: JournalFolder;
  readonly journal: Journal;
  readonly health: string[];
  upkeep(bytes: number | null, secretKey?: string): JournalUpkeep;
}

async function stand(context: TestContext): Promise<Stand> {
  const s3 = await startS3();
  context.after(() => s3.close());
  const folder = journalFolder(context);
  const journal = folder.open(1500);
  context.after(() => journal.close());
  fill(journal, 40);
  const health: string[] = [];
  return {
    s3,
    folder,
    journal,
    health,
    upkeep: (bytes, secretKey = S3_KEYS.secret) =>
      new JournalUpkeep({
        directory: folder.directory,
        journal,
        key: folder.key,
        flush: () => journal.flush(),
        retention: bytes === null ? null : { ageMs: null, bytes },
        store: new ObjectStore({
          endpoint: s3.url,
          bucket: 'journals',
          prefix: 'one/',
          region: 'eu-central-1',
          accessKey: S3_KEYS.access,
          secretKey,
          sessionToken: null,
        }),
        clock: () => folder.nowMs,
        onHealth: (what, error) => health.push(`${what}: ${error?.message ?? 'works'}`),
      }),
  };
}

test('closed segments are stored as they are, once each, and the open one is not', async (context) => {
  const { s3, folder, health, upkeep } = await stand(context);
  const closed = segmentsIn(folder.directory).slice(0, -1);
  const contents = closed.map(({ path }) => readFileSync(path, 'utf8'));
  const one = upkeep(null);
  await one.run();
  assert.deepEqual(health, []);
  closed.forEach(({ path }, n) => {
    assert.equal(s3.objects.get(`journals/one/${basename(path)}`)?.toString(), contents[n]);
  });
  const asked = s3.requests.length;
  const puts = s3.requests.filter((request) => request.startsWith('PUT')).length;
  assert.equal(puts, closed.length);
  // What recording it has closed meanwhile is all that is left to do.
  await one.run();
  assert.ok(s3.requests.length - asked <= 2);
  assert.deepEqual(folder.verify().problems, []);
});

test('a store that is busy is asked again; one that refuses is told of once, and nothing is removed meanwhile', async (context) => {
  const { s3, folder, health, upkeep } = await stand(context);
  s3.failing = 1;
  await upkeep(null).run();
  assert.deepEqual(health, []);
  const other = await stand(context);
  const before = segmentsIn(other.folder.directory).length;
  const refused = other.upkeep(1, 'not the secret');
  await refused.run();
  await refused.run();
  assert.deepEqual(other.health, [
    'upload: PUT s3://journals/one/journal-000001.jsonl: 403 SignatureDoesNotMatch',
  ]);
  assert.equal(segmentsIn(other.folder.directory).length, before);
  assert.deepEqual(folder.verify().problems, []);
});

test('retention removes what is stored, and not what has vanished from the store', async (context) => {
  const { s3, folder, health, upkeep } = await stand(context);
  await upkeep(null).run();
  s3.objects.delete('journals/one/journal-000002.jsonl');
  await upkeep(1).run();
  assert.equal(segmentsIn(folder.directory)[0]?.number, 2);
  assert.deepEqual([health, folder.verify().problems], [[], []]);
});

test('another object of that name is not overwritten', async (context) => {
  const { s3, health, upkeep } = await stand(context);
  s3.objects.set('journals/one/journal-000001.jsonl', Buffer.from('somebody else’s'));
  await upkeep(1).run();
  assert.match(health[0] ?? '', /^upload: s3:\/\/journals\/one\/journal-000001\.jsonl is another object/);
  assert.equal(s3.objects.get('journals/one/journal-000001.jsonl')?.toString(), 'somebody else’s');
});
