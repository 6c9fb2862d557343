/** How many rows a statement can return, as far as its text says; what only looks like a bound is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowBound } from '../../../../src/core/facts.ts';
import { mysqlFact } from '../../../support/mysql-facts.ts';

const ROWS: readonly (readonly [sql: string, max: number])[] = [
  ['SELECT id FROM orders LIMIT 5', 5],
  ['SELECT id FROM orders LIMIT 100, 5', 5],
  ['SELECT id FROM orders LIMIT 5 OFFSET 100', 5],
  ['(SELECT id FROM orders) LIMIT 3', 3],
  ['(SELECT id FROM orders LIMIT 3)', 3],
  ['(SELECT id FROM orders LIMIT 30) LIMIT 3', 3],
  ['SELECT id FROM orders UNION ALL SELECT id FROM customers LIMIT 7', 7],
  ['SELECT 1', 1],
  ['SELECT COUNT(*), MAX(id) + 1 FROM orders', 1],
  ['SELECT * FROM orders WHERE id = 5', 1],
  ["SELECT * FROM orders WHERE id = '5' AND status = 'x'", 1],
  ['SELECT * FROM orders WHERE id = ?', 1],
  ["SELECT * FROM orders WHERE code = 'x'", 1],
  ["SELECT * FROM orders WHERE customer_id = 5 AND status = 'x'", 1],
  ['HANDLER orders READ FIRST', 1],
  ['HANDLER orders READ NEXT LIMIT 50', 50],
  ['VALUES (1), (2)', 2],
  ['INSERT INTO orders (id) VALUES (1), (2), (NOW()) RETURNING id', 3],
  ['SELECT id FROM (SELECT id FROM orders LIMIT 5) o WHERE id > 3 ORDER BY id', 5],
  ['SELECT id FROM (SELECT id FROM orders LIMIT 5) o GROUP BY id', 5],
  ['WITH o AS (SELECT id FROM orders LIMIT 5), p AS (SELECT * FROM o) SELECT * FROM p', 5],
  ['(SELECT id FROM orders LIMIT 5) UNION ALL (SELECT id FROM orders LIMIT 6)', 11],
  ['SELECT id FROM orders INTERSECT (SELECT id FROM orders LIMIT 6)', 6],
  ['(SELECT id FROM orders LIMIT 5) EXCEPT SELECT id FROM orders', 5],
  ['DELETE FROM orders WHERE id = 5 RETURNING id', 1],
  ['DELETE FROM orders LIMIT 4 RETURNING id', 4],
  ["EXECUTE IMMEDIATE 'SELECT id FROM orders LIMIT ?' USING 9", 9],
];

const UNBOUNDED = [
  'SELECT id FROM orders',
  'SELECT id FROM orders LIMIT ROWS EXAMINED 5',
  'SELECT id FROM orders ORDER BY id FETCH FIRST 5 ROWS WITH TIES',
  'SELECT id FROM (SELECT id FROM orders LIMIT 5) o, customers',
  '(SELECT id FROM orders LIMIT 5) UNION ALL SELECT id FROM orders',
  'SELECT id FROM orders EXCEPT (SELECT id FROM orders LIMIT 5)',
  'SELECT id FROM (SELECT id FROM orders LIMIT 5) o GROUP BY id WITH ROLLUP',
  'SELECT id FROM orders WHERE id = 5 GROUP BY id WITH ROLLUP',
  'WITH o AS (SELECT id FROM orders LIMIT 5) SELECT * FROM o a, o b',
  'WITH o AS (SELECT id FROM orders LIMIT 5) SELECT * FROM shop.orders o',
  '(WITH orders AS (SELECT 1 AS id UNION ALL SELECT id FROM shop.customers) SELECT * FROM orders WHERE id = 1)',
  'WITH RECURSIVE o AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM o) SELECT * FROM o',
  'SELECT MAX(id) FROM orders GROUP BY status',
  'SELECT MAX(id) OVER () FROM orders',
  'SELECT discount(id) FROM orders',
  'SELECT * FROM orders WHERE id <=> NULL',
  'SELECT * FROM orders WHERE id > 5',
  'SELECT * FROM orders WHERE id = 5 OR id = 6',
  'SELECT * FROM orders WHERE id = customer_id',
  'SELECT * FROM orders WHERE customer_id = 5',
  // Every text without digits equals 0, and a parameter may be a number.
  'SELECT * FROM orders WHERE code = 0',
  'SELECT * FROM orders WHERE code = ?',
  "SELECT * FROM orders WHERE code COLLATE utf8mb4_general_ci = 'x'",
  'SELECT * FROM orders FOR SYSTEM_TIME ALL WHERE id = 5',
  'SELECT * FROM orders o JOIN customers c WHERE o.id = 5',
  'WITH orders AS (SELECT 1 AS id UNION ALL SELECT id FROM shop.customers) SELECT * FROM orders WHERE id = 1',
  'CALL settle(1)',
  'SELECT * FROM orders PROCEDURE ANALYSE()',
  'SELECT seq FROM seq_1_to_1000000000',
  "SELECT t.x FROM JSON_TABLE('[1,2]', '$[*]' COLUMNS (x int PATH '$')) t",
  "EXECUTE IMMEDIATE 'SELECT id FROM orders LIMIT ?' USING @many",
];

function bound(sql: string): RowBound {
  return mysqlFact(sql).bound;
}

test('bounds that the text sets', () => {
  for (const [sql, max] of ROWS) assert.deepEqual(bound(sql), { kind: 'rows', max }, sql);
  assert.deepEqual(bound('SELECT id FROM orders WHERE total > ? LIMIT ?'), { kind: 'parameter', index: 2 });
});

test('bounds that bound nothing', () => {
  for (const sql of UNBOUNDED) assert.deepEqual(bound(sql), { kind: 'unbounded' }, sql);
});

test('statements about objects, settings and plans are as long as those are', () => {
  for (const sql of [
    'SHOW TABLES',
    'SHOW WARNINGS',
    'DESCRIBE orders',
    'EXPLAIN SELECT * FROM orders',
    'SELECT TABLE_NAME FROM information_schema.TABLES',
    'CHECK TABLE orders',
  ])
    assert.deepEqual(bound(sql), { kind: 'system' }, sql);
  for (const sql of [
    'SELECT TABLE_NAME FROM information_schema.TABLES, shop.orders',
    'SELECT discount(1) FROM information_schema.TABLES',
  ])
    assert.deepEqual(bound(sql), { kind: 'unbounded' }, sql);
});
