/** Alerts, quarantines and budgets where people look at them: the command line and the console, in a real browser. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { launchBrowser, openTab, screenshot, seriousFindings } from '../support/browser.ts';
import { sluice as command } from '../support/command-line.ts';
import { query } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { WireClient } from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: no-drop, when: { effects: [destroy] }, then: deny }
  - { name: hourly, when: { groups: [agents] }, then: { budget: { window: 1h, rows: 1000, bytes: 1MiB } } }
  - { name: pace, when: { groups: [agents] }, then: { rate: { statements: 600 } } }
alerts:
  - { name: probing, on: denials, when: { groups: [agents] }, after: 2, window: 10m, quarantine: 1h }
`;
const USERS =
  '[ { name: agent, groups: [agents] }, { name: other, groups: [agents] }, { name: dana, groups: [dba], password: dana-secret } ]';
const MAIN = join(import.meta.dirname, '../../src/main.ts');

let postgres: PostgresServer;
let sluice: Sluice;
let browser: Browser;

before(async () => {
  [postgres, browser] = await Promise.all([startPostgres(), launchBrowser()]);
  await createShop(postgres.url);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    users: USERS,
    config: 'admin: { listen: "127.0.0.1:0", roles: { admin: [dba] } }',
  });
});

after(async () => {
  await browser?.close();
  await sluice?.stop();
  await postgres?.stop();
});

const as = (user: string) => WireClient.connect(sluice.port, { user });
const ask = (...args: readonly string[]) => command([...args, '--config', sluice.configFile]);

async function getQuarantined(user: string): Promise<void> {
  const client = await as(user);
  await client.ask(query('SELECT n FROM generate_series(1, 300) AS n'));
  await client.ask(query('DROP TABLE shop.orders'));
  client.send(query('DROP TABLE shop.orders'));
  await until(() => client.closed, 'the session to be cut');
}

test('the command line shows what was raised, follows what is raised, and releases who is kept out', async () => {
  assert.deepEqual(await ask('alerts'), { code: 0, out: 'no alert was raised\n', error: '' });
  const following = spawn(process.execPath, [
    MAIN,
    'alerts',
    '--follow',
    '--json',
    '--config',
    sluice.configFile,
  ]);
  let followed = '';
  following.stdout.on('data', (text: Buffer) => {
    followed += text;
  });
  await getQuarantined('agent');
  await until(() => followed.includes('\n'), 'the alert to be followed');
  following.kill('SIGTERM');
  const { alert, principal, quarantinedUntil }: Record<string, unknown> = JSON.parse(followed);
  assert.deepEqual({ alert, principal }, { alert: 'probing', principal: 'agent' });
  assert.ok(Date.parse(String(quarantinedUntil)) > Date.now());
  assert.match((await ask('alerts')).out, /probing +agent +\S+ +.*denied by rule "no-drop"/);
  assert.match((await ask('budgets')).out, /hourly +user:agent +1h +3\d\d rows +1000 rows +3\d %/);
  assert.match((await ask('quarantine')).out, /agent .* alert "probing"/);
  await assert.rejects(as('agent'), /access/);
  const released = await ask('quarantine', 'release', 'agent', '--reason', 'a drill');
  assert.deepEqual(released, { code: 0, out: '"agent" may log in again\n', error: '' });
  await until(async () => {
    const client = await as('agent').catch(() => null);
    client?.end();
    return client !== null;
  }, 'agent to be let in again');
  assert.equal((await ask('quarantine', 'release', 'agent')).code, 1);
  assert.equal((await ask('quarantine', 'list')).out, 'nobody is in quarantine\n');
});

test('the console shows alerts and budgets, and releases', async () => {
  await getQuarantined('other');
  const { page, context, complaints } = await openTab(browser);
  const url = sluice.server.adminUrl ?? '';
  await page.goto(url);
  await page.getByLabel('Name').fill('dana');
  await page.getByLabel('Password').fill('dana-secret');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('link', { name: 'Alerts' }).click();
  await page.getByRole('heading', { name: 'In quarantine' }).waitFor();
  await page.getByText('user:other').first().waitFor();
  await screenshot(page, 'alerts-light');
  assert.deepEqual(await seriousFindings(page), []);
  await page.getByRole('button', { name: 'release other' }).click();
  await page.getByRole('button', { name: 'Release', exact: true }).last().click();
  await page.getByText('other may log in again.').waitFor();
  await page.getByRole('heading', { name: 'In quarantine' }).waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  const record = sluice.records().find((one) => one['type'] === 'admin' && one['action'] === 'release');
  assert.deepEqual([record?.['by'], record?.['target']], ['dana', 'other']);
  await context.close();
});

test('explain tells budgets and rates, and check what can never count', async () => {
  const explained = await ask('explain', '--user', 'agent', 'SELECT 1');
  assert.match(explained.out, /budget +1000 rows, 1 MiB within 1h for each user, by rule "hourly"/);
  assert.match(explained.out, /rate +600 statements within 1m for each user, by rule "pace"/);
});
