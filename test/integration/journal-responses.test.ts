/** Responses in the journal, as the client saw them: what of them, on both protocols, and what a replay makes of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { isArray, isObject, type JsonObject } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { sluice as command } from '../support/command-line.ts';
import { bind, describe, execute, parse, query, sync } from '../support/frontend.ts';
import { FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: secrets, when: { tables: [shop.vault, shop.products] }, then: { record: { responses: off } } }
  - { name: few, when: { tables: [shop.orders] }, then: { record: { responses: sampled, rows: 3 } } }
  - { name: cut, when: { tables: [shop.order_items] }, then: { limit: { rows: 5 } } }
masks:
  - { columns: [shop.customers.ssn], with: last4 }
`;

let postgres: PostgresServer;
let pair: MysqlPair;

before(async () => {
  [postgres, pair] = await Promise.all([startPostgres(), startMysqlPair()]);
  await createShop(postgres.url);
});

after(async () => {
  await Promise.all([postgres?.stop(), pair?.stop()]);
});

/** The response records about a statement that has such a text, as soon as the last of them is there. */
async function responseTo(sluice: Sluice, text: string): Promise<readonly JsonObject[]> {
  const found = () => {
    const records = sluice.records();
    const statement = records.find((record) => record['type'] === 'statement' && record['text'] === text);
    return records.filter(
      ({ type, session, number }) =>
        type === 'response' && session === statement?.['session'] && number === statement?.['number'],
    );
  };
  await until(() => found().some(({ end }) => end === true), `the response to ${text}`);
  return found();
}

async function once1(sluice: Sluice, text: string): Promise<JsonObject> {
  const [response, ...more] = await responseTo(sluice, text);
  assert.deepEqual(more, []);
  assert.ok(response !== undefined);
  return response;
}

test('Postgres: promise 4: what is recorded of a response is masked, by Query and by Execute', async () => {
  const sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    journal: 'responses: whole',
  });
  const client = new Client({ connectionString: sluice.url('agent') });
  try {
    await client.connect();
    const real = new Client({ connectionString: postgres.url('shop') });
    await real.connect();
    const { rows } = await real.query<{ ssn: string; name: string }>(
      'SELECT ssn, name FROM shop.customers WHERE id = 7',
    );
    await real.end();
    const simple = 'SELECT id, name, ssn FROM shop.customers WHERE id = 7';
    const seen = await client.query<{ ssn: string }>(simple);
    const response = await once1(sluice, simple);
    assert.deepEqual(response['columns'], ['id', 'name', 'ssn']);
    assert.deepEqual(response['rows'], [['7', rows[0]?.name, seen.rows[0]?.ssn]]);
    assert.notEqual(seen.rows[0]?.ssn, rows[0]?.ssn);
    const bound = 'SELECT id, ssn, created_at IS NULL AS no_date FROM shop.customers WHERE id = $1';
    await client.query(bound, [7]);
    const second = await once1(sluice, bound);
    assert.deepEqual(second['columns'], ['id', 'ssn', 'no_date']);
    assert.deepEqual(second['rows'], [['7', seen.rows[0]?.ssn, 'f']]);
    const journal = JSON.stringify(sluice.records());
    assert.ok(!journal.includes(String(rows[0]?.ssn)), 'the value itself is nowhere in the journal');
  } finally {
    await client.end();
    await sluice.stop();
  }
});

test('Postgres: several results, COPY, errors, notices, what is cut, and what a rule leaves out', async () => {
  const sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    journal: 'responses: whole',
  });
  const client = new Client({ connectionString: sluice.url('agent') });
  try {
    await client.connect();
    const two = 'SELECT 1 AS one; SELECT 2 AS two, NULL AS none';
    await client.query(two);
    const parts = await responseTo(sluice, two);
    await until(async () => (await responseTo(sluice, two)).length === 2, 'both results');
    assert.deepEqual(
      (await responseTo(sluice, two)).map(({ result, columns, rows, end }) => [result, columns, rows, end]),
      [
        [0, ['one'], [['1']], true],
        [1, ['two', 'none'], [['2', null]], true],
      ],
      JSON.stringify(parts),
    );
    const copy = 'COPY (SELECT id, ssn FROM shop.customers ORDER BY id LIMIT 2) TO STDOUT';
    const wire = await WireClient.connect(sluice.port, { user: 'agent', database: 'shop' });
    const copied = (await wire.ask(query(copy)))
      .filter(({ tag }) => tag === 'd')
      .map(({ body }) => body.toString())
      .join('');
    wire.end();
    assert.equal((await once1(sluice, copy))['copied'], copied);
    assert.match(copied, /^1\t.*\*.*\n2\t/);
    const bad = 'SELECT 1 / (id - id) FROM shop.orders LIMIT 1';
    await assert.rejects(client.query(bad), /division by zero/);
    assert.deepEqual((await once1(sluice, bad))['messages'], [
      { kind: 'error', sqlstate: '22012', text: 'division by zero' },
    ]);
    const noticing = 'DROP TABLE IF EXISTS shop.never_was';
    await client.query(noticing);
    assert.deepEqual((await once1(sluice, noticing))['messages'], [
      { kind: 'notice', sqlstate: '00000', text: 'table "never_was" does not exist, skipping' },
    ]);
    const sampled = 'SELECT id FROM shop.orders ORDER BY id LIMIT 10';
    await client.query(sampled);
    const few = await once1(sluice, sampled);
    assert.deepEqual(few['rows'], [['1'], ['2'], ['3']]);
    assert.ok(isObject(few['leftOut']));
    assert.equal(few['leftOut']['rows'], 7);
    const cut = 'SELECT order_id FROM shop.order_items LIMIT 50';
    await assert.rejects(client.query(cut), /truncated by rule "cut"/);
    const short = await once1(sluice, cut);
    assert.ok(isArray(short['rows']) && isArray(short['messages']) && isObject(short['messages'][0]));
    assert.equal(short['rows'].length, 5);
    assert.match(String(short['messages'][0]['text']), /truncated by rule "cut"/);
    await client.query('SELECT count(*) FROM shop.products');
    await client.query('SELECT 42 AS after_all');
    await once1(sluice, 'SELECT 42 AS after_all');
    assert.deepEqual(
      sluice.records().filter(({ type, columns }) => type === 'response' && String(columns) === 'count'),
      [],
    );
  } finally {
    await client.end();
    await sluice.stop();
  }
});

test('Postgres: binary rows of a statement that was described long before, and of a portal read in pieces', async () => {
  const sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    journal: 'responses: whole',
  });
  const wire = await WireClient.connect(sluice.port, { user: 'agent', database: 'shop' });
  try {
    const text =
      "SELECT n, n * 10000000000 AS big, n / 2.0::float8 AS half, '2026-03-01 09:30:00.25+00'::timestamptz AS at, 'é' AS word, inet '10.0.0.1' AS net FROM generate_series(1, 3) AS n";
    await wire.ask(parse('s', text), describe('S', 's'), sync());
    await wire.ask(query('SELECT 1'));
    await wire.ask(bind('', 's', [], { results: [1] }), execute('', 2), execute('', 2), sync());
    await until(async () => (await responseTo(sluice, text)).length === 2, 'both pieces');
    const [first, second] = await responseTo(sluice, text);
    assert.deepEqual(first?.['columns'], ['n', 'big', 'half', 'at', 'word', 'net']);
    const row = (n: number) => [
      String(n),
      String(n * 10_000_000_000),
      String(n / 2),
      '2026-03-01 09:30:00.25+00',
      'é',
      { hex: '022000040a000001' },
    ];
    assert.deepEqual([first?.['rows'], second?.['rows']], [[row(1), row(2)], [row(3)]]);
    assert.deepEqual([first?.['result'], second?.['result']], [0, 1]);
  } finally {
    wire.end();
    await sluice.stop();
  }
});

test('Postgres: a large result comes whole, in parts, and the replay shows it as a table', async () => {
  const sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    journal: 'responses: whole',
  });
  const client = new Client({ connectionString: sluice.url('agent') });
  try {
    await client.connect();
    const large = "SELECT n, repeat('x', 100) AS filling FROM generate_series(1, 30000) AS n";
    await client.query(large);
    const parts = await responseTo(sluice, large);
    assert.ok(parts.length > 10, `${parts.length} parts`);
    assert.deepEqual(
      parts.map(({ part }) => part),
      parts.map((_, n) => n + 1),
    );
    const rows = parts.flatMap((part) =>
      part['rows'] !== undefined && isArray(part['rows']) ? part['rows'] : [],
    );
    assert.deepEqual(
      rows.map((row) => (isArray(row) ? row[0] : null)),
      Array.from({ length: 30000 }, (_, n) => String(n + 1)),
    );
    assert.equal(parts.at(-1)?.['keptRows'], 30000);
    await client.end();
    const id = String(parts[0]?.['session']);
    const { code, out } = await command([
      'replay',
      id,
      sluice.journalDirectory,
      '--rows',
      '2',
      '--speed',
      '0',
    ]);
    assert.equal(code, 0);
    assert.match(out, /→ SELECT 30000, 30,000 rows/);
    assert.match(out, /\n +n {2}filling\n +1 {2}x{39}…\n +2 {2}x{39}…\n +… 29,998 more rows \(--rows\)\n/);
    assert.equal((await command(['verify', sluice.journalDirectory])).code, 0);
  } finally {
    await sluice.stop();
  }
});

test('nothing is recorded of responses unless the configuration or a rule says so', async () => {
  const sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY });
  const client = new Client({ connectionString: sluice.url('agent') });
  try {
    await client.connect();
    await client.query('SELECT 1 AS unrecorded');
    await client.query('SELECT id FROM shop.orders ORDER BY id LIMIT 2');
    const response = await once1(sluice, 'SELECT id FROM shop.orders ORDER BY id LIMIT 2');
    assert.deepEqual(response['rows'], [['1'], ['2']]);
    assert.equal(sluice.records().filter(({ type }) => type === 'response').length, 1);
  } finally {
    await client.end();
    await sluice.stop();
  }
});

for (const flavour of FLAVOURS) {
  test(`${flavour}: text and binary rows, several results, errors and cuts, masked`, async () => {
    const sluice = await startSluice({
      upstream: pair[flavour].url('shop'),
      policy: POLICY,
      journal: 'responses: whole',
      listener: 'multi_statements: true',
    });
    const client = await createConnection({
      host: '127.0.0.1',
      port: sluice.port,
      user: 'agent',
      database: 'shop',
      flags: ['-IGNORE_SPACE'],
      multipleStatements: true,
    });
    try {
      const text = 'SELECT id, name, ssn FROM customers WHERE id = 7';
      const [rows] = await client.query({ sql: text, rowsAsArray: true });
      const seen = await once1(sluice, text);
      assert.deepEqual(seen['columns'], ['id', 'name', 'ssn']);
      assert.deepEqual(
        seen['rows'],
        Array.isArray(rows) ? rows.map((row) => Object.values(row).map(String)) : [],
      );
      assert.match(JSON.stringify(seen['rows']), /\*/);
      const bound =
        "SELECT id, ssn, CAST('2026-03-01 09:30:00.25' AS DATETIME(2)) AS at, -1.5 AS less, NULL AS none FROM customers WHERE id = ?";
      await client.execute(bound, [7]);
      const second = await once1(sluice, bound);
      assert.deepEqual(second['columns'], ['id', 'ssn', 'at', 'less', 'none']);
      const first = isArray(seen['rows'] ?? null) ? seen['rows'] : [];
      const cells = isArray(first) && isArray(first[0] ?? null) ? first[0] : [];
      assert.deepEqual(second['rows'], [
        ['7', isArray(cells) ? cells[2] : null, '2026-03-01 09:30:00.25', '-1.5', null],
      ]);
      const two = 'SELECT 1 AS one; SELECT 2 AS two';
      await client.query(two);
      await until(async () => (await responseTo(sluice, two)).length === 2, 'both results');
      assert.deepEqual(
        (await responseTo(sluice, two)).map(({ result, columns, rows }) => [result, columns, rows]),
        [
          [0, ['one'], [['1']]],
          [1, ['two'], [['2']]],
        ],
      );
      const bad = 'SELECT id FROM customers WHERE id = (SELECT id FROM orders)';
      await assert.rejects(client.query(bad));
      assert.match(
        JSON.stringify((await once1(sluice, bad))['messages']),
        /"kind":"error","sqlstate":"21000"/,
      );
      const cut = 'SELECT order_id FROM order_items LIMIT 50';
      await assert.rejects(client.query(cut), /truncated by rule/);
      const short = await once1(sluice, cut);
      assert.ok(isArray(short['rows']));
      assert.equal(short['rows'].length, 5);
      await client.query('SELECT id FROM products LIMIT 1');
      const sampled = 'SELECT id FROM orders ORDER BY id LIMIT 10';
      await client.query(sampled);
      const few = await once1(sluice, sampled);
      assert.ok(isObject(few['leftOut']) && isArray(few['rows']));
      assert.deepEqual([few['rows'].length, few['leftOut']['rows']], [3, 7]);
    } finally {
      await client.end();
      await sluice.stop();
    }
  });
}
