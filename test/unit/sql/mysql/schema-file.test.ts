import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { MysqlCatalog } from '../../../../src/sql/mysql/catalog.ts';
import { catalogFromMysqlSchemaFile, MysqlSchemaError } from '../../../../src/sql/mysql/schema-file.ts';
import { MARIADB, MYSQL } from '../../../support/mysql-catalog.ts';

const SHOP = new URL('../../../../fixtures/shop/mysql-schema.sql', import.meta.url);

function catalogFrom(text: string, traits = MYSQL): MysqlCatalog {
  return catalogFromMysqlSchemaFile(text, traits, 'shop');
}

function columnsOf(catalog: MysqlCatalog, name: string): readonly string[] {
  return catalog.table('shop', name)?.columns.map((column) => `${column.name} ${column.type}`.trim()) ?? [];
}

test('the shop, to both kinds of servers', () => {
  for (const traits of [MYSQL, MARIADB]) {
    const catalog = catalogFrom(readFileSync(SHOP, 'utf8'), traits);
    assert.deepEqual(columnsOf(catalog, 'secrets'), ['name varchar(60)', 'value text']);
    assert.deepEqual(columnsOf(catalog, 'contact'), ['id', 'name', 'mail', 'tax_id']);
    assert.deepEqual(columnsOf(catalog, 'daily_sales'), ['day', 'total']);
    assert.deepEqual(catalog.table('shop', 'customers')?.uniqueKeys, [['id'], ['email']]);
    assert.deepEqual(catalog.table('shop', 'order_items')?.uniqueKeys, [['order_id', 'line']]);
    assert.deepEqual(columnsOf(catalog, 'events').slice(0, 2), ['id bigint', 'at datetime']);
    assert.equal(catalog.routine('procedure', 'shop', 'customer_orders')?.access, 'READS SQL DATA');
    assert.equal(catalog.routine('function', 'shop', 'wipe')?.access, 'MODIFIES SQL DATA');
    const vat = catalog.routine('function', 'shop', 'vat');
    assert.deepEqual([vat?.access, vat?.deterministic, vat?.body], ['NO SQL', true, 'RETURN amount * 0.19']);
  }
});

test('types are written as information_schema has them', () => {
  const catalog = catalogFrom(
    "CREATE TABLE t (a INT(10) UNSIGNED ZEROFILL NOT NULL, b ENUM('A','it''s B') COLLATE utf8mb4_bin, c SERIAL, " +
      'd DOUBLE PRECISION DEFAULT (1 + 2), e VARCHAR(20) CHARACTER SET latin1 UNIQUE)',
  );
  assert.deepEqual(columnsOf(catalog, 't'), [
    'a int(10) unsigned zerofill',
    "b enum('A','it''s B')",
    'c bigint unsigned',
    'd double precision',
    'e varchar(20)',
  ]);
  assert.deepEqual(catalog.table('shop', 't')?.uniqueKeys, [['c'], ['e']]);
  assert.deepEqual(
    catalog.table('shop', 't')?.columns.map(({ nullable }) => nullable),
    [false, true, false, true, true],
  );
});

test('what later statements change', () => {
  const catalog = catalogFrom(`
    CREATE TABLE a (id int, v int);
    CREATE TABLE IF NOT EXISTS a (other int);
    ALTER TABLE a ADD PRIMARY KEY (id), ADD COLUMN w text, MODIFY v bigint NOT NULL;
    CREATE TABLE b LIKE a;
    CREATE UNIQUE INDEX vs ON b (v);
    CREATE TABLE gone (id int);
    DROP TABLE IF EXISTS gone, never;
    CREATE TABLE copied (extra int) SELECT id, v AS w FROM a;
    CREATE DATABASE other; USE other;
    CREATE TABLE there (id int);
    CREATE VIEW shop.v AS SELECT * FROM shop.a;
  `);
  assert.deepEqual(columnsOf(catalog, 'a'), ['id int', 'v bigint', 'w text']);
  assert.deepEqual(catalog.table('shop', 'a')?.uniqueKeys, [['id']]);
  assert.deepEqual(catalog.table('shop', 'b')?.uniqueKeys, [['id'], ['v']]);
  assert.equal(catalog.table('shop', 'gone'), null);
  assert.deepEqual(columnsOf(catalog, 'copied'), ['extra int', 'id', 'w']);
  assert.equal(catalog.table('other', 'there')?.columns.length, 1);
  assert.deepEqual(columnsOf(catalog, 'v'), ['id', 'v', 'w']);
});

test('bodies, with and without delimiters', () => {
  const catalog = catalogFrom(`
    CREATE TABLE t (id int);
    CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW BEGIN
      IF NEW.id > 1 THEN SET NEW.id = CASE WHEN NEW.id > 5 THEN 5 ELSE 1 END; END IF;
    END;
    DELIMITER $$
    CREATE TRIGGER two AFTER DELETE ON t FOR EACH ROW BEGIN DELETE FROM t; END$$
    CREATE PROCEDURE p() BEGIN SELECT 1; END$$
    DELIMITER ;
    CREATE FUNCTION metaphon RETURNS STRING SONAME 'udf.so';
    CREATE TABLE last_one (id int)
  `);
  const triggers = catalog.table('shop', 't')?.triggers ?? [];
  assert.deepEqual(
    triggers.map(({ event }) => event),
    ['insert', 'delete'],
  );
  assert.match(triggers[1]?.body ?? '', /DELETE FROM t/);
  assert.equal(catalog.routine('procedure', 'shop', 'p')?.kind, 'procedure');
  assert.equal(catalog.isLoadable('metaphon'), true);
  assert.equal(catalog.table('shop', 'last_one')?.columns.length, 1);
});

test('what cannot be read says where', () => {
  const wrong: readonly (readonly [text: string, at: string, why: RegExp])[] = [
    ['CREATE TABLE a (id int);\nCREATE TABEL b (id int)', 'TABEL', /syntax error/],
    ['CREATE TABLE a (id int);\nALTER TABLE b ADD c int', '', /not defined before/],
    ['CREATE TABLE a (id int); ALTER TABLE a DROP COLUMN id', '', /DROP in a file of definitions/],
    ["CREATE TABLE a (id int); INSERT INTO a VALUES ('x", "'x", /no end/],
  ];
  for (const [text, at, why] of wrong) {
    assert.throws(
      () => catalogFrom(text),
      (error) => {
        assert.ok(error instanceof MysqlSchemaError, String(error));
        assert.match(error.message, why);
        if (at !== '') assert.equal(error.offset, text.indexOf(at));
        return true;
      },
      text,
    );
  }
});
