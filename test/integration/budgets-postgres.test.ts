/** Budgets and rates before a real Postgres: what arrived, and what the store counts. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { decide } from '../support/approvals.ts';
import { bind, describe, execute, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import {
  commandsOf,
  errorAmong,
  rowsOf,
  tagsOf,
  WireClient,
  type WireMessage,
} from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: hourly, when: { users: [agent] }, then: { budget: { window: 1h, rows: 1000 } } }
  - { name: sizes, when: { users: [sizes] }, then: { budget: { window: 1h, bytes: 64KiB } } }
  - { name: shared, when: { groups: [crew] }, then: { budget: { per: group, window: 1h, rows: 300 } } }
  - { name: orders, when: { users: [reader], tables: [shop.orders] }, then: { budget: { per: table, window: 1h, rows: 50 } } }
  - { name: emails, when: { users: [mailer] }, then: { budget: { per: column, window: 1h, rows: 20 } } }
  - { name: ask, when: { users: [asker] }, then: { budget: { window: 1h, rows: 10, over: approve, by: [dba] } } }
  - { name: few, when: { users: [few] }, then: { budget: { window: 1h, statements: 3 } } }
  - { name: pace, when: { users: [fast] }, then: { rate: { statements: 2, every: 1h } } }
masks:
  - { columns: [shop.customers.email], with: redact, unless: { groups: [mailers] } }
`;
const USERS = `[ { name: agent }, { name: sizes }, { name: one, groups: [crew] }, { name: two, groups: [crew] },
  { name: reader }, { name: mailer, groups: [mailers] }, { name: asker }, { name: few }, { name: fast }, { name: dana, groups: [dba] } ]`;

let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY, users: USERS });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
});

const as = (user: string) => WireClient.connect(sluice.port, { user });
const rowsIn = (messages: readonly WireMessage[]) => messages.filter(({ tag }) => tag === 'D').length;
const series = (n: number) => query(`SELECT n FROM generate_series(1, ${n}) AS n`);

test('promise 5: rows are counted over statements and sessions, and the budget ends a result between two rows', async () => {
  const first = await as('agent');
  assert.equal(rowsIn(await first.ask(series(400))), 400);
  const second = await as('agent');
  assert.equal(rowsIn(await second.ask(series(400))), 400);
  const cut = await first.ask(series(100_000));
  assert.equal(rowsIn(cut), 200);
  const error = errorAmong(cut);
  assert.equal(error?.['C'], '53400');
  assert.match(
    error?.['M'] ?? '',
    /^denied by rule "hourly": the budget of 1000 rows within 1h is used up \(1000 rows counted for user:agent, more in about \d+(\.\d)? min\)$/,
  );
  // Neither session is broken, and nothing more is run.
  for (const client of [first, second]) {
    const refused = await client.ask(series(1));
    assert.equal(tagsOf(refused), 'EZ');
    assert.equal(errorAmong(refused)?.['C'], '53400');
    assert.deepEqual(commandsOf(await client.ask(query('BEGIN'))), ['BEGIN']);
    client.end();
  }
  await until(
    () => sluice.records().some((record) => record['truncatedBy'] === 'hourly'),
    'the record of the cut',
  );
});

test('promise 5: bytes are counted as they are on the wire, by prepared statements and COPY alike', async () => {
  const client = await as('sizes');
  client.send(
    parse('', 'SELECT repeat($1, 1000) FROM generate_series(1, 30)'),
    bind('', '', ['x']),
    describe('P', ''),
    execute(),
    sync(),
  );
  const first = await client.until('Z');
  assert.equal(rowsIn(first), 30);
  const copied = await client.ask(
    query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000)) TO STDOUT"),
  );
  const sent = [...first, ...copied].filter(({ tag }) => tag === 'D' || tag === 'd');
  const bytes = sent.reduce((sum, { body }) => sum + body.length + 5, 0);
  assert.ok(bytes <= 64 * 1024 && bytes > 62 * 1024, String(bytes));
  assert.equal(errorAmong(copied)?.['C'], '53400');
  client.end();
});

test('promise 5: a group shares its budget', async () => {
  const one = await as('one');
  const two = await as('two');
  const [a, b] = await Promise.all([one.ask(series(200)), two.ask(series(200))]);
  assert.equal(rowsIn(a) + rowsIn(b), 300);
  one.end();
  two.end();
});

test('promise 5: a table has a budget of its own, over cursors too', async () => {
  const client = await as('reader');
  assert.equal(rowsIn(await client.ask(query('SELECT id FROM shop.orders LIMIT 30'))), 30);
  assert.equal(rowsIn(await client.ask(query('SELECT id FROM shop.products'))) > 0, true);
  await client.ask(query('BEGIN; DECLARE c CURSOR FOR SELECT id FROM shop.orders ORDER BY id'));
  assert.equal(rowsIn(await client.ask(query('FETCH 15 FROM c'))), 15);
  const rest = await client.ask(query('FETCH 15 FROM c'));
  assert.equal(rowsIn(rest), 5);
  assert.match(errorAmong(rest)?.['M'] ?? '', /table:shop\.orders at /);
  client.end();
});

test('promise 5: who sees a masked column as it is has a budget of it', async () => {
  const client = await as('mailer');
  assert.equal(rowsIn(await client.ask(query('SELECT id, name FROM shop.customers LIMIT 40'))), 40);
  assert.equal(rowsIn(await client.ask(query('SELECT email FROM shop.customers LIMIT 15'))), 15);
  const rest = await client.ask(query('SELECT lower(email) FROM shop.customers LIMIT 15'));
  assert.equal(rowsIn(rest), 5);
  assert.match(errorAmong(rest)?.['M'] ?? '', /column:shop\.customers\.email at /);
  client.end();
});

test('promise 5: beyond a budget people decide on a result, and what they let pass passes whole', async () => {
  const client = await as('asker');
  client.send(series(25));
  await decide(sluice, 'approve', { by: 'dana', where: ({ rule }) => rule === 'ask' });
  const whole = await client.until('Z');
  assert.equal(rowsIn(whole), 25);
  assert.deepEqual(commandsOf(whole), ['SELECT 25']);
  client.send(series(25));
  await decide(sluice, 'deny', { by: 'dana', where: ({ rule }) => rule === 'ask' });
  const none = await client.until('Z');
  assert.equal(rowsIn(none), 0);
  assert.match(errorAmong(none)?.['M'] ?? '', /denied by dana/);
  client.end();
});

test('promise 5: statements can be counted too, those of one text each for itself', async () => {
  const client = await as('few');
  assert.deepEqual(commandsOf(await client.ask(query('SELECT 1; SELECT 2'))).length, 2);
  // Of two only one is left: neither runs.
  assert.equal(tagsOf(await client.ask(query('SELECT 1; SELECT 2'))), 'EZ');
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 3'))), [['3']]);
  assert.equal(errorAmong(await client.ask(query('SELECT 4')))?.['C'], '53400');
  client.end();
});

test('a rate lets so many statements pass and says when the next may', async () => {
  const client = await as('fast');
  const other = await as('fast');
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  other.send(parse('', 'SELECT 2'), bind('', ''), execute(), sync());
  assert.deepEqual(rowsOf(await other.until('Z')), [['2']]);
  const late = errorAmong(await client.ask(query('SELECT 3')));
  assert.equal(late?.['C'], '53400');
  assert.match(late?.['M'] ?? '', /denied by rule "pace": more than 2 statements within 1h for user:fast/);
  assert.match(late?.['H'] ?? '', /^Try again in \d+(\.\d)? min\.$|^Try again in \d+ s\.$/);
  client.end();
  other.end();
});
