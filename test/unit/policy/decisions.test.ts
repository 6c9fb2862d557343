/** How rules add up: the strongest verdict, the tightest limit, cover under default deny, observe, the baseline. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Decision, tightestOf } from '../../../src/core/decision.ts';
import { judgeStatement } from '../../../src/engine/judge-statement.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';
import { BASELINE_NAMES } from '../../../src/policy/schema.ts';
import { FactsBench } from '../../support/sql-facts.ts';

let shop: FactsBench;

before(async () => {
  shop = await FactsBench.load(18);
});

async function decide(
  policyText: string,
  sql: string,
  groups: readonly string[] = ['agents'],
  path: readonly string[] | null | undefined = undefined,
): Promise<Decision> {
  const { policy } = loadPolicy('policy.yaml', policyText);
  const context = policy.contextFor(
    { principal: { name: 'agent', groups }, listener: 'shop', clientAddress: '127.0.0.1' },
    Date.UTC(2026, 2, 4),
  );
  return judgeStatement(policy, context, await shop.fact(sql, path === undefined ? {} : { path }), 1)
    .decision;
}

test('the strongest verdict wins, whatever the order', async () => {
  const allow = '{ name: readers, when: { statements: [select] }, then: allow }';
  const deny = '{ name: no-orders, when: { tables: [shop.orders] }, then: deny, message: ask finance }';
  const limit = '{ name: few, when: {}, then: { limit: { rows: 5 } } }';
  for (const rules of [
    [allow, deny, limit],
    [limit, deny, allow],
    [deny, allow, limit],
  ]) {
    for (const byDefault of ['allow', 'deny']) {
      const decision = await decide(
        `default: ${byDefault}\nrules: [ ${rules.join(', ')} ]\n`,
        'SELECT * FROM orders',
      );
      assert.equal(decision.verdict, 'deny');
      assert.equal(decision.rule, 'no-orders');
      assert.equal(decision.message, 'ask finance');
    }
  }
});

test('default deny: every part of a statement has to be allowed, by one rule or by several', async () => {
  const text = `
default: deny
rules:
  - { name: reading, when: { effects: [read], tables: [shop.orders, shop.products] }, then: allow }
  - { name: writing, when: { effects: [write], tables: [shop.order_items], groups: [agents] }, then: allow }
`;
  assert.equal((await decide(text, 'SELECT id FROM orders')).verdict, 'allow');
  assert.equal((await decide(text, 'SELECT id FROM orders')).rule, 'reading');
  assert.equal((await decide(text, 'SELECT 1')).rule, 'reading');
  assert.equal((await decide(text, 'SELECT o.id FROM orders o, customers')).verdict, 'deny');
  assert.equal((await decide(text, 'DELETE FROM orders WHERE id = 1')).verdict, 'deny');
  const insert = 'INSERT INTO order_items SELECT id, 1, 1, 1 FROM orders';
  const allowed = await decide(text, insert);
  assert.equal(allowed.verdict, 'allow');
  assert.deepEqual([...allowed.rules].sort(), ['reading', 'writing']);
  const denied = await decide(text, insert, []);
  assert.equal(denied.verdict, 'deny');
  assert.equal(denied.rule, 'default');
  assert.match(denied.message ?? '', /no rule allows "write" on shop\.order_items/);
  assert.equal(
    (await decide(text, 'SELECT pg_sleep(1)')).verdict,
    'allow',
    'reading says nothing of functions that only read',
  );
  assert.equal((await decide(text, 'SELECT shop.wipe()')).verdict, 'deny');
});

test('a table whose schema is not known is denied by a rule that may mean it, and not allowed by one', async () => {
  const { policy } = loadPolicy(
    'p',
    'default: deny\nrules: [ { name: a, when: { tables: [shop.orders] }, then: allow } ]\n',
  );
  const denying = loadPolicy(
    'p',
    'default: allow\nrules: [ { name: d, when: { tables: [shop.orders] }, then: deny } ]\n',
  ).policy;
  const sender = { principal: { name: 'agent', groups: [] }, listener: 'shop', clientAddress: null };
  const facts = await shop.fact('SELECT id FROM orders', { path: null });

  const unknown = await shop.fact('SELECT id FROM nowhere.orders', { path: null });
  assert.equal(judgeStatement(policy, policy.contextFor(sender, 0), unknown, 1).decision.verdict, 'deny');
  assert.equal(judgeStatement(denying, denying.contextFor(sender, 0), facts, 1).decision.verdict, 'deny');
});

test('limits combine to the tightest of each kind, with the name of the rule that sets it', async () => {
  const decision = await decide(
    `
default: allow
rules:
  - { name: wide, when: {}, then: { limit: { rows: 1000, bytes: 1MiB } } }
  - { name: rows, when: { tables: [shop.orders] }, then: { limit: { rows: 10, bytes: 2MiB } } }
  - { name: bytes, when: { tables: [shop.orders] }, then: { limit: { bytes: 1000KB } } }
  - { name: other, when: { tables: [shop.products] }, then: { limit: { rows: 1 } } }
`,
    'SELECT * FROM orders',
  );
  assert.deepEqual(decision.obligations.limit, {
    rows: 10,
    rowsRule: 'rows',
    bytes: 1_000_000,
    bytesRule: 'bytes',
  });
});

test('mode: observe on a rule records and lets pass; on the file it does so for every rule and the default', async () => {
  const rule = await decide(
    `
default: allow
rules:
  - { name: watched, when: { tables: [shop.orders] }, then: deny, mode: observe }
  - { name: tight, when: {}, then: { limit: { rows: 1 } }, mode: observe }
  - { name: real, when: {}, then: { limit: { rows: 7 } } }
`,
    'SELECT * FROM orders',
  );
  assert.equal(rule.verdict, 'allow');
  assert.deepEqual(rule.observed, ['watched', 'tight']);
  assert.equal(rule.obligations.limit.rows, 7);
  const file =
    'default: deny\nmode: observe\nrules: [ { name: no, when: { effects: [destroy] }, then: deny } ]\n';
  const dropped = await decide(file, 'DROP TABLE orders');
  assert.equal(dropped.verdict, 'allow');
  assert.deepEqual(dropped.observed, ['no', 'default']);
  const baseline = await decide(file, "SELECT pg_read_file('x')");
  assert.equal(baseline.verdict, 'allow');
  assert.ok(baseline.observed.includes('baseline/server-files'));
});

const BASELINE_EXAMPLES: Readonly<Record<(typeof BASELINE_NAMES)[number], readonly string[]>> = {
  'dynamic-sql': [
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    "DO 'BEGIN EXECUTE current_setting(''x.y''); END'",
  ],
  'server-files': [
    "SELECT pg_read_file('/etc/passwd')",
    "COPY orders TO '/tmp/x'",
    "COPY orders TO PROGRAM 'cat'",
    "SELECT lo_import('/x')",
  ],
  replication: ["SELECT pg_create_logical_replication_slot('a', 'b')", 'CREATE PUBLICATION p FOR ALL TABLES'],
  'session-identity': [
    'SET ROLE dba',
    'SET SESSION AUTHORIZATION dba',
    "SELECT set_config('role', 'x', false)",
  ],
  'other-sessions': ['SELECT pg_terminate_backend(1)', 'SELECT pg_cancel_backend(1)'],
  'server-administration': [
    'ALTER SYSTEM SET work_mem = 1',
    "LOAD 'x'",
    'CREATE EXTENSION dblink',
    'SELECT pg_reload_conf()',
  ],
  'leak-catalogs': [
    'SELECT * FROM pg_stats',
    'SELECT * FROM pg_authid',
    'TABLE pg_stat_activity',
    'SELECT pg_stat_get_activity(1)',
  ],
};

for (const name of BASELINE_NAMES) {
  test(`baseline ${name}: on, until it is turned off by name, and then it alone`, async () => {
    for (const sql of BASELINE_EXAMPLES[name]) {
      const on = await decide('default: allow\n', sql);
      assert.equal(on.verdict, 'deny', sql);
      assert.ok(on.rules.includes(`baseline/${name}`), `${sql}: ${on.rules.join(' ')}`);
      const off = await decide(`default: allow\nbaseline: { ${name}: off }\n`, sql);
      assert.ok(!off.rules.includes(`baseline/${name}`), sql);
      const others = BASELINE_NAMES.filter((other) => other !== name).map((other) => `${other}: off`);
      const alone = await decide(`default: allow\nbaseline: { ${others.join(', ')} }\n`, sql);
      assert.equal(alone.rule, `baseline/${name}`, sql);
    }
  });
}

test('the baseline leaves it to the server to miss a table, even where no search path is known', async () => {
  assert.equal(
    (await decide('default: allow\n', 'SELECT * FROM nowhere', ['agents'], null)).verdict,
    'allow',
  );
  const toast = await decide('default: allow\n', 'SELECT * FROM pg_toast_1255', ['agents'], null);
  assert.equal(toast.rule, 'baseline/leak-catalogs');
});

test('a context keeps its identity over time while the same rules apply, and gets another when they change', () => {
  const { policy } = loadPolicy(
    'p',
    'default: allow\nrules: [ { name: night, when: { at: { hours: "22:00-06:00" } }, then: deny } ]\n',
  );
  const sender = { principal: { name: 'agent', groups: [] }, listener: 'shop', clientAddress: null };
  const noon = policy.contextFor(sender, Date.UTC(2026, 2, 4, 12, 0));
  assert.equal(policy.contextFor(sender, Date.UTC(2026, 2, 4, 13, 0)).id, noon.id);
  assert.equal(noon.validUntilMs, Date.UTC(2026, 2, 4, 12, 1));
  assert.notEqual(policy.contextFor(sender, Date.UTC(2026, 2, 4, 22, 0)).id, noon.id);
  const again = loadPolicy('p', 'default: allow\n').policy;
  assert.notEqual(again.contextFor(sender, 0).id, noon.id, 'nor is an id used again by another policy');
});

test('approve: weaker than deny, stronger than allow; all rules that ask for it have to be met', async () => {
  const text = `
default: allow
rules:
  - { name: second-person, when: { effects: [write], tables: [shop.orders] }, then: { approve: { by: [dba], within: 5m, window: 1h, reason: required } } }
  - { name: security-too, when: { unfiltered: true }, then: { approve: { by: [security, dba], approvers: 2, wait: 0s } }, message: ask first }
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
`;
  const once = await decide(text, 'UPDATE orders SET total = 1 WHERE id = 1');
  assert.equal(once.verdict, 'approve');
  assert.equal(once.rule, 'second-person');
  assert.deepEqual(once.obligations.approvals, [
    {
      rule: 'second-person',
      by: ['dba'],
      approvers: 1,
      withinMs: 300_000,
      windowMs: 3_600_000,
      needsReason: true,
      waitMs: null,
    },
  ]);
  const both = await decide(text, 'UPDATE orders SET total = 1');
  assert.deepEqual(
    both.obligations.approvals.map(({ rule, approvers, waitMs }) => [rule, approvers, waitMs]),
    [
      ['second-person', 1, null],
      ['security-too', 2, 0],
    ],
  );
  assert.equal((await decide(text, 'TRUNCATE orders')).verdict, 'deny');
  assert.equal((await decide(text, 'SELECT id FROM orders')).verdict, 'allow');
});

test('approve: under default deny it lets pass what it asks approval for, and under observe it asks nobody', async () => {
  const rules = `
rules:
  - { name: reading, when: { effects: [read] }, then: allow }
  - { name: second-person, when: { effects: [write] }, then: { approve: { by: [dba] } } }
`;
  assert.equal((await decide(`default: deny${rules}`, 'DELETE FROM orders WHERE id = 1')).verdict, 'approve');
  assert.equal((await decide(`default: deny${rules}`, 'DROP TABLE orders')).verdict, 'deny');
  const watched = await decide(`default: allow\nmode: observe${rules}`, 'DELETE FROM orders WHERE id = 1');
  assert.equal(watched.verdict, 'allow');
  assert.deepEqual(watched.observed, ['second-person']);
});

test('limits that pause: of equal ones that which cuts goes first, and without it the next holds', async () => {
  const text = `
default: allow
rules:
  - { name: pauses, when: {}, then: { limit: { rows: 10, bytes: 1MiB, over: approve, by: [dba], hold: true } } }
  - { name: cuts, when: { tables: [shop.orders] }, then: { limit: { rows: 10 } } }
  - { name: cuts-later, when: { tables: [shop.products] }, then: { limit: { rows: 20 } } }
`;
  const orders = (await decide(text, 'SELECT * FROM orders')).obligations;
  assert.equal(orders.limit.rowsRule, 'cuts');
  assert.equal(orders.limit.bytesRule, 'pauses');
  const products = (await decide(text, 'SELECT * FROM products')).obligations;
  assert.equal(products.limit.rowsRule, 'pauses');
  const rest = products.limits.filter(({ rule, unit }) => rule !== 'pauses' || unit !== 'rows');
  assert.deepEqual([tightestOf(rest).rows, tightestOf(rest).rowsRule], [20, 'cuts-later']);
});
