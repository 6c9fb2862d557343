/** Origins of output columns where one column comes in more than one way, or in none that its name tells. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { FactsBench } from '../../support/sql-facts.ts';

const SCHEMA = `CREATE TABLE public.p (id int PRIMARY KEY, a text, b text, g text GENERATED ALWAYS AS (upper(a) || b) STORED);
CREATE FUNCTION public.all_a() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT a FROM public.p WHERE b > 'x' $$;`;

let bench: FactsBench;
before(async () => {
  bench = await FactsBench.load(18, SCHEMA);
});

/** `a:copied b:computed` of the first output column; `unknown` where it is not known. */
async function origins(sql: string): Promise<string> {
  const facts = await bench.fact(sql, { path: ['pg_catalog', 'public'] });
  const found = facts.outputs?.[0]?.origins ?? null;
  return found === null
    ? 'unknown'
    : found
        .map(({ column, how }) => `${column}:${how}`)
        .sort()
        .join(' ');
}

for (const [sql, expected] of [
  ['SELECT a FROM p UNION ALL SELECT left(a, 3) FROM p', 'a:computed'],
  ['SELECT m IS NULL FROM (SELECT a AS m FROM p) q', 'a:presence'],
  ["SELECT m IS NULL FROM (SELECT nullif(a, 'x') AS m FROM p) q", 'a:computed'],
  ["SELECT count(m) FROM (SELECT CASE WHEN a = 'x' THEN 1 END AS m FROM p) q", 'a:computed'],
  ["SELECT m IS NULL FROM (SELECT a AS m FROM p UNION ALL SELECT nullif(a, 'x') FROM p) q", 'a:computed'],
  ['SELECT count(DISTINCT a) FROM p', 'a:presence'],
  ['SELECT g FROM p', 'a:computed b:computed g:copied'],
  ['SELECT a FROM p EXCEPT SELECT b FROM p', 'a:copied'],
  ['SELECT y FROM all_a() AS x(y)', 'a:computed b:computed'],
  ['SELECT rank() OVER w FROM p WINDOW w AS (ORDER BY a)', ''],
] as const) {
  test(`${sql}: ${expected}`, async () => {
    assert.equal(await origins(sql), expected);
  });
}

test('what a window or an aggregate is sorted by counts as ordering, since rows come out in that order', async () => {
  for (const sql of [
    'SELECT rank() OVER (ORDER BY a) FROM p',
    'SELECT array_agg(id ORDER BY a) FROM p',
    'SELECT rank() OVER w FROM p WINDOW w AS (ORDER BY a)',
  ]) {
    const facts = await bench.fact(sql, { path: ['pg_catalog', 'public'] });
    assert.ok(
      facts.columns.some(({ column, place }) => column === 'a' && place === 'order'),
      sql,
    );
  }
});
