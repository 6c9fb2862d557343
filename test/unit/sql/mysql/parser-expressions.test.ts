/** Expressions of MySQL and MariaDB: what binds to what, and the functions with a grammar of their own (promise 2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnreadableSyntax } from '../../../../src/sql/mysql/parser/index.ts';
import { expressionOf, parseText, type Reading, written } from '../../../support/mysql-parse.ts';

const MYSQL: Reading = { flavour: 'mysql' };

/** Texts with the parentheses that both servers give them. */
const BOTH: readonly (readonly [text: string, tree: string])[] = [
  ['1 or 2 and 3', '(1 OR (2 AND 3))'],
  ['1 || 2 xor 3 && 4', '(1 OR (2 XOR (3 AND 4)))'],
  ['not 1 = 2', '(NOT (1 = 2))'],
  ['not not 1 and 2', '((NOT (NOT 1)) AND 2)'],
  ['1 = 2 = 3', '((1 = 2) = 3)'],
  ['1 != 2 <=> 3', '((1 <> 2) <=> 3)'],
  ['1 = 2 is null', '((1 = 2) IS NULL)'],
  ['a is not null is null', '((a IS NOT NULL) IS NULL)'],
  ['1 | 2 & 3 << 4 + 5 * 6 ^ 7', '(1 | (2 & (3 << (4 + (5 * (6 ^ 7))))))'],
  ['1 - 2 - 3 + 4', '(((1 - 2) - 3) + 4)'],
  ['8 div 2 mod 3 % 2', '(((8 DIV 2) MOD 3) MOD 2)'],
  ['- 2 ^ 2', '((- 2) ^ 2)'],
  ['! 1 + 2', '((! 1) + 2)'],
  ['- ~ ! 1', '(- (~ (! 1)))'],
  ["binary 'a' = 'A'", "((BINARY 'a') = 'A')"],
  ["- 'a' collate utf8mb4_bin", "(- ('a' COLLATE utf8mb4_bin))"],
  ['a between 1 and 2 and 3', '((a BETWEEN 1 AND 2) AND 3)'],
  ['a not between 1 + 1 and 2 or b', '((a NOT BETWEEN (1 + 1) AND 2) OR b)'],
  ['a between 1 and b between 2 and 3', '(a BETWEEN 1 AND (b BETWEEN 2 AND 3))'],
  ["a like 'x' escape '!' and b", "((a LIKE 'x' ESCAPE '!') AND b)"],
  ['a not in (1, 2) is true', '((a NOT IN (1, 2)) IS TRUE)'],
  ["a rlike 'x' = b sounds like 'y'", "((a REGEXP 'x') = (b SOUNDS LIKE 'y'))"],
  ['d + interval 1 day - interval 2 hour', '((d + INTERVAL 1 DAY) - INTERVAL 2 HOUR)'],
  ['interval 1 day + a = b', '(INTERVAL 1 DAY + (a = b))'],
  ['interval(1, 2, 3) + 4', '(INTERVAL(1, 2, 3) + 4)'],
  ['d + interval (1) + 2 day', '(d + INTERVAL (1 + 2) DAY)'],
  ['1 + @v := 2 + 3', '(1 + (@v := (2 + 3)))'],
  [
    "case a when 1 then 'x' when 2 then 'y' else 'z' end",
    "(CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END)",
  ],
  ["'a' 'b' \"c\"", "'abc'"],
  ["n'a'", "'a'"],
  [
    "date '2020-01-01' < timestamp '2020-01-01 00:00:00'",
    "(DATE'2020-01-01' < TIMESTAMP'2020-01-01 00:00:00')",
  ],
  ["{d '2020-01-01'}", "DATE'2020-01-01'"],
  ['{fn now()}', 'now()'],
  ['(1, 2) = (3, 4)', '((1, 2) = (3, 4))'],
  ['row(1, 2) in (select 1, 2)', '((1, 2) IN (query))'],
  ['a > all (select 1)', '(a > all(query))'],
  ['a = some (select 1)', '(a = any(query))'],
  ['s.t.a + t.a + .t.a', '((s.t.a + t.a) + t.a)'],
  ['((select 1) union select 2) + 1', '((query) + 1)'],
  ['((select 1)) + 1', '((query) + 1)'],
  ['a in ((select 1) union select 2)', '(a IN (query))'],
  ['left(a, 2)', 'left(a, 2)'],
  ['extract(year_month from d)', 'extract(d)'],
  ["trim(both 'x' from a)", "trim('x', a)"],
  ['trim(leading from a)', 'trim(a)'],
  ['substring(a from 2 for 3)', 'substring(a, 2, 3)'],
  ["position('a' in b)", "position('a', b)"],
  ['timestampdiff(sql_tsi_day, a, b)', 'timestampdiff(a, b)'],
  ['date_add(d, interval a + 1 day)', 'date_add(d, INTERVAL (a + 1) DAY)'],
  ['adddate(d, 3)', 'adddate(d, 3)'],
  ["get_format(date, 'EUR')", "get_format('EUR')"],
  ['char(65, 66 using utf8mb4)', 'char(65, 66)'],
  ['group_concat(distinct a, b order by c desc separator "; ")', 'group_concat(a, b)'],
  ['current_timestamp(3)', 'current_timestamp(3)'],
  ['current_user', 'current_user()'],
  ['weight_string(a as char(3))', 'weight_string(a)'],
  ['default(a)', '<default>'],
  ['app.f(1, 2)', 'f(1, 2)'],
  ['`count`(1)', 'count(1)'],
];

test('promise 2: operators bind as both servers bind them', () => {
  for (const [text, tree] of BOTH) {
    assert.equal(written(expressionOf(text)), tree, `mariadb: ${text}`);
    assert.equal(written(expressionOf(text, MYSQL)), tree, `mysql: ${text}`);
  }
});

test('promise 2: predicates follow each other in MariaDB, each by its own rank', () => {
  const rows: typeof BOTH = [
    ['a like b like c', '((a LIKE b) LIKE c)'],
    ['a in (1) in (2)', '((a IN (1)) IN (2))'],
    ['a like b not in (c)', '(a LIKE (b NOT IN (c)))'],
    ['a between b and c like d', '(a BETWEEN b AND (c LIKE d))'],
    ['a like b between c and d', '((a LIKE b) BETWEEN c AND d)'],
    ['a is true is false', '((a IS TRUE) IS FALSE)'],
    ['- interval 1 day + d', '(d - INTERVAL 1 DAY)'],
  ];
  for (const [text, tree] of rows) assert.equal(written(expressionOf(text)), tree, text);
  assert.throws(() => expressionOf('a like b like c', MYSQL), UnreadableSyntax);
  assert.throws(() => expressionOf('a is true is false', MYSQL), UnreadableSyntax);
  assert.equal(written(expressionOf('- interval 1 day + d', MYSQL)), '(- (INTERVAL 1 DAY + d))');
});

test('promise 2: the modes decide on || and NOT', () => {
  const concat = { modes: ['PIPES_AS_CONCAT'] };
  assert.equal(written(expressionOf('1 ^ 2 || 3 or 4', concat)), '((1 ^ (2 || 3)) OR 4)');
  assert.equal(written(expressionOf('- 1 || 2', concat)), '((- 1) || 2)');
  const high = { modes: ['HIGH_NOT_PRECEDENCE'] };
  assert.equal(written(expressionOf('not 1 = 2', high)), '((NOT 1) = 2)');
  assert.equal(written(expressionOf('a not in (1)', high)), '(a NOT IN (1))');
});

test('a function that touches no parenthesis is none, unless spaces are ignored', () => {
  assert.throws(() => parseText('select count (1)'), UnreadableSyntax);
  assert.equal(written(expressionOf('count (1)', { modes: ['IGNORE_SPACE'] })), 'count(1)');
  assert.equal(written(expressionOf('concat (a, b)')), 'concat(a, b)');
});

test('casts, JSON and sequences', () => {
  const type = (text: string, reading: Reading = {}) => {
    const e = expressionOf(text, reading);
    return e.is === 'cast' ? e.type : e.is;
  };
  assert.equal(type('cast(a as char(10) character set latin1)'), 'char(10) character set latin1');
  assert.equal(type('cast(a as unsigned integer)'), 'unsigned integer');
  assert.equal(type('cast(a as decimal(10, 2))', MYSQL), 'decimal(10, 2)');
  assert.equal(type('cast(a as interval day_second(3))'), 'INTERVAL DAY_SECOND');
  assert.equal(type('convert(a using utf8mb4)'), 'char character set utf8mb4');
  assert.equal(type('convert(a, signed)'), 'signed');
  const array = expressionOf("cast(a->'$.x' as unsigned array)", MYSQL);
  assert.ok(array.is === 'cast' && array.array && array.operand.is === 'json-arrow');
  assert.equal(type("a->>'$.x'", MYSQL), 'json-arrow');
  assert.equal(type("json_value(a, '$.x' returning signed null on empty error on error)", MYSQL), 'call');
  assert.equal(type('1 member of (a)', MYSQL), 'match-operator');
  assert.equal(type('next value for s'), 'sequence');
  assert.equal(type('setval(app.s, 5, 1)'), 'sequence');
  assert.equal(type("match (a, t.b) against ('x' in boolean mode)"), 'match');
  assert.equal(type("match a against ('x' with query expansion)"), 'match');
});

test('windows and aggregates keep what they order and partition by', () => {
  const call = (text: string, reading: Reading = {}) => {
    const e = expressionOf(text, reading);
    return e.is === 'call' ? e : assert.fail(text);
  };
  const over = call(
    'sum(distinct a) over (w partition by b, c order by d rows between 1 preceding and current row)',
  );
  assert.ok(over.distinct && typeof over.over === 'object' && over.over !== null);
  assert.equal(over.over.base, 'w');
  assert.deepEqual(
    [over.over.partitionBy.length, over.over.orderBy.length, over.over.frame.length],
    [2, 1, 1],
  );
  assert.equal(call('row_number() over w').over, 'w');
  assert.equal(call('group_concat(a order by b, c desc limit 3)').orderBy.length, 2);
  assert.equal(
    call('percentile_cont(0.5) within group (order by a) over (partition by b)').withinGroup.length,
    1,
  );
  assert.equal(call('first_value(a) ignore nulls over ()', MYSQL).args.length, 1);
  assert.throws(() => expressionOf('rank()', MYSQL), UnreadableSyntax);
});

test('VALUES(column) is read where the server reads it', () => {
  parseText('insert into t values (1) on duplicate key update a = values(a) + value(b)');
  assert.throws(() => parseText('select values(a) from t'), UnreadableSyntax);
  parseText('select values(a) from t', MYSQL);
});
