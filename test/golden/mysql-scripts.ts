/**
 * What clients say in MySQL's and MariaDB's golden transcripts, in rounds: the next begins when the one before is
 * answered. Nothing in here depends on the clock. Statement ids are the servers' own.
 */
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import {
  CURSOR,
  closeStatement,
  command,
  execute,
  fetch,
  longData,
  query,
  resetStatement,
} from '../support/mysql-raw-client.ts';

export const GOLDEN_SCHEMA = [
  'CREATE TABLE t (id int PRIMARY KEY, note varchar(100), n decimal(12,4), b blob, d datetime(3), f double)',
  'CREATE TABLE other.t (id int PRIMARY KEY, elsewhere varchar(20))',
  "CREATE PROCEDURE two_results(IN a int) BEGIN SELECT a AS first; SELECT a * 2 AS second, 'x' AS x; END",
  "INSERT INTO other.t VALUES (1, 'there')",
];

export const GOLDEN_TABLES = {
  schemas: ['shop', 'other'],
  tables: {
    'shop.t': ['id int', 'note varchar(100)', 'n decimal(12,4)', 'b blob', 'd datetime(3)', 'f double'],
    'other.t': ['id int', 'elsewhere varchar(20)'],
  },
  routines: [{ schema: 'shop', name: 'two_results', kind: 'procedure' }],
} as const;

export interface MysqlScript {
  readonly name: string;
  /** Of the client, beside those that every client has. */
  readonly flags: number;
  readonly rounds: readonly (readonly Buffer[])[];
}

const ROWS = Array.from(
  { length: 20 },
  (_, n) =>
    `(${n}, 'note ${n} é', ${n} / 3, x'${'00ff'.repeat(n + 1)}', '2024-02-29 12:00:${10 + n}.250', ${n} / 7)`,
).join(', ');
const prepare = (sql: string) => command(0x16, sql);
/** Of the second statement: 100, and for the other parameter what was sent before. */
const WITH_LONG_DATA = command(
  0x17,
  Buffer.from([2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0xfd, 0, 0xfc, 0, 3]),
  '100',
);
const PING = command(0x0e);
const RESET_CONNECTION = command(0x1f);

export const MYSQL_SCRIPTS: readonly MysqlScript[] = [
  {
    name: 'text',
    flags: C.MULTI_STATEMENTS,
    rounds: [
      [query('DELETE FROM t')],
      [query(`INSERT INTO t VALUES ${ROWS}`)],
      [query('SELECT * FROM t ORDER BY id')],
      [query('SELECT 1; SELECT id, note FROM t WHERE id < 3 ORDER BY id; UPDATE t SET n = 0 WHERE id = 1')],
      [query('SELECT nope FROM t')],
      [query('SELECT 1; SELECT nope FROM t; SELECT 2')],
      [query("SELECT NULL, '', repeat('é', 3000), repeat('x', 5000)")],
      [query("SELECT 'unclosed")],
      [PING],
      [command(0x02, 'shop'), query('SELECT count(*) FROM t')],
      [command(0x0a), PING],
    ],
  },
  {
    name: 'prepared',
    flags: C.DEPRECATE_EOF | C.SESSION_TRACK,
    rounds: [
      [query('DELETE FROM t'), query(`INSERT INTO t VALUES ${ROWS}`)],
      [prepare('SELECT id, note, n, b, d, f FROM t WHERE id < ? AND note <> ? ORDER BY id')],
      [execute(1, ['4', 'nothing'])],
      [execute(1, ['20', null])],
      [execute(1, ['6', 'x'], CURSOR), fetch(1, 2), fetch(1, 100), fetch(1, 1)],
      [execute(1, ['3', 'y'], CURSOR), fetch(1, 1), resetStatement(1), fetch(1, 1)],
      [prepare('INSERT INTO t (id, b) VALUES (?, ?)')],
      [longData(2, 1, 'long '), longData(2, 1, 'data'), WITH_LONG_DATA],
      [execute(2, ['100', 'again']), execute(2, ['101', 'another'])],
      [prepare('SELECT nope FROM t'), prepare('SELECT 1; SELECT 2'), PING],
      [closeStatement(1), execute(1, ['1', 'gone']), PING],
    ],
  },
  {
    name: 'results',
    flags: C.DEPRECATE_EOF | C.MULTI_STATEMENTS,
    rounds: [
      [query('DELETE FROM t'), query(`INSERT INTO t VALUES ${ROWS}`)],
      // The first statement's id of MySQL's, and of MariaDB's, which has counted others by then.
      [prepare('CALL two_results(?)'), execute(1, ['5']), execute(4, ['5'])],
      [query('CALL two_results(21)')],
      [query('CALL two_results(1); SELECT 2; CALL two_results(3)')],
      [query('BEGIN; UPDATE t SET note = NULL WHERE id = 3; SELECT note FROM t WHERE id = 3; ROLLBACK')],
      [query('SELECT note FROM t WHERE id IN (3, 4); DO 1; SELECT * FROM t WHERE id > 1000')],
    ],
  },
  {
    name: 'session-state',
    flags: C.SESSION_TRACK,
    rounds: [
      [query("SET sql_mode = 'ANSI_QUOTES'"), query('SELECT "id" FROM "t" ORDER BY "id" LIMIT 1')],
      [query('USE other'), query('SELECT * FROM t')],
      [query('SET autocommit = 0'), query('SELECT 1'), query('COMMIT')],
      [RESET_CONNECTION, query('SELECT "id", @@autocommit')],
      [query("PREPARE p FROM 'SELECT ? * 2'"), query('SET @a = 21'), query('EXECUTE p USING @a')],
      [query('DEALLOCATE PREPARE p'), query('EXECUTE p USING @a')],
      [command(0x02, 'shop'), query('SELECT id FROM t WHERE id < 0')],
    ],
  },
];
