/** Sizes and spans of time as people write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatMs, parseBytes, parseDurationMs } from '../../../src/core/quantities.ts';

test('sizes', () => {
  for (const [written, bytes] of [
    ['0', 0],
    [1024, 1024],
    ['1 KiB', 1024],
    ['8MiB', 8 * 1024 * 1024],
    ['8mb', 8_000_000],
    ['1.5GiB', 1_610_612_736],
    ['20B', 20],
  ] as const) {
    assert.equal(parseBytes(written), bytes, String(written));
  }
  for (const written of ['', 'x', '-1', '8XB', '1e9', '1 2', 'MiB', '99999999999999GiB', '１']) {
    assert.equal(parseBytes(written), null, written);
  }
});

test('spans of time', () => {
  for (const [written, ms] of [
    ['0s', 0],
    ['250ms', 250],
    ['1.5s', 1500],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1d 2h', 93_600_000],
  ] as const) {
    assert.equal(parseDurationMs(written), ms, written);
  }
  for (const written of ['', '5', 's', '-1s', '1y', '1h30', '1e3s', '99999999999999d']) {
    assert.equal(parseDurationMs(written), null, written);
  }
});

test('for people', () => {
  assert.deepEqual([0, 1023, 1536, 8 * 1024 ** 2, 3 * 1024 ** 3].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '8 MiB',
    '3 GiB',
  ]);
  assert.deepEqual([0.34, 1.24, 4500, 150_000].map(formatMs), ['340 µs', '1.2 ms', '4.5 s', '2.5 min']);
});
