/** Every kind of mistake in a policy file is told with its place: line, column, key, and what was expected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemsError } from '../../../src/core/problem.ts';
import { checkPolicy, type World } from '../../../src/policy/check.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';

const WORLD: World = {
  users: new Set(['agent', 'dba']),
  groups: new Set(['agents']),
  listeners: new Set(['shop']),
  relations: [
    { schema: 'shop', name: 'orders', columns: ['id', 'total'] },
    { schema: 'shop', name: 'customers', columns: ['id', 'ssn'] },
  ],
  functions: [{ schema: 'pg_catalog', name: 'pg_sleep' }],
};

function mistakesIn(text: string, world: World = WORLD): readonly string[] {
  try {
    const { source } = loadPolicy('policy.yaml', text);
    return checkPolicy(source, world).map(
      ({ file, line, column, key, message }) => `${file}:${line}:${column} ${key}: ${message}`,
    );
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(
      ({ file, line, column, key, message }) => `${file}:${line}:${column} ${key}: ${message}`,
    );
  }
}

const rule = (when: string, then = 'deny') =>
  `default: allow\nrules:\n  - name: a\n    when: ${when}\n    then: ${then}\n`;

const MISTAKES: readonly (readonly [what: string, text: string, expected: RegExp])[] = [
  ['an empty file', '', /^policy\.yaml:1:1 : the file is empty/],
  ['no mapping', '- a\n', /^policy\.yaml:1:1 : expected/],
  ['a missing default', 'rules: []\n', /^policy\.yaml:1:1 default: is missing/],
  ['a wrong default', 'default: maybe\n', /^policy\.yaml:1:10 default: expected .*allow.*deny/],
  ['an unknown key', 'default: allow\nrule: []\n', /^policy\.yaml:2:1 rule: unknown key "rule".*rules/],
  [
    'an unknown matcher',
    rule('{ table: [shop.orders] }'),
    /^policy\.yaml:4:13 rules\[0\]\.when\.table: unknown key "table".*tables/,
  ],
  [
    'a missing then',
    'default: allow\nrules:\n  - name: a\n    when: {}\n',
    /^policy\.yaml:3:5 rules\[0\]\.then: is missing/,
  ],
  [
    'a missing name',
    'default: allow\nrules:\n  - then: deny\n',
    /^policy\.yaml:3:5 rules\[0\]\.name: is missing/,
  ],
  [
    'a wrong then',
    rule('{}', 'refuse'),
    /^policy\.yaml:5:11 rules\[0\]\.then: expected deny, allow, { limit/,
  ],
  [
    'a limit without a number',
    rule('{}', '{ limit: {} }'),
    /rules\[0\]\.then\.limit: expected rows or bytes/,
  ],
  [
    'a limit of nothing',
    rule('{}', '{ limit: { rows: 0 } }'),
    /^policy\.yaml:5:28 rules\[0\]\.then\.limit\.rows: /,
  ],
  [
    'a size that is none',
    rule('{}', '{ limit: { bytes: 8XB } }'),
    /^policy\.yaml:5:29 rules\[0\]\.then\.limit\.bytes: expected a size such as 8MiB/,
  ],
  [
    'an approval that nobody can give',
    rule('{}', '{ approve: { by: [] } }'),
    /^policy\.yaml:5:\d+ rules\[0\]\.then\.approve\.by: expected at least one group/,
  ],
  [
    'an approval without an end',
    rule('{}', '{ approve: { by: [dba], within: 30d } }'),
    /rules\[0\]\.then\.approve\.within: expected 7d at most/,
  ],
  [
    'a limit that pauses for nobody',
    rule('{}', '{ limit: { rows: 5, over: approve } }'),
    /rules\[0\]\.then\.limit: expected by: \[group\]/,
  ],
  [
    'approvers of a limit that cuts',
    rule('{}', '{ limit: { rows: 5, by: [dba] } }'),
    /rules\[0\]\.then\.limit: by, approvers, within and hold go with over: approve/,
  ],
  [
    'rows held without a bound in bytes',
    rule('{}', '{ limit: { rows: 5, over: approve, by: [dba], hold: true } }'),
    /rules\[0\]\.then\.limit: expected bytes with hold: true/,
  ],
  [
    'a wrong effect',
    rule('{ effects: [destroys] }'),
    /^policy\.yaml:4:23 rules\[0\]\.when\.effects\[0\]: expected.*destroy/,
  ],
  ['a wrong type', rule('{ effects: destroy }'), /^policy\.yaml:4:22 rules\[0\]\.when\.effects: expected/],
  ['an empty list', rule('{ users: [] }'), /rules\[0\]\.when\.users: /],
  [
    'a verb that does not exist',
    rule('{ statements: [slect] }'),
    /^policy\.yaml:4:26 rules\[0\]\.when\.statements\[0\]: .*did you mean "select"/,
  ],
  [
    'a bad network',
    rule('{ clients: ["10.0.0.0/33"] }'),
    /^policy\.yaml:4:23 rules\[0\]\.when\.clients\[0\]: expected an address or CIDR block/,
  ],
  [
    'a bad table pattern',
    rule('{ tables: ["a.b.c"] }'),
    /rules\[0\]\.when\.tables\[0\]: expected a table as schema\.name/,
  ],
  [
    'a bad column pattern',
    rule('{ columns: ["a..b"] }'),
    /rules\[0\]\.when\.columns\[0\]: expected a column as schema\.table\.column/,
  ],
  [
    'bad hours',
    rule('{ at: { hours: "9-17" } }'),
    /rules\[0\]\.when\.at\.hours: expected hours as 09:00-17:30/,
  ],
  [
    'a bad zone',
    rule('{ at: { days: [mon], zone: Mars/Base } }'),
    /rules\[0\]\.when\.at\.zone: expected a time zone/,
  ],
  ['a bad day', rule('{ at: { days: [monday] } }'), /rules\[0\]\.when\.at\.days\[0\]: expected/],
  ['at without days or hours', rule('{ at: { zone: UTC } }'), /rules\[0\]\.when\.at: expected days or hours/],
  ['unbounded: false', rule('{ unbounded: false }'), /rules\[0\]\.when\.unbounded: expected true/],
  [
    'a second rule of the name',
    `${rule('{}')}  - { name: a, then: deny }\n`,
    /^policy\.yaml:6:13 rules\[1\]\.name: a second rule named "a"/,
  ],
  [
    'a name that is taken',
    rule('{}').replace('name: a', 'name: baseline/a'),
    /names under baseline\/ and sluice\/ are taken/,
  ],
  [
    'an unknown baseline name',
    'default: allow\nbaseline: { dynamic: off }\n',
    /^policy\.yaml:2:13 baseline\.dynamic: unknown key "dynamic".*dynamic-sql/,
  ],
  [
    'a baseline that is not off',
    'default: allow\nbaseline: { dynamic-sql: on }\n',
    /baseline\.dynamic-sql: expected off/,
  ],
  [
    'an unknown user',
    rule('{ users: [agnet] }'),
    /^policy\.yaml:4:21 rules\[0\]\.when\.users\[0\]: there is no user "agnet".*did you mean "agent"/,
  ],
  ['an unknown group', rule('{ groups: [agent] }'), /there is no group "agent".*did you mean "agents"/],
  ['an unknown listener', rule('{ listeners: [crm] }'), /there is no listener "crm"/],
  [
    'an unknown table',
    rule('{ tables: [shop.order] }'),
    /^policy\.yaml:4:22 rules\[0\]\.when\.tables\[0\]: no table matches "shop\.order".*did you mean "shop\.orders"/,
  ],
  ['an unknown schema', rule('{ tables: ["sales.*"] }'), /no table matches "sales\.\*"/],
  [
    'an unknown column',
    rule('{ columns: [shop.customers.snn] }'),
    /no column matches "shop\.customers\.snn".*did you mean "shop\.customers\.ssn"/,
  ],
  ['an unknown function', rule('{ functions: [pg_slep] }'), /no function matches "pg_slep"/],
  [
    'a rule that can never match',
    rule('{ statements: [drop], unfiltered: true }'),
    /^policy\.yaml:4:11 rules\[0\]\.when: can never match: drop has no WHERE/,
  ],
  ['broken YAML', 'default: allow\nrules: [\n', /^policy\.yaml:\d+:\d+ : /],
  ['a key twice', 'default: allow\ndefault: deny\n', /^policy\.yaml:2:1 : .*unique/],
];

for (const [what, text, expected] of MISTAKES) {
  test(`${what}: ${expected.source.slice(0, 60)}`, () => {
    const found = mistakesIn(text);
    assert.ok(
      found.some((line) => expected.test(line)),
      `expected ${expected}, found:\n${found.join('\n') || 'nothing'}`,
    );
  });
}

test('several mistakes are told at once', () => {
  const found = mistakesIn(
    'default: maybe\nrules:\n  - { name: a, when: { effect: [x] }, then: no }\nfoo: 1\n',
  );
  assert.equal(found.length, 4, found.join('\n'));
});

test('names that are not known to anybody are not checked', () => {
  const nothing: World = { users: null, groups: null, listeners: null, relations: null, functions: null };
  assert.deepEqual(
    mistakesIn(
      rule('{ users: [x], groups: [x], listeners: [x], tables: [x.y], columns: [x.y.z], functions: [x] }'),
      nothing,
    ),
    [],
  );
});

test('files made to hurt are refused with a message, not with a crash', () => {
  const deep = `default: allow\nrules: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`;
  const aliases = `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefghi'
    .split('')
    .map(
      (name, n) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefghi'[n]}`).join(', ')}]`,
    )
    .join('\n')}\n`;
  for (const text of [deep, aliases, `default: allow\nrules: *nowhere\n`, 'default: !!js/function "x"\n']) {
    assert.notEqual(mistakesIn(text).length, 0);
  }
});
