/** Masks that could not do what their author means are refused, with line, column, key, and how to mend it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type KnownWorld, policyProblems, worldOf } from '../../../src/cli/policy-files.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { type Problem, ProblemsError } from '../../../src/core/problem.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';
import { Catalog, EMPTY_OBJECTS } from '../../../src/sql/index.ts';
import { sluice } from '../../support/command-line.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-masks-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const [INT8, TEXT, TIMESTAMPTZ, NUMERIC, INT4RANGE] = [20, 25, 1184, 1700, 3904];

function table(name: string, columns: readonly (readonly [name: string, type: string, oid: number])[]) {
  return {
    schema: 'shop',
    name,
    oid: null,
    kind: 'table',
    columns: columns.map(([column, type, typeOid], n) => ({
      name: column,
      number: n + 1,
      type,
      notNull: false,
      typeOid,
      typeModifier: -1,
      madeFrom: [],
    })),
    definition: null,
    parents: [],
    uniqueKeys: [],
    rewritten: false,
    system: false,
  } as const;
}

const CATALOG = new Catalog(
  18,
  {
    ...EMPTY_OBJECTS,
    relations: [
      table('customers', [
        ['id', 'bigint', INT8],
        ['ssn', 'text', TEXT],
        ['created_at', 'timestamp with time zone', TIMESTAMPTZ],
      ]),
      table('orders', [
        ['total', 'numeric', NUMERIC],
        ['hours', 'int4range', INT4RANGE],
      ]),
      table('payments', [['card_number', 'text', TEXT]]),
    ],
  },
  1,
);

const CONFIG = configSchema.parse({
  listeners: [
    {
      name: 'shop',
      protocol: 'postgres',
      listen: '127.0.0.1:0',
      upstream: 'postgres://app@127.0.0.1:1/shop',
    },
  ],
  identity: { users: [{ name: 'agent', groups: ['agents'], password: 'x' }] },
  policy: 'policy.yaml',
  masking: { keys: { customers: '0123456789abcdef' } },
  journal: { dir: 'journal' },
});

function problemsIn(masks: string, world: KnownWorld): readonly Problem[] {
  try {
    return policyProblems(loadPolicy('policy.yaml', `default: allow\nmasks:\n${masks}`).source, world);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems;
  }
}

/** Each as `line:column key: message`, without `masks[0].` */
function told(masks: string, world = worldOf(CONFIG, [CATALOG])): readonly string[] {
  return problemsIn(masks, world).map(
    ({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`,
  );
}

const MASKERS = 'redact, last4, first1, email, hash, null, fixed, year, range, fpe, token';
const ssn = (rest: string) => `  - { columns: [shop.customers.ssn], ${rest} }\n`;

const MISTAKES: readonly (readonly [what: string, masks: string, ...expected: string[]])[] = [
  [
    'a column that does not exist',
    '  - { columns: [shop.customers.snn], with: last4 }',
    '3:17 masks[0].columns[0]: no column matches "shop.customers.snn"; did you mean "shop.customers.ssn"?',
  ],
  [
    'a column of another schema',
    '  - { columns: [public.customers.ssn], with: last4 }',
    '3:17 masks[0].columns[0]: no column matches "public.customers.ssn"; did you mean "shop.customers.ssn"?',
  ],
  [
    'a pattern that matches nothing',
    '  - { columns: ["*.*.card_numbr"], with: last4 }',
    '3:17 masks[0].columns[0]: no column matches "*.*.card_numbr"; did you mean "*.*.card_number"?',
  ],
  [
    'a table in place of a column',
    '  - { columns: [shop.customers], with: redact }',
    '3:17 masks[0].columns[0]: no column matches "shop.customers"; for every column of the table write "shop.customers.*"',
  ],
  [
    'a name with a part too many',
    '  - { columns: [db.shop.customers.ssn], with: last4 }',
    '3:17 masks[0].columns[0]: expected a column as schema.table.column, where * stands for anything',
  ],
  ['no columns', '  - { columns: [], with: last4 }', '3:16 masks[0].columns: expected at least one item'],
  [
    'one column, not in a list',
    '  - { columns: shop.customers.ssn, with: last4 }',
    '3:16 masks[0].columns: expected a list, not "shop.customers.ssn"; write [shop.customers.ssn]',
  ],
  [
    'a masker that cannot fit the type',
    '  - columns: [shop.customers.created_at]\n    with: last4',
    '4:11 masks[0].with: last4 cannot mask shop.customers.created_at (timestamp with time zone): it only works on text, numbers and uuids; what can: redact, "null", year',
  ],
  [
    'a masker that fits some of the columns',
    '  - { columns: ["shop.customers.*"], with: email }',
    '3:44 masks[0].with: email cannot mask shop.customers.id (bigint): it only works on text; what can: redact, last4, first1, "null"',
    '3:44 masks[0].with: email cannot mask shop.customers.created_at (timestamp with time zone): it only works on text; what can: redact, "null", year',
  ],
  [
    'a masker that would turn a range around',
    '  - { columns: [shop.orders.hours], with: last4 }',
    '3:43 masks[0].with: last4 cannot mask shop.orders.hours (int4range): the bounds of a range of int4 would lose their order; use redact or null; what can: redact, "null"',
  ],
  [
    'a fixed value of another type',
    '  - { columns: [shop.orders.total], with: { fixed: n/a } }',
    '3:43 masks[0].with: fixed cannot mask shop.orders.total (numeric): "n/a" is no value of numeric; what can: redact, last4, first1, "null"',
  ],
  [
    'a mistyped masker',
    ssn('with: lst4'),
    '3:44 masks[0].with: there is no masker "lst4"; did you mean "last4"?',
  ],
  [
    'a masker in capitals',
    ssn('with: LAST4'),
    '3:44 masks[0].with: there is no masker "LAST4"; did you mean "last4"?',
  ],
  [
    'an unknown masker',
    ssn('with: obfuscate'),
    `3:44 masks[0].with: there is no masker "obfuscate"; expected one of ${MASKERS}`,
  ],
  [
    'an unknown masker with options',
    ssn('with: { buckets: { width: 10 } }'),
    `3:44 masks[0].with: there is no masker "buckets"; expected one of ${MASKERS}`,
  ],
  [
    'the null of YAML',
    ssn('with: null'),
    '3:44 masks[0].with: expected a masker such as last4; the one called "null" is written in quotes',
  ],
  [
    'no masker',
    '  - { columns: [shop.customers.ssn] }',
    '3:5 masks[0].with: is missing; expected a masker such as last4, or one with options such as { fixed: "n/a" }',
  ],
  [
    'a list of maskers',
    ssn('with: [last4]'),
    '3:44 masks[0].with: expected a masker such as last4, or one with options such as { fixed: "n/a" }',
  ],
  [
    'two maskers',
    ssn('with: { range: { width: 1 }, fixed: x }'),
    '3:44 masks[0].with: expected one masker, such as { range: { width: 10 } }',
  ],
  [
    'a masker without its options',
    ssn('with: range'),
    '3:44 masks[0].with: range takes options; write with: { range: { width: 10 } }',
  ],
  [
    'a keyed masker without its key',
    ssn('with: hash'),
    '3:44 masks[0].with: hash takes options; write with: { hash: { key: NAME } }',
  ],
  [
    'options that are not taken',
    ssn('with: { last4: {} }'),
    '3:44 masks[0].with: last4 takes no options; write with: last4',
  ],
  ['an option that is missing', ssn('with: { hash: {} }'), '3:52 masks[0].with.hash.key: is missing'],
  [
    'a mistyped option',
    ssn('with: { range: { widht: 10 } }'),
    '3:62 masks[0].with.range.widht: unknown key "widht"; did you mean "width"?',
  ],
  [
    'an option that is too small',
    ssn('with: { range: { width: 0 } }'),
    '3:62 masks[0].with.range.width: expected a number above 0, not 0',
  ],
  [
    'an alphabet with a character twice',
    ssn('with: { fpe: { key: customers, alphabet: aab } }'),
    '3:79 masks[0].with.fpe.alphabet: expected digits, alnum, or characters of which none is there twice',
  ],
  [
    'a key that does not exist',
    ssn('with: { token: { key: secret } }'),
    `3:60 masks[0].with.token.key: there is no key "secret" under masking.keys of sluice.yaml; masking: { keys: { secret: "\${file:secret.key}" } } in sluice.yaml would be one`,
  ],
  [
    'a mistyped key',
    ssn('with: { hash: { key: customer } }'),
    '3:59 masks[0].with.hash.key: there is no key "customer" under masking.keys of sluice.yaml; did you mean "customers"?',
  ],
  [
    'two masks of one column, one by a pattern',
    `${ssn('with: last4')}  - { columns: ["*.*.ssn"], with: redact }`,
    '4:16 masks[1].columns: masks[0] masks shop.customers.ssn already, and differs in with: expected one mask for each column',
  ],
  [
    'two masks of one column, one of which would be weaker',
    ssn('with: last4, inference: allow') + ssn('with: last4, unless: { groups: [agents] }'),
    '4:16 masks[1].columns: masks[0] masks shop.customers.ssn already, and differs in unless, inference: expected one mask for each column',
  ],
  [
    'a mistyped detector',
    '  - { detect: [email, us-sn], with: redact }',
    '3:23 masks[0].detect[1]: there is no detector "us-sn"; did you mean "us-ssn"?',
  ],
  [
    'an unknown detector',
    '  - { detect: [dna], with: redact }',
    '3:16 masks[0].detect[0]: there is no detector "dna"; expected one of credit-card, us-ssn, iban, email, ip, phone, vendor-key, jwt, private-key',
  ],
  ['no detectors', '  - { detect: [], with: redact }', '3:15 masks[0].detect: expected at least one item'],
  [
    'a detector that two masks name',
    '  - { detect: [email], with: redact }\n  - { detect: [phone, email], with: email }',
    '4:5 masks[1]: masks[0] looks for email already, and masks it in another way',
  ],
  ['no patterns', '  - { patterns: [], with: redact }', '3:17 masks[0].patterns: expected at least one item'],
  [
    'a pattern that ends too early',
    '  - { patterns: ["a("], with: redact }',
    '3:18 masks[0].patterns[0]: cannot be used as an RE2 pattern: missing closing ): `a(`',
  ],
  [
    'a pattern with look-ahead, which RE2 leaves out',
    '  - { patterns: ["(?=a)"], with: redact }',
    '3:18 masks[0].patterns[0]: cannot be used as an RE2 pattern: invalid or unsupported Perl syntax: `(?=`',
  ],
  [
    'a pattern that matches nothing at all',
    '  - { patterns: ["a*"], with: redact }',
    '3:18 masks[0].patterns[0]: cannot be used as an RE2 pattern: the pattern matches the empty text',
  ],
  [
    'inference on what is detected',
    '  - { detect: [email], with: redact, inference: deny }',
    '3:49 masks[0].inference: inference goes with columns: what is only detected has no column that could be compared',
  ],
  [
    'nulls on what is detected',
    '  - { detect: [email], with: redact, nulls: mask }',
    '3:45 masks[0].nulls: nulls goes with columns and json: nothing is detected in NULL',
  ],
  [
    'columns and detect',
    '  - { columns: [shop.customers.ssn], detect: [email], with: redact }',
    '3:5 masks[0]: columns and json are masked whole, so detect and patterns go into a mask of their own',
  ],
  [
    'neither columns nor detect',
    '  - { with: redact }',
    '3:5 masks[0]: masks nothing: expected columns, json, or detect or patterns',
  ],
  [
    'a mistyped columns',
    '  - { colums: [shop.customers.ssn], with: redact }',
    '3:7 masks[0].colums: unknown key "colums"; did you mean "columns"?',
  ],
  [
    'a mistyped inference',
    ssn('with: last4, inference: dney'),
    '3:62 masks[0].inference: expected allow, equality or deny, not "dney"; did you mean "deny"?',
  ],
  ['wrong nulls', ssn('with: last4, nulls: maybe'), '3:58 masks[0].nulls: expected keep or mask'],
  [
    'a mistyped key of a mask',
    ssn('with: last4, unles: {}'),
    '3:51 masks[0].unles: unknown key "unles"; did you mean "unless"?',
  ],
  [
    'an unknown group',
    ssn('with: last4, unless: { groups: [agent] }'),
    '3:70 masks[0].unless.groups[0]: there is no group "agent" among the groups of any user in sluice.yaml; did you mean "agents"?',
  ],
  [
    'an unknown user',
    ssn('with: last4, unless: { users: [agnt] }'),
    '3:69 masks[0].unless.users[0]: there is no user "agnt" among identity.users of sluice.yaml; did you mean "agent"?',
  ],
  [
    'an unknown listener',
    ssn('with: last4, unless: { listeners: [shp] }'),
    '3:73 masks[0].unless.listeners[0]: there is no listener "shp" among listeners of sluice.yaml; did you mean "shop"?',
  ],
  [
    'a mistyped key of unless',
    ssn('with: last4, unless: { group: [agents] }'),
    '3:61 masks[0].unless.group: unknown key "group"; did you mean "groups"?',
  ],
  [
    'an empty unless',
    ssn('with: last4, unless: {}'),
    '3:59 masks[0].unless: expected users, groups, listeners, clients or at',
  ],
  [
    'an empty list in unless',
    ssn('with: last4, unless: { groups: [] }'),
    '3:69 masks[0].unless.groups: expected at least one item',
  ],
];

for (const [what, masks, ...expected] of MISTAKES) {
  test(`told with its place: ${what}`, () => assert.deepEqual(told(masks), expected));
}

test('masks that look alike and are right', () => {
  for (const masks of [
    ssn('with: "null"'),
    ssn('with: { fixed: 5 }'),
    ssn('with: { fpe: { key: customers } }'),
    ssn('with: { range: { width: 10 } }'),
    '  - { columns: [ssn], with: last4 }',
    '  - { columns: [customers.ssn], with: last4, nulls: mask, inference: equality }',
    `${ssn('with: last4')}  - { columns: ["*.*.ssn", shop.payments.card_number], with: last4 }`,
    // What is found for some is masked in one way, and for the others in another.
    '  - { detect: [email], with: redact, unless: { groups: [agents] } }\n  - { detect: [email], with: email }',
    '  - { detect: [email], patterns: ["INV-[0-9]+"], with: redact }',
  ])
    assert.deepEqual(told(masks), [], masks);
});

test('without a catalog, what is written in the same way is still found to conflict', () => {
  const unknown = worldOf(CONFIG, [null]);
  assert.deepEqual(told(ssn('with: last4') + ssn('with: redact'), unknown), [
    '4:16 masks[1].columns: masks[0] masks shop.customers.ssn already, and differs in with: expected one mask for each column',
  ]);
  assert.deepEqual(told('  - { columns: [no.such.column], with: email }', unknown), []);
});

test('without a configuration, keys and groups are not known and not asked for', () => {
  const alone = worldOf(null, [CATALOG]);
  assert.deepEqual(told(ssn('with: { hash: { key: any } }, unless: { groups: [any] }'), alone), []);
});

function configWith(keys: string): string {
  const policy = join(directory, 'policy.yaml');
  writeFileSync(policy, `default: allow\nmasks:\n${ssn('with: { hash: { key: pii } }')}`);
  const config = join(directory, 'sluice.yaml');
  writeFileSync(
    config,
    `listeners:
  - { name: shop, protocol: postgres, listen: "127.0.0.1:0", upstream: "postgres://app@127.0.0.1:1/shop" }
identity: { users: [{ name: agent, password: x }] }
policy: policy.yaml
journal: { dir: ./journal }
masking:
  keys:
    pii: ${keys}
`,
  );
  return config;
}

const KEYS: readonly (readonly [what: string, keys: string, expected: string])[] = [
  [
    'too short',
    'hunter2hunter2',
    'masking.keys.pii: the secret is shorter than 16 bytes; "openssl rand -hex 32" prints a good one',
  ],
  [
    'too short, of several',
    '[{ id: b, secret: 0123456789abcdef }, { id: a, secret: hunter2hunter2 }]',
    'masking.keys.pii: the key "a" is shorter than 16 bytes; "openssl rand -hex 32" prints a good one',
  ],
  [
    'two of one id',
    '[{ id: a, secret: 0123456789abcdef }, { id: a, secret: fedcba9876543210 }]',
    'masking.keys.pii: the key id "a" is used twice',
  ],
  [
    'an id that would not fit into a token',
    '[{ id: a-b, secret: 0123456789abcdef }]',
    'masking.keys.pii: the key id "a-b" has to be 1 to 16 letters and digits',
  ],
  ['none', '[]', 'masking.keys.pii: expected at least one item'],
  [
    'a reference to nothing',
    `\${SLUICE_NO_SUCH_KEY}`,
    'masking.keys.pii: the environment variable SLUICE_NO_SUCH_KEY is not set',
  ],
  ['empty', '""', 'masking.keys.pii: must not be empty'],
];

for (const [what, keys, expected] of KEYS) {
  test(`a key that cannot be used is told where it stands, by check and run, without the key: ${what}`, async () => {
    const config = configWith(keys);
    for (const command of ['check', 'run']) {
      const { code, out, error } = await sluice([command, '--config', config]);
      assert.deepEqual([code, out], [2, ''], command);
      assert.ok(error.includes(`sluice.yaml:8:10: ${expected}\n`), error);
      assert.ok(!error.includes('hunter2') && !error.includes('0123456789abcdef'));
      assert.ok(!error.includes('policy.yaml:'), error);
    }
  });
}

test('a key that is good: nothing is wrong with it', async () => {
  const { code, error } = await sluice(['check', '--config', configWith('0123456789abcdef')]);
  assert.deepEqual([code, error], [0, '']);
});
