/** One session as a newcomer meets it: what passes, what is denied, what is recorded. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { query } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { commandsOf, errorAmong, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
  - { name: bounded-selects, when: { unbounded: true }, then: deny, message: "add a LIMIT of 1000 or less" }
`;

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

test('a bounded select passes with its rows', async () => {
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query('SELECT id FROM shop.customers ORDER BY id LIMIT 3'));
  assert.equal(tagsOf(answer), 'TDDDCZ');
  assert.deepEqual(rowsOf(answer), [['1'], ['2'], ['3']]);
  client.end();
});

test('promise 6: a denial is an error in order, and the next statement works', async () => {
  const client = await WireClient.connect(sluice.port);
  const denied = await client.ask(query('DROP TABLE shop.orders'));
  assert.equal(tagsOf(denied), 'EZ');
  const error = errorAmong(denied);
  assert.equal(error?.['C'], '42501');
  assert.match(error?.['M'] ?? '', /no-destruction/);
  const counted = await client.ask(query('SELECT count(*) FROM shop.orders'));
  assert.deepEqual(rowsOf(counted), [['8000']]);
  assert.deepEqual(commandsOf(counted), ['SELECT 1']);
  client.end();
});
