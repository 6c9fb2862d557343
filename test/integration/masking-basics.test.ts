/** Masks on columns, from the policy file to the bytes that a client receives. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { bind, execute, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { errorAmong, rowsOf, WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
masks:
  - columns: ["shop.customers.ssn"]
    with: last4
    unless: { groups: [dba] }
  - columns: ["shop.customers.email"]
    with: email
    inference: equality
  - columns: ["*.*.card_number"]
    with: redact
`;

/** The first customer's, of fixtures/shop/data.sql. */
const SSN = '253-57-6413';

let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
});

async function asked(sql: string, user = 'agent') {
  const client = await WireClient.connect(sluice.port, { user });
  const answer = await client.ask(query(sql));
  client.end();
  return answer;
}

test('promise 4: a masked column comes out masked, and whole for whom it is exempt', async () => {
  const masked = await asked('SELECT id, ssn FROM shop.customers WHERE id = 1');
  assert.deepEqual(rowsOf(masked), [['1', '***-**-6413']]);
  const whole = await asked('SELECT id, ssn FROM shop.customers WHERE id = 1', 'dba');
  assert.deepEqual(rowsOf(whole), [['1', SSN]]);
});

for (const sql of [
  "SELECT ssn || '' FROM shop.customers WHERE id = 1",
  'SELECT ssn COLLATE "C" FROM shop.customers WHERE id = 1',
  'SELECT c FROM shop.customers c WHERE id = 1',
  'SELECT row_to_json(c) FROM shop.customers c WHERE id = 1',
  'SELECT tax_id FROM shop.contact WHERE id = 1',
  'SELECT (SELECT ssn FROM shop.customers WHERE id = 1)',
  'WITH x AS (SELECT ssn AS y FROM shop.customers WHERE id = 1) SELECT reverse(y) FROM x',
  "SELECT string_agg(ssn, ',') FROM shop.customers WHERE id = 1",
  'SELECT ssn AS name, name AS ssn FROM shop.customers WHERE id = 1',
  'COPY (SELECT ssn, id FROM shop.customers WHERE id = 1) TO STDOUT',
  'COPY (SELECT ssn, id FROM shop.customers WHERE id = 1) TO STDOUT (FORMAT csv, HEADER)',
  'COPY (SELECT ssn, id FROM shop.customers WHERE id = 1) TO STDOUT (FORMAT binary)',
  'SELECT ssn::int FROM shop.customers WHERE id = 1',
  'EXPLAIN ANALYZE SELECT ssn FROM shop.customers WHERE id = 1',
  'SELECT * FROM shop.customers WHERE id = 1',
  'TABLE shop.customers',
  'UPDATE shop.customers SET city = city WHERE id = 1 RETURNING ssn',
]) {
  test(`promise 4: no byte of it in ${sql}`, async () => {
    const answer = await asked(sql);
    const bytes = Buffer.concat(answer.map(({ body }) => body)).toString('latin1');
    assert.ok(!bytes.includes('253-57'), bytes.slice(0, 300));
    assert.ok(!bytes.includes('75-352'));
  });
}

for (const sql of [
  "SELECT id FROM shop.customers WHERE ssn LIKE '2%'",
  `SELECT id FROM shop.customers WHERE ssn = '${SSN}'`,
  'SELECT id FROM shop.customers ORDER BY ssn LIMIT 1',
  'SELECT count(*) FROM shop.customers GROUP BY ssn',
  "INSERT INTO shop.orders (id, customer_id, status, total, note, placed_at) SELECT 90001, 1, 'x', 1, ssn, now() FROM shop.customers WHERE id = 1",
  'CREATE TEMP TABLE t AS SELECT ssn FROM shop.customers',
  'UPDATE shop.customers SET city = ssn WHERE id = 1',
  "SELECT set_config('x.y', ssn, false) FROM shop.customers WHERE id = 1",
  "SELECT pg_notify('c', ssn) FROM shop.customers WHERE id = 1",
  'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT ssn FROM shop.customers LIMIT 1 $$',
  "SELECT id FROM shop.customers WHERE email LIKE 'grace%'",
]) {
  test(`denied: ${sql}`, async () => {
    const error = errorAmong(await asked(sql));
    assert.equal(error?.['C'], '42501', JSON.stringify(error));
    assert.match(error?.['M'] ?? '', /denied by rule "mask /);
  });
}

test('what inference allows: equality, presence and counting', async () => {
  const equal = await asked("SELECT id FROM shop.customers WHERE email = 'grace.brown1@example.net'");
  assert.deepEqual(rowsOf(equal), [['1']]);
  const present = await asked('SELECT count(ssn) FROM shop.customers WHERE ssn IS NOT NULL');
  assert.deepEqual(rowsOf(present), [['3000']]);
});

test('extended protocol: text and binary results are masked without a Describe', async () => {
  const client = await WireClient.connect(sluice.port);
  for (const results of [[0], [1]] as const) {
    const answer = await client.ask(
      parse('', 'SELECT ssn FROM shop.customers WHERE id = $1'),
      bind('', '', ['1'], { results }),
      execute(),
      sync(),
    );
    assert.deepEqual(rowsOf(answer), [['***-**-6413']]);
    assert.equal(answer.map(({ tag }) => tag).join(''), '12DCZ');
  }
  client.end();
});

test('a column that is renamed stays masked', async () => {
  const client = await WireClient.connect(sluice.port);
  const dba = await WireClient.connect(sluice.port, { user: 'dba' });
  await dba.ask(query('ALTER TABLE shop.customers RENAME ssn TO plain'));
  const answer = await client.ask(query('SELECT plain FROM shop.customers WHERE id = 1'));
  await dba.ask(query('ALTER TABLE shop.customers RENAME plain TO ssn'));
  assert.deepEqual(rowsOf(answer), [['***-**-6413']]);
  client.end();
  dba.end();
});

test('promise 4: a notification comes without the payload that somebody else has put into it', async () => {
  const listener = await WireClient.connect(sluice.port, { user: 'agent' });
  await listener.ask(query('LISTEN news'));
  const teller = await WireClient.connect(postgres.port, { user: 'postgres', database: 'shop' });
  await teller.ask(query("SELECT pg_notify('news', ssn) FROM shop.customers WHERE id = 1"));
  const heard = await listener.next('a notification');
  assert.equal(heard.tag, 'A');
  assert.equal(heard.body.toString('latin1', 4), 'news\0\0');
  listener.end();
  teller.end();
});
