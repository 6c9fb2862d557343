/** What Sluice takes each statement for (DESIGN 3): kind, effects and relations, over the sample shop. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { PARSER_MAJORS } from '../../../src/sql/index.ts';
import {
  columnWords,
  effectWords,
  FactsBench,
  functionWords,
  relationWords,
} from '../../support/sql-facts.ts';

let shop: FactsBench;

before(async () => {
  shop = await FactsBench.load(18);
});

/** The text, its kind, its effects, and its relations with how they are touched. The search path is shop, public. */
const STATEMENTS: readonly (readonly [string, string, string, string])[] = [
  ['SELECT * FROM shop.orders', 'SELECT', 'read', 'shop.orders:read'],
  ['SELECT * FROM orders', 'SELECT', 'read', 'shop.orders:read'],
  ['SELECT * FROM "Orders"', 'SELECT', 'read', 'public.Orders:read shop.Orders:read'],
  ['SELECT * FROM revenue', 'SELECT', 'read', 'shop.customers:read shop.orders:read shop.revenue:read'],
  ['SELECT * FROM shop.vault', 'SELECT', 'read', 'shop.secrets:read shop.vault:read'],
  ['SELECT * FROM shop.daily_sales', 'SELECT', 'read', 'shop.daily_sales:read shop.orders:read'],
  [
    'SELECT * FROM shop.events',
    'SELECT',
    'read',
    'shop.events:read shop.events_2025:read shop.events_2026:read',
  ],
  ['SELECT * FROM shop.events_2025', 'SELECT', 'read', 'shop.events:read shop.events_2025:read'],
  ['SELECT * FROM ONLY shop.events', 'SELECT', 'read', 'shop.events:read'],
  ['SELECT * FROM nosuch', 'SELECT', 'read', 'public.nosuch:read shop.nosuch:read'],
  ['SELECT * FROM pg_class', 'SELECT', 'read', 'pg_catalog.pg_class:read'],
  ['SELECT * FROM public.orders', 'SELECT', 'read', 'public.orders:read'],
  ['WITH orders AS (SELECT 1) SELECT * FROM orders', 'SELECT', 'read', ''],
  ['WITH orders AS (SELECT * FROM orders) SELECT * FROM orders', 'SELECT', 'read', 'shop.orders:read'],
  [
    'WITH o AS (SELECT 1) SELECT * FROM shop.secrets, (WITH secrets AS (SELECT 2) SELECT * FROM secrets) x',
    'SELECT',
    'read',
    'shop.secrets:read',
  ],
  [
    'WITH RECURSIVE orders AS (SELECT 1 UNION ALL SELECT * FROM orders) SELECT * FROM orders',
    'SELECT',
    'read',
    '',
  ],
  ['WITH orders AS (SELECT 1) DELETE FROM orders WHERE id = 5', 'DELETE', 'read write', 'shop.orders:write'],
  ['INSERT INTO shop.orders (id) VALUES (1)', 'INSERT', 'write', 'shop.orders:write'],
  [
    'INSERT INTO shop.orders SELECT * FROM shop.events',
    'INSERT',
    'read write',
    'shop.events:read shop.events_2025:read shop.events_2026:read shop.orders:write',
  ],
  ['INSERT INTO shop.orders (id) VALUES (1) RETURNING *', 'INSERT', 'read write', 'shop.orders:write'],
  ['INSERT INTO shop.orders DEFAULT VALUES', 'INSERT', 'write', 'shop.orders:write'],
  ['INSERT INTO shop.products VALUES (1) ON CONFLICT DO NOTHING', 'INSERT', 'write', 'shop.products:write'],
  [
    'UPDATE shop.orders o SET note = c.name FROM shop.customers c WHERE c.id = o.customer_id RETURNING o.id, c.ssn',
    'UPDATE',
    'read write',
    'shop.customers:read shop.orders:write',
  ],
  [
    'UPDATE shop.orders SET note = (SELECT value FROM shop.secrets LIMIT 1) WHERE id = 1',
    'UPDATE',
    'read write',
    'shop.orders:write shop.secrets:read',
  ],
  ['DELETE FROM shop.orders WHERE id = 1', 'DELETE', 'write', 'shop.orders:write'],
  [
    'DELETE FROM shop.events WHERE id = 1',
    'DELETE',
    'write',
    'shop.events:write shop.events_2025:write shop.events_2026:write',
  ],
  [
    'MERGE INTO shop.orders o USING shop.customers c ON o.customer_id = c.id WHEN MATCHED THEN UPDATE SET note = c.name WHEN NOT MATCHED THEN DO NOTHING',
    'MERGE',
    'read write',
    'shop.customers:read shop.orders:write',
  ],
  [
    'TRUNCATE shop.events',
    'TRUNCATE TABLE',
    'write destroy',
    'shop.events:write shop.events_2025:write shop.events_2026:write',
  ],
  [
    'TRUNCATE shop.events_2025',
    'TRUNCATE TABLE',
    'write destroy',
    'shop.events:write shop.events_2025:write',
  ],
  [
    'TRUNCATE shop.customers CASCADE',
    'TRUNCATE TABLE',
    'write destroy',
    'shop.customers:write shop.events:write shop.events_2025:write shop.events_2026:write shop.order_items:write shop.orders:write shop.payments:write shop.products:write shop.secrets:write',
  ],
  ['DROP TABLE shop.orders', 'DROP TABLE', 'destroy', 'shop.orders:write'],
  ['DROP TABLE shop.events_2026', 'DROP TABLE', 'destroy', 'shop.events:write shop.events_2026:write'],
  ['DROP VIEW shop.vault', 'DROP VIEW', 'destroy', 'shop.vault:write'],
  [
    'DROP SCHEMA shop CASCADE',
    'DROP SCHEMA',
    'destroy',
    'shop.contact:write shop.customers:write shop.daily_sales:write shop.events:write shop.events_2025:write shop.events_2026:write shop.order_items:write shop.orders:write shop.payments:write shop.products:write shop.revenue:write shop.secrets:write shop.vault:write',
  ],
  [
    'DROP OWNED BY CURRENT_USER',
    'DROP OWNED',
    'destroy admin',
    'shop.contact:write shop.customers:write shop.daily_sales:write shop.events:write shop.events_2025:write shop.events_2026:write shop.order_items:write shop.orders:write shop.payments:write shop.products:write shop.revenue:write shop.secrets:write shop.vault:write',
  ],
  ['DROP FUNCTION shop.wipe()', 'DROP FUNCTION', 'destroy', ''],
  ['DROP INDEX shop.orders_customer_id_idx', 'DROP INDEX', 'destroy', 'shop.orders_customer_id_idx:write'],
  ['ALTER TABLE shop.orders DROP COLUMN note', 'ALTER TABLE', 'destroy define', 'shop.orders:write'],
  ['ALTER TABLE shop.orders ADD COLUMN x int', 'ALTER TABLE', 'define', 'shop.orders:write'],
  ['ALTER TABLE shop.orders RENAME TO o2', 'ALTER TABLE', 'destroy define', 'shop.orders:write'],
  ['ALTER TABLE shop.orders RENAME COLUMN note TO n2', 'ALTER TABLE', 'destroy define', 'shop.orders:write'],
  ['ALTER TABLE shop.orders DISABLE ROW LEVEL SECURITY', 'ALTER TABLE', 'define admin', 'shop.orders:write'],
  ['ALTER TABLE shop.orders OWNER TO x', 'ALTER TABLE', 'define admin', 'shop.orders:write'],
  [
    'ALTER TABLE shop.events DETACH PARTITION shop.events_2025',
    'ALTER TABLE',
    'destroy define',
    'shop.events:write shop.events_2025:write shop.events_2026:write',
  ],
  ['ALTER TABLE shop.orders SET SCHEMA public', 'ALTER TABLE', 'destroy define', 'shop.orders:write'],
  [
    'CREATE TABLE t AS SELECT ssn FROM shop.customers',
    'CREATE TABLE AS',
    'read write define',
    'public.t:write shop.customers:read shop.t:write',
  ],
  [
    'SELECT ssn INTO t FROM shop.customers',
    'SELECT INTO',
    'read write define',
    'public.t:write shop.customers:read shop.t:write',
  ],
  ['CREATE TABLE shop.t (id int)', 'CREATE TABLE', 'define', 'shop.t:write'],
  [
    'CREATE VIEW v AS SELECT value FROM shop.secrets',
    'CREATE VIEW',
    'read define',
    'public.v:write shop.secrets:read shop.v:write',
  ],
  ['CREATE OR REPLACE VIEW shop.contact AS SELECT 1', 'CREATE VIEW', 'read define', 'shop.contact:write'],
  [
    'CREATE MATERIALIZED VIEW m AS SELECT * FROM shop.orders',
    'CREATE MATERIALIZED VIEW',
    'read write define',
    'public.m:write shop.m:write shop.orders:read',
  ],
  [
    'REFRESH MATERIALIZED VIEW shop.daily_sales',
    'REFRESH MATERIALIZED VIEW',
    'read write',
    'shop.daily_sales:write shop.orders:read',
  ],
  ['CREATE INDEX ON shop.orders (lower(note))', 'CREATE INDEX', 'define', 'shop.orders:write'],
  [
    'CREATE TRIGGER t BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch()',
    'CREATE TRIGGER',
    'define execute',
    'shop.orders:write',
  ],
  [
    'CREATE RULE r AS ON SELECT TO shop.orders DO INSTEAD SELECT * FROM shop.secrets',
    'CREATE RULE',
    'read define',
    'shop.orders:write shop.secrets:read',
  ],
  [
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN END'",
    'CREATE FUNCTION',
    'define dynamic',
    '',
  ],
  [
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM shop.orders; SELECT 1; END',
    'CREATE FUNCTION',
    'read write destroy define',
    'shop.orders:write',
  ],
  ['CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1', 'CREATE FUNCTION', 'define', ''],
  ["CREATE FUNCTION f() RETURNS int AS 'a','b' LANGUAGE c", 'CREATE FUNCTION', 'define admin file', ''],
  ['GRANT SELECT ON shop.orders TO x', 'GRANT', 'admin', 'shop.orders:write'],
  [
    'REVOKE ALL ON ALL TABLES IN SCHEMA shop FROM x',
    'REVOKE',
    'admin',
    'shop.contact:write shop.customers:write shop.daily_sales:write shop.events:write shop.events_2025:write shop.events_2026:write shop.order_items:write shop.orders:write shop.payments:write shop.products:write shop.revenue:write shop.secrets:write shop.vault:write',
  ],
  ['GRANT a TO b', 'GRANT ROLE', 'admin', ''],
  ["COMMENT ON TABLE shop.secrets IS 'x'", 'COMMENT', 'define', 'shop.secrets:write'],
  ['EXPLAIN SELECT * FROM shop.secrets', 'EXPLAIN', 'read', 'shop.secrets:read'],
  ['EXPLAIN ANALYZE DELETE FROM shop.orders WHERE id = 1', 'EXPLAIN', 'write', 'shop.orders:write'],
  ['EXPLAIN (ANALYZE false) DELETE FROM shop.orders', 'EXPLAIN', 'read', 'shop.orders:read'],
  ['EXPLAIN EXECUTE p', 'EXPLAIN', '', ''],
  ['PREPARE p AS DELETE FROM shop.orders WHERE id = $1', 'PREPARE', 'write', 'shop.orders:write'],
  ['EXECUTE p(5)', 'EXECUTE', '', ''],
  ['DEALLOCATE p', 'DEALLOCATE', '', ''],
  ['DEALLOCATE ALL', 'DEALLOCATE', '', ''],
  ['DECLARE c CURSOR FOR SELECT * FROM shop.secrets LIMIT 3', 'DECLARE CURSOR', 'read', 'shop.secrets:read'],
  ['FETCH ALL FROM c', 'FETCH', '', ''],
  ['MOVE 5 IN c', 'MOVE', '', ''],
  ['CLOSE c', 'CLOSE CURSOR', '', ''],
  ['COPY shop.orders TO STDOUT', 'COPY', 'read copy-out', 'shop.orders:read'],
  ['COPY shop.orders (id) FROM STDIN', 'COPY', 'write copy-in', 'shop.orders:write'],
  ['COPY (SELECT ssn FROM shop.customers) TO STDOUT', 'COPY', 'read copy-out', 'shop.customers:read'],
  ["COPY shop.orders TO '/tmp/x'", 'COPY', 'read file copy-out', 'shop.orders:read'],
  ["COPY shop.orders FROM PROGRAM 'x'", 'COPY', 'write execute file copy-in', 'shop.orders:write'],
  [
    'COPY (DELETE FROM shop.orders RETURNING *) TO STDOUT',
    'COPY',
    'read write destroy copy-out',
    'shop.orders:write',
  ],
  ["DO 'BEGIN END'", 'DO', 'execute dynamic', ''],
  ['CALL shop.wipe()', 'CALL', 'write destroy execute', 'shop.orders:write'],
  ['SELECT shop.wipe()', 'SELECT', 'read write destroy', 'shop.orders:write'],
  ['SELECT shop.touch(5)', 'SELECT', 'read execute', ''],
  ['SELECT shop.vat(5)', 'SELECT', 'read', ''],
  ['SELECT * FROM shop.customer_orders(5)', 'SELECT', 'read', 'shop.orders:read'],
  ['SELECT nosuch(1)', 'SELECT', 'read execute', ''],
  ['SELECT now(), random(), clock_timestamp()', 'SELECT', 'read', ''],
  ['SELECT lower(name) FROM shop.customers', 'SELECT', 'read', 'shop.customers:read'],
  ['SELECT pg_terminate_backend(1)', 'SELECT', 'read admin', ''],
  ["SELECT dblink('x','SELECT 1')", 'SELECT', 'read execute network dynamic', ''],
  ["SELECT query_to_xml('x',true,true,'')", 'SELECT', 'read dynamic', ''],
  ["SELECT ts_rewrite('a'::tsquery, 'SELECT 1')", 'SELECT', 'read dynamic', ''],
  ["SELECT pg_read_file('x')", 'SELECT', 'read file', ''],
  ["SELECT lo_export(1,'x')", 'SELECT', 'read file', ''],
  ["SELECT set_config('role','x',false)", 'SELECT', 'read session', ''],
  ["SELECT pg_notify('a','b')", 'SELECT', 'read session', ''],
  ["SELECT nextval('shop.seq')", 'SELECT', 'read write', 'shop.seq:write'],
  ['SELECT pg_sleep(5)', 'SELECT', 'read', ''],
  ['SET ROLE x', 'SET', 'session', ''],
  ['SET SESSION AUTHORIZATION x', 'SET', 'session', ''],
  ['RESET ROLE', 'RESET', 'session', ''],
  ['RESET ALL', 'RESET', 'session', ''],
  ['SET search_path = shop', 'SET', 'session', ''],
  ['SET LOCAL statement_timeout = 5', 'SET', 'session', ''],
  ['SHOW search_path', 'SHOW', 'read', ''],
  ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'SET TRANSACTION', 'session', ''],
  ['DISCARD ALL', 'DISCARD ALL', 'session', ''],
  ['BEGIN', 'BEGIN', '', ''],
  ['COMMIT', 'COMMIT', '', ''],
  ['SAVEPOINT a', 'SAVEPOINT', '', ''],
  ['ROLLBACK TO a', 'ROLLBACK', '', ''],
  ["PREPARE TRANSACTION 'x'", 'PREPARE TRANSACTION', 'admin', ''],
  ['LISTEN x', 'LISTEN', 'session', ''],
  ['NOTIFY x', 'NOTIFY', 'session', ''],
  ['LOCK TABLE shop.orders', 'LOCK TABLE', 'write', 'shop.orders:write'],
  ['LOCK TABLE shop.orders IN ACCESS SHARE MODE', 'LOCK TABLE', 'read', 'shop.orders:read'],
  ['VACUUM shop.orders', 'VACUUM', 'admin', 'shop.orders:write'],
  ['ANALYZE', 'ANALYZE', 'admin', ''],
  ['CLUSTER shop.orders', 'CLUSTER', 'admin', 'shop.orders:write'],
  ['REINDEX TABLE shop.orders', 'REINDEX', 'admin', 'shop.orders:write'],
  ['CHECKPOINT', 'CHECKPOINT', 'admin', ''],
  ["LOAD 'x'", 'LOAD', 'admin file', ''],
  ['CREATE EXTENSION x', 'CREATE EXTENSION', 'define admin file', ''],
  ['CREATE ROLE x', 'CREATE ROLE', 'admin', ''],
  ['ALTER ROLE x SET search_path = y', 'ALTER ROLE', 'admin', ''],
  ['ALTER SYSTEM SET a = 1', 'ALTER SYSTEM', 'admin file', ''],
  ['CREATE DATABASE x', 'CREATE DATABASE', 'admin', ''],
  ['DROP DATABASE x', 'DROP DATABASE', 'destroy admin', ''],
  ["CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", 'CREATE SUBSCRIPTION', 'admin network', ''],
  ['CREATE PUBLICATION p FOR ALL TABLES', 'CREATE PUBLICATION', 'admin', ''],
  ['CREATE POLICY p ON shop.orders USING (true)', 'CREATE POLICY', 'admin', 'shop.orders:write'],
  ["SECURITY LABEL ON TABLE shop.orders IS 'x'", 'SECURITY LABEL', 'admin', 'shop.orders:write'],
  ['REASSIGN OWNED BY a TO b', 'REASSIGN OWNED', 'admin', ''],
  ['IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c', 'IMPORT FOREIGN SCHEMA', 'define network', ''],
  [
    "UPDATE pg_settings SET setting = 'x' WHERE name = 'role'",
    'UPDATE',
    'write admin session dynamic',
    'pg_catalog.pg_settings:write',
  ],
  [
    'DELETE FROM pg_catalog.pg_statistic',
    'DELETE',
    'write destroy define admin',
    'pg_catalog.pg_statistic:write',
  ],
  ['SELECT * FROM shop.orders FOR UPDATE', 'SELECT', 'read write', 'shop.orders:write'],
  [
    'SELECT * FROM shop.customers NATURAL JOIN shop.orders',
    'SELECT',
    'read',
    'shop.customers:read shop.orders:read',
  ],
  ['SELECT c FROM shop.customers c', 'SELECT', 'read', 'shop.customers:read'],
  ['SELECT row_to_json(c) FROM shop.customers c', 'SELECT', 'read', 'shop.customers:read'],
  [
    'SELECT o.* FROM shop.orders o JOIN shop.payments USING (id) ORDER BY amount',
    'SELECT',
    'read',
    'shop.orders:read shop.payments:read',
  ],
];

test('kinds, effects and relations', async () => {
  for (const [sql, kind, effects, relations] of STATEMENTS) {
    const facts = await shop.fact(sql);
    assert.deepEqual([facts.kind, effectWords(facts), relationWords(facts)], [kind, effects, relations], sql);
    assert.equal(facts.kinds[0], kind, sql);
  }
});

test('the same in every major version whose grammar has the statement', async () => {
  for (const major of PARSER_MAJORS.filter((candidate) => candidate !== 18)) {
    const bench = await FactsBench.load(major);
    for (const [sql, kind, effects, relations] of STATEMENTS) {
      if (LATER.some(([pattern, since]) => major < since && pattern.test(sql))) continue;
      const facts = await bench.fact(sql);
      assert.deepEqual(
        [facts.kind, effectWords(facts), relationWords(facts)],
        [kind, effects, relations],
        `${major}: ${sql}`,
      );
    }
  }
});

/** Statements that came with a later version than 13. */
const LATER: readonly (readonly [RegExp, number])[] = [
  [/^MERGE/, 15],
  [/BEGIN ATOMIC|RETURN 1$/, 14],
];

test('every verb that takes part is among the kinds', async () => {
  const kindsOf = async (sql: string) => (await shop.fact(sql)).kinds.join(' ');
  assert.equal(
    await kindsOf('WITH d AS (DELETE FROM shop.orders RETURNING *) SELECT * FROM d'),
    'SELECT DELETE',
  );
  assert.equal(await kindsOf('EXPLAIN ANALYZE DELETE FROM shop.orders'), 'EXPLAIN DELETE');
  assert.equal(await kindsOf('EXPLAIN DELETE FROM shop.orders'), 'EXPLAIN');
  assert.equal(await kindsOf('PREPARE p AS UPDATE shop.orders SET note = 1'), 'PREPARE UPDATE');
  assert.equal(await kindsOf('COPY (DELETE FROM shop.orders RETURNING *) TO STDOUT'), 'COPY DELETE');
  assert.equal(
    await kindsOf("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DROP TABLE x'"),
    'CREATE FUNCTION DROP TABLE',
  );
  assert.equal(
    await kindsOf('INSERT INTO shop.products VALUES (1) ON CONFLICT (id) DO UPDATE SET price = 5'),
    'INSERT UPDATE',
  );
  assert.match(
    await kindsOf('CREATE RULE r AS ON INSERT TO shop.orders DO ALSO DELETE FROM shop.payments'),
    /DELETE/,
  );
});

test('promise 2: a batch has the facts of each of its statements', async () => {
  const batch = await shop.facts('SELECT 1; DELETE FROM shop.orders; ; DROP TABLE x');
  assert.deepEqual(
    batch.map((facts) => facts.kind),
    ['SELECT', 'DELETE', 'DROP TABLE'],
  );
  assert.deepEqual(await shop.facts('  -- nothing\n ; /* at all */ ;'), []);
});

test('promise 3: names mean what the search path and the session make of them', async () => {
  const relations = async (sql: string, mode = {}) => relationWords(await shop.fact(sql, mode));
  const path = ['pg_catalog', 'public'];
  assert.equal(await relations('SELECT * FROM orders', { path }), 'public.orders:read');
  assert.equal(await relations('SELECT * FROM Shop.Orders', { path }), 'shop.orders:read');
  assert.equal(await relations('SELECT * FROM U&"\\006frders"'), 'shop.orders:read');
  assert.equal(await relations('TABLE "secrets"'), 'shop.secrets:read');
  // Not known: every relation of the name.
  assert.equal(await relations('SELECT * FROM orders', { path: null }), 'shop.orders:read');
  assert.equal(await relations('SELECT * FROM nosuch', { path: null }), '?.nosuch:read');
  // A temporary table may hide the table, but may be gone again: both are meant.
  const temporary = [{ name: 'orders', columns: ['id'] }];
  assert.equal(
    await relations('SELECT * FROM orders', { temporary }),
    'pg_temp.orders:read shop.orders:read',
  );
  assert.equal(await relations('SELECT * FROM pg_temp.orders', { temporary }), 'pg_temp.orders:read');
  assert.equal(await relations('SELECT * FROM shop.orders', { temporary }), 'shop.orders:read');
});

test('promise 3: temporary tables are seen as they are made, by whatever statement', async () => {
  const made = async (sql: string, mode = {}) =>
    (await shop.fact(sql, mode)).makesTemporary
      .map((table) => `${table.name}(${table.columns ?? '?'})`)
      .join();
  assert.equal(await made('CREATE TEMP TABLE orders (a int, b text)'), 'orders(a,b)');
  assert.equal(await made('CREATE TABLE pg_temp.orders (a int)'), 'orders(a)');
  assert.equal(await made('CREATE TABLE orders (a int)', { path: ['pg_catalog', 'pg_temp'] }), 'orders(a)');
  assert.equal(await made('CREATE TABLE orders (a int)'), '');
  assert.equal(await made('CREATE TEMP TABLE t (LIKE shop.orders)'), 't(?)');
  assert.equal(await made('CREATE TEMP TABLE t AS SELECT id, ssn FROM shop.customers'), 't(id,ssn)');
  assert.equal(await made('SELECT id INTO TEMP t FROM shop.customers'), 't(id)');
  assert.equal(await made('CREATE TEMP VIEW v (x) AS SELECT id FROM shop.customers'), 'v(x)');
  assert.equal(await made('EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1 AS a'), 't(a)');
  assert.equal(await made('EXPLAIN CREATE TEMP TABLE t AS SELECT 1 AS a'), '');
  const temporary = [{ name: 't', columns: ['a'] }];
  assert.equal(await made('ALTER TABLE t RENAME TO orders', { temporary }), 'orders(?)');
  assert.equal(await made('ALTER TABLE t ADD COLUMN b int', { temporary }), 't(?)');
  assert.equal(await made('ALTER TABLE t RENAME COLUMN a TO b', { temporary }), 't(?)');
});

test('columns by the place they are used in', async () => {
  const columns = async (sql: string) => columnWords(await shop.fact(sql)).replaceAll('shop.', '');
  assert.equal(
    await columns(
      "SELECT c.name FROM customers c WHERE c.ssn = 'x' GROUP BY c.name, c.city ORDER BY max(c.phone)",
    ),
    'customers.city:group customers.name:group customers.name:output customers.phone:order customers.ssn:filter',
  );
  assert.equal(
    await columns('SELECT 1 FROM customers JOIN orders o ON o.customer_id = customers.id'),
    'customers.id:join orders.customer_id:join',
  );
  assert.equal(
    await columns('SELECT payments.method FROM orders JOIN payments USING (id)'),
    'orders.id:join payments.id:join payments.method:output',
  );
  assert.equal(
    await columns("UPDATE orders SET note = 'x' WHERE id = 5"),
    'orders.id:filter orders.note:assignment',
  );
  assert.equal(
    await columns('SELECT id AS ssn, ssn AS id FROM customers ORDER BY 2'),
    'customers.id:output customers.ssn:order customers.ssn:output',
  );
  assert.match(await columns('SELECT c FROM customers c'), /customers\.ssn:output/);
  assert.match(await columns('SELECT (c).ssn FROM customers c'), /^customers\.ssn:output$/);
  assert.match(await columns('SELECT tax_id FROM contact'), /customers\.ssn:output/);
  assert.match(await columns('SELECT x.z FROM customers AS x(a, b, c, d, z)'), /^customers\.ssn:output$/);
  assert.match(
    await columns(
      'SELECT l.s FROM orders o, LATERAL (SELECT c.ssn AS s FROM customers c WHERE c.id = o.id) l',
    ),
    /customers\.ssn:output/,
  );
  assert.match(await columns('DELETE FROM customers WHERE id = 1 RETURNING ssn'), /customers\.ssn:output/);
  assert.match(await columns('SELECT 1 FROM customers ORDER BY ssn LIMIT 1'), /customers\.ssn:order/);
});

test('functions with their volatility', async () => {
  const functions = async (sql: string) => functionWords(await shop.fact(sql));
  assert.equal(
    await functions("SELECT lower('X'), now()"),
    'pg_catalog.lower:immutable pg_catalog.now:stable',
  );
  assert.equal(await functions('SELECT shop.vat(1), nosuch()'), '?.nosuch:unknown shop.vat:immutable');
  assert.equal(await functions('SELECT (o).nosuch FROM shop.orders o'), '');
  assert.equal(await functions('SELECT 1 OPERATOR(x.<~~>) 2'), '?.operator <~~>:unknown');
});

test('functions that call each other in a circle count as not known, in whatever order they are met', async () => {
  const schema = `
    CREATE TABLE t (id int);
    CREATE FUNCTION a() RETURNS int LANGUAGE sql AS $$ DELETE FROM t; SELECT b() $$;
    CREATE FUNCTION b() RETURNS int LANGUAGE sql AS $$ SELECT a() $$;`;
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ]) {
    const bench = await FactsBench.load(18, schema);
    for (const name of order) {
      const effects = effectWords(await bench.fact(`SELECT public.${name}()`));
      assert.match(effects, /execute/, `${name} of ${order}`);
    }
  }
});

test('views to any depth are opened, whatever they are called', async () => {
  const schema = `
    CREATE TABLE public.base (id int, secret text);
    CREATE VIEW public.v0 AS SELECT secret AS a FROM public.base;
    ${Array.from({ length: 30 }, (_, n) => `CREATE VIEW public.v${n + 1} AS SELECT a FROM public.v${n};`).join('\n')}`;
  const bench = await FactsBench.load(18, schema);
  const facts = await bench.fact('SELECT a FROM v30');
  assert.match(relationWords(facts), /public\.base:read/);
  assert.match(columnWords(facts), /public\.base\.secret:output/);
});

test('settings that a statement changes, and those that make two readings possible', async () => {
  const settings = async (sql: string) => (await shop.fact(sql)).settings.join(' ');
  assert.equal(await settings("SET Search_Path TO 'x'"), 'search_path');
  assert.equal(
    await settings('SET standard_conforming_strings TO off'),
    'standard_conforming_strings unsafe standard_conforming_strings',
  );
  assert.equal(await settings('SET standard_conforming_strings TO on'), 'standard_conforming_strings');
  assert.equal(await settings("SET NAMES 'GBK'"), 'client_encoding unsafe client_encoding');
  assert.equal(await settings("SELECT set_config('RO' || 'LE', 'x', false)"), '');
  assert.match(effectWords(await shop.fact("SELECT set_config('RO' || 'LE', 'x', false)")), /dynamic/);
  assert.equal(await settings("SELECT pg_catalog.set_config('role', 'x', false)"), 'role');
  assert.equal(await settings("UPDATE pg_settings SET setting = 'x'"), '');
  assert.match(effectWords(await shop.fact("UPDATE pg_settings SET setting = 'x'")), /session dynamic/);
});
