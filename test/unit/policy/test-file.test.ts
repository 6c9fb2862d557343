/** `sluice test`: the format of policy tests, and what is said of tests that fail. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sluice } from '../../support/command-line.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-policy-tests-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

file('shop.sql', 'CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint PRIMARY KEY, total numeric);');
file(
  'policy.yaml',
  `default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy], groups: [agents] }, then: deny }
  - { name: weekend, when: { users: [bot], at: { days: [sat, sun] } }, then: deny, message: come back on Monday }
  - { name: few-rows, when: { tables: [shop.orders] }, then: { limit: { rows: 10 } } }
`,
);

async function run(...files: readonly string[]) {
  const result = await sluice(['test', ...files]);
  return {
    ...result,
    out: result.out.replaceAll(`${directory}/`, ''),
    error: result.error.replaceAll(`${directory}/`, ''),
  };
}

test('tests that hold', async () => {
  const passing = file(
    'passing.yaml',
    `policy: policy.yaml
schema: shop.sql
serverVersion: 17
searchPath: [shop, public]
groups: [agents]
tests:
  - name: nobody drops tables
    sql: DROP TABLE orders
    expect: deny
    rule: no-destruction
  - { sql: DROP TABLE orders, groups: [dba], expect: allow }
  - { sql: "SELECT * FROM orders LIMIT $1", params: [5], expect: allow, rule: few-rows }
  - { sql: SELECT 1, user: bot, at: "2026-03-01T12:00:00Z", expect: deny, rule: weekend }
  - { sql: SELECT 1, user: bot, at: "2026-03-02T12:00:00Z", expect: allow }
  - { sql: SELEC 1, expect: deny, rule: sluice/unparsable }
`,
  );
  const { code, out, error } = await run(passing);
  assert.equal(error, '');
  assert.equal(out, 'pass  passing.yaml  6 tests\n');
  assert.equal(code, 0);
});

test('the same policy holds for MySQL and MariaDB', async () => {
  const mysqlSchema = file(
    'mysql.sql',
    'CREATE DATABASE shop; USE shop; CREATE TABLE `orders` (id int PRIMARY KEY, note text) ENGINE=InnoDB;',
  );
  assert.ok(mysqlSchema.endsWith('mysql.sql'));
  const files = (['mysql', 'mariadb'] as const).map((dialect) =>
    file(
      `${dialect}.yaml`,
      `policy: policy.yaml
schema: mysql.sql
dialect: ${dialect}
serverVersion: ${dialect === 'mysql' ? '8.4' : '"10.11.6"'}
groups: [agents]
tests:
  - { sql: "DROP TABLE \`orders\`", expect: deny, rule: no-destruction }
  - { sql: "/*!50000 DROP TABLE orders */", expect: deny, rule: no-destruction }
  - { sql: "SELECT * FROM orders LIMIT 0, 5", expect: allow, rule: few-rows }
  - { sql: "SELECT * FROM orders LIMIT ?", params: [5], expect: allow, rule: few-rows }
  - { sql: "SELECT * FROM shop.orders FOR SYSTEM_TIME ALL", expect: ${dialect === 'mysql' ? 'deny, rule: sluice/unparsable' : 'allow'} }
`,
    ),
  );
  const { code, out, error } = await run(...files);
  assert.equal(error, '');
  assert.equal(out, 'pass  mysql.yaml  5 tests\npass  mariadb.yaml  5 tests\n');
  assert.equal(code, 0);
});

test('tests that fail say what was expected, what happened and why', async () => {
  const failing = file(
    'failing.yaml',
    `policy: policy.yaml
schema: shop.sql
tests:
  - name: nobody drops tables
    sql: DROP TABLE shop.orders
    groups: [agents]
    expect: allow
  - name: for another reason
    sql: DROP TABLE shop.orders
    groups: [agents]
    expect: deny
    rule: weekend
  - { name: closed on Sundays, sql: SELECT 1, user: bot, at: "2026-03-01T12:00:00Z", expect: allow }
  - { name: limited, sql: SELECT 1, expect: allow, rule: few-rows }
  - { name: denied, sql: SELECT id FROM shop.orders, expect: deny, rule: few-rows }
`,
  );
  const { code, out } = await run(failing);
  assert.equal(code, 1);
  assert.deepEqual(out.split('\n'), [
    'FAIL  failing.yaml  5 tests, 5 failed',
    '',
    '  ✗ nobody drops tables  failing.yaml:4',
    '    DROP TABLE shop.orders',
    '    expected allow, got deny by rule "no-destruction"',
    '',
    '  ✗ for another reason  failing.yaml:8',
    '    DROP TABLE shop.orders',
    '    expected deny by rule "weekend", got it by rule "no-destruction"',
    '',
    '  ✗ closed on Sundays  failing.yaml:13',
    '    SELECT 1',
    '    expected allow, got deny by rule "weekend" (come back on Monday)',
    '',
    '  ✗ limited  failing.yaml:14',
    '    SELECT 1',
    '    expected rule "few-rows" to match; no rule matched',
    '',
    '  ✗ denied  failing.yaml:15',
    '    SELECT id FROM shop.orders',
    '    expected deny by rule "few-rows", got allow; what matched: few-rows',
    '',
    '',
  ]);
  const json = await sluice(['test', failing, '--json']);
  assert.equal(json.code, 1);
  const result: unknown = JSON.parse(json.out);
  assert.ok(typeof result === 'object' && result !== null && 'failed' in result && 'passed' in result);
  assert.deepEqual([result.passed, result.failed], [0, 5]);
});

test('a test file that is wrong: everything in it, with places; the other files still run', async () => {
  const wrong = file(
    'wrong.yaml',
    `polcy: policy.yaml
serverVersion: 12
tests:
  - { sql: SELECT 1, expect: alow }
  - { sql: 1, expect: deny, client: 10.0.0.0/8, at: noon, params: [[1]] }
`,
  );
  const good = file('good.yaml', 'policy: policy.yaml\ntests: [{ sql: SELECT 1, expect: allow }]\n');
  const { code, out, error } = await run(wrong, good);
  assert.equal(code, 2);
  assert.equal(out, 'pass  good.yaml  1 test\n');
  assert.deepEqual(error.split('\n').sort(), [
    '',
    'wrong.yaml:1:1: polcy: unknown key "polcy"; did you mean "policy"?',
    'wrong.yaml:1:1: policy: is missing',
    'wrong.yaml:2:16: serverVersion: expected 13 to 18 for Postgres, or a version of MySQL or MariaDB such as 8.4 or "10.11.6"',
    'wrong.yaml:4:30: tests[0].expect: expected allow, deny or approve, not "alow"; did you mean "allow"?',
    'wrong.yaml:5:12: tests[1].sql: expected text, not 1; put it in quotes',
    'wrong.yaml:5:37: tests[1].client: expected an address such as 10.1.2.3',
    'wrong.yaml:5:53: tests[1].at: expected a time such as 2026-03-01T09:30:00Z',
    'wrong.yaml:5:68: tests[1].params[0]: expected text, a number, true, false or null',
  ]);
});

test('files that are not there are told of where they are named', async () => {
  const lost = file(
    'lost.yaml',
    'policy: none.yaml\nschema: none.sql\ntests: [{ sql: SELECT 1, expect: allow }]\n',
  );
  const { code, error } = await run(lost);
  assert.equal(code, 2);
  assert.equal(
    error,
    'lost.yaml:1:9: policy: there is no file none.yaml\nlost.yaml:2:9: schema: there is no file none.sql\n',
  );
  assert.equal(
    (await run(join(directory, 'nowhere.yaml'))).error,
    'nowhere.yaml:1:1: there is no such file\n',
  );
  assert.match((await sluice(['test'])).error, /expected a file of tests/);
});
