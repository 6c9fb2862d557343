import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { Hits } from '../../src/masking/detectors/hits.ts';
import {
  ByteSink,
  type CellType,
  type ColumnMask,
  compilePlan,
  maskOne,
  maskPlan,
  SCALAR_KINDS,
  TEXT,
} from '../../src/masking/index.ts';
import { every, found, maskBytes, spec } from '../support/masking.ts';

const MASKS: readonly ColumnMask[] = [
  every('redact'),
  every('last4'),
  every('first1'),
  every('email'),
  every('hash', { key: 'k' }),
  every('fixed', '17'),
  every('year'),
  every('range', { width: 10 }),
  every('token', { key: 'k' }),
  found(),
  found(spec('last4'), ['credit-card', 'email'], ['x[0-9]+']),
];
const SCALARS: readonly CellType[] = [
  TEXT,
  { kind: 'text', charactersMax: 9 },
  { kind: 'numeric', precision: 12, scale: 2 },
  { kind: 'enum', labels: ['17'] },
  ...SCALAR_KINDS.map((kind) => ({ kind })),
];
const TYPES: readonly CellType[] = SCALARS.flatMap((of): CellType[] => [
  of,
  { kind: 'array', of, delimiter: ',' },
  { kind: 'range', of },
  { kind: 'multirange', of },
  { kind: 'composite', fields: [of, TEXT] },
  { kind: 'domain', of },
]);

/** Bytes near to what cells look like: numbers, quotes, brackets, lengths, and anything. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc
        .constantFrom(
          '4111111111111111',
          '{',
          '}',
          '"',
          '\\',
          ',',
          '(',
          ')',
          '[',
          ']',
          'empty',
          'NULL',
          'a@b.de',
          '\\u00',
          '-',
          ':',
        )
        .map((text) => Buffer.from(text)),
      fc.integer().map((n) => Buffer.from(Int32Array.of(n).buffer).reverse()),
      fc.integer({ min: -1, max: 20 }).map((n) => Buffer.from(Int32Array.of(n).buffer).reverse()),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

test('promise 4: whatever the bytes of a cell are, it is masked without an error, and by its own bytes only', () => {
  fc.assert(
    fc.property(
      bytes,
      fc.constantFrom(...MASKS),
      fc.constantFrom(...TYPES),
      fc.constantFrom('text' as const, 'binary' as const),
      (cell, mask, type, format) => {
        const plan = compilePlan(maskPlan([{ type, format, label: null, mask }], 'postgres'));
        const results = ['', '4111 1111 1111 ', '{"a":"', '\\'].map((around) => {
          const out = new ByteSink(8);
          const source = Buffer.concat([Buffer.from(around), cell, Buffer.from(around)]);
          const start = Buffer.byteLength(around);
          const length = maskOne(plan, 0, source, start, start + cell.length, cell.length, out);
          return { length, bytes: out.taken().toString('hex') };
        });
        for (const result of results) assert.deepEqual(result, results[0]);
        if (results[0]!.length < 0) assert.equal(results[0]!.bytes, '');
      },
    ),
    { numRuns: 8000 },
  );
});

test('masked text is UTF-8 and no longer than its column, whatever came in', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(...MASKS.slice(0, 9)),
      fc.integer({ min: 1, max: 40 }),
      (cell, mask, charactersMax) => {
        const masked = maskBytes(mask, Buffer.from(cell), { type: { kind: 'text', charactersMax } });
        if (masked === null) return;
        assert.ok(isUtf8(masked));
        assert.ok([...masked.toString()].length <= charactersMax);
      },
    ),
    { numRuns: 3000 },
  );
});

test('promise 4: last4 and first1 show no more than they say', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'abcXYZ0189äß€😀'), minLength: 1, maxLength: 30 }),
      (text) => {
        const shown = (mask: ColumnMask): string =>
          maskBytes(mask, Buffer.from(text))!.toString().replaceAll('*', '');
        const count = [...text].length;
        assert.equal(
          shown(every('last4')),
          [...text].slice(count - Math.max(0, Math.min(4, count - 4))).join(''),
        );
        assert.equal(shown(every('first1')), count > 1 ? [...text][0] : '');
      },
    ),
    { numRuns: 2000 },
  );
});

test('hits put in anywhere stay in order, do not overlap, and cover what was put in', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }))), (spans) => {
      const hits = new Hits();
      const covered = new Set<number>();
      for (const [start, size] of spans) {
        hits.insert(start, start + size, 0);
        for (let i = start; i < start + size; i++) covered.add(i);
      }
      const held = new Set<number>();
      for (let i = 0; i < hits.count; i++) {
        if (i > 0) assert.ok(hits.start(i) >= hits.end(i - 1));
        for (let at = hits.start(i); at < hits.end(i); at++) held.add(at);
      }
      assert.deepEqual(held, covered);
    }),
  );
});
