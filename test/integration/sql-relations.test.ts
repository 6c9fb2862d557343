/**
 * The relations that Sluice reads from a text, against those that a real server locks when it runs it: the server
 * must not touch a table, view or sequence that is not among the facts, nor write to one that counts as read.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { hasEffect } from '../../src/core/effects.ts';
import { accessOf } from '../../src/core/facts.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { FactsBench } from '../support/sql-facts.ts';
import { EVERY_KIND } from '../support/sql-statements.ts';

let postgres: PostgresServer;
let runner: pg.Client;
let watcher: pg.Client;
let shop: FactsBench;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  runner = new pg.Client({ connectionString: postgres.url('shop') });
  watcher = new pg.Client({ connectionString: postgres.url('shop') });
  await runner.connect();
  await watcher.connect();
  // Foreign keys lock tables of their own, by triggers that no text shows.
  await runner.query(`DO $$ DECLARE c record; BEGIN
    FOR c IN SELECT conrelid::regclass AS rel, conname FROM pg_constraint WHERE contype = 'f' LOOP
      EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.rel, c.conname);
    END LOOP; END $$`);
  await runner.query('SET search_path = shop, public; CREATE SEQUENCE shop.seq');
  // Which relations are locked does not depend on their rows, and joins of thousands take long.
  for (const table of ['customers', 'products', 'orders', 'payments', 'events']) {
    await runner.query(`DELETE FROM ${table} WHERE id > 2`);
  }
  await runner.query("DELETE FROM order_items WHERE order_id > 2; SET statement_timeout = '2s'");
  const { rows } = await runner.query<{ version: string }>(
    "SELECT current_setting('server_version_num') AS version",
  );
  const major = Math.floor(Number(rows[0]?.version) / 10_000);
  assert.equal(major, 18);
  shop = await FactsBench.load(18);
});

after(async () => {
  await runner?.end();
  await watcher?.end();
  await postgres?.stop();
});

const QUERIES: readonly string[] = [
  'SELECT * FROM orders',
  'SELECT * FROM revenue r JOIN contact c ON c.id = r.customer_id',
  'SELECT * FROM shop.vault WHERE value IN (SELECT mail FROM contact)',
  'SELECT * FROM events',
  'SELECT * FROM ONLY events',
  'SELECT * FROM events_2025 UNION SELECT * FROM events_2026',
  'WITH orders AS (SELECT 1 AS id) SELECT * FROM orders',
  'WITH orders AS (SELECT * FROM orders) SELECT * FROM orders',
  'WITH a AS (SELECT * FROM secrets), secrets AS (SELECT 1) SELECT * FROM secrets',
  'WITH RECURSIVE a AS (SELECT * FROM secrets), secrets AS (SELECT 1) SELECT * FROM secrets',
  'WITH RECURSIVE secrets AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM secrets WHERE n < 3) SELECT * FROM secrets',
  'SELECT (SELECT (SELECT count(*) FROM payments) FROM products LIMIT 1), EXISTS (SELECT FROM secrets)',
  'SELECT * FROM orders o, LATERAL (SELECT * FROM order_items i WHERE i.order_id = o.id) x',
  'SELECT * FROM customers NATURAL JOIN products LEFT JOIN (payments p JOIN orders o ON p.order_id = o.id) ON true',
  'SELECT id FROM orders ORDER BY (SELECT max(id) FROM payments) LIMIT (SELECT count(*) FROM products)',
  'SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM secrets)) OVER (PARTITION BY (SELECT 1 FROM products LIMIT 1)) FROM orders',
  'SELECT * FROM customer_orders(5)',
  'SELECT customer_orders(id) FROM customers',
  'SELECT vat(total) FROM orders',
  'SELECT wipe()',
  'SELECT ARRAY(SELECT id FROM orders), ROW((SELECT 1 FROM payments LIMIT 1))',
  'SELECT CASE WHEN true THEN (SELECT value FROM secrets LIMIT 1) END',
  'VALUES ((SELECT max(id) FROM orders)), (1)',
  'TABLE vault',
  'SELECT * FROM U&"\\0073ecrets"',
  "SELECT nextval('seq'), nextval('shop.seq'::regclass), setval('\"shop\".SEQ', 5)",
  'SELECT * FROM seq',
  'SELECT * FROM orders FOR UPDATE',
  'SELECT * FROM orders o JOIN customers c ON true FOR SHARE OF o',
  'INSERT INTO products SELECT id, name, name, 1 FROM customers WHERE id = (SELECT 5) ON CONFLICT DO NOTHING',
  'WITH d AS (DELETE FROM orders WHERE id IN (SELECT order_id FROM payments) RETURNING *) SELECT * FROM d, contact',
  'UPDATE orders SET note = (SELECT value FROM secrets LIMIT 1) FROM customers c WHERE c.id = customer_id',
  'UPDATE contact SET name = name WHERE id = 1',
  'DELETE FROM events WHERE id = 1',
  'DELETE FROM orders USING payments p WHERE p.order_id = orders.id RETURNING (SELECT count(*) FROM secrets)',
  'MERGE INTO orders o USING payments p ON o.id = p.order_id WHEN MATCHED THEN UPDATE SET note = (SELECT value FROM secrets LIMIT 1)',
  'TRUNCATE events',
  'TRUNCATE events_2025, payments',
  'DROP TABLE events',
  'DROP TABLE events_2025',
  'DROP VIEW vault',
  'ALTER TABLE events ADD COLUMN x int',
  'ALTER TABLE orders RENAME TO o2',
  'CREATE TABLE copy AS SELECT ssn FROM customers',
  'SELECT ssn INTO copy FROM contact',
  'CREATE VIEW v AS SELECT * FROM vault, orders',
  'CREATE INDEX ON events (id)',
  'REFRESH MATERIALIZED VIEW daily_sales',
  'LOCK TABLE events, orders IN SHARE MODE',
  'EXPLAIN ANALYZE DELETE FROM orders WHERE id = (SELECT max(order_id) FROM payments)',
  'EXPLAIN SELECT * FROM vault',
  'PREPARE p AS SELECT * FROM secrets',
  'DECLARE c CURSOR FOR SELECT * FROM vault',
  'DELETE FROM orders WHERE id = 1 AND EXISTS (SELECT FROM customers c WHERE c.id = customer_id)',
  "SELECT * FROM xmltable('/a' PASSING (SELECT '<a/>'::xml FROM secrets LIMIT 1) COLUMNS b int)",
  "SELECT * FROM json_table((SELECT data FROM events LIMIT 1), '$' COLUMNS (a int PATH '$.a'))",
];

/** Those of every kind that can run in a transaction without a parameter and leave nothing behind. */
const RUNS =
  /^(SELECT|WITH|VALUES|TABLE|INSERT|UPDATE|DELETE|MERGE|EXPLAIN|CREATE (VIEW|TABLE|INDEX|RULE|POLICY)|ALTER TABLE|LOCK)/;
/** Beside those that cannot run: pg_get_viewdef locks what it only describes. */
const DOES_NOT_RUN = /\$\d|pg_read_file|lo_import|EXECUTE|set_config|ROLLBACK PREPARED|pg_get_viewdef/;

interface Lock {
  readonly schema: string;
  readonly name: string;
  readonly writes: boolean;
}

/** What the server holds locks on once it has run the text, or has failed to. */
async function locksOf(sql: string): Promise<readonly Lock[]> {
  const { rows: own } = await runner.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await runner.query('BEGIN');
  try {
    await runner.query(sql).catch(() => undefined);
    const { rows } = await watcher.query<Lock>(
      `SELECT n.nspname AS schema, c.relname AS name,
              bool_or(l.mode <> 'AccessShareLock') AS writes
         FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE l.pid = $1 AND l.locktype = 'relation' AND l.granted AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
          AND n.nspname IN ('shop', 'public') GROUP BY 1, 2`,
      [own[0]?.pid],
    );
    return rows;
  } finally {
    await runner.query('ROLLBACK');
    await runner.query('DEALLOCATE ALL');
  }
}

test('promise 3: the server touches nothing that is not among the facts', async () => {
  let touched = 0;
  for (const sql of [
    ...QUERIES,
    ...EVERY_KIND.filter((text) => RUNS.test(text) && !DOES_NOT_RUN.test(text)),
  ]) {
    const facts = await shop.facts(sql);
    // What a function may reach, or a text that is made when it runs, is the point of these two effects.
    if (facts.some(({ effects }) => hasEffect(effects, 'dynamic') || hasEffect(effects, 'execute'))) continue;
    const used = new Map(
      facts.flatMap(({ relations }) =>
        relations.map((use) => [`${use.schema}.${use.name}`, accessOf(use)] as const),
      ),
    );
    for (const { schema, name, writes } of await locksOf(sql)) {
      touched++;
      const access = used.get(`${schema}.${name}`);
      assert.ok(
        access !== undefined,
        `${sql}\ntouches ${schema}.${name}, which is not in ${[...used.keys()]}`,
      );
      const planned = facts.every(({ kind }) => kind === 'EXPLAIN');
      if (writes && !planned) assert.equal(access, 'write', `${sql}\nwrites to ${schema}.${name}`);
    }
  }
  assert.ok(touched > 100, `only ${touched} locks were seen`);
});
