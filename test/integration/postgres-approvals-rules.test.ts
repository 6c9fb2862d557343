/** Approvals by several rules, for a while, under a policy that changes, with drivers, and without a store. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { decide, requestIn, voteOn } from '../support/approvals.ts';
import { sluice as command } from '../support/command-line.ts';
import { query } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { commandsOf, errorAmong, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const RULES = `
default: allow
rules:
  - { name: window, when: { effects: [write], tables: [shop.order_items] }, then: { approve: { by: [dba], window: 1h } } }
  - { name: first, when: { effects: [write], tables: [shop.products] }, then: { approve: { by: [dba] } } }
  - { name: second, when: { effects: [write], tables: [shop.products] }, then: { approve: { by: [security] } } }
  - { name: addresses, when: { effects: [write], tables: [shop.customers] }, then: { approve: { by: [dba] } } }
masks:
  - { columns: ["shop.customers.email"], with: redact }
`;
const USERS =
  '[ { name: agent, groups: [agents] }, { name: dana, groups: [dba] }, { name: sam, groups: [security] } ]';
const named = (rule: string) => (view: { readonly rule: string }) => view.rule === rule;

let postgres: PostgresServer;
let sluice: Sluice;
let admin: WireClient;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: RULES, users: USERS });
  const url = new URL(postgres.url('shop'));
  admin = await WireClient.connect(Number(url.port), { user: decodeURIComponent(url.username) });
});

after(async () => {
  admin?.end();
  await sluice?.stop();
  await postgres?.stop();
});

async function cell(sql: string): Promise<string | null> {
  return rowsOf(await admin.ask(query(sql)))[0]?.[0] ?? null;
}

test('promise 7: within its window a yes serves the same statement again, and no other', async () => {
  const client = await WireClient.connect(sluice.port);
  const sql = 'UPDATE shop.order_items SET quantity = quantity + 1 WHERE order_id = 1';
  client.send(query(sql));
  const { id } = await decide(sluice, 'approve', { where: named('window') });
  assert.deepEqual(commandsOf(await client.until('Z')).length, 1);
  assert.equal(tagsOf(await client.ask(query(sql))), 'CZ');
  client.send(query(`${sql} `));
  const other = await requestIn(sluice, 'pending', named('window'));
  assert.notEqual(other.id, id);
  await voteOn(sluice, other.id, 'deny');
  assert.equal(errorAmong(await client.until('Z'))?.['C'], '42501');
  client.end();
});

test('promise 7: of two rules both have to be met, and a no to one ends the other', async () => {
  const client = await WireClient.connect(sluice.port);
  client.send(query("UPDATE shop.products SET name = 'both' WHERE id = 1"));
  await client.until('N', 2);
  await decide(sluice, 'approve', { where: named('first') });
  const second = await requestIn(sluice, 'pending', named('second'));
  assert.notEqual(await cell('SELECT name FROM shop.products WHERE id = 1'), 'both');
  await voteOn(sluice, second.id, 'approve', { by: 'sam', groups: ['security'] });
  assert.deepEqual(commandsOf(await client.until('Z')), ['UPDATE 1']);
  client.send(query("UPDATE shop.products SET name = 'none' WHERE id = 1"));
  await client.until('N', 2);
  const left = await requestIn(sluice, 'pending', named('first'));
  await decide(sluice, 'deny', { where: named('second'), by: 'sam', groups: ['security'] });
  assert.match(errorAmong(await client.until('Z'))?.['M'] ?? '', /denied by sam/);
  await requestIn(sluice, 'cancelled', ({ id }) => id === left.id);
  client.end();
});

test('promise 7: a text of several statements is held and runs as a whole', async () => {
  const client = await WireClient.connect(sluice.port);
  const text = "SELECT 'before'; UPDATE shop.customers SET city = 'whole' WHERE id = 1; SELECT 'behind'";
  client.send(query(text));
  const { shown } = await decide(sluice, 'approve', { where: named('addresses') });
  assert.equal(shown['text'], text);
  assert.deepEqual(rowsOf(await client.until('Z')), [['before'], ['behind']]);
  assert.equal(await cell('SELECT city FROM shop.customers WHERE id = 1'), 'whole');
  client.end();
});

test('promise 7: a driver hears of it by its notice; values that may be of a masked column are not shown', async () => {
  const client = new Client({ connectionString: sluice.url() });
  await client.connect();
  const notices: string[] = [];
  client.on('notice', (notice) => notices.push(notice.message ?? ''));
  const running = client.query('UPDATE shop.customers SET email = $1 WHERE id = $2', [
    'secret@example.com',
    2,
  ]);
  const request = await requestIn(sluice, 'pending', named('addresses'));
  assert.doesNotMatch(JSON.stringify(request.shown), /secret@example/);
  assert.match(JSON.stringify(request.shown['parameters']), /"masked":true,"bytes":18/);
  await voteOn(sluice, request.id, 'approve');
  assert.equal((await running).rowCount, 1);
  assert.match(notices[0] ?? '', new RegExp(request.id));
  assert.equal(await cell('SELECT email FROM shop.customers WHERE id = 2'), 'secret@example.com');
  await client.end();
});

test('promise 7: a policy that changes while a statement is held: what was asked is taken back', async () => {
  const client = await WireClient.connect(sluice.port);
  const before = sluice.server.policy.current.version;
  client.send(query("UPDATE shop.customers SET city = 'moved' WHERE id = 3"));
  await client.until('N');
  const request = await requestIn(sluice, 'pending', named('addresses'));
  writeFileSync(
    sluice.policyFile,
    RULES.replace('{ by: [dba] } } }\nmasks', '{ by: [security] } } }\nmasks'),
  );
  sluice.server.reloadPolicy();
  await until(() => sluice.server.policy.current.version !== before, 'the new policy');
  // The yes comes under the old policy, and does not cover what is asked under the new one.
  await voteOn(sluice, request.id, 'approve');
  await client.until('N');
  assert.notEqual(await cell('SELECT city FROM shop.customers WHERE id = 3'), 'moved');
  const again = await requestIn(sluice, 'pending', named('addresses'));
  assert.deepEqual(again.by, ['security']);
  await voteOn(sluice, again.id, 'approve', { by: 'sam', groups: ['security'] });
  assert.deepEqual(commandsOf(await client.until('Z')), ['UPDATE 1']);
  client.end();
});

test('a store that cannot be asked: what needs approval fails closed, and the rest goes on', async () => {
  const alone = await startSluice({
    upstream: postgres.url('shop'),
    policy: RULES,
    users: USERS,
    config: 'state: { url: "postgres://nobody:none@127.0.0.1:1/none" }',
  });
  const client = await WireClient.connect(alone.port);
  const failed = await client.ask(query("UPDATE shop.customers SET city = 'unasked' WHERE id = 4"));
  assert.equal(errorAmong(failed)?.['C'], '57P03');
  assert.match(errorAmong(failed)?.['M'] ?? '', /approvals cannot be asked for/);
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  assert.notEqual(await cell('SELECT city FROM shop.customers WHERE id = 4'), 'unasked');
  const listed = await command(['approvals', '--config', alone.configFile]);
  assert.equal(listed.code, 2);
  assert.match(listed.error, /the state store cannot be asked/);
  client.end();
  await alone.stop();
});

test('sluice check and explain: groups that nobody has, and who would be asked', async () => {
  writeFileSync(sluice.policyFile, RULES.replace('by: [security]', 'by: [securty]'));
  const checked = await command(['check', '--config', sluice.configFile]);
  assert.equal(checked.code, 2);
  assert.match(
    checked.out + checked.error,
    /policy\.yaml:6:\d+: rules\[2\]\.then\.approve\.by\[0\]: there is no group "securty" among .*did you mean "security"/,
  );
  writeFileSync(sluice.policyFile, RULES);
  const sql = "UPDATE shop.products SET name = 'x' WHERE id = 1";
  const explained = await command(['explain', '--config', sluice.configFile, '--user', 'agent', sql]);
  assert.match(explained.out, /APPROVE\s+by rule "first"/);
  assert.match(
    explained.out,
    /held\s+until one of security has approved it, within 15 min; a yes serves once/,
  );
  const json = await command(['explain', '--config', sluice.configFile, '--json', sql]);
  assert.match(json.out, /"verdict": "approve"/);
  const tests = join(sluice.directory, 'policy-tests.yaml');
  const schema = join(sluice.directory, 'schema.sql');
  writeFileSync(schema, 'CREATE SCHEMA shop; CREATE TABLE shop.products (id int, name text);');
  const expecting = (verdict: string, rule: string) =>
    `policy: policy.yaml\nschema: schema.sql\ntests:\n  - { sql: "${sql}", expect: ${verdict}, rule: ${rule} }\n`;
  writeFileSync(tests, expecting('approve', 'second'));
  assert.equal((await command(['test', tests])).code, 0);
  writeFileSync(tests, expecting('allow', 'second'));
  const wrong = await command(['test', tests]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /expected allow by rule "second", got approve/);
});
