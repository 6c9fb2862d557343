/** Approvals from end to end: the command line, a Sluice that is killed or stopped, two that share their state. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isArray, isObject, parseJson } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { recordsOf, requestIn, voteOn } from '../support/approvals.ts';
import { sluice as command } from '../support/command-line.ts';
import { query } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';
import { commandsOf, errorAmong, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: second-person, when: { effects: [write], tables: [shop.orders] }, then: { approve: { by: [dba], within: 1m, reason: required } } }
  - { name: later, when: { effects: [write], tables: [shop.order_items] }, then: { approve: { by: [dba], wait: 0s } } }
`;
const USERS =
  '[ { name: agent, groups: [agents, dba], password: "of-agent" }, { name: dana, groups: [dba], password: "of-dana" }, { name: nobody, groups: [agents], password: "of-nobody" }, { name: trusted, groups: [dba] } ]';

let postgres: PostgresServer;
let admin: WireClient;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  const url = new URL(postgres.url('shop'));
  admin = await WireClient.connect(Number(url.port), { user: decodeURIComponent(url.username) });
});

after(async () => {
  admin?.end();
  await postgres?.stop();
});

async function cell(sql: string): Promise<string | null> {
  return rowsOf(await admin.ask(query(sql)))[0]?.[0] ?? null;
}

async function idFrom(configFile: string, text: string): Promise<string> {
  let id = '';
  await until(async () => {
    const { out } = await command(['approvals', '--config', configFile, '--json']);
    const views = parseJson(out);
    const view = isArray(views)
      ? views.find((one) => isObject(one) && isObject(one['shown']) && one['shown']['text'] === text)
      : undefined;
    id = isObject(view) && typeof view['id'] === 'string' ? view['id'] : '';
    return id !== '';
  }, 'a request');
  return id;
}

test('promise 7: sluice approvals lists, shows and decides, for whoever proves who they are', async () => {
  const sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY, users: USERS });
  const run =
    (...args: readonly string[]) =>
    (input: string) =>
      command(['approvals', ...args, '--config', sluice.configFile], { input });
  const client = await WireClient.connect(sluice.port);
  const empty = await run()('');
  assert.deepEqual([empty.code, empty.out], [0, 'nothing waits for approval\n']);
  const unsaid = await client.ask(query("UPDATE shop.orders SET status = 'x' WHERE id = 1"));
  assert.match(errorAmong(unsaid)?.['M'] ?? '', /asks why/);
  const sql = "/* reason: ticket 4711 */ UPDATE shop.orders SET status = 'by command' WHERE id = 1";
  client.send(query(sql));
  const id = await idFrom(sluice.configFile, sql);
  const listed = await run('list')('');
  assert.match(
    listed.out,
    new RegExp(`${id}\\s+pending\\s+agent\\s+second-person\\s+.*0 of 1\\s+/\\* reason`),
  );
  const shown = await run('show', id)('');
  assert.match(shown.out, /ticket 4711/);
  assert.match(shown.out, /shop\.orders/);
  const wrong = await run('approve', id, '--as', 'dana')('of-agent\n');
  assert.equal(wrong.code, 2);
  assert.match(wrong.error, /"dana" is not proven by this password/);
  const stranger = await run('approve', id, '--as', 'stranger')('of-dana\n');
  assert.match(stranger.error, /"stranger" is not proven by this password/);
  assert.equal((await run('approve', id)('of-dana\n')).code, 2);
  assert.match((await run('approve', id, '--as', 'trusted')('')).error, /has no password/);
  const own = await run('approve', id, '--as', 'agent')('of-agent\n');
  assert.deepEqual(
    [own.code, own.error],
    [1, `sluice approvals: request ${id} is your own: somebody else has to decide\n`],
  );
  const outsider = await run('approve', id, '--as', 'nobody')('of-nobody\n');
  assert.equal(outsider.code, 1);
  assert.match(outsider.error, /in none of the groups/);
  assert.notEqual(await cell('SELECT status FROM shop.orders WHERE id = 1'), 'by command');
  const yes = await run('approve', id, '--as', 'dana', '--reason', 'looks right')('of-dana\n');
  assert.equal(yes.code, 0);
  assert.match(yes.out, /yes {2}dana by command line/);
  assert.deepEqual(commandsOf(await client.until('Z')), ['UPDATE 1']);
  assert.equal(await cell('SELECT status FROM shop.orders WHERE id = 1'), 'by command');
  const records = await recordsOf(sluice, id, 'statement');
  assert.equal(records.find(({ type }) => type === 'approval-vote')?.['reason'], 'looks right');
  assert.equal((await run('deny', id, '--as', 'dana')('of-dana\n')).code, 1);
  assert.equal((await run('show', 'none-such')('')).code, 1);
  assert.equal((await run('decide', id)('')).code, 2);
  assert.match((await command(['approvals', '--help'])).out, /sluice approvals approve k7m2-pq9x --as dana/);
  const session = String(records[0]?.['session']);
  const replayed = await command(['replay', session, sluice.journalDirectory]);
  assert.match(replayed.out, new RegExp(`approval ${id}`));
  client.end();
  await sluice.stop();
});

test('promise 7: killed while a statement is held: nothing ran; approved later, the same statement runs, once', async () => {
  const options = { upstream: postgres.url('shop'), policy: POLICY, users: USERS };
  const first = await startSluiceProcess(options);
  const { directory } = first;
  const configFile = join(directory, 'sluice.yaml');
  const sql = 'UPDATE shop.orders SET total = total + 1 WHERE id = 2 -- reason: restart';
  const total = () => cell('SELECT total FROM shop.orders WHERE id = 2');
  const untouched = await total();
  const client = await WireClient.connect(first.port);
  client.send(query(sql));
  const id = await idFrom(configFile, sql);
  first.child.kill('SIGKILL');
  await first.exited;
  const approve = ['approvals', 'approve', id, '--as', 'dana', '--config', configFile];
  assert.equal((await command(approve, { input: 'of-dana' })).code, 0);
  const second = await startSluiceProcess({ ...options, directory });
  const again = await WireClient.connect(second.port);
  again.send(query(sql.replace('+ 1', '+ 2')));
  await again.until('N');
  assert.equal(await total(), untouched);
  const other = await WireClient.connect(second.port);
  assert.equal(tagsOf(await other.ask(query(sql))), 'CZ');
  const once = await total();
  assert.notEqual(once, untouched);
  other.send(query(sql));
  await other.until('N');
  assert.equal(await total(), once);
  const outcome = second
    .records()
    .find((record) => record['type'] === 'approval' && record['approval'] === id);
  assert.equal(outcome?.['outcome'], 'approved');
  assert.equal(second.verify().problems.length, 0);
  // Stopped in good order, what is held is taken back.
  second.child.kill('SIGTERM');
  second.child.kill('SIGTERM');
  await second.exited;
  const { out } = await command(['approvals', '--config', configFile, '--json']);
  assert.deepEqual(parseJson(out), []);
  await second.remove();
});

test('promise 7: two instances over one Postgres: asked at one, decided at the other, used once by either', async () => {
  const state = postgres.url('postgres');
  const options = {
    upstream: postgres.url('shop'),
    policy: POLICY,
    users: USERS,
    config: `state: { url: ${JSON.stringify(state)} }`,
  };
  const [one, two]: [Sluice, Sluice] = [await startSluice(options), await startSluice(options)];
  const [here, there] = [await WireClient.connect(one.port), await WireClient.connect(two.port)];
  here.send(query("UPDATE shop.orders SET status = 'two' WHERE id = 3 -- reason: two"));
  const held = await requestIn(two);
  assert.equal((await voteOn(two, held.id, 'approve')).outcome, 'counted');
  assert.deepEqual(commandsOf(await here.until('Z')), ['UPDATE 1']);
  const records = await recordsOf(one, held.id, 'statement');
  assert.deepEqual(
    records.map(({ type }) => type),
    ['approval-request', 'approval-vote', 'approval', 'statement'],
  );
  const sql = 'UPDATE shop.order_items SET quantity = quantity + 1000 WHERE order_id = 4';
  const sum = async () => Number(await cell('SELECT max(quantity) FROM shop.order_items WHERE order_id = 4'));
  const before = await sum();
  await here.ask(query(sql));
  const { id } = await requestIn(two, 'pending', ({ rule }) => rule === 'later');
  // The other instance knows of it as well.
  assert.match(errorAmong(await there.ask(query(sql)))?.['M'] ?? '', new RegExp(id));
  await voteOn(two, id, 'approve');
  const more = await Promise.all([1, 2, 3].map(() => WireClient.connect(two.port)));
  const answers = await Promise.all([here, there, ...more].map((client) => client.ask(query(sql))));
  assert.deepEqual(answers.map(tagsOf).sort(), ['CZ', 'EZ', 'EZ', 'EZ', 'EZ']);
  assert.equal(await sum(), before + 1000);
  for (const client of [here, there, ...more]) client.end();
  await Promise.all([one.stop(), two.stop()]);
});
