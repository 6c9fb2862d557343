/** `sluice explain --json`: what scripts rely on. A change here is a change for them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isArray, isObject, type JsonObject, parseJson } from '../../../src/core/json.ts';
import { sluice } from '../../support/command-line.ts';

const SCHEMA = fileURLToPath(new URL('../../../fixtures/shop/schema.sql', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'sluice-explain-'));
const policy = join(directory, 'policy.yaml');
writeFileSync(
  policy,
  `default: allow
rules:
  - name: no-destruction
    when: { effects: [destroy] }
    then: deny
  - name: bounded-selects
    when: { unbounded: { over: 1000 }, groups: [agents] }
    then: deny
    message: add a LIMIT of 1000 or less
  - name: night
    when: { users: [bot], clients: [10.0.0.0/8], at: { hours: "22:00-06:00" } }
    then: deny
  - name: big-results
    when: { groups: [agents] }
    then: { limit: { rows: 500 } }
  - name: watched
    when: { tables: [shop.secrets] }
    then: deny
    mode: observe
`,
);
after(() => rmSync(directory, { recursive: true, force: true }));

async function explained(sql: string, ...options: readonly string[]): Promise<JsonObject> {
  const args = [
    'explain',
    '--json',
    '--schema',
    SCHEMA,
    '--policy',
    policy,
    '--group',
    'agents',
    ...options,
    sql,
  ];
  const { code, out, error } = await sluice(args);
  assert.equal(error, '');
  assert.equal(code, 0);
  const value = parseJson(out);
  assert.ok(isObject(value));
  return value;
}

function statementsOf(explanation: JsonObject): readonly JsonObject[] {
  const { statements } = explanation;
  assert.ok(statements !== undefined && isArray(statements));
  return statements.filter(isObject);
}

test('every field of an explanation', async () => {
  const explanation = await explained(
    'SELECT c.name, lower(c.ssn) AS s FROM shop.contact v JOIN shop.customers c ON c.id = v.id WHERE v.mail = $1',
    '--server-version',
    '17',
  );
  assert.match(String(explanation['policy']), /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(
    { ...explanation, policy: '', statements: [] },
    {
      verdict: 'deny',
      rule: 'bounded-selects',
      rules: ['bounded-selects', 'big-results'],
      observed: [],
      message: 'denied by rule "bounded-selects": add a LIMIT of 1000 or less',
      sqlstate: '42501',
      detail: 'SELECT: read; shop.contact, shop.customers; without a LIMIT',
      hint: null,
      position: null,
      policy: '',
      user: 'anyone',
      groups: ['agents'],
      listener: '',
      client: null,
      serverVersion: 17,
      searchPath: ['pg_catalog', 'public'],
      warnings: [],
      statements: [],
    },
  );
  const [statement] = statementsOf(explanation);
  assert.deepEqual(statement?.['kind'], 'SELECT');
  assert.deepEqual(statement?.['kinds'], ['SELECT']);
  assert.deepEqual(statement?.['effects'], ['read']);
  assert.deepEqual(statement?.['relations'], [
    {
      schema: 'shop',
      name: 'contact',
      table: 'shop.contact',
      access: 'read',
      effects: ['read'],
      role: 'direct',
      known: true,
    },
    {
      schema: 'shop',
      name: 'customers',
      table: 'shop.customers',
      access: 'read',
      effects: ['read'],
      role: 'direct',
      known: true,
    },
  ]);
  assert.deepEqual(statement?.['functions'], [
    { schema: 'pg_catalog', name: 'lower', volatility: 'immutable' },
  ]);
  assert.equal(statement?.['bounded'], false);
  assert.deepEqual(statement?.['bound'], { kind: 'unbounded', rows: null });
  assert.equal(statement?.['unfiltered'], false);
  assert.equal(statement?.['verdict'], 'deny');
  assert.equal(statement?.['rule'], 'bounded-selects');
  assert.deepEqual(statement?.['rules'], ['bounded-selects', 'big-results']);
  const columns = statement?.['places'];
  assert.ok(isObject(columns));
  assert.deepEqual(columns['output'], ['shop.customers.name', 'shop.customers.ssn']);
  assert.deepEqual(columns['filter'], ['shop.contact.mail', 'shop.customers.email']);
});

test('promise 2: what cannot be parsed is denied, in the words of the server', async () => {
  const explanation = await explained('SELECT * FRM shop.orders');
  assert.equal(explanation['verdict'], 'deny');
  assert.equal(explanation['rule'], 'sluice/unparsable');
  assert.equal(explanation['message'], 'syntax error at or near "FRM"');
  assert.equal(explanation['sqlstate'], '42601');
  assert.equal(explanation['position'], 10);
  assert.deepEqual(explanation['statements'], []);
});

test('a LIMIT that is a parameter is judged by its value; without one it is NULL', async () => {
  const sql = 'SELECT * FROM shop.orders LIMIT $1';
  const few = await explained(sql, '--param', '10');
  assert.equal(few['verdict'], 'allow');
  assert.deepEqual(statementsOf(few)[0]?.['bound'], { kind: 'parameter', rows: 10, parameter: 1 });
  assert.equal(statementsOf(few)[0]?.['bounded'], true);
  assert.deepEqual(statementsOf(few)[0]?.['limit'], {
    rows: 500,
    rowsRule: 'big-results',
    bytes: null,
    bytesRule: null,
  });
  const many = await explained(sql, '--param', '1001');
  assert.equal(many['verdict'], 'deny');
  assert.equal(statementsOf(many)[0]?.['bounded'], true);
  const none = await explained(sql);
  assert.equal(none['verdict'], 'deny');
  assert.equal(statementsOf(none)[0]?.['bounded'], false);
});

test('a batch is denied with its first denied statement, and each has its own verdict', async () => {
  const explanation = await explained("SELECT 1; DELETE FROM shop.orders; SELECT 'a;b'");
  assert.equal(explanation['verdict'], 'deny');
  assert.equal(explanation['rule'], 'no-destruction');
  assert.deepEqual(
    statementsOf(explanation).map(({ text, verdict, unfiltered }) => [text, verdict, unfiltered]),
    [
      ['SELECT 1', 'allow', false],
      ['DELETE FROM shop.orders', 'deny', true],
      ["SELECT 'a;b'", 'allow', false],
    ],
  );
});

test('EXECUTE and FETCH are judged by what their names stand for', async () => {
  const prepare = 'PREPARE p AS SELECT * FROM shop.orders LIMIT $1;';
  assert.equal((await explained(`${prepare} EXECUTE p(10)`))['verdict'], 'allow');
  assert.equal((await explained(`${prepare} EXECUTE p(NULL)`))['rule'], 'bounded-selects');
  assert.equal((await explained('EXECUTE p(10)'))['rule'], 'sluice/unknown-name');
  assert.equal((await explained(`${prepare} DEALLOCATE p; EXECUTE p(1)`))['rule'], 'sluice/unknown-name');
  const cursor = 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM shop.orders LIMIT 5;';
  assert.equal((await explained(`${cursor} FETCH c`))['verdict'], 'allow');
  assert.equal((await explained('FETCH c'))['message'], 'cursor "c" does not exist');
});

test('parameters are bound to one statement only', async () => {
  const explanation = await explained('SELECT 1; SELECT 2', '--param', '1');
  assert.equal(explanation['verdict'], 'deny');
  assert.equal(explanation['message'], 'cannot insert multiple commands into a prepared statement');
});

test('a statement too long for the event loop is explained as well', async () => {
  const list = Array.from({ length: 3000 }, (_, n) => n).join(',');
  const explanation = await explained(`SELECT id FROM shop.orders WHERE id IN (${list}) LIMIT 5`);
  assert.equal(explanation['verdict'], 'allow');
  assert.equal(statementsOf(explanation)[0]?.['kind'], 'SELECT');
});

test('promise 2: a parser bomb is denied, not crashed on', async () => {
  const explanation = await explained(`SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`);
  assert.equal(explanation['verdict'], 'deny');
  assert.equal(explanation['rule'], 'sluice/too-complex');
});

test('user, client and time decide which rules apply', async () => {
  const as = (...options: readonly string[]) => explained('SELECT 1', '--user', 'bot', ...options);
  assert.equal((await as('--client', '10.1.1.1', '--at', '2026-03-01T23:00:00Z'))['rule'], 'night');
  assert.equal((await as('--client', '10.1.1.1', '--at', '2026-03-01T12:00:00Z'))['verdict'], 'allow');
  assert.equal((await as('--at', '2026-03-01T23:00:00Z'))['verdict'], 'allow');
});

test('a rule that only observes is told of', async () => {
  const explanation = await explained("SELECT value FROM shop.secrets WHERE name = 'a'");
  assert.equal(explanation['verdict'], 'allow');
  assert.deepEqual(explanation['observed'], ['watched']);
  assert.equal(statementsOf(explanation)[0]?.['bounded'], true);
});

test('what is masked in the result, and a use of a masked column that is denied', async () => {
  const masks = join(directory, 'masks.yaml');
  writeFileSync(masks, 'default: allow\nmasks:\n  - { columns: [shop.customers.ssn], with: last4 }\n');
  const explainedBy = async (sql: string) => {
    const { code, out } = await sluice(['explain', '--json', '--schema', SCHEMA, '--policy', masks, sql]);
    assert.equal(code, 0);
    const value = parseJson(out);
    assert.ok(isObject(value));
    return value;
  };
  const shown = await explainedBy('SELECT name, tax_id FROM shop.contact LIMIT 1');
  assert.equal(shown['verdict'], 'allow');
  assert.deepEqual(statementsOf(shown)[0]?.['masks'], {
    outputs: [null, { name: 'shop.customers.ssn', with: 'last4' }],
    unknown: { name: 'unknown origin', with: 'redact' },
    detected: [],
    touched: ['shop.customers.ssn'],
  });
  const compared = await explainedBy("SELECT name FROM shop.customers WHERE ssn = '1'");
  assert.equal(compared['verdict'], 'deny');
  assert.equal(compared['rule'], 'mask shop.customers.ssn');
  const text = await sluice([
    'explain',
    '--schema',
    SCHEMA,
    '--policy',
    masks,
    "SELECT name FROM shop.customers WHERE ssn = '1'",
  ]);
  assert.match(
    text.out,
    /DENY {8}by rule "mask shop\.customers\.ssn" at .*masks\.yaml:3\n {2}because {5}the mask \{ columns: \[shop\.customers\.ssn\], with: last4 \}/,
  );
});
