import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskPlan, TEXT } from '../../../src/masking/index.ts';
import { postablePlan } from '../../../src/masking/plan.ts';
import { every, found, spec } from '../../support/masking.ts';

test('promise 11: a plan that is posted to a worker takes its keys along and no other memory', () => {
  const secret = Buffer.from('a secret that lies in the pool of buffers');
  assert.ok(secret.buffer.byteLength > secret.length, 'the secret of this test is pooled');
  const ring = { current: 'k', keys: [{ id: 'k', secret }] };
  const columns = [
    every('hash', { key: 'p' }, 'keep', ring),
    found(spec('token', { key: 'p' }, ring)),
    found(),
  ].map((mask) => ({
    type: TEXT,
    format: 'text' as const,
    label: null,
    mask,
  }));
  const plan = maskPlan(columns, 'postgres');
  const posted = postablePlan(plan);
  assert.equal(posted.id, plan.id);
  const specs = posted.columns.flatMap(({ mask }) =>
    mask.how === 'mask' ? [mask.masker] : mask.rules.map(({ masker }) => masker),
  );
  const secrets = specs.flatMap(({ ring: held }) => held?.keys.map((key) => key.secret) ?? []);
  assert.ok(secrets.length >= 2);
  for (const own of secrets) assert.equal(own.buffer.byteLength, own.length);
  assert.equal(Buffer.from(secrets[0]!).toString(), secret.toString());
});
