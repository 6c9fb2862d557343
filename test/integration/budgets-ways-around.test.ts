/** Promise 5: ways by which rows might reach a client uncounted. Each has a user of its own, and each is counted. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { bind, describe, execute, flush, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { errorAmong, WireClient, type WireMessage } from '../support/wire-client.ts';

const MAX = 500;
const USERS = [
  'prepared',
  'piped',
  'portals',
  'holding',
  'batch',
  'failing',
  'returning',
  'copying',
  'cancelling',
  'explaining',
  'reloading',
  'swapping',
];
const policyOf = (more = '') => `
default: allow
rules:
  - { name: hourly, when: {}, then: { budget: { window: 1h, rows: ${MAX} } } }
  - { name: counted, when: { users: [swapping] }, then: { budget: { window: 1h, statements: 40 } } }
${more}`;

let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: policyOf(),
    users: `[ ${USERS.map((name) => `{ name: ${name} }`).join(', ')} ]`,
  });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
});

const as = (user: string) => WireClient.connect(sluice.port, { user });
const rowsIn = (messages: readonly WireMessage[]) =>
  messages.filter(({ tag }) => tag === 'D' || tag === 'd').length;
const SERIES = (n: number) => `SELECT n FROM generate_series(1, ${n}) AS n`;

/** All of the budget has arrived, to the row, and the client was told. */
function assertSpent(messages: readonly WireMessage[]): void {
  assert.equal(rowsIn(messages), MAX);
  assert.equal(errorAmong(messages)?.['C'], '53400');
}

test('promise 5: one row at a time, by a statement that was prepared once', async () => {
  const client = await as('prepared');
  await client.ask(Buffer.concat([parse('s', SERIES(1)), sync()]));
  const got: WireMessage[] = [];
  for (let n = 0; n < 30; n++) {
    const many = Array.from({ length: 20 }, () => Buffer.concat([bind('', 's'), execute(), sync()]));
    client.send(Buffer.concat(many));
    for (let one = 0; one < 20; one++) got.push(...(await client.until('Z')));
  }
  assertSpent(got);
  client.end();
});

test('promise 5: a pipeline of executions under one Sync', async () => {
  const client = await as('piped');
  const many = Array.from({ length: 400 }, () => Buffer.concat([bind('', 's'), execute()]));
  assertSpent(await client.ask(Buffer.concat([parse('s', SERIES(3)), ...many, sync()])));
  client.end();
});

test('promise 5: a portal by pages, with other portals in between', async () => {
  const client = await as('portals');
  const open = ['a', 'b', 'c'].map((name) => Buffer.concat([bind(name, 's'), describe('P', name)]));
  client.send(Buffer.concat([query('BEGIN'), parse('s', SERIES(1000)), ...open, flush()]));
  const pages = Array.from({ length: 120 }, (_, n) => execute(['a', 'b', 'c'][n % 3] ?? '', 7));
  client.send(Buffer.concat([...pages, sync()]));
  await client.until('Z');
  assertSpent(await client.until('Z'));
  client.end();
});

test('promise 5: a cursor that outlives its transaction', async () => {
  const client = await as('holding');
  await client.ask(query(`BEGIN; DECLARE c CURSOR WITH HOLD FOR ${SERIES(2000)}; COMMIT`));
  const got: WireMessage[] = [];
  for (let n = 0; n < 12; n++) got.push(...(await client.ask(query('FETCH 60 FROM c'))));
  assertSpent(got);
  client.end();
});

test('promise 5: statements of one text', async () => {
  const client = await as('batch');
  assertSpent(await client.ask(query(Array.from({ length: 30 }, () => SERIES(40)).join('; '))));
  client.end();
});

test('promise 5: results that fail after rows', async () => {
  const client = await as('failing');
  const got: WireMessage[] = [];
  const failing = 'SELECT 1 / (90 - n) FROM generate_series(1, 1000) AS n';
  for (let n = 0; n < 10; n++) got.push(...(await client.ask(query(failing))));
  assert.equal(rowsIn(got), MAX);
  client.end();
});

test('promise 5: RETURNING, and rows of a writing CTE', async () => {
  const client = await as('returning');
  const got: WireMessage[] = [];
  await client.ask(query('CREATE TEMP TABLE t (n int)'));
  for (let n = 0; n < 8; n++)
    got.push(
      ...(await client.ask(query(`INSERT INTO t ${SERIES(50)} RETURNING n`))),
      ...(await client.ask(query(`WITH w AS (UPDATE t SET n = n + 1 RETURNING n) SELECT * FROM w LIMIT 50`))),
    );
  assertSpent(got);
  client.end();
});

test('promise 5: COPY, of a table and of a query', async () => {
  const client = await as('copying');
  const got: WireMessage[] = [];
  for (let n = 0; n < 8; n++) got.push(...(await client.ask(query(`COPY (${SERIES(99)}) TO STDOUT`))));
  assertSpent(got);
  client.end();
});

test('promise 5: results that are cancelled on the way, and asked for again', async () => {
  const got: WireMessage[] = [];
  for (let n = 0; n < 8; n++) {
    const client = await as('cancelling');
    // The server has sent the rows, and goes on working: the client takes what there is and leaves.
    client.send(query(`SELECT n FROM generate_series(1, 70) AS n UNION ALL SELECT 0 FROM pg_sleep(0.05)`));
    for (let left = 72; left > 0; left--) {
      const message = await client.next('a row or a refusal');
      got.push(message);
      if (message.tag === 'E') break;
    }
    client.end();
  }
  assertSpent(got);
});

test('promise 5: EXPLAIN ANALYZE and EXECUTE', async () => {
  const client = await as('explaining');
  await client.ask(query(`PREPARE p AS ${SERIES(30)}`));
  const got: WireMessage[] = [];
  for (let n = 0; n < 30; n++)
    got.push(
      ...(await client.ask(query('EXECUTE p'))),
      ...(await client.ask(query('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE p'))),
    );
  assertSpent(got);
  client.end();
});

test('promise 5: a policy that is loaded again does not begin to count anew', async () => {
  const client = await as('reloading');
  const got: WireMessage[] = [];
  for (let n = 0; n < 10; n++) {
    writeFileSync(sluice.policyFile, policyOf(`# ${n}\n`));
    sluice.server.reloadPolicy();
    got.push(...(await client.ask(query(SERIES(90)))));
  }
  assertSpent(got);
  client.end();
});

test('promise 5: statements are counted one by one, however they are sent', async () => {
  const client = await as('swapping');
  const prepared = Buffer.concat([parse('s', 'SELECT 1'), sync()]);
  await client.ask(prepared);
  const many = Array.from({ length: 50 }, () => Buffer.concat([bind('', 's'), execute()]));
  client.send(...many, sync());
  const first = await client.until('Z');
  assert.equal(rowsIn(first), 40);
  assert.equal(errorAmong(first)?.['C'], '53400');
  client.end();
});
