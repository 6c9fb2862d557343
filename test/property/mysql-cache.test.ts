/**
 * Facts found in the cache are the facts of the text at hand, whatever filled it: each statement is read, then again
 * with other literals, in the cache that the first has filled and in an empty one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lexer } from '../../src/sql/mysql/lexer.ts';
import {
  MysqlReadingSpaces,
  type MysqlReadOutcome,
  MysqlStatementReader,
} from '../../src/sql/mysql/reader.ts';
import { MARIADB, MYSQL, sketchCatalog } from '../support/mysql-catalog.ts';

const STATEMENTS: readonly string[] = [
  "SELECT id, ssn FROM person WHERE id = 5 AND name LIKE 'a%' LIMIT 10",
  'SELECT id FROM person WHERE 1 = 1 LIMIT 5, 10',
  'SELECT 1',
  "SELECT 1, 'a' FROM person LIMIT 1",
  "SELECT 5 + 3, CONCAT('a', name), name 'x' FROM person LIMIT 1",
  'SELECT name FROM person ORDER BY 2 LIMIT 1',
  'SELECT name, COUNT(*) FROM person GROUP BY 1 LIMIT 3',
  "SELECT id FROM person WHERE id IN (1, 2, 3) OR name = 'x' UNION SELECT 4",
  'DELETE FROM orders WHERE 1',
  'DELETE FROM orders WHERE 1 = 2 OR id = 3',
  "UPDATE orders SET note = 'x', person_id = 7 WHERE id = 3 LIMIT 1",
  "INSERT INTO orders VALUES (1, 2, 'x'), (3, 4, 'y') ON DUPLICATE KEY UPDATE note = 'z'",
  "CREATE TEMPORARY TABLE mine SELECT 5, 'a', id FROM person LIMIT 2",
  "SELECT LOAD_FILE('/etc/passwd')",
  "SELECT SLEEP(1), GET_LOCK('a', 10), BENCHMARK(10, 1)",
  "SELECT id FROM person INTO OUTFILE '/tmp/x'",
  "PREPARE s FROM 'SELECT ssn FROM person LIMIT 1'",
  "EXECUTE IMMEDIATE 'DELETE FROM orders'",
  "SET sql_mode = 'ANSI_QUOTES'",
  "SET @a = 5, sort_buffer_size = 1000, NAMES 'utf8mb4'",
  "SET character_set_results = 'utf8mb4'",
  "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$')) j LIMIT 1",
  "SELECT id->'$.a' FROM person LIMIT 1",
  "SELECT DATE_ADD('2024-01-01', INTERVAL 5 DAY), CAST('1' AS CHAR(3)), 1.5, 0x41, b'1' FROM orders LIMIT 1",
  "CALL p(1, 'x')",
  'KILL 5',
  "SHOW TABLES LIKE 'p%'",
  "SHOW VARIABLES WHERE Variable_name = 'sql_mode'",
  'SELECT a.id FROM person a JOIN orders b ON a.id = b.person_id AND b.id > 1 WHERE a.id = 1 FOR UPDATE',
  "SELECT CASE WHEN id = 1 THEN ssn ELSE 'none' END AS x FROM person HAVING x <> 'a' LIMIT 1",
  'SELECT SUM(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING) FROM orders LIMIT 1',
  "DO SLEEP(1), 'x'",
  'HANDLER orders READ FIRST WHERE id = 1 LIMIT 5',
];

const NUMBERS = ['0', '1', '2', '3', '7', '10', '18446744073709551616', '1.0', '0.5', '1e3', "'1'"];
const STRINGS = [
  ...[
    "''",
    "'a'",
    "'1'",
    "'0'",
    "'%'",
    "'it''s'",
    "'x\\'y'",
    '5',
    "'off'",
    "'ANSI_QUOTES'",
    "'ORACLE'",
    "'latin1'",
  ],
  ...[
    "'DELETE FROM orders'",
    "'SELECT name FROM person'",
    "'DROP TABLE person'",
    "'/etc/passwd'",
    "'$.b'",
    "'ssn'",
  ],
];

interface Random {
  next(below: number): number;
}

/** Numerical Recipes' generator: the same mutants for the same seed. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next(below) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    },
  };
}

const lexer = new Lexer();

function mutantOf(text: string, random: Random, mode: Parameters<Lexer['scan']>[3]): string {
  const bytes = Buffer.from(text);
  if (lexer.scan(bytes, 0, bytes.length, mode).outcome !== 'ok') return text;
  let mutant = '';
  let at = 0;
  for (let n = 0; n < lexer.count; n++) {
    const kind = lexer.kind(n);
    const isNumber = kind === 'integer' || kind === 'decimal' || kind === 'float';
    if ((!isNumber && kind !== 'string') || random.next(3) === 0) continue;
    const choices = isNumber ? NUMBERS : STRINGS;
    mutant += bytes.toString('utf8', at, lexer.start(n)) + (choices[random.next(choices.length)] ?? '');
    at = lexer.end(n);
  }
  return mutant + bytes.toString('utf8', at);
}

function comparable(read: MysqlReadOutcome): unknown {
  return read.outcome === 'entry' ? read.entry.statements : read;
}

for (const traits of [MARIADB, MYSQL]) {
  test(`promise 3: ${traits.flavour} statements with other literals have the facts of an empty cache`, () => {
    const catalog = sketchCatalog({
      traits,
      tables: {
        'shop.person': ['id int', 'name varchar(40)', 'ssn varchar(11)'],
        'shop.orders': ['id int', 'person_id int', 'note text'],
      },
    });
    const reading = { catalog, schema: 'shop', sqlMode: new Set<string>(), temporary: [] };
    const mode = { flavour: traits.flavour, version: traits.version, sqlMode: reading.sqlMode };
    const reader = new MysqlStatementReader();
    const seed = Math.floor(Math.random() * 2 ** 30);
    const random = randomFrom(seed);
    let hits = 0;
    for (const text of STATEMENTS) {
      const warm = new MysqlReadingSpaces().of(reading);
      for (let n = 0; n < 60; n++) {
        const mutant = Buffer.from(n === 0 ? text : mutantOf(text, random, mode));
        const cached = reader.read(warm, mutant, 0, mutant.length);
        const fresh = reader.read(new MysqlReadingSpaces().of(reading), mutant, 0, mutant.length);
        assert.deepEqual(comparable(cached), comparable(fresh), `seed ${seed}: ${mutant}`);
      }
      hits += warm.cache.hits;
    }
    assert.ok(hits > STATEMENTS.length * 5, `seed ${seed}: only ${hits} hits`);
  });
}
