/** Budgets over two processes that share a Postgres store, one of which is killed amid results. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { query } from '../support/frontend.ts';
import { type SluiceProcess, startSluiceProcess } from '../support/sluice-process.ts';
import { asSuperuser, openStore } from '../support/state-stores.ts';
import { errorOf, WireClient } from '../support/wire-client.ts';

const ROWS = 20_000;
/** What an instance holds at most: a slice that is used, and one that was leased ahead. */
const SLICE = ROWS / 16;
const POLICY = `
default: allow
rules: [ { name: hourly, when: { groups: [agents] }, then: { budget: { per: group, window: 1h, rows: ${ROWS} } } } ]
`;
const SESSIONS = 50;

let postgres: PostgresServer;
const processes: SluiceProcess[] = [];

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  await asSuperuser(postgres.url(), 'CREATE DATABASE state');
  const options = {
    upstream: postgres.url('shop'),
    policy: POLICY,
    config: `state: { url: ${JSON.stringify(postgres.url('state'))} }`,
  };
  processes.push(...(await Promise.all([startSluiceProcess(options), startSluiceProcess(options)])));
});

after(async () => {
  for (const one of processes) await one.remove();
  await postgres?.stop();
});

test('promise 5: fifty sessions of two instances, one of them killed, get no row more than the budget has', async () => {
  const [one, two] = processes;
  assert.ok(one !== undefined && two !== undefined);
  let received = 0;
  let killed = false;
  /** Asks for more until it is refused, or its Sluice is gone. */
  const session = async (port: number): Promise<string> => {
    const client = await WireClient.connect(port);
    try {
      for (;;) {
        client.send(query('SELECT n FROM generate_series(1, 700) AS n'));
        for (let tag = ''; tag !== 'Z'; ) {
          const message = await client.next().catch(() => null);
          if (message === null) return 'gone';
          ({ tag } = message);
          if (tag === 'D') received++;
          if (tag === 'E') return errorOf(message)['C'] ?? '';
        }
        if (received < ROWS / 3 || killed) continue;
        killed = true;
        one.child.kill('SIGKILL');
      }
    } finally {
      client.end();
    }
  };
  const ends = await Promise.all(
    Array.from({ length: SESSIONS }, (_, n) => session(n % 2 === 0 ? one.port : two.port)),
  );
  assert.ok(killed);
  assert.ok(ends.every((end) => end === 'gone' || end === '53400'));
  assert.equal(ends.filter((end) => end === '53400').length >= SESSIONS / 2, true);
  // What the killed one had leased stays spent.
  assert.ok(received <= ROWS, String(received));
  assert.ok(received > ROWS - 3 * SLICE, String(received));
  const store = openStore(postgres.url('state'));
  const [budget] = await store.ledger.list();
  assert.equal(budget?.counted, ROWS);
  await store.close();
});

test('promise 5: what was taken counts after a restart', async () => {
  const [, two] = processes;
  assert.ok(two !== undefined);
  two.child.kill('SIGTERM');
  assert.equal(await two.exited, 0);
  const again = await startSluiceProcess({
    upstream: postgres.url('shop'),
    policy: POLICY,
    config: `state: { url: ${JSON.stringify(postgres.url('state'))} }`,
  });
  processes.push(again);
  const client = await WireClient.connect(again.port);
  const [error] = await client.ask(query('SELECT n FROM generate_series(1, 700) AS n'));
  assert.equal(errorOf(error)['C'], '53400');
  client.end();
});
