/** Alerts and quarantines: what raises them, what follows, and who hears of it. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { query } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { errorAmong, errorOf, rowsOf, WireClient } from '../support/wire-client.ts';

const CANARY = 'canary.person@example.com';
const POLICY = `
default: allow
rules:
  - { name: no-drop, when: { effects: [destroy] }, then: deny }
  - { name: few, when: { users: [few] }, then: { budget: { window: 1h, rows: 5 } } }
masks:
  - { columns: [shop.customers.email], with: redact }
alerts:
  - { name: probing, on: denials, when: { users: [prober] }, after: 3, window: 10m, quarantine: 1h }
  - { name: used-up, on: budgets, when: { users: [few] } }
  - { name: large, on: large-results, rows: 50, when: { users: [agent] } }
  - { name: first-look, on: masked-table, when: { users: [looker] } }
  - { name: honey, on: canary, values: ["${CANARY}"], when: { users: [reader] } }
  - { name: trap, on: canary, values: ["${CANARY}"], cut: true, when: { users: [trapped] } }
`;
const USERS =
  '[ { name: agent }, { name: prober }, { name: few }, { name: looker }, { name: reader }, { name: trapped }, { name: dana, groups: [dba] } ]';

let postgres: PostgresServer;
let sluice: Sluice;
let hook: Server;
const told: { readonly type: string; readonly text: string; readonly alert: { readonly alert: string } }[] =
  [];

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  hook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk;
    });
    request.on('end', () => {
      told.push(JSON.parse(body));
      response.end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = hook.address();
  assert.ok(typeof address === 'object' && address !== null);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    users: USERS,
    config: `approvals: { webhook: { url: "http://127.0.0.1:${address.port}/", secret: 0123456789abcdef } }`,
  });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  hook?.close();
});

const as = (user: string) => WireClient.connect(sluice.port, { user });
const raised = (alert: string) =>
  sluice.records().filter((record) => record['type'] === 'alert' && record['alert'] === alert);
const once = (alert: string) => until(() => raised(alert).length > 0, `the alert ${alert}`);

test('denials in a row raise an alert and put the principal into quarantine, until somebody releases them', async () => {
  const client = await as('prober');
  const other = await as('prober');
  const neighbour = await as('agent');
  for (let n = 0; n < 2; n++) await client.ask(query('DROP TABLE shop.orders'));
  assert.equal(raised('probing').length, 0);
  other.send(query('DROP TABLE shop.orders'));
  await once('probing');
  const [record] = raised('probing');
  assert.equal(record?.['principal'], 'prober');
  assert.match(String(record?.['message']), /no-drop/);
  await until(() => client.closed && other.closed, 'the sessions to be cut');
  await assert.rejects(as('prober'), /access|revoked|28000/i);
  assert.deepEqual(rowsOf(await neighbour.ask(query('SELECT 1'))), [['1']]);
  const held = await sluice.server.state.revocations.current();
  assert.deepEqual(
    held.map(({ kind, subject, by }) => ({ kind, subject, by })),
    [{ kind: 'quarantine', subject: 'prober', by: 'sluice' }],
  );
  await until(
    () => told.some(({ type, alert }) => type === 'alert' && alert.alert === 'probing'),
    'the webhook',
  );
  assert.equal(raised('probing').length, 1);
  neighbour.end();
});

test('a budget that is used up raises an alert, and a large result does', async () => {
  const few = await as('few');
  await few.ask(query('SELECT n FROM generate_series(1, 9) AS n'));
  await once('used-up');
  const agent = await as('agent');
  await agent.ask(query('SELECT n FROM generate_series(1, 50) AS n'));
  await agent.ask(query('SELECT n FROM generate_series(1, 51) AS n'));
  await once('large');
  assert.deepEqual(
    raised('large').map(({ message }) => message),
    ['a result of 51 rows, 654 B'],
  );
  few.end();
  agent.end();
});

test('the first use of a table with masked columns raises an alert, and the second does not', async () => {
  const client = await as('looker');
  await client.ask(query('SELECT id, name FROM shop.customers LIMIT 1'));
  await client.ask(query('SELECT email FROM shop.customers LIMIT 1'));
  await once('first-look');
  await client.ask(query('SELECT email FROM shop.customers LIMIT 2'));
  const again = await as('looker');
  await again.ask(query('SELECT count(email) FROM shop.customers'));
  // What comes later is counted later.
  await again.ask(query('SELECT n FROM generate_series(1, 1) AS n'));
  assert.deepEqual(
    raised('first-look').map(({ message }) => message),
    ['first use of shop.customers, which has masked columns'],
  );
  client.end();
  again.end();
});

test('a canary is found before it is masked, in a value that comes in pieces, and ends the session where it must', async () => {
  const reader = await as('reader');
  const large = `SELECT repeat('x', 300000) || '${CANARY.slice(0, 6)}' || '${CANARY.slice(6)}' || repeat('y', 300000)`;
  assert.equal(rowsOf(await reader.ask(query(large)))[0]?.[0]?.includes(CANARY), true);
  await once('honey');
  assert.doesNotMatch(JSON.stringify(raised('honey')), /example\.com/);
  await reader.ask(query('CREATE TABLE shop.honey (id int, email text)'));
  await reader.ask(query(`INSERT INTO shop.honey VALUES (1, 'nobody'), (2, '${CANARY}')`));
  const trapped = await as('trapped');
  trapped.send(query('SELECT id, email FROM shop.honey ORDER BY id'));
  const seen: Buffer[] = [];
  let code: string | undefined;
  for (;;) {
    const message = await trapped.next().catch(() => null);
    if (message === null) break;
    seen.push(message.body);
    if (message.tag === 'E') code = errorOf(message)['C'];
  }
  assert.equal(code, '57P01');
  assert.equal(Buffer.concat(seen).includes(CANARY), false);
  await once('trap');
  assert.equal(errorAmong(await reader.ask(query('SELECT 1'))), null);
  reader.end();
});
