/** Statements that differ in literals alone share their facts, unless a fact depends on them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MysqlReadingSpaces, MysqlStatementReader } from '../../../../src/sql/mysql/reader.ts';
import { SHOPS } from '../../../support/mysql-facts.ts';

function shares(first: string, second: string): boolean {
  const reader = new MysqlStatementReader();
  const space = new MysqlReadingSpaces().of({
    catalog: SHOPS.mariadb,
    schema: 'shop',
    sqlMode: new Set(),
    temporary: [],
  });
  const read = (sql: string) => reader.read(space, Buffer.from(sql), 0, Buffer.byteLength(sql));
  const before = read(first);
  const { hits } = space.cache;
  const after = read(second);
  assert.equal(before.outcome, 'entry', first);
  assert.equal(after.outcome, 'entry', second);
  return space.cache.hits > hits;
}

test('literals that no fact depends on', () => {
  for (const [first, second] of [
    [
      "INSERT INTO orders (id, note) VALUES (1, 'a'), (-2, NULL)",
      "INSERT INTO orders (id, note) VALUES (7, 'b'), (-9, NULL)",
    ],
    ['INSERT INTO orders (id, note) VALUES (1, NOW())', 'INSERT INTO orders (id, note) VALUES (2, NOW())'],
    ['SELECT * FROM orders WHERE id = 5', 'SELECT * FROM orders WHERE id = 6'],
    ["SELECT * FROM orders WHERE code = 'a'", "SELECT * FROM orders WHERE code = 'b'"],
    ["UPDATE orders SET note = 'a' WHERE id = 1", "UPDATE orders SET note = 'b' WHERE id = 2"],
    [
      "DELETE FROM orders WHERE id IN (1, 2) AND status = 'x'",
      "DELETE FROM orders WHERE id IN (3, 4) AND status = 'y'",
    ],
  ] as const)
    assert.equal(shares(first, second), true, first);
});

test('literals that facts depend on', () => {
  for (const [first, second] of [
    ['SELECT id FROM orders LIMIT 5', 'SELECT id FROM orders LIMIT 5000'],
    ['DELETE FROM orders WHERE id = 1 OR 0', 'DELETE FROM orders WHERE id = 1 OR 1'],
    ["DELETE FROM orders WHERE status LIKE 'x'", "DELETE FROM orders WHERE status LIKE '%'"],
    ["DELETE FROM orders WHERE status REGEXP 'x'", "DELETE FROM orders WHERE status REGEXP '.*'"],
    ["SELECT * FROM orders WHERE code = '0'", 'SELECT * FROM orders WHERE code = 0'],
    ["PREPARE s FROM 'SELECT 1'", "PREPARE s FROM 'SELECT 2'"],
    ["SET sql_mode = 'ANSI'", "SET sql_mode = ''"],
    ['EXECUTE s USING 5', 'EXECUTE s USING 6'],
    ['SELECT id FROM orders ORDER BY 1, note', 'SELECT id FROM orders ORDER BY 2, note'],
    ['KILL 5', 'KILL 6'],
  ] as const)
    assert.equal(shares(first, second), false, first);
});
