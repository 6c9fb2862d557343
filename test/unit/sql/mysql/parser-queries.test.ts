/** Queries of MySQL and MariaDB: set operations, joins, and every clause of a SELECT (promise 2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Select } from '../../../../src/sql/mysql/ast.ts';
import { UnreadableSyntax } from '../../../../src/sql/mysql/parser/index.ts';
import {
  parseOne,
  parseText,
  queryOf,
  type Reading,
  writtenFrom,
  writtenQuery,
} from '../../../support/mysql-parse.ts';

const MYSQL: Reading = { flavour: 'mysql' };

function selectOf(text: string, reading: Reading = {}): Select {
  const { body } = queryOf(text, reading);
  return body.is === 'select' ? body : assert.fail(text);
}

test('promise 2: set operations nest as the servers nest them', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['select 1 union select 2 union select 3', '(1 union 2 union 3)'],
    ['select 1 union all select 2 union select 3', '((1 union all 2) union 3)'],
    ['select 1 union select 2 intersect select 3', '(1 union (2 intersect 3))'],
    ['select 1 except select 2 union select 3', '((1 except 2) union 3)'],
    ['(select 1 limit 1) union (select 2) order by 1 limit 3', '(1 limit union 2) order limit'],
    ['(select 1 limit 5) limit 2', '[1 limit] limit'],
    ['((select 1)) limit 2', '1 limit'],
    ['((select 1) union select 2) intersect select 3', '((1 union 2) intersect 3)'],
    ['with recursive c (a) as (select 1 union all select a + 1 from c) select a from c', 'a'],
  ];
  for (const [text, tree] of rows) {
    assert.equal(writtenQuery(queryOf(text)), tree, text);
    assert.equal(writtenQuery(queryOf(text, MYSQL)), tree, text);
  }
  assert.equal(writtenQuery(queryOf('values (1, 2), (3, 4)')), 'values');
  assert.equal(writtenQuery(queryOf('values row(1), row(2) limit 1', MYSQL)), 'values limit');
  assert.equal(writtenQuery(queryOf('table t order by a', MYSQL)), 'table t order');
  assert.throws(() => parseText('table t'), UnreadableSyntax);
});

test('promise 2: joins nest as the servers nest them', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['a, b, c', '((a inner b) inner c)'],
    ['a join b on x left join c on y', '((a inner b on x) left c on y)'],
    ['a left join b left join c on x on y', '(a left (b left c on x) on y)'],
    ['a join b join c on x', '((a inner b) inner c on x)'],
    ['a join b join c on x on y', '(a inner (b inner c on x) on y)'],
    ['a, b join c on x', '(a inner (b inner c on x))'],
    ['a natural left join b', '(a natural left b)'],
    ['a cross join b using (k, l)', '(a inner b on k,l)'],
    ['a straight_join b on x', '(a inner b on x)'],
    ['(a, b) right join (c join d) on x', '((a inner b) right (c inner d) on x)'],
    ['{oj a left outer join b on x}', '(a left b on x)'],
    ['((select 1) union (select 2)) as d', 'd()'],
    ['((select 1) as d join a on x)', '(d() inner a on x)'],
    ['(((select 1))) d', 'd()'],
    ['dual', 'dual'],
    ['t use index (i) ignore key for order by (primary, j), u', '(t inner u)'],
    ['s.t partition (p0, p1) as x', 'x'],
  ];
  for (const [text, tree] of rows) {
    assert.equal(writtenFrom(selectOf(`select 1 from ${text}`).from), tree, text);
    assert.equal(writtenFrom(selectOf(`select 1 from ${text}`, MYSQL).from), tree, text);
  }
  assert.equal(
    writtenFrom(selectOf('select 1 from a, lateral (select a.b) as d (c)', MYSQL).from),
    '(a inner lateral d(c))',
  );
  const json =
    "json_table(a, '$' columns (n for ordinality, x int path '$.x' default '1' on empty, nested path '$.y[*]' columns (z char(3) exists path '$'))) as j";
  assert.equal(writtenFrom(selectOf(`select 1 from ${json}`).from), 'json j');
  const versions = selectOf(
    "select 1 from t for system_time between timestamp '2020-01-01' and now() as h",
  ).from;
  assert.ok(versions?.is === 'table' && versions.alias === 'h' && versions.history?.length === 2);
  assert.throws(() => parseText('select 1 from a left join b'), UnreadableSyntax);
  assert.throws(() => parseText('select 1 from (select 1)'), UnreadableSyntax);
});

test('every clause of a SELECT has its place', () => {
  const s = selectOf(
    'select distinct sql_calc_found_rows t.*, s.t.*, a x, b as "y", 1+1, \'z\' from t where w group by a, b with rollup having h window v as (order by o)',
  );
  assert.deepEqual(s.options, ['DISTINCT', 'SQL_CALC_FOUND_ROWS']);
  assert.deepEqual(
    s.items.map((item) => (item.is === 'star' ? `${item.schema ?? ''}.${item.table}` : item.name)),
    ['.t', 's.t', 'x', 'y', '1+1', 'z'],
  );
  assert.ok(
    s.rollup && s.groupBy.length === 2 && s.windows[0]?.name === 'v' && s.where !== null && s.having !== null,
  );
  assert.ok(selectOf('select a from t group by rollup (a, b)', MYSQL).rollup);
  assert.ok(selectOf('select a from t qualify row_number() over () = 1', MYSQL).qualify !== null);
  assert.deepEqual(selectOf('select /*+ SET_VAR(sql_mode=ANSI) */ 1', MYSQL).hints.length, 1);
  assert.throws(() => parseText('select 1, *'), UnreadableSyntax);
});

test('columns without an alias are named as each server names them', () => {
  const names = (text: string, reading: Reading = {}) =>
    selectOf(`select ${text}`, reading).items.map((item) => (item.is === 'item' ? item.name : '*'));
  const text = "1 +  1, (2), ' x', 'a' 'b', true, t . a, now( )";
  assert.deepEqual(names(text), ['1 +  1', '2', 'x', 'ab', 'TRUE', 'a', 'now( )']);
  assert.deepEqual(names(text, MYSQL), ['1 +  1', '2', 'x', 'a', 'true', 'a', 'now( )']);
});

test('limits, locks and targets in all their forms', () => {
  const q = (text: string, reading: Reading = {}) => queryOf(text, reading);
  assert.deepEqual(
    [q('select 1 limit 2, 3').limit?.offset !== null, q('select 1 limit 3 offset 2').limit?.offset !== null],
    [true, true],
  );
  assert.ok(q('select 1 limit 5 rows examined 10').limit?.examined);
  assert.ok(q('select a from t order by a offset 1 row fetch next 2 rows with ties').limit?.withTies);
  assert.equal(q('select a from t for update skip locked').locks, 'update');
  assert.equal(q('select a from t lock in share mode nowait').locks, 'share');
  assert.equal(q('select a from t for share of t, u nowait', MYSQL).locks, 'share');
  assert.deepEqual(q('select a from t into @a, @b').into, { into: 'variables', names: ['a', 'b'] });
  assert.deepEqual(q('select a into @a from t limit 1').into, { into: 'variables', names: ['a'] });
  assert.deepEqual(
    q(
      "select a from t into outfile '/tmp/x' fields terminated by ',' optionally enclosed by '\"' lines terminated by '\\n'",
    ).into,
    {
      into: 'outfile',
      file: '/tmp/x',
    },
  );
  assert.deepEqual(q("select a from t union select b from u into dumpfile '/tmp/x'").into, {
    into: 'dumpfile',
    file: '/tmp/x',
  });
  assert.equal(q('select a from t procedure analyse(10)').procedure, 'analyse');
  for (const text of [
    'select (select 1 into @a)',
    'select * from (select 1 into @a) d',
    'select 1 into @a union select 2',
  ]) {
    assert.throws(() => parseText(text), UnreadableSyntax, text);
    assert.throws(() => parseText(text, MYSQL), UnreadableSyntax, text);
  }
});

test('reserved words are no names, by flavour and version', () => {
  assert.throws(() => parseText('select 1 as rank', MYSQL), UnreadableSyntax);
  parseText('select 1 as rank, 2 as `select`, t.select from t');
  assert.throws(() => parseText('select 1 as returning'), UnreadableSyntax);
  parseText('select 1 as returning', MYSQL);
  assert.throws(() => parseText('select 1 as library', MYSQL), UnreadableSyntax);
  parseText('select 1 as library', { flavour: 'mysql', version: 80_406 });
});

test('statements are cut at semicolons, with their bytes and parameters', () => {
  const parsed = parseText('select ?, ? ; update t set a = ?;');
  assert.deepEqual(
    parsed.map(({ start, end, parameters }) => [start, end, parameters]),
    [
      [0, 11, 2],
      [14, 32, 1],
    ],
  );
  assert.deepEqual(parseText(''), []);
  assert.throws(() => parseText('select 1;;'), UnreadableSyntax);
  assert.throws(() => parseText('select 1', { modes: ['ORACLE'] }), UnreadableSyntax);
});

test('promise 13: chains are flat, nesting and leaning chains have an end', () => {
  const where = Array.from({ length: 10_000 }, (_, n) => `a = ${n}`);
  for (const word of [' and ', ' or ', ' xor ']) parseText(`select 1 from t where ${where.join(word)}`);
  parseText(`select ${Array(10_000).fill('1').join('+')}`);
  parseText(`${Array(5_000).fill('select 1').join(' union all ')}`);
  const deep = [
    `select ${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
    `select ${'not '.repeat(10_000)}1`,
    `select ${'- '.repeat(10_000)}1`,
    `select ${Array(10_000).fill('1').join(' = ')}`,
    `select 1 ${'is null '.repeat(10_000)}`,
    `select a ${'collate utf8mb4_bin '.repeat(10_000)}`,
    `select ${Array(10_000).fill('1').join(' + 1 - ')}`,
    `select 1 from ${Array(10_000).fill('t').join(', ')}`,
    `select 1 from ${Array(10_000).fill('t').join(' join ')}`,
    `select 1 from ${'('.repeat(10_000)}t${')'.repeat(10_000)}`,
    `${'('.repeat(10_000)}select 1${')'.repeat(10_000)}`,
    `select ${'case when 1 then '.repeat(10_000)}1`,
    `${'explain '.repeat(10_000)}select 1`,
  ];
  for (const text of deep) {
    assert.throws(() => parseText(text), UnreadableSyntax, text.slice(0, 40));
    assert.throws(() => parseText(text, MYSQL), UnreadableSyntax, text.slice(0, 40));
  }
  // Each level and each link counts, so that no mixture is deeper than either.
  const mixed = `${'('.repeat(200)}1${`${' = 1'.repeat(200)})`.repeat(200)}`;
  assert.throws(() => parseText(`select ${mixed}`), UnreadableSyntax);
});

test('what is refused says where', () => {
  assert.throws(
    () => parseOne('select a from t where'),
    (error) => error instanceof UnreadableSyntax && error.offset === 21 && error.expected === 'an expression',
  );
});
