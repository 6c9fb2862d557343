/** Statements that people have to approve, as Postgres clients meet them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { decide, recordsOf, requestIn, voteOn } from '../support/approvals.ts';
import { bind, cancelRequest, execute, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { commandsOf, errorAmong, errorOf, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: second-person, when: { effects: [write], tables: [shop.orders] }, then: { approve: { by: [dba, security], within: 1m } } }
  - { name: two-people, when: { effects: [write], tables: [shop.products] }, then: { approve: { by: [dba, security], approvers: 2 } } }
  - { name: quick, when: { effects: [write], tables: [shop.customers] }, then: { approve: { by: [dba], within: 300ms } } }
  - { name: later, when: { effects: [write], tables: [shop.order_items] }, then: { approve: { by: [dba], wait: 0s } } }
`;
const USERS =
  '[ { name: agent, groups: [agents, dba] }, { name: other, groups: [agents] }, { name: dana, groups: [dba] }, { name: sam, groups: [security] } ]';

let postgres: PostgresServer;
let sluice: Sluice;
let admin: WireClient;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY, users: USERS });
  admin = await WireClient.connect(Number(new URL(postgres.url('shop')).port), {
    user: decodeURIComponent(new URL(postgres.url('shop')).username),
  });
});

after(async () => {
  admin?.end();
  await sluice?.stop();
  await postgres?.stop();
});

async function cell(sql: string): Promise<string | null> {
  return rowsOf(await admin.ask(query(sql)))[0]?.[0] ?? null;
}

const statusOf = (id: number) => cell(`SELECT status FROM shop.orders WHERE id = ${id}`);

test('promise 7: held before it runs, the client told at once; approved, it runs and its record names the approval', async () => {
  const client = await WireClient.connect(sluice.port);
  const sql = "UPDATE shop.orders SET status = 'held-1' WHERE id = 1 -- reason: ticket 4711";
  client.send(query(sql));
  const notice = await client.next('a notice');
  assert.equal(notice.tag, 'N');
  const { M, D, H } = errorOf(notice);
  const request = await requestIn(sluice);
  assert.match(M ?? '', new RegExp(`second-person.*${request.id}`));
  assert.match(D ?? '', /one person of dba, security may decide until \d{4}-\d\d-\d\d .* UTC/);
  assert.match(H ?? '', new RegExp(`sluice approvals approve ${request.id} --as NAME`));
  assert.equal(request.reason, 'ticket 4711');
  assert.equal(request.shown['text'], sql);
  assert.deepEqual(request.shown['tables'], ['shop.orders']);
  assert.notEqual(await statusOf(1), 'held-1');
  assert.equal((await voteOn(sluice, request.id, 'approve')).outcome, 'counted');
  const answer = await client.until('Z');
  assert.deepEqual(commandsOf(answer), ['UPDATE 1']);
  assert.equal(await statusOf(1), 'held-1');
  const records = await recordsOf(sluice, request.id, 'statement');
  assert.deepEqual(
    records.map(({ type }) => type),
    ['approval-request', 'approval-vote', 'approval', 'statement'],
  );
  assert.equal(records[3]?.['verdict'], 'approve');
  client.end();
});

test('promise 6: denied, the client reads why in place, and the session and its transaction go on', async () => {
  const client = await WireClient.connect(sluice.port);
  await client.ask(query('BEGIN'));
  client.send(query("UPDATE shop.orders SET status = 'denied' WHERE id = 2"), query('SELECT 7'));
  const request = await decide(sluice, 'deny', { reason: 'not on a Friday' });
  const denied = await client.until('Z');
  assert.equal(tagsOf(denied), 'NEZ');
  assert.equal(errorAmong(denied)?.['C'], '42501');
  assert.match(
    errorAmong(denied)?.['M'] ?? '',
    new RegExp(`${request.id} was denied by dana: not on a Friday`),
  );
  assert.equal(denied.at(-1)?.body.toString(), 'T');
  assert.deepEqual(rowsOf(await client.until('Z')), [['7']]);
  assert.deepEqual(commandsOf(await client.ask(query('COMMIT'))), ['COMMIT']);
  assert.notEqual(await statusOf(2), 'denied');
  const records = await recordsOf(sluice, request.id);
  assert.equal(records.at(-1)?.['outcome'], 'denied');
  client.end();
});

test('promise 7: nobody decides in time: it never runs, and a late yes counts for nothing', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query("UPDATE shop.customers SET city = 'late' WHERE id = 1"));
  const request = await requestIn(sluice);
  const answer = await client.until('Z');
  assert.equal(tagsOf(answer), 'NEZ');
  assert.equal(errorAmong(answer)?.['C'], '57014');
  assert.match(errorAmong(answer)?.['M'] ?? '', /expired at .*: nobody decided in time/);
  assert.equal((await voteOn(sluice, request.id, 'approve')).outcome, 'refused');
  assert.notEqual(await cell('SELECT city FROM shop.customers WHERE id = 1'), 'late');
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  client.end();
});

test('promise 7: the client is gone: the request is cancelled, and nothing runs', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query("UPDATE shop.orders SET status = 'gone' WHERE id = 3"));
  const request = await requestIn(sluice);
  client.end();
  await requestIn(sluice, 'cancelled', ({ id }) => id === request.id);
  const vote = await voteOn(sluice, request.id, 'approve');
  assert.deepEqual(vote, { outcome: 'refused', why: 'settled' });
  assert.notEqual(await statusOf(3), 'gone');
});

test('promise 7: CancelRequest takes the request back; in a transaction the server fails with it', async () => {
  const client = await WireClient.connect(sluice.port);
  await client.ask(query('BEGIN'));
  client.send(query("UPDATE shop.orders SET status = 'gone' WHERE id = 3"));
  const request = await requestIn(sluice);
  const key = client.greeting.find(({ tag }) => tag === 'K')?.body ?? Buffer.alloc(8);
  const canceller = await WireClient.dial(sluice.port);
  canceller.send(cancelRequest(key.readInt32BE(0), key.subarray(4)));
  const answer = await client.until('Z');
  assert.equal(errorAmong(answer)?.['C'], '57014');
  assert.equal(answer.at(-1)?.body.toString(), 'E');
  await requestIn(sluice, 'cancelled', ({ id }) => id === request.id);
  assert.deepEqual(commandsOf(await client.ask(query('ROLLBACK'))), ['ROLLBACK']);
  canceller.end();
  client.end();
});

test('promise 7: never the requester, whatever their groups', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query("UPDATE shop.orders SET status = 'own' WHERE id = 4"));
  const { id } = await requestIn(sluice);
  const own = await voteOn(sluice, id, 'approve', { by: 'agent', groups: ['agents', 'dba'] });
  assert.deepEqual(own, { outcome: 'refused', why: 'own' });
  const stranger = await voteOn(sluice, id, 'approve', { by: 'eve', groups: ['agents'] });
  assert.deepEqual(stranger, { outcome: 'refused', why: 'not-allowed' });
  assert.notEqual(await statusOf(4), 'own');
  await voteOn(sluice, id, 'deny');
  assert.equal(errorAmong(await client.until('Z'))?.['C'], '42501');
  client.end();
});

test('promise 7: two of two groups are two people: one person in both groups is one', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query("UPDATE shop.products SET name = 'two people' WHERE id = 1"));
  const { id } = await requestIn(sluice);
  const first = await voteOn(sluice, id, 'approve', { by: 'dana', groups: ['dba', 'security'] });
  assert.equal(first.outcome, 'counted');
  const twice = await voteOn(sluice, id, 'approve', { by: 'dana', groups: ['security'] });
  assert.deepEqual(twice, { outcome: 'refused', why: 'twice' });
  assert.notEqual(await cell('SELECT name FROM shop.products WHERE id = 1'), 'two people');
  const second = await voteOn(sluice, id, 'approve', { by: 'sam', groups: ['security'] });
  assert.equal(second.outcome, 'counted');
  assert.deepEqual(commandsOf(await client.until('Z')), ['UPDATE 1']);
  assert.equal(await cell('SELECT name FROM shop.products WHERE id = 1'), 'two people');
  client.end();
});

test('promise 7: wait 0: an error with the id at once; approved, the same statement runs, once', async () => {
  const client = await WireClient.connect(sluice.port);
  const sql = 'UPDATE shop.order_items SET quantity = quantity + 100 WHERE order_id = 1';
  const quantity = () => cell('SELECT sum(quantity) FROM shop.order_items WHERE order_id = 1');
  const before = await quantity();
  const first = await client.ask(query(sql));
  assert.equal(tagsOf(first), 'EZ');
  const { id } = await requestIn(sluice);
  assert.match(
    errorAmong(first)?.['M'] ?? '',
    new RegExp(`needs approval ${id} by rule "later": run the same statement again`),
  );
  // Asked again before anybody has decided, it is the same request.
  assert.match(errorAmong(await client.ask(query(sql)))?.['M'] ?? '', new RegExp(id));
  await voteOn(sluice, id, 'approve');
  // Neither another statement nor another principal has been approved.
  const changed = await client.ask(query(sql.replace('+ 100', '+ 101')));
  assert.doesNotMatch(errorAmong(changed)?.['M'] ?? '', new RegExp(id));
  const other = await WireClient.connect(sluice.port, { user: 'other' });
  assert.doesNotMatch(errorAmong(await other.ask(query(sql)))?.['M'] ?? '', new RegExp(id));
  assert.equal(await quantity(), before);
  const ran = await client.ask(query(sql));
  assert.equal(tagsOf(ran), 'CZ');
  const once = await quantity();
  assert.notEqual(once, before);
  const second = await client.ask(query(sql));
  assert.equal(errorAmong(second)?.['C'], '42501');
  assert.doesNotMatch(errorAmong(second)?.['M'] ?? '', new RegExp(id));
  assert.equal(await quantity(), once);
  client.end();
  other.end();
});

test('promise 7: values are a part of it: held at Bind with its parameters, other values are not covered', async () => {
  const client = await WireClient.connect(sluice.port);
  const sql = 'UPDATE shop.order_items SET quantity = $1 WHERE order_id = 2';
  const run = (value: string) => [parse('', sql), bind('', '', [value]), execute(), sync()];
  const first = await client.ask(...run('5'));
  assert.equal(tagsOf(first), '1EZ');
  const { id, shown } = await requestIn(sluice, 'pending', (view) => view.shown['text'] === sql);
  assert.deepEqual(shown['parameters'], ['5']);
  await voteOn(sluice, id, 'approve');
  assert.match(errorAmong(await client.ask(...run('6')))?.['M'] ?? '', /needs approval/);
  const ran = await client.ask(...run('5'));
  assert.equal(tagsOf(ran), '12CZ');
  assert.equal(await cell('SELECT max(quantity) FROM shop.order_items WHERE order_id = 2'), '5');
  client.end();
});

test('promise 7: in a pipeline what came before is answered first, what comes behind waits, and order holds', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(
    parse('', "SELECT 'before'"),
    bind('', ''),
    execute(),
    parse('', 'UPDATE shop.orders SET status = $1 WHERE id = 5'),
    bind('', '', ['piped']),
    execute(),
    parse('', "SELECT 'behind'"),
    bind('', ''),
    execute(),
    sync(),
  );
  const head = await client.until('N');
  assert.equal(tagsOf(head), '12DC1N');
  await decide(sluice, 'approve', { where: ({ rule }) => rule === 'second-person' });
  const rest = await client.until('Z');
  assert.equal(tagsOf(rest), '2C12DCZ');
  assert.equal(await statusOf(5), 'piped');
  client.end();
});

test('promise 7: EXECUTE and cursors are asked about by what they run, and once for all pages of a result', async () => {
  const client = await WireClient.connect(sluice.port);
  await client.ask(query("PREPARE p(int) AS UPDATE shop.orders SET status = 'by name' WHERE id = $1"));
  client.send(query('EXECUTE p(6)'));
  const ofOrders = ({ rule }: { readonly rule: string }) => rule === 'second-person';
  const named = await decide(sluice, 'approve', { where: ofOrders });
  assert.match(String(named.shown['runs']), /UPDATE shop\.orders SET status = 'by name'/);
  assert.deepEqual(commandsOf(await client.until('Z')), ['UPDATE 1']);
  assert.equal(await statusOf(6), 'by name');
  await client.ask(query('BEGIN'));
  const pages =
    "WITH w AS (UPDATE shop.orders SET status = 'paged' WHERE id IN (7, 8, 9) RETURNING id) SELECT id FROM w";
  client.send(parse('', pages), bind('pages', ''), execute('pages', 1), sync());
  await decide(sluice, 'approve', { where: ofOrders });
  assert.equal(tagsOf(await client.until('Z')), '1N2DsZ');
  assert.equal(tagsOf(await client.ask(execute('pages', 0), sync())), 'DDCZ');
  await client.ask(query('COMMIT'));
  assert.equal(await statusOf(9), 'paged');
  client.end();
});

test('promise 7: a new policy version is not covered by an approval under the old one', async () => {
  const { writeFileSync } = await import('node:fs');
  const client = await WireClient.connect(sluice.port);
  const sql = 'UPDATE shop.order_items SET quantity = 77 WHERE order_id = 3';
  await client.ask(query(sql));
  const { id } = await requestIn(sluice, 'pending', (view) => view.shown['text'] === sql);
  await voteOn(sluice, id, 'approve');
  writeFileSync(sluice.policyFile, `${POLICY}# another version\n`);
  const before = sluice.server.policy.current.version;
  sluice.server.reloadPolicy();
  await until(() => sluice.server.policy.current.version !== before, 'the new policy');
  const answer = await client.ask(query(sql));
  assert.match(errorAmong(answer)?.['M'] ?? '', /needs approval/);
  assert.doesNotMatch(errorAmong(answer)?.['M'] ?? '', new RegExp(id));
  client.end();
});
