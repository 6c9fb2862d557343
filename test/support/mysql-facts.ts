/** Facts of MySQL's and MariaDB's statements over a sketched shop, and words for them. */
import assert from 'node:assert/strict';
import { effectsOf } from '../../src/core/effects.ts';
import type { Place, StatementFacts } from '../../src/core/facts.ts';
import type { MysqlCatalog } from '../../src/sql/mysql/catalog.ts';
import type { MysqlTable, ServerTraits } from '../../src/sql/mysql/catalog-model.ts';
import {
  MysqlReadingSpaces,
  type MysqlReadOutcome,
  MysqlStatementReader,
} from '../../src/sql/mysql/reader.ts';
import { MARIADB, MYSQL, sketchCatalog, sketchTable } from './mysql-catalog.ts';

/** `orders`: `id` is its key, `id` and `total` are never NULL, `note` and `status` may be. */
const ORDERS: MysqlTable = (() => {
  const table = sketchTable('shop.orders', [
    'id int(11)',
    'customer_id int(11)',
    'status varchar(20)',
    'note text',
    'total decimal(10,2)',
    'code varchar(10)',
  ]);
  const columns = table.columns.map((column) => ({
    ...column,
    nullable: column.name !== 'id' && column.name !== 'total',
  }));
  return { ...table, columns, uniqueKeys: [['id'], ['code'], ['customer_id', 'status']] };
})();

export function shopCatalog(traits: ServerTraits): MysqlCatalog {
  return sketchCatalog({
    traits,
    schemas: ['archive'],
    tables: {
      'shop.customers': ['id int(11)', 'name varchar(50)', 'ssn varchar(11)'],
      'shop.payments': ['id int(11)', 'order_id int(11)', 'amount int(11)'],
      'shop.secrets': ['id int(11)', 'value text'],
      'archive.orders': ['id int(11)', 'note text'],
      'information_schema.PROCESSLIST': ['ID bigint(4)', 'INFO longtext'],
      'information_schema.TABLES': ['TABLE_SCHEMA varchar(64)', 'TABLE_NAME varchar(64)'],
      'mysql.user': ['Host char(60)', 'User char(80)', 'authentication_string text'],
    },
    views: {
      'shop.people': {
        columns: ['id int(11)', 'ssn varchar(11)'],
        definition:
          'select `shop`.`customers`.`id` AS `id`,`shop`.`customers`.`ssn` AS `ssn` from `shop`.`customers`',
      },
    },
    routines: [
      { schema: 'shop', name: 'discount' },
      { schema: 'shop', name: 'settle', kind: 'procedure' },
    ],
    loadable: ['sys_exec', 'metaphon'],
    whole: [ORDERS],
  });
}

export const SHOPS = { mariadb: shopCatalog(MARIADB), mysql: shopCatalog(MYSQL) };

export interface ReadIn {
  readonly flavour?: 'mysql' | 'mariadb';
  readonly schema?: string | null | undefined;
  readonly sqlMode?: readonly string[];
  readonly temporary?: readonly { readonly name: string; readonly columns: readonly string[] | null }[];
}

const reader = new MysqlStatementReader();
const spaces = new MysqlReadingSpaces();

export function readMysql(sql: string, how: ReadIn = {}): MysqlReadOutcome {
  const bytes = Buffer.from(sql);
  const space = spaces.of({
    catalog: SHOPS[how.flavour ?? 'mariadb'],
    schema: 'schema' in how ? how.schema : 'shop',
    sqlMode: new Set(how.sqlMode ?? []),
    temporary: how.temporary ?? [],
  });
  return reader.read(space, bytes, 0, bytes.length);
}

export function mysqlFacts(sql: string, how: ReadIn = {}): readonly StatementFacts[] {
  const read = readMysql(sql, how);
  if (read.outcome !== 'entry')
    assert.fail(`${sql}: ${read.outcome === 'denied' ? read.denial.message : read.outcome}`);
  return read.entry.statements;
}

/** Of a text with one statement. */
export function mysqlFact(sql: string, how: ReadIn = {}): StatementFacts {
  const [only, ...others] = mysqlFacts(sql, how);
  if (only === undefined || others.length > 0) assert.fail(`${sql}: not one statement`);
  return only;
}

/** Why a text is denied; fails where it is not. */
export function mysqlDenial(sql: string, how: ReadIn = {}): string {
  const read = readMysql(sql, how);
  if (read.outcome !== 'denied') assert.fail(`${sql}: ${read.outcome}`);
  return read.denial.message;
}

/** `read write`, in the order of the table of effects. */
export function effectNames(facts: StatementFacts): string {
  return effectsOf(facts.effects).join(' ');
}

/** `shop.orders:write shop.customers:read`, as they were come upon, with all that each bears. */
export function relationNames(facts: StatementFacts): string {
  return facts.relations
    .map(({ schema, name, effects }) => `${schema ?? '?'}.${name}:${effectsOf(effects).join('+')}`)
    .join(' ');
}

/** Columns in one place, as `orders.note`, sorted. */
export function columnsIn(facts: StatementFacts, place: Place): string {
  return [
    ...new Set(facts.columns.filter((use) => use.place === place).map((use) => `${use.table}.${use.column}`)),
  ]
    .sort()
    .join(' ');
}
