import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelledCells } from '../../../fixtures/detectors/labelled.ts';
import { measure } from '../../../fixtures/detectors/measure.ts';
import { patternProblem, TEXT } from '../../../src/masking/index.ts';
import { found, maskText, spec } from '../../support/masking.ts';

const RECALL_MIN = 0.99;
const PRECISION_MIN = 0.98;

for (const seed of [20_261_121, 7, 8]) {
  test(`every detector finds what it looks for and little else (fixture ${seed})`, () => {
    for (const { detector, recall, precision, values } of measure(labelledCells(seed)).figures) {
      assert.ok(values >= 700);
      assert.ok(recall >= RECALL_MIN, `${detector}: recall ${recall}`);
      assert.ok(precision >= PRECISION_MIN, `${detector}: precision ${precision}`);
    }
  });
}

test('a hit is masked in its place, and the rest stays as it is', () => {
  const last4 = found(spec('last4'));
  assert.equal(maskText(last4, 'paid 4111 1111 1111 1111, thanks'), 'paid **** **** **** 1111, thanks');
  assert.equal(maskText(found(), 'a@b.example.com;10.1.2.3'), '[redacted];[redacted]');
  assert.equal(maskText(found(spec('null')), 'mail a@b.example.com'), null);
  assert.equal(maskText(found(), 'nothing in here: 2024-01-01'), 'nothing in here: 2024-01-01');
});

test('a longer value than its column holds is starred instead', () => {
  const type = { kind: 'text', charactersMax: 12 } as const;
  assert.equal(maskText(found(), 'x a@b.de zzz', { type }), 'x ****** zzz');
});

test("a column's label is context for what has no form of its own", () => {
  assert.equal(maskText(found(), '123456789'), '123456789');
  assert.equal(maskText(found(), '123456789', { label: 'customer_ssn' }), '[redacted]');
  assert.equal(maskText(found(), '2125550100', { label: 'homePhone' }), '[redacted]');
  assert.equal(maskText(found(), '2125550100', { label: 'hotel' }), '2125550100');
});

test('values of other types: numbers, arrays, bytes, addresses, what is not known', () => {
  assert.equal(maskText(found(spec('last4')), '4111111111111111', { type: { kind: 'int8' } }), '1111');
  const card = Buffer.alloc(8);
  card.writeBigInt64BE(4111111111111111n);
  assert.equal(
    maskText(found(), '{a,"x 4111111111111111"}', { type: { kind: 'array', of: TEXT, delimiter: ',' } }),
    '{a,"x [redacted]"}',
  );
  assert.equal(
    maskText(found(), '\\x612040622e6578616d706c652e636f6d', { type: { kind: 'bytea' } }),
    '\\x612040622e6578616d706c652e636f6d',
  );
  assert.equal(maskText(found(), '\\x6140622e6578616d706c652e636f6d', { type: { kind: 'bytea' } }), '\\x');
  assert.equal(maskText(found(), '10.0.0.1', { type: { kind: 'inet' } }), '0.0.0.0');
  assert.equal(
    maskText(found(), '(1,a@b.example.com)', { type: { kind: 'composite', fields: null } }),
    '(1,)',
  );
  assert.equal(maskText(found(), "'a@b.example.com':1", { type: { kind: 'unknown' } }), null);
  assert.equal(maskText(found(), 'b:1', { type: { kind: 'unknown' } }), 'b:1');
});

test('custom patterns are RE2: they are found with the others, and what RE2 leaves out is refused', () => {
  const mask = found(spec('redact'), ['email'], ['EMP-[0-9]{6}', 'b\\.example']);
  assert.equal(maskText(mask, 'ü EMP-123456 and a@b.example.com'), 'ü [redacted] and [redacted]');
  assert.equal(patternProblem('EMP-[0-9]+'), null);
  for (const wrong of ['(a', '(?=a)', '(a)\\1', 'a*']) assert.notEqual(patternProblem(wrong), null, wrong);
});

test('text made to be slow is read in linear time', () => {
  const whole = found();
  const bad = [
    'eyJ-',
    'xoxb-',
    '@',
    'a@',
    '1.',
    ':',
    'a:',
    '+1',
    '(1',
    '-----BEGIN ',
    'sk-',
    '4111 ',
    'aws_secret_access_key=',
    '{"a":"\\\\',
    '[',
    'DE89',
  ];
  for (const part of bad) {
    const time = (times: number): number => {
      const text = part.repeat(times);
      const began = performance.now();
      maskText(whole, text);
      return performance.now() - began;
    };
    time(1000);
    const short = Math.max(5, Math.min(time(5_000), time(5_000)));
    const long = Math.min(time(40_000), time(40_000));
    assert.ok(
      long < short * 40,
      `${part}: ${short.toFixed(1)} ms, eight times as long ${long.toFixed(1)} ms`,
    );
  }
});
