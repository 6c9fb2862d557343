/** What decides whether a query in an expression runs: that it did shows in what the server counts. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { FactsBench } from '../../support/sql-facts.ts';

const SCHEMA =
  'CREATE TABLE public.p (id int PRIMARY KEY, a text, b text); CREATE TABLE public.q (id int, c text);';

let bench: FactsBench;
before(async () => {
  bench = await FactsBench.load(18, SCHEMA);
});

/** The columns of which it tells whether the statement fails, or how far it runs. */
async function failing(sql: string): Promise<string> {
  const facts = await bench.fact(sql, { path: ['pg_catalog', 'public'] });
  const found = facts.columns.filter(({ place }) => place === 'failure').map(({ column }) => column);
  return [...new Set(found)].sort().join(' ');
}

for (const [sql, expected] of [
  ["SELECT CASE WHEN a LIKE '1%' THEN (SELECT count(*) FROM q) END FROM p", 'a'],
  ["SELECT CASE a WHEN '1' THEN 2 ELSE (SELECT count(*) FROM q) END, b FROM p", 'a'],
  ["SELECT CASE WHEN b = 'x' THEN 1 WHEN a LIKE '1%' THEN (SELECT 1 FROM q) END FROM p", 'a b'],
  ["SELECT a LIKE '1%' AND EXISTS (SELECT FROM q) FROM p", 'a'],
  ["SELECT (SELECT c = 'x' FROM q) OR a LIKE '1%' FROM p", 'a'],
  ['SELECT COALESCE(a, (SELECT c FROM q)) FROM p', 'a'],
  ["SELECT a IN ('1', (SELECT c FROM q)) FROM p", 'a c'],
  ["SELECT a BETWEEN '1' AND (SELECT c FROM q) FROM p", 'a c'],
  ["SELECT (a, b) < ('1', (SELECT c FROM q)) FROM p", 'a b c'],
  ["SELECT CASE WHEN a LIKE '1%' THEN 1 END FROM p", ''],
  ['SELECT a, (SELECT count(*) FROM q WHERE q.id = p.id) FROM p', ''],
  ['SELECT a = (SELECT c FROM q) FROM p', ''],
  ["SELECT id FROM p WHERE b = 'x' AND EXISTS (SELECT FROM q)", ''],
  ['SELECT COALESCE((SELECT c FROM q), a) FROM p', 'a'],
] as const) {
  test(`promise 4: ${sql}: ${expected === '' ? 'nothing' : expected}`, async () => {
    assert.equal(await failing(sql), expected);
  });
}
