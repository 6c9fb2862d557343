/** Whether a WHERE restricts anything (DESIGN 3): what an attacker could write to look like a filter does not. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { FactsBench } from '../../support/sql-facts.ts';

let shop: FactsBench;

before(async () => {
  shop = await FactsBench.load(18);
});

async function unfiltered(where: string): Promise<boolean> {
  const remove = await shop.fact(`DELETE FROM shop.orders WHERE ${where}`);
  const update = await shop.fact(`UPDATE shop.orders SET status = 'x' WHERE ${where}`);
  assert.equal(remove.unfiltered, update.unfiltered, where);
  return remove.unfiltered;
}

const NO_FILTER = [
  'true',
  "'t'",
  "'tru'",
  "'YE'",
  "'yes'::bool",
  'NOT false',
  '1 = 1',
  '1 <= 1',
  '1.0 = 1',
  '0.1 + 0.2 = 0.3',
  '9007199254740993 <> 9007199254740992',
  "'a' < 'B'",
  "'a'::char(3) = 'a  '::char(3)",
  "'ab'::char(1) <> 'ab'::text",
  "'2020-01-01'::date = '2020-1-1'::date",
  "'t'::bool = 'true'",
  "'yes' IS TRUE",
  "'1'::int = '01'::int",
  'NULL IS NULL',
  '1 IS NOT NULL',
  'true IS NOT FALSE',
  'coalesce(true)',
  'coalesce(NULL, true)',
  'CASE WHEN true THEN true END',
  '$1',
  '$1 = $1',
  'now() > $1',
  'random() < 2',
  'EXISTS (SELECT 1)',
  'EXISTS (SELECT 1 FROM shop.customers)',
  'EXISTS (SELECT id FROM shop.orders)',
  'EXISTS (SELECT o.id FROM shop.orders o WHERE o.id = o.id)',
  '(SELECT count(*) FROM shop.orders) > 0',
  '(SELECT max(id) FROM shop.customers) > 0',
  '1 IN (SELECT 1)',
  'id = id',
  'note = note',
  'id = orders.id',
  'shop.orders.id = orders.id',
  'id >= id',
  'id::text = id::text',
  'id IN (id)',
  'id = ANY (ARRAY[id])',
  'id BETWEEN id AND id',
  'id IS NOT DISTINCT FROM id',
  'id IS NOT NULL',
  'ctid IS NOT NULL',
  'NOT (id IS NULL)',
  'NOT (id <> id)',
  'NOT (id <> id OR id < id)',
  'NOT (id = 5 AND id <> 5)',
  'NOT (id NOT IN (id))',
  '(id = id) IS TRUE',
  '(id = id) IS NOT FALSE',
  '(id <> id) IS NOT TRUE',
  '(id = id) = true',
  'coalesce(id = id, false)',
  'CASE WHEN id = 5 THEN true ELSE true END',
  'id = 5 OR true',
  'id = 5 OR 1 = 1',
  'id = 5 OR id <> 5',
  'id = 5 OR NOT (id = 5)',
  'note IS NULL OR note IS NOT NULL',
  'id < 5 OR id >= 5',
  'id = 5 OR random() < 2',
  'id = id AND true',
  "status LIKE '%'",
  "status ILIKE '%%'",
  'id IN (SELECT id FROM shop.orders)',
  'id IN (SELECT id FROM orders)',
  "id IN (SELECT id FROM shop.orders) AND 'a' = 'a'",
  'id = id + 0',
  'id + 0 = id',
  'id * 0 = 0',
  'id - id = 0',
  'id < id + 1',
  'id % 1 = 0',
  "status || '' = status",
  "'' || status LIKE status || '%'",
  'length(status) >= 0',
  'char_length(status) > -1',
  'left(status, 0) = $$$$',
  'abs(id) >= 0',
  'ROW(id) IS NOT NULL',
  'ROW(id, status) = ROW(id, status)',
  '(id, status) = (id, status)',
  'id::text = id::text',
  'id::text = id::text || $$$$',
  'coalesce(id, 0) = id OR status = $$x$$',
  'coalesce(id, 0) = id',
  'CASE WHEN id > 5 THEN id > 5 ELSE id <= 5 END',
  'CASE WHEN id = 5 THEN 1 ELSE 2 END > 0',
  'CASE id WHEN 5 THEN true ELSE 1 = 1 END',
  'id < 5 OR id > 3',
  'id <= 5 OR id > 4',
  'id IN (1, 2) OR id NOT IN (1, 2)',
  '$1::text IS NULL OR status = $1',
  'id BETWEEN 1 AND 5 OR id NOT BETWEEN 2 AND 4',
  'NOT (id = 5 AND id = 6)',
  'id <> 5 OR id <> 6',
  'greatest(id, 5) >= 5',
  'nullif(id, -1) = id OR id = -1',
  '(id > 5) = (id > 5)',
  '(id > 5) IS NOT NULL',
  'placed_at + interval $$0$$ = placed_at',
  'placed_at <= greatest(placed_at, now())',
  'EXISTS (SELECT 1 WHERE orders.id = orders.id)',
  'EXISTS (SELECT 1 FROM shop.orders x WHERE x.id = orders.id)',
  'id = (SELECT orders.id)',
  'id IN (SELECT x.id FROM shop.orders x WHERE x.id > 5 OR x.id <= 5)',
  'status ~ $$.*$$',
  'status ~ $$$$',
  'reverse(reverse(status)) = status',
  'lower(status) = lower(status)',
  'btrim(status, $$$$) = status',
];

const FILTER = [
  'id = 5',
  'id = $1',
  'id <> id',
  'false',
  'NULL',
  '1 = 2',
  'NOT true',
  'id = 5 AND true',
  'id = 5 AND id = id',
  'id IN (1, 2)',
  "status = 'open' OR id = 5",
  "note LIKE '%late%'",
  "note NOT LIKE '%'",
  'note IS NOT NULL',
  'note IS NULL',
  'id IS NULL',
  'id NOT IN (id)',
  "ctid = '(0,1)'",
  'CURRENT OF c',
  "lower(status) = 'x'",
  'id = (SELECT max(id) FROM shop.orders)',
  "id IN (SELECT id FROM shop.orders WHERE status = 'x')",
  'id IN (SELECT id FROM shop.orders LIMIT 5)',
  'customer_id IN (SELECT id FROM shop.customers)',
  'id IN (SELECT order_id FROM shop.payments)',
  'EXISTS (SELECT 1 FROM shop.payments p WHERE p.order_id = orders.id)',
  'EXISTS (SELECT 1 FROM shop.customers c WHERE c.id = customer_id)',
  'NOT EXISTS (SELECT 1 FROM shop.payments WHERE order_id = orders.id)',
  'coalesce(note, status) IS NULL',
  'CASE WHEN id = 5 THEN true ELSE false END',
  'id = id + 1',
  'id * 2 = 10',
  'total > 100 * id',
  'customer_id = id',
  'id <> customer_id',
  'id = 5 OR id = 6 OR id = 7',
  "id = 5 OR status IN ('open', 'late')",
  'lower(status) <> status',
  'status <> trim(status)',
  'length(status) > 5',
  "status LIKE 'o%' OR status LIKE 'l%'",
  "placed_at < now() - interval '1 year'",
  "placed_at < now() OR status = 'x'",
  "date_trunc('day', placed_at) = $1",
  'extract(year FROM placed_at) = 2024',
  "coalesce(note, '') = ''",
  "coalesce(note, '') <> ''",
  "NOT (status = 'x')",
  'NOT (id < 5 OR id > 9)',
  'id BETWEEN 1 AND 5 OR id BETWEEN 8 AND 9',
  "(id, status) IN ((1, 'a'), (2, 'b'))",
  "(id, status) = (1, 'a')",
  'id % 2 = 0',
  'md5(status) = $1',
  "status ~ '^o'",
  "status !~ 'x'",
  'status = ANY ($1)',
  'id = ANY ($1::int[])',
  'id = $1 AND status IS NOT DISTINCT FROM $2',
  "CASE WHEN status = 'open' THEN id > 5 ELSE id > 9 END",
  'id > (SELECT avg(id) FROM shop.orders)',
  'EXISTS (SELECT 1 FROM shop.orders x WHERE x.customer_id = orders.customer_id AND x.id < orders.id)',
  'ctid <> (SELECT min(x.ctid) FROM shop.orders x WHERE x.customer_id = orders.customer_id)',
  'id IN (SELECT max(id) FROM shop.orders GROUP BY customer_id)',
  '(note IS NULL) = true',
  'total - coalesce(id, 0) > 0',
  'id < 5 OR id > 9',
];

test('conditions that keep no row out leave a change unfiltered', async () => {
  const wrong: string[] = [];
  for (const where of NO_FILTER) if (!(await unfiltered(where))) wrong.push(where);
  assert.deepEqual(wrong, []);
});

test('conditions on a column of the target are filters', async () => {
  const wrong: string[] = [];
  for (const where of FILTER) if (await unfiltered(where)) wrong.push(where);
  assert.deepEqual(wrong, []);
});

test('no WHERE, joins and other forms of change', async () => {
  const unfilteredIn = async (sql: string) => (await shop.fact(sql)).unfiltered;
  const all = [
    'DELETE FROM shop.orders',
    'UPDATE shop.orders SET note = NULL',
    'DELETE FROM shop.orders o USING shop.customers c WHERE c.id = 5',
    'UPDATE shop.orders o SET note = c.name FROM shop.customers c WHERE c.id = 5',
    'DELETE FROM shop.orders o WHERE EXISTS (SELECT 1 FROM shop.orders o WHERE o.id = 5)',
    'DELETE FROM shop.orders a USING shop.orders b WHERE a.id = b.id',
    'WITH gone AS (DELETE FROM shop.orders RETURNING id) SELECT count(*) FROM gone',
    'EXPLAIN ANALYZE DELETE FROM shop.orders',
    'PREPARE p AS DELETE FROM shop.orders',
    'MERGE INTO shop.orders o USING shop.customers c ON true WHEN MATCHED THEN DELETE',
    'MERGE INTO shop.orders o USING (SELECT 1 AS x WHERE false) s ON o.id = s.x WHEN NOT MATCHED BY SOURCE THEN DELETE',
    'MERGE INTO shop.orders o USING shop.customers c ON c.id = 5 WHEN MATCHED THEN UPDATE SET note = c.name',
    'COPY (DELETE FROM shop.orders RETURNING *) TO STDOUT',
  ];
  for (const sql of all) assert.equal(await unfilteredIn(sql), true, sql);
  const some = [
    'DELETE FROM shop.orders o USING shop.customers c WHERE c.id = o.customer_id',
    'EXPLAIN DELETE FROM shop.orders',
    'INSERT INTO shop.orders SELECT * FROM shop.orders',
    'INSERT INTO shop.products VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name',
    'MERGE INTO shop.orders o USING shop.customers c ON o.customer_id = c.id WHEN MATCHED THEN DELETE',
    "MERGE INTO shop.orders o USING shop.customers c ON o.customer_id = c.id WHEN NOT MATCHED BY SOURCE AND o.status = 'x' THEN DELETE",
    'MERGE INTO shop.orders o USING shop.customers c ON true WHEN NOT MATCHED THEN INSERT (id) VALUES (c.id)',
    'DELETE FROM shop.orders a USING shop.orders b WHERE a.id < b.id AND a.customer_id = b.customer_id',
    'WITH old AS (SELECT 5 AS id) DELETE FROM shop.orders o USING old WHERE o.id = old.id',
  ];
  for (const sql of some) assert.equal(await unfilteredIn(sql), false, sql);
});

test('a DELETE that keeps nothing is destruction', async () => {
  const relation = (await shop.fact('DELETE FROM shop.orders WHERE id = id')).relations[0];
  const filtered = (await shop.fact('DELETE FROM shop.orders WHERE id = 5')).relations[0];
  assert.equal((relation?.effects ?? 0) & 4, 4);
  assert.equal((filtered?.effects ?? 0) & 4, 0);
});

test('what takes long to be found out restricts nothing, and does not take long', async () => {
  const term = Array.from({ length: 40 }, (_, n) => `lower(status) || '${n}'`).join(' || ');
  const where = Array.from({ length: 4 }, () => `length(${term}) >= 0`).join(' OR ');
  const started = performance.now();
  for (let n = 0; n < 5; n++) assert.equal(await unfiltered(`${where} OR id < ${n} + id`), true);
  const each = (performance.now() - started) / 10;
  assert.ok(each < 100, `${each} ms`);
});
