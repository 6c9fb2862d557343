import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BatchReader,
  BatchWriter,
  compilePlan,
  KEPT_CELL,
  maskBatch,
  maskPlan,
  NULL_CELL,
  TEXT,
} from '../../../src/masking/index.ts';
import { every, found } from '../../support/masking.ts';

function cellsOf(batch: ArrayBuffer): (string | number)[] {
  const reader = new BatchReader(batch);
  const cells: (string | number)[] = [];
  while (reader.next()) {
    cells.push(reader.length < 0 ? reader.length : reader.bytes.toString('utf8', reader.start, reader.end));
  }
  return cells;
}

function batchOf(columns: number, cells: readonly (string | null)[]): ArrayBuffer {
  const writer = new BatchWriter(columns, 16);
  for (const cell of cells) {
    if (cell === null) writer.addNull();
    else {
      const bytes = Buffer.from(`>${cell}<`);
      writer.add(bytes, 1, bytes.length - 1);
    }
  }
  return writer.take();
}

test('a batch gives back the cells that were put in, in memory of its own', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.string({ unit: 'grapheme' }))), (cells) => {
      const batch = batchOf(1, cells);
      assert.deepEqual(
        cellsOf(batch),
        cells.map((cell) => cell ?? NULL_CELL),
      );
      const bytes = cells.reduce((sum, cell) => sum + Buffer.byteLength(cell ?? ''), 0);
      assert.equal(batch.byteLength, 8 + cells.length * 4 + bytes);
    }),
  );
});

test('each cell is masked by its column, in order; kept cells are not repeated', () => {
  const columns = [every('last4'), found(), every('redact', null, 'mask')].map((mask) => ({
    type: TEXT,
    format: 'text' as const,
    label: null,
    mask,
  }));
  const plan = compilePlan(maskPlan(columns, 'postgres'));
  const batch = batchOf(3, ['123456789', 'a@b.example.com', 'x', null, 'plain', null, '', '', '']);
  assert.deepEqual(cellsOf(maskBatch(plan, batch)), [
    '*****6789',
    '[redacted]',
    '[redacted]',
    KEPT_CELL,
    KEPT_CELL,
    '[redacted]',
    '',
    KEPT_CELL,
    '[redacted]',
  ]);
});

test('a broken batch is refused, and a batch of another plan', () => {
  const plan = compilePlan(
    maskPlan([{ type: TEXT, format: 'text', label: null, mask: every('last4') }], 'postgres'),
  );
  assert.throws(() => maskBatch(plan, batchOf(2, ['a', 'b'])), /another plan/);
  for (const words of [
    [5, 1],
    [-1, 1],
    [1, 0],
    [1, 1, 1000],
  ]) {
    assert.throws(() => cellsOf(new Int32Array(words).buffer));
  }
  const writer = new BatchWriter(2);
  writer.addNull();
  assert.throws(() => writer.take(), /whole row/);
});
