/**
 * Pairs of texts that differ only in literals, and mean different things. The first fills the cache; the second,
 * read in the same cache, must have its own facts.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { FactsBench } from '../../support/sql-facts.ts';

let shop: FactsBench;

before(async () => {
  shop = await FactsBench.load(18);
});

const PAIRS: readonly (readonly [string, string])[] = [
  ['SELECT id FROM shop.orders LIMIT 5', 'SELECT id FROM shop.orders LIMIT 500000'],
  ["SELECT id FROM shop.orders LIMIT '5'", "SELECT id FROM shop.orders LIMIT '6'"],
  ['SELECT id FROM shop.orders LIMIT 5::bigint', 'SELECT id FROM shop.orders LIMIT 99999::bigint'],
  ['SELECT id FROM shop.orders LIMIT 5', 'SELECT id FROM shop.orders LIMIT 99999999999999999999'],
  ['SELECT id FROM shop.orders LIMIT -1', 'SELECT id FROM shop.orders LIMIT 1'],
  [
    'SELECT id FROM shop.orders FETCH FIRST 5 ROWS ONLY',
    'SELECT id FROM shop.orders FETCH FIRST 50000 ROWS ONLY',
  ],
  ['SELECT id, ssn FROM shop.customers ORDER BY 1', 'SELECT id, ssn FROM shop.customers ORDER BY 2'],
  [
    'SELECT city, ssn FROM shop.customers GROUP BY 1, ssn',
    'SELECT city, ssn FROM shop.customers GROUP BY 2, ssn',
  ],
  [
    'SELECT DISTINCT ON (1) id, ssn FROM shop.customers',
    'SELECT DISTINCT ON (2) id, ssn FROM shop.customers',
  ],
  ['DELETE FROM shop.orders WHERE 1 = 2', 'DELETE FROM shop.orders WHERE 1 = 1'],
  ["DELETE FROM shop.orders WHERE 'f'", "DELETE FROM shop.orders WHERE 't'"],
  ["DELETE FROM shop.orders WHERE 'f'::bool", "DELETE FROM shop.orders WHERE 'on'::bool"],
  ["DELETE FROM shop.orders WHERE note LIKE 'a%'", "DELETE FROM shop.orders WHERE note LIKE '%'"],
  ['DELETE FROM shop.orders WHERE id = 1 OR id <> 2', 'DELETE FROM shop.orders WHERE id = 1 OR id <> 1'],
  [
    'DELETE FROM shop.orders WHERE CASE WHEN id = 5 THEN 1 = 2 ELSE 1 = 1 END',
    'DELETE FROM shop.orders WHERE CASE WHEN id = 5 THEN 1 = 1 ELSE 1 = 1 END',
  ],
  [
    'MERGE INTO shop.orders o USING shop.customers c ON o.id = c.id AND 1 = 2 WHEN MATCHED THEN DELETE',
    'MERGE INTO shop.orders o USING shop.customers c ON 1 = 1 AND 1 = 1 WHEN MATCHED THEN DELETE',
  ],
  ["SELECT nextval('shop.a')", "SELECT nextval('shop.b')"],
  ["SELECT nextval('shop.a'::regclass)", "SELECT nextval('shop.b'::regclass)"],
  ["SELECT setval('shop.a', 5)", "SELECT setval('shop.b', 5)"],
  ["SELECT set_config('application_name', 'a', false)", "SELECT set_config('role', 'a', false)"],
  [
    "SELECT set_config('standard_conforming_strings', 'on', false)",
    "SELECT set_config('standard_conforming_strings', 'off', false)",
  ],
  ["SET standard_conforming_strings = 'on'", "SET standard_conforming_strings = 'off'"],
  ["SET client_encoding = 'UTF8'", "SET client_encoding = 'SJIS'"],
  ['EXPLAIN (ANALYZE 0) DELETE FROM shop.orders', 'EXPLAIN (ANALYZE 1) DELETE FROM shop.orders'],
  ["EXPLAIN (ANALYZE 'off') DELETE FROM shop.orders", "EXPLAIN (ANALYZE 'on') DELETE FROM shop.orders"],
  ['PREPARE p AS SELECT id FROM shop.orders LIMIT 5', 'PREPARE p AS SELECT id FROM shop.orders LIMIT 6'],
  ['EXECUTE p (5)', 'EXECUTE p (50000)'],
  ["EXECUTE p ('5')", "EXECUTE p ('x')"],
  ['DECLARE c CURSOR FOR TABLE shop.orders LIMIT 5', 'DECLARE c CURSOR FOR TABLE shop.orders LIMIT 6'],
  ['COPY (TABLE shop.orders LIMIT 5) TO STDOUT', 'COPY (TABLE shop.orders LIMIT 6) TO STDOUT'],
  [
    "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'DROP TABLE shop.orders'",
  ],
  [
    "CREATE FUNCTION shop.f() RETURNS int LANGUAGE 'sql' AS 'SELECT 1'",
    "CREATE FUNCTION shop.f() RETURNS int LANGUAGE 'c' AS 'SELECT 1'",
  ],
  ['SELECT 1; SELECT id FROM shop.orders LIMIT 5', 'SELECT 1; SELECT id FROM shop.orders LIMIT 6'],
];

test('promise 3: pairs that differ only in literals keep their own facts', async () => {
  for (const [first, second] of PAIRS) {
    const space = shop.space();
    await shop.read(space, first);
    const cached = await shop.read(space, second);
    const fresh = await shop.read(shop.space(), second);
    const own = await shop.read(shop.space(), first);
    const facts = [cached, fresh, own].map((outcome) =>
      outcome.outcome === 'entry' ? outcome.entry.statements : outcome,
    );
    assert.notDeepEqual(facts[1], facts[2], `no difference to be found: ${second}`);
    assert.deepEqual(facts[0], facts[1], second);
  }
});

test('promise 3: a constant in a function body is not taken for one of the statement that stands at its place', async () => {
  const before = 'CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS ';
  // The constant stands as far from the body's start as the body's literal stands from the statement's.
  const harmless = `SELECT${' '.repeat(before.length - 'SELECT'.length)}1`;
  const space = shop.space();
  await shop.read(space, `${before}'${harmless}'`);
  const read = await shop.read(space, `${before}'DROP TABLE shop.orders'`);
  assert.ok(read.outcome === 'entry');
  assert.ok(read.entry.statements[0]?.kinds.includes('DROP TABLE'));
});

test('pgbench and its like hit the cache: only what facts depend on stays in the key', async () => {
  const space = shop.space();
  const texts = (n: number) => [
    `SELECT abalance FROM pgbench_accounts WHERE aid = ${n};`,
    `UPDATE pgbench_accounts SET abalance = abalance + ${-n} WHERE aid = ${n};`,
    `INSERT INTO pgbench_history (tid, bid, aid, delta) VALUES (${n}, ${n + 1}, 5, ${n * 7});`,
    `SELECT * FROM shop.orders WHERE status = 'open ${n}' /* trace ${n} */ AND total > ${n}.5 LIMIT 10`,
    `SELECT * FROM shop.orders WHERE id IN (${n}, ${n + 1}) OFFSET ${n} LIMIT 10 -- ${n}`,
    `UPDATE shop.orders SET note = $q$${n}$q$ WHERE note = E'\\x4${n % 10}'`,
  ];
  for (const text of texts(1)) await shop.read(space, text);
  const misses = space.cache.misses;
  for (let n = 2; n < 40; n++) for (const text of texts(n)) await shop.read(space, text);
  assert.equal(space.cache.misses, misses);
});
