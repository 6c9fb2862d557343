/** What `sluice explain` prints for people. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sluice } from '../../support/command-line.ts';

const SCHEMA = fileURLToPath(new URL('../../../fixtures/shop/schema.sql', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'sluice-explain-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function policyFile(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

const POLICY = policyFile(
  'policy.yaml',
  `default: allow
rules:
  - name: bounded-selects
    when: { unbounded: true, groups: [agents] }
    then: deny
    message: add a LIMIT of 1000 or less
  - name: big-results
    when: {}
    then: { limit: { rows: 1000, bytes: 8MiB } }
`,
);

/** What is printed, without the last lines, which name files and hashes. */
async function shown(
  sql: string,
  policy = POLICY,
  ...options: readonly string[]
): Promise<readonly string[]> {
  const args = ['explain', '--schema', SCHEMA, '--policy', policy, '--group', 'agents', ...options, sql];
  const { code, out, error } = await sluice(args);
  assert.equal(error, '');
  assert.equal(code, 0);
  return out.slice(0, out.lastIndexOf('\n\nas ')).replaceAll(directory, '.').split('\n');
}

test('a denied statement: what it is, what it touches, why, and how to mend it', async () => {
  assert.deepEqual(await shown('SELECT id, lower(mail) AS m FROM shop.contact'), [
    'SELECT id, lower(mail) AS m FROM shop.contact',
    '',
    '  kind        SELECT',
    '  effects     read  reads data',
    '  reads       shop.contact, shop.customers (through a view or function)',
    '  output      id ← shop.contact.id, shop.customers.id',
    '              m ← shop.contact.mail (computed), shop.customers.email (computed)',
    '  calls       pg_catalog.lower (immutable)',
    '  rows        not bounded: no LIMIT or FETCH that holds for certain, and no look-up of one row',
    '',
    '  DENY        by rule "bounded-selects" at ./policy.yaml:3',
    '  because     when: { unbounded: true, groups: [agents] }',
    '  the client  reads 42501: denied by rule "bounded-selects": add a LIMIT of 1000 or less',
    '  to mend     end it with a LIMIT',
    '  matched     also "big-results"',
  ]);
});

test('a statement that passes, with the limit its result runs under', async () => {
  assert.deepEqual(await shown("UPDATE shop.orders SET note = 'x' WHERE id = 1 RETURNING id"), [
    "UPDATE shop.orders SET note = 'x' WHERE id = 1 RETURNING id",
    '',
    '  kind        UPDATE',
    '  effects     read   reads data',
    '              write  changes data, or locks rows to change them',
    '  changes     shop.orders (and reads it)',
    '  output      id ← shop.orders.id',
    '  filter      shop.orders: id',
    '  assignment  shop.orders: note',
    '  rows        bounded: one row at most',
    '',
    '  ALLOW       no rule denies it',
    '  limit       the result is cut after 1,000 rows, by rule "big-results"',
    '  limit       the result is cut after 8 MiB, by rule "big-results"',
  ]);
});

test('a caret under the place where the grammar stopped', async () => {
  assert.deepEqual(await shown('SELECT *\n  FRM shop.orders'), [
    'SELECT *',
    '  FRM shop.orders',
    '  ^',
    '',
    '  DENY        by rule "sluice/unparsable"',
    '  the client  reads 42601: syntax error at or near "FRM"',
    "  to mend     correct the SQL: the grammar is the server's own, which would refuse it as well",
  ]);
});

test('under default: deny, the rule that would allow it', async () => {
  const policy = policyFile('deny.yaml', 'default: deny\n');
  const lines = await shown('DELETE FROM shop.orders WHERE id = 1', policy);
  assert.ok(lines.includes('  DENY        by rule "default"'), lines.join('\n'));
  assert.match(
    lines.join(' ').replaceAll(/\s+/g, ' '),
    /to mend a rule in the policy that allows it: \{ name: some-name, when: \{ effects: \[.*write\], tables: \[shop\.orders\] \}, then: allow \}/,
  );
});

test('the baseline names the key that turns a rule off', async () => {
  const lines = await shown('SELECT * FROM pg_stats LIMIT 1');
  assert.ok(
    lines.some((line) => line.includes('baseline: { leak-catalogs: off }')),
    lines.join('\n'),
  );
});

test('a table that the search path does not reach is named where it is', async () => {
  const lines = await shown('SELECT count(*) FROM orders');
  assert.ok(
    lines.includes('  reads       public.orders (not in the catalog, though shop.orders is)'),
    lines.join('\n'),
  );
  const reached = await shown('SELECT count(*) FROM orders', POLICY, '--search-path', 'shop');
  assert.ok(reached.includes('  reads       shop.orders'), reached.join('\n'));
});

test('a batch says which statement keeps the others from running', async () => {
  const lines = await shown('SELECT 1; SELECT id FROM shop.orders');
  assert.equal(lines.at(-1), '  DENY  statement 2 is denied, so none of the 2 runs');
  assert.ok(lines.includes('-- 2 of 2'));
});

test('colours on a terminal only', async () => {
  const args = ['explain', '--policy', POLICY, 'SELECT 1'];
  assert.ok(!(await sluice(args)).out.includes('\x1b'));
  assert.ok((await sluice(args, { isTerminal: true })).out.includes('\x1b[32m'));
});

test('control characters of the statement do not reach the terminal', async () => {
  const { out } = await sluice(['explain', '--policy', POLICY, 'SELECT \'\x1b[2J\x07\' AS "\x1b]0;x"']);
  assert.ok(!out.includes('\x1b') && !out.includes('\x07'), JSON.stringify(out));
});

test('arguments that make no sense say what was expected', async () => {
  for (const [args, expected] of [
    [['explain'], /expected the SQL to explain/],
    [['explain', 'SELECT', '1'], /expected one SQL text, got 2 arguments; put the SQL in quotes/],
    [['explain', '--polcy', 'x', 'SELECT 1'], /there is no option --polcy; did you mean "--policy"\?/],
    [
      ['explain', '--server-version', '12', 'SELECT 1'],
      /--server-version is one of 13, 14, 15, 16, 17, 18, not "12"/,
    ],
    [['explain', '--policy', POLICY, '--at', 'noon', 'SELECT 1'], /expected a time such as .*, not "noon"/],
    [['explain', '--schema', directory, 'SELECT 1'], /expected a file, and this is a directory/],
    [['explain', '--schema', POLICY, 'SELECT 1'], /policy\.yaml:1:1: syntax error at or near "default"/],
    [['explain', '--param'], /--param takes a value/],
    [['explain', '   '], /the SQL is empty/],
  ] as const) {
    const { code, out, error } = await sluice(args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(out, '');
    assert.match(error, expected);
  }
});
