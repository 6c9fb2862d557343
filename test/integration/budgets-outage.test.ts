/** Budgets while the store that keeps them cannot be asked. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { query } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { commandsOf, errorAmong, WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules: [ { name: hourly, when: { users: [agent] }, then: { budget: { window: 1h, rows: 10000 } } } ]
`;

let postgres: PostgresServer;
let store: PostgresServer;
let sluice: Sluice;

before(async () => {
  [postgres, store] = await Promise.all([startPostgres(), startPostgres()]);
  await createShop(postgres.url);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    config: `state: { url: ${JSON.stringify(store.url('postgres'))} }`,
  });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  await store?.stop();
});

test('promise 5: without the store what a budget counts is refused, also amid a result, and the rest goes on', async () => {
  const client = await WireClient.connect(sluice.port);
  assert.deepEqual(commandsOf(await client.ask(query('SELECT n FROM generate_series(1, 100) AS n'))), [
    'SELECT 100',
  ]);
  await store.stop();
  // What was leased may be spent; then it ends.
  const cut = await client.ask(query('SELECT n FROM generate_series(1, 9000) AS n'));
  const rows = cut.filter(({ tag }) => tag === 'D').length;
  assert.ok(rows < 9000 && rows > 0, String(rows));
  const error = errorAmong(cut);
  assert.equal(error?.['C'], '57P03');
  assert.match(error?.['M'] ?? '', /the store of budgets cannot be asked/);
  const refused = errorAmong(await client.ask(query('SELECT 1')));
  assert.equal(refused?.['C'], '57P03');
  // What returns no rows costs nothing, and nobody else has a budget.
  assert.deepEqual(commandsOf(await client.ask(query('BEGIN'))), ['BEGIN']);
  const other = await WireClient.connect(sluice.port, { user: 'dba' });
  assert.deepEqual(commandsOf(await other.ask(query('SELECT n FROM generate_series(1, 9000) AS n'))), [
    'SELECT 9000',
  ]);
  other.end();
  client.end();
});
