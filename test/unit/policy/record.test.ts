/** What rules say of recording responses: the most of those that match, and the configuration where none does. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { WHOLE_RESPONSE } from '../../../src/core/responses.ts';
import { judgeStatement } from '../../../src/engine/judge-statement.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';
import { recordDutyOf, recordSchema } from '../../../src/policy/record-schema.ts';
import { policySchema } from '../../../src/policy/schema.ts';
import { FactsBench } from '../../support/sql-facts.ts';

let shop: FactsBench;

before(async () => {
  shop = await FactsBench.load(18);
});

test('what a rule may say, and what it may not', () => {
  assert.deepEqual(recordDutyOf(recordSchema.parse({ responses: 'whole' })), WHOLE_RESPONSE);
  assert.equal(recordDutyOf(recordSchema.parse({ responses: 'off' })), 'off');
  assert.deepEqual(recordDutyOf(recordSchema.parse({ responses: 'sampled' })), { rows: 100, bytes: 65_536 });
  assert.deepEqual(recordDutyOf(recordSchema.parse({ responses: 'sampled', rows: 5, bytes: '1KiB' })), {
    rows: 5,
    bytes: 1024,
  });
  for (const wrong of [
    {},
    { responses: 'all' },
    { responses: 'whole', rows: 5 },
    { responses: 'off', bytes: '1KiB' },
    { responses: 'sampled', rows: 0 },
    { responses: 'sampled', columns: ['a'] },
  ])
    assert.ok(!recordSchema.safeParse(wrong).success, JSON.stringify(wrong));
  const policy = { default: 'allow', rules: [{ name: 'r', then: { record: { responses: 'whole' } } }] };
  assert.ok(policySchema.safeParse(policy).success);
});

test('of several rules the one that records most holds, bound by bound; one that only watches says nothing', async () => {
  const decide = async (text: string, sql: string) => {
    const { policy } = loadPolicy('policy.yaml', text);
    const session = {
      principal: { name: 'agent', groups: ['agents'] },
      listener: 'shop',
      clientAddress: '127.0.0.1',
    };
    const context = policy.contextFor(session, Date.UTC(2026, 2, 4));
    return judgeStatement(policy, context, await shop.fact(sql, {}), 1).decision;
  };
  const text = (byDefault: string) => `
default: ${byDefault}
rules:
  - { name: off, when: { tables: [shop.orders, shop.products] }, then: { record: { responses: off } } }
  - { name: few, when: { tables: [shop.orders] }, then: { record: { responses: sampled, rows: 5, bytes: 1MiB } } }
  - { name: more, when: { tables: [shop.orders] }, then: { record: { responses: sampled, rows: 50, bytes: 1KiB } } }
  - { name: all, when: { tables: [shop.customers] }, then: { record: { responses: whole } } }
  - { name: watched, mode: observe, when: { tables: [shop.order_items] }, then: { record: { responses: whole } } }
`;
  const record = async (sql: string) => (await decide(text('allow'), sql)).obligations.record;
  assert.deepEqual(await record('SELECT id FROM shop.orders'), { rows: 50, bytes: 1024 * 1024 });
  assert.equal(await record('SELECT id FROM shop.products'), 'off');
  assert.deepEqual(await record('SELECT 1 FROM shop.products, shop.customers'), WHOLE_RESPONSE);
  assert.equal(await record('SELECT 1 FROM shop.order_items'), 'unsaid');
  assert.equal(await record('SELECT 1'), 'unsaid');
  // To record is not to allow.
  assert.equal((await decide(text('deny'), 'SELECT id FROM shop.customers')).verdict, 'deny');
});
