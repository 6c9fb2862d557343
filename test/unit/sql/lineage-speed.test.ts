/** What lineage costs, with a catalog of a thousand tables; the bound is generous, since machines that run tests are busy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyzeTree } from '../../../src/sql/postgres/facts.ts';
import { FactsBench } from '../../support/sql-facts.ts';

const TABLES = 1000;
const MS_MAX = 1;
const ROUNDS = 60;

const STATEMENT = `WITH spent AS (SELECT t7.id, sum(t8.c3) AS total, max(t8.c5) AS last FROM app.t7 JOIN app.t8 ON t8.id = t7.c1
  WHERE t7.c2 LIKE 'a%' AND t8.c4 > 10 GROUP BY t7.id)
SELECT s.id, s.total, x.c2 AS name, upper(x.c3::text) || coalesce(x.c4::text, '') AS label,
  row_number() OVER (PARTITION BY x.c1 ORDER BY s.total DESC) AS place, v.c2, (SELECT count(*) FROM app.t9 WHERE t9.c1 = s.id) AS n
  FROM spent s JOIN app.t500 x ON x.id = s.id LEFT JOIN app.v3 v USING (id) WHERE x.c5 IS NOT NULL ORDER BY 2 DESC LIMIT 20`;

const SCHEMA = [
  'CREATE SCHEMA app;',
  ...Array.from(
    { length: TABLES },
    (_, n) =>
      `CREATE TABLE app.t${n} (id int PRIMARY KEY, c1 int, c2 text, c3 int, c4 int, c5 text, c6 text, c7 text);`,
  ),
  ...Array.from(
    { length: 20 },
    (_, n) => `CREATE VIEW app.v${n} AS SELECT id, c1, c2 FROM app.t${n} WHERE c3 > 1;`,
  ),
].join('\n');

test('lineage of a statement of 500 characters takes under a millisecond, and nothing when it was seen before', async (t) => {
  const bench = await FactsBench.load(18, SCHEMA);
  assert.ok(STATEMENT.length >= 500, String(STATEMENT.length));
  const bytes = Buffer.from(STATEMENT);
  const first = await bench.facts(STATEMENT);
  assert.equal(first[0]?.outputs?.length, 7);
  const parsed = bench.reader.parser.parse(bytes, 0, bytes.length);
  if (parsed.outcome !== 'tree') throw new Error(parsed.outcome);
  let fastest = Number.POSITIVE_INFINITY;
  for (let n = 0; n < ROUNDS; n++) {
    const begun = performance.now();
    analyzeTree(parsed.tree, bench.space().reading, (sql) => bench.reader.parseText(sql));
    fastest = Math.min(fastest, performance.now() - begun);
  }
  t.diagnostic(`${STATEMENT.length} characters: ${(fastest * 1000).toFixed(0)} µs`);
  assert.ok(fastest < MS_MAX, `${fastest.toFixed(2)} ms`);

  const space = bench.space();
  const once = await bench.read(space, STATEMENT);
  const again = await bench.read(space, STATEMENT);
  const other = await bench.read(space, STATEMENT.replace("'a%'", "'b%'"));
  if (once.outcome !== 'entry' || again.outcome !== 'entry' || other.outcome !== 'entry')
    throw new Error('not read');
  assert.equal(again.entry, once.entry);
  assert.equal(other.entry, once.entry);
  assert.equal(space.cache.misses, 1);
});
