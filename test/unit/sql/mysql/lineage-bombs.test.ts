/** Statements whose walk would grow without end are refused soon; long flat ones are not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MARIADB } from '../../../support/mysql-catalog.ts';
import { readMysql } from '../../../support/mysql-lineage.ts';
import { FLAVOURS_OF_READING, originsOf, readingOf } from '../../../support/mysql-lineage-cases.ts';

function nested(depth: number, innermost: string, around: (inner: string, n: number) => string): string {
  let sql = innermost;
  for (let n = 0; n < depth; n++) sql = around(sql, n);
  return sql;
}

const BOMBS: Readonly<Record<string, string>> = {
  'select lists with windows, walked twice each in MariaDB': nested(
    40,
    'SELECT RANK() OVER (ORDER BY 1)',
    (inner) => `SELECT RANK() OVER (ORDER BY 1) + (${inner})`,
  ),
  'recursion in recursion': nested(
    30,
    'SELECT 1 AS a UNION ALL SELECT 2',
    (inner, n) =>
      `WITH RECURSIVE r${n} AS (SELECT a FROM (${inner}) d${n} UNION ALL SELECT a + 1 FROM r${n}) SELECT a FROM r${n}`,
  ),
  'stars of stars': `WITH c0 AS (SELECT * FROM person), ${Array.from(
    { length: 40 },
    (_, n) => `c${n + 1} AS (SELECT * FROM c${n} x, c${n} y)`,
  ).join(', ')} SELECT * FROM c40`,
};

test('promise 13: walks that would grow without end are refused, and soon', () => {
  for (const [name, sql] of Object.entries(BOMBS)) {
    const from = process.cpuUsage();
    const read = readMysql(sql, readingOf(MARIADB));
    const { user } = process.cpuUsage(from);
    assert.equal(read.outcome, 'denied', name);
    assert.ok(user < 1_000_000, `${name}: ${user} µs`);
  }
});

test('columns that come round in a recursion are of unknown origin where it takes long', () => {
  const columns = Array.from({ length: 30 }, (_, n) => `c${n}`);
  const first = columns.map((_, n) => (n === 29 ? 'ssn' : '1'));
  const turned = columns.map((_, n) => `c${(n + 1) % 30}`);
  const sql = `WITH RECURSIVE r (${columns}) AS (SELECT ${first} FROM person UNION ALL SELECT ${turned} FROM r)
    SELECT c0 FROM r`;
  assert.deepEqual(originsOf(sql), [null]);
});

test('long lists of conditions, values and columns are read', () => {
  const many = (one: (n: number) => string, between: string) =>
    Array.from({ length: 3_000 }, (_, n) => one(n)).join(between);
  for (const traits of FLAVOURS_OF_READING) {
    for (const sql of [
      `SELECT 1 FROM person WHERE ${many((n) => `ssn = '${n}'`, ' OR ')}`,
      `SELECT 1 FROM person WHERE ${many((n) => `id <> ${n}`, ' AND ')}`,
      `SELECT 1 FROM person WHERE ${many((n) => `(id = ${n} AND ssn = '${n}')`, ' OR ')}`,
      `SELECT 1 FROM person WHERE id IN (${many(String, ', ')})`,
      `SELECT ${many(() => 'ssn', ', ')} FROM person`,
    ]) {
      assert.equal(
        readMysql(sql, readingOf(traits)).outcome,
        'facts',
        `${traits.flavour}: ${sql.slice(0, 60)}`,
      );
    }
  }
});
