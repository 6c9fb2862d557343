import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  BatchReader,
  BatchWriter,
  MaskFailure,
  MaskLane,
  MaskPool,
  maskPlan,
  TEXT,
} from '../../src/masking/index.ts';
import { every } from '../support/masking.ts';

const ENTRY = new URL('../support/faulty-mask-worker.ts', import.meta.url);
const plan = maskPlan([{ type: TEXT, format: 'text', label: null, mask: every('last4') }], 'postgres');
const pool = new MaskPool({ threads: 2, deadlineMs: 400, entry: ENTRY });
after(() => pool.close());

function batchOf(...cells: readonly string[]): ArrayBuffer {
  const writer = new BatchWriter(1);
  for (const cell of cells) {
    const bytes = Buffer.from(cell);
    writer.add(bytes, 0, bytes.length);
  }
  return writer.take();
}

function cellsOf(batch: ArrayBuffer): string[] {
  const reader = new BatchReader(batch);
  const cells: string[] = [];
  while (reader.next()) cells.push(reader.bytes.toString('utf8', reader.start, reader.end));
  return cells;
}

/** Runs batches through a lane; what came out, and how it ended. */
async function runLane(
  batches: readonly ArrayBuffer[],
  bytesMax?: number,
): Promise<{ out: string[][]; error: MaskFailure | null; full: number; drained: number }> {
  const out: string[][] = [];
  const counts = { full: 0, drained: 0 };
  return new Promise((resolve) => {
    const end = (error: MaskFailure | null): void => resolve({ out, error, ...counts });
    const lane = new MaskLane(
      pool,
      plan,
      {
        masked(batch) {
          out.push(cellsOf(batch));
          // A tick later: `drained` belongs to the same turn.
          if (out.length === batches.length) setImmediate(() => end(null));
        },
        drained: () => counts.drained++,
        failed: end,
      },
      bytesMax,
    );
    for (const batch of batches) if (!lane.push(batch)) counts.full++;
  });
}

test('a batch is moved, masked in another thread, and comes back moved', async () => {
  const batch = batchOf('123456789');
  const masked = await pool.mask(plan, batch);
  assert.equal(batch.byteLength, 0);
  assert.deepEqual(cellsOf(masked), ['*****6789']);
});

test('many batches come out in their order, and fullness is told and taken back', async () => {
  const numbers = Array.from({ length: 200 }, (_, i) => String(100_000_000 + i));
  // Batches of very different sizes, so that the threads do not finish in turn.
  const batches = numbers.map((number, i) =>
    batchOf(number, ...Array.from({ length: i % 7 === 0 ? 5000 : 1 }, () => 'filler text')),
  );
  const { out, error, full, drained } = await runLane(batches, 64 * 1024);
  assert.equal(error, null);
  assert.deepEqual(
    out.map(([first]) => first),
    numbers.map((number) => `*****${number.slice(5)}`),
  );
  assert.ok(full > 0);
  assert.equal(drained, 1);
});

for (const [fault, reason] of [
  ['throw', 'threw'],
  ['hang', 'hung'],
  ['die', 'threw'],
  // It is ended for the memory or for the time that it takes, whichever comes first.
  ['eat memory', null],
  ['give back junk', 'threw'],
] as const) {
  test(`a worker told to "${fault}": that result ends with an error, nothing of it comes out unmasked, others go on`, async () => {
    const neighbour = runLane(Array.from({ length: 20 }, () => batchOf('neighbour')));
    const faulty = await runLane([batchOf('123456789'), batchOf(fault), batchOf('987654321')]);
    assert.ok(faulty.error instanceof MaskFailure);
    if (reason !== null) assert.equal(faulty.error.reason, reason);
    for (const [cell] of faulty.out) assert.equal(cell, '*****6789');
    assert.ok(faulty.out.length <= 1, 'nothing comes out behind the failed batch');
    const { out, error } = await neighbour;
    assert.equal(error, null);
    assert.equal(out.length, 20);
    assert.deepEqual(cellsOf(await pool.mask(plan, batchOf('abcdefgh'))), ['****efgh']);
  });
}

test('a closed pool masks nothing', async () => {
  const closed = new MaskPool({ threads: 1, entry: ENTRY });
  await closed.close();
  await assert.rejects(
    closed.mask(plan, batchOf('x')),
    (error) => error instanceof MaskFailure && error.reason === 'closed',
  );
});
