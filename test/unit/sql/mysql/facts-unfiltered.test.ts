/** Whether a WHERE restricts anything, by MySQL's truths: numbers are, texts are the numbers that they begin with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasEffect } from '../../../../src/core/effects.ts';
import { mysqlFact } from '../../../support/mysql-facts.ts';

function unfiltered(where: string): boolean {
  const [remove, update] = [
    `DELETE FROM orders WHERE ${where}`,
    `UPDATE orders SET status = 'x' WHERE ${where}`,
  ];
  const verdicts = (['mariadb', 'mysql'] as const).flatMap((flavour) =>
    [remove, update].map((sql) => mysqlFact(sql, { flavour }).unfiltered),
  );
  assert.equal(new Set(verdicts).size, 1, where);
  return verdicts[0] === true;
}

const NO_FILTER = [
  'true',
  '1',
  '-1',
  '0.5',
  "'1'",
  "'1abc'",
  "'a' OR 1",
  'NOT 0',
  "NOT 'a'",
  '!0',
  '1 = 1',
  '1 <=> 1',
  'NULL <=> NULL',
  '1 <= 1',
  '1.0 = 1',
  '0.1 + 0.2 = 0.3',
  '2 - 1',
  "'a' < 'B'",
  "'a' = 'A'",
  "'a' = 0",
  "'1' = 1",
  "x'41'",
  'NULL IS NULL',
  '1 IS NOT NULL',
  '1 IS TRUE',
  'true IS NOT FALSE',
  '(1)',
  'coalesce(1)',
  'IF(1, 1, 0)',
  'CASE WHEN 1 THEN 1 END',
  '?',
  '? = ?',
  '@v',
  '@@autocommit',
  'now() > ?',
  'rand() < 2',
  'EXISTS (SELECT 1)',
  'EXISTS (SELECT 1 FROM customers)',
  '(SELECT count(*) FROM orders) > 0',
  '1 IN (SELECT 1)',
  'id',
  'NOT NOT id',
  'id = id',
  'ID = `id`',
  'note = note',
  'id = orders.id',
  'shop.orders.id = orders.id',
  'id >= id',
  'id <=> id',
  'binary id = id',
  'status COLLATE utf8mb4_bin = status',
  'CAST(id AS CHAR) = id',
  'id IN (id)',
  'id IN (5, id)',
  'id BETWEEN id AND id',
  'id IS NOT NULL',
  'NOT (id IS NULL)',
  'NOT ISNULL(id)',
  'NOT (id <> id)',
  'NOT (id <> id OR id < id)',
  'NOT (id = 5 AND id <> 5)',
  'NOT (id NOT IN (id))',
  '(id = id) IS TRUE',
  '(id = id) IS NOT FALSE',
  '(id <> id) IS NOT TRUE',
  '(id = id) = true',
  '(id <> id) = 0',
  'coalesce(id = id, 0)',
  'IFNULL(id = id, 0)',
  'IF(id = 5, 1, 1)',
  'CASE WHEN id = 5 THEN 1 ELSE 1 END',
  'id = 5 OR true',
  'id = 5 OR 1 = 1',
  "id = 5 OR '1'",
  'id = 5 || 1',
  'id = 5 OR id <> 5',
  'id = 5 OR NOT (id = 5)',
  'note IS NULL OR note IS NOT NULL',
  'id IN (1, 2) OR id NOT IN (1, 2)',
  "note LIKE 'a%' OR note NOT LIKE 'a%'",
  'id < 5 OR id >= 5',
  'id = 5 OR rand() < 2',
  'id = id AND true',
  'id XOR (id <> id)',
  'id - id = 0',
  '0 = id * 0',
  'LENGTH(status) >= 0',
  "status LIKE '%'",
  "status LIKE '%%'",
  "status REGEXP ''",
  "status RLIKE '.*'",
  "status REGEXP '^.*$'",
  'status SOUNDS LIKE status',
  'id IN (SELECT id FROM orders)',
  'id IN (SELECT id FROM shop.orders)',
  'id = ANY (SELECT id FROM orders)',
  'id IN (SELECT id FROM (SELECT * FROM orders) o)',
  "id IN (SELECT id FROM orders) AND 'a' = 'a'",
];

const FILTER = [
  'id = 5',
  'id = ?',
  'id <> id',
  'false',
  '0',
  "'a'",
  "''",
  'NULL',
  '1 = 2',
  '1 <=> NULL',
  'NOT true',
  'NOT 1',
  'id = 5 AND true',
  'id = 5 AND id = id',
  'id IN (1, 2)',
  'total',
  'NOT id',
  "status = 'open' OR id = 5",
  "note LIKE '%late%'",
  "note NOT LIKE '%'",
  "note REGEXP 'late'",
  'note IS NOT NULL',
  'note IS NULL',
  'id IS NULL',
  'id NOT IN (id)',
  "lower(status) = 'x'",
  'id = (SELECT max(id) FROM customers)',
  "id IN (SELECT id FROM orders WHERE status = 'x')",
  'id IN (SELECT id FROM (SELECT id FROM orders LIMIT 5) o)',
  'customer_id IN (SELECT id FROM customers)',
  'id IN (SELECT order_id FROM payments)',
  'id IN (SELECT id FROM archive.orders)',
  'EXISTS (SELECT 1 FROM payments p WHERE p.order_id = orders.id)',
  'NOT EXISTS (SELECT 1 FROM payments WHERE order_id = orders.id)',
  'coalesce(note, status) IS NULL',
  'IF(id = 5, 1, 0)',
  'CASE WHEN id = 5 THEN 1 ELSE 0 END',
  'id BETWEEN 1 AND id',
];

test('conditions that keep no row out leave a change unfiltered', () => {
  for (const where of NO_FILTER) assert.equal(unfiltered(where), true, where);
});

test('conditions on a column of the target are filters', () => {
  for (const where of FILTER) assert.equal(unfiltered(where), false, where);
});

test('no WHERE, joins, LIMIT and other forms of change', () => {
  const all = [
    'DELETE FROM orders',
    'DELETE FROM orders LIMIT 5',
    'DELETE FROM orders ORDER BY id LIMIT 1',
    'UPDATE orders SET note = NULL LIMIT 5',
    'DELETE o FROM orders o JOIN customers c ON c.id = 5',
    'DELETE o FROM orders o, customers c WHERE c.id = 5',
    'DELETE o FROM orders o LEFT JOIN customers c ON c.id = o.customer_id',
    'DELETE o FROM customers c RIGHT JOIN orders o ON c.id = o.customer_id',
    'DELETE o FROM orders o NATURAL JOIN customers c',
    'DELETE o FROM orders o JOIN orders x ON o.id = x.id',
    'DELETE o FROM orders o JOIN orders x USING (id)',
    'DELETE o, c FROM orders o JOIN customers c WHERE c.id = 5',
    'UPDATE orders o, customers c SET o.note = c.name WHERE c.id = 5',
    'UPDATE orders o, customers c SET o.note = 1, c.name = 2 WHERE c.id = 5',
    'DELETE FROM orders WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = 5)',
  ];
  for (const sql of all) assert.equal(mysqlFact(sql).unfiltered, true, sql);
  const some = [
    'DELETE o FROM orders o JOIN customers c ON c.id = o.customer_id',
    'DELETE o FROM orders o JOIN payments p USING (id)',
    'DELETE o FROM orders o, customers c WHERE c.id = o.customer_id',
    'DELETE o FROM orders o JOIN orders x ON o.status = x.status AND o.id > x.id',
    'DELETE c FROM orders o LEFT JOIN customers c ON c.id = o.customer_id',
    'UPDATE orders o JOIN customers c ON c.id = o.customer_id SET o.note = c.name',
    'INSERT INTO orders SELECT * FROM orders',
    'INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE note = VALUES(note)',
    'REPLACE INTO orders SELECT * FROM orders',
  ];
  for (const sql of some) assert.equal(mysqlFact(sql).unfiltered, false, sql);
});

test('a DELETE that keeps nothing is destruction, of the tables that it empties', () => {
  const effects = (sql: string) =>
    mysqlFact(sql).relations.map((use) => [use.name, hasEffect(use.effects, 'destroy')]);
  assert.deepEqual(effects('DELETE FROM orders WHERE id = id'), [['orders', true]]);
  assert.deepEqual(effects('DELETE FROM orders WHERE id = 5'), [['orders', false]]);
  assert.deepEqual(effects('DELETE o, c FROM orders o JOIN customers c WHERE c.id = 5'), [
    ['orders', true],
    ['customers', false],
  ]);
});
