/** Every key under `when:`, with statements and sessions that it is about and others that it is not. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { SessionContext } from '../../../src/core/principal.ts';
import { judgeStatement } from '../../../src/engine/judge-statement.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';
import { FactsBench } from '../../support/sql-facts.ts';

let shop: FactsBench;

before(async () => {
  shop = await FactsBench.load(18);
});

interface Sender {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly listener?: string;
  readonly client?: string | null;
  readonly at?: string;
}

function contextOf({
  user = 'agent',
  groups = ['agents'],
  listener = 'shop',
  client = '10.1.2.3',
}: Sender): SessionContext {
  return { principal: { name: user, groups }, listener, clientAddress: client };
}

/** Whether a rule with this `when` denies the text, any statement of it. */
async function denies(when: string, sql: string, sender: Sender = {}): Promise<boolean> {
  const { policy } = loadPolicy(
    'policy.yaml',
    `default: allow\nrules: [ { name: the-rule, when: ${when}, then: deny } ]\n`,
  );
  const context = policy.contextFor(contextOf(sender), Date.parse(sender.at ?? '2026-03-04T12:00:00Z'));
  const statements = await shop.facts(sql);
  return statements.some((facts) =>
    judgeStatement(policy, context, facts, statements.length).decision.rules.includes('the-rule'),
  );
}

type Case = readonly [when: string, matches: readonly string[], others: readonly string[]];

const STATEMENTS: readonly Case[] = [
  [
    '{ statements: [drop] }',
    ['DROP TABLE orders', 'drop view contact', 'SELECT 1; DROP SCHEMA shop CASCADE'],
    ['SELECT 1', 'TRUNCATE orders'],
  ],
  ['{ statements: [drop table] }', ['DROP TABLE orders'], ['DROP VIEW contact', 'CREATE TABLE x ()']],
  [
    '{ statements: ["Select"] }',
    ['SELECT 1', 'WITH a AS (SELECT 1) SELECT * FROM a'],
    ['INSERT INTO secrets VALUES (1)', 'SHOW all'],
  ],
  [
    '{ statements: [delete] }',
    [
      'WITH gone AS (DELETE FROM orders RETURNING 1) SELECT * FROM gone',
      'EXPLAIN ANALYZE DELETE FROM orders',
    ],
    ['SELECT 1'],
  ],
  [
    '{ effects: [destroy] }',
    ['DROP TABLE orders', 'TRUNCATE orders'],
    ['SELECT 1', 'UPDATE orders SET total = 1 WHERE id = 1'],
  ],
  [
    '{ effects: [write] }',
    ['UPDATE orders SET total = 1', 'INSERT INTO orders SELECT * FROM orders'],
    ['SELECT * FROM orders'],
  ],
  ['{ effects: [copy-out] }', ['COPY orders TO STDOUT'], ['COPY orders FROM STDIN', 'SELECT 1']],
  [
    '{ effects: [write], tables: [shop.orders] }',
    ['UPDATE orders SET total = 1', 'DELETE FROM shop.orders'],
    ['INSERT INTO secrets SELECT note FROM orders', 'SELECT * FROM orders'],
  ],
  [
    '{ effects: [read], tables: [shop.orders] }',
    ['SELECT * FROM orders', 'INSERT INTO secrets SELECT note FROM orders', 'SELECT * FROM revenue'],
    ['SELECT * FROM products'],
  ],
  [
    '{ tables: [shop.secrets] }',
    [
      'SELECT * FROM secrets',
      'SELECT * FROM vault',
      'SELECT 1 FROM orders, LATERAL (SELECT value FROM secrets) s',
    ],
    ['SELECT * FROM orders'],
  ],
  [
    '{ tables: ["shop.*"] }',
    ['SELECT * FROM orders', 'DELETE FROM products'],
    ['SELECT * FROM pg_catalog.pg_class', 'SELECT 1'],
  ],
  [
    '{ tables: ["*.order*"] }',
    ['SELECT * FROM orders', 'SELECT * FROM order_items'],
    ['SELECT * FROM products'],
  ],
  ['{ tables: [events] }', ['SELECT * FROM events_2025', 'SELECT * FROM events'], ['SELECT * FROM orders']],
  ['{ tables: [shop.events_2025] }', ['SELECT * FROM events'], ['SELECT * FROM events_2026']],
  [
    '{ columns: ["*.*.ssn"] }',
    [
      'SELECT ssn FROM customers',
      'SELECT 1 FROM customers WHERE ssn = 1::text',
      'SELECT * FROM customers',
      'SELECT c FROM customers c',
      'UPDATE customers SET ssn = NULL WHERE id = 1',
    ],
    ['SELECT name FROM customers', 'SELECT count(*) FROM customers'],
  ],
  [
    '{ columns: [shop.payments.card_number] }',
    ['SELECT max(card_number) FROM payments'],
    ['SELECT amount FROM payments'],
  ],
  ['{ functions: [pg_sleep] }', ['SELECT pg_sleep(1)', 'SELECT pg_catalog.pg_sleep(1)'], ['SELECT now()']],
  [
    '{ functions: ["shop.*"] }',
    ['SELECT shop.wipe()', 'SELECT vat(1.0)'],
    ['SELECT upper(name) FROM customers'],
  ],
  [
    '{ settings: [role] }',
    ['SET ROLE dba', 'SET ROLE NONE', "SELECT set_config('role', 'dba', false)"],
    ['SET statement_timeout = 1'],
  ],
  [
    '{ settings: [Statement_Timeout] }',
    ['SET statement_timeout = 0', 'SET LOCAL statement_timeout TO DEFAULT'],
    ['SET lock_timeout = 0'],
  ],
  [
    '{ unbounded: true }',
    ['SELECT * FROM orders', 'SELECT id FROM orders LIMIT ALL', 'TABLE orders'],
    [
      'SELECT * FROM orders LIMIT 10',
      'SELECT count(*) FROM orders',
      'SELECT * FROM orders WHERE id = 1',
      'UPDATE orders SET total = 1',
      'SHOW all',
    ],
  ],
  [
    '{ unbounded: { over: 1000 } }',
    ['SELECT * FROM orders', 'SELECT * FROM orders LIMIT 1001'],
    ['SELECT * FROM orders LIMIT 1000'],
  ],
  [
    '{ unfiltered: true }',
    [
      'DELETE FROM orders',
      'UPDATE orders SET total = 1 WHERE 1 = 1',
      'DELETE FROM orders WHERE id = id OR true',
    ],
    ['DELETE FROM orders WHERE id = 1', 'SELECT * FROM orders', 'TRUNCATE orders'],
  ],
  ['{ batch: true }', ['SELECT 1; SELECT 2'], ['SELECT 1', 'SELECT 1;']],
  [
    '{ statements: [select], tables: [shop.orders], unbounded: true, users: [agent] }',
    ['SELECT * FROM orders'],
    ['SELECT * FROM orders LIMIT 1', 'SELECT * FROM products', 'COPY orders TO STDOUT'],
  ],
  [
    '{ effects: [write], unfiltered: true, tables: ["shop.*"] }',
    ['DELETE FROM orders'],
    ['DELETE FROM orders WHERE id = 3'],
  ],
  ['{}', ['SELECT 1', 'DROP TABLE orders', 'SET lock_timeout = 0'], []],
];

for (const [when, matching, others] of STATEMENTS) {
  test(`when ${when}`, async () => {
    for (const sql of matching) assert.ok(await denies(when, sql), `should match: ${sql}`);
    for (const sql of others) assert.ok(!(await denies(when, sql)), `should not match: ${sql}`);
  });
}

const SESSIONS: readonly (readonly [when: string, matches: readonly Sender[], others: readonly Sender[]])[] =
  [
    ['{ users: [agent, bot] }', [{ user: 'agent' }, { user: 'bot' }], [{ user: 'Agent' }, { user: 'dba' }]],
    [
      '{ groups: [agents, ops] }',
      [{ groups: ['agents'] }, { groups: ['x', 'ops'] }],
      [{ groups: [] }, { groups: ['agent'] }],
    ],
    ['{ listeners: [shop] }', [{ listener: 'shop' }], [{ listener: 'crm' }]],
    [
      '{ clients: ["10.1.0.0/16"] }',
      [{ client: '10.1.255.255' }, { client: '::ffff:10.1.0.1' }],
      [{ client: '10.2.0.1' }, { client: '::1' }, { client: null }],
    ],
    [
      '{ clients: ["10.1.2.3", "2001:db8::/32"] }',
      [{ client: '10.1.2.3' }, { client: '2001:DB8:ffff::1' }],
      [{ client: '10.1.2.4' }, { client: '2001:db9::1' }],
    ],
    ['{ clients: ["0.0.0.0/0"] }', [{ client: '192.0.2.1' }], [{ client: '2001:db8::1' }]],
    ['{ clients: ["fe80::/10"] }', [{ client: 'fe80::1%eth0' }], [{ client: 'ff02::1' }]],
    [
      '{ at: { days: [sat, sun] } }',
      [{ at: '2026-03-07T00:00:00Z' }, { at: '2026-03-08T23:59:59Z' }],
      [{ at: '2026-03-06T23:59:59Z' }, { at: '2026-03-09T00:00:00Z' }],
    ],
    [
      '{ at: { hours: "09:00-17:30" } }',
      [{ at: '2026-03-04T09:00:00Z' }, { at: '2026-03-04T17:29:59Z' }],
      [{ at: '2026-03-04T08:59:59Z' }, { at: '2026-03-04T17:30:00Z' }],
    ],
    [
      '{ at: { hours: "00:00-24:00", days: [wed] } }',
      [{ at: '2026-03-04T00:00:00Z' }, { at: '2026-03-04T23:59:00Z' }],
      [{ at: '2026-03-05T00:00:00Z' }],
    ],
    [
      '{ at: { hours: "22:00-06:00" } }',
      [{ at: '2026-03-04T23:00:00Z' }, { at: '2026-03-04T05:59:00Z' }],
      [{ at: '2026-03-04T06:00:00Z' }, { at: '2026-03-04T21:59:00Z' }],
    ],
    // Friday night goes on into Saturday morning; Friday's own morning belongs to Thursday.
    [
      '{ at: { days: [fri], hours: "22:00-06:00" } }',
      [{ at: '2026-03-06T23:00:00Z' }, { at: '2026-03-07T05:59:00Z' }],
      [{ at: '2026-03-06T05:00:00Z' }, { at: '2026-03-07T22:30:00Z' }],
    ],
    [
      '{ at: { hours: "09:00-10:00", zone: America/New_York } }',
      [{ at: '2026-01-07T14:30:00Z' }, { at: '2026-07-07T13:30:00Z' }],
      [{ at: '2026-01-07T13:30:00Z' }, { at: '2026-07-07T14:30:00Z' }],
    ],
    [
      '{ at: { days: [mon], zone: Asia/Tokyo } }',
      [{ at: '2026-03-08T15:00:00Z' }],
      [{ at: '2026-03-09T15:00:00Z' }],
    ],
    [
      '{ users: [agent], groups: [agents], listeners: [shop], clients: ["10.0.0.0/8"], at: { days: [wed] } }',
      [{}],
      [
        { user: 'x' },
        { groups: [] },
        { listener: 'x' },
        { client: '11.0.0.1' },
        { at: '2026-03-05T12:00:00Z' },
      ],
    ],
  ];

for (const [when, matching, others] of SESSIONS) {
  test(`when ${when}`, async () => {
    for (const sender of matching)
      assert.ok(await denies(when, 'SELECT 1', sender), `should match: ${JSON.stringify(sender)}`);
    for (const sender of others)
      assert.ok(!(await denies(when, 'SELECT 1', sender)), `should not match: ${JSON.stringify(sender)}`);
  });
}
