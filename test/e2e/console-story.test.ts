/** Recordings of MCP and HTTP in the console: requests with what they ask, and the way from a call to its SQL and back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { RecordingPage } from '../../src/admin/wire.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { launchBrowser, openTab, screenshot, seriousFindings } from '../support/browser.ts';
import { sluice as run } from '../support/command-line.ts';
import { beginSession } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const PROGRAM = new URL('../support/mcp-sql-program.ts', import.meta.url).pathname;
const POLICY = `
default: allow
rules:
  - { name: no-drop, when: { effects: [destroy] }, then: deny, message: tables are dropped by migrations }
  - { name: refunds, when: { methods: [DELETE] }, then: { approve: { by: [dev], within: 10m } } }
`;
const SELECT = 'SELECT id, email FROM shop.customers ORDER BY id LIMIT 2';

let postgres: PostgresServer;
let upstream: McpUpstream;
let sluice: Sluice;
let browser: Browser;
let url: string;

before(async () => {
  [postgres, upstream, browser] = await Promise.all([startPostgres(), startMcpUpstream(), launchBrowser()]);
  await createShop(postgres.url);
  const command = JSON.stringify([process.execPath, PROGRAM]);
  const api = JSON.stringify(upstream.url.replace(/\/mcp$/, ''));
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    auth: ['password', 'session'],
    journal: 'responses: whole',
    listeners: [
      `{ name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: { command: ${command}, dsn: { listener: shop } }, auth: [trust] }`,
      `{ name: api, protocol: http, listen: "127.0.0.1:0", upstream: ${api}, auth: [trust] }`,
    ],
    users:
      '[ { name: agent, groups: [agents], password: agent-pa55 }, { name: vera, groups: [dev], password: vera-secret } ]',
    config: 'admin: { listen: "127.0.0.1:0", roles: { viewer: [dev] } }',
  });
  url = sluice.server.adminUrl ?? '';
});

after(async () => {
  await browser?.close();
  await sluice?.stop();
  await upstream?.close();
  await postgres?.stop();
});

test('from a call of a tool to the SQL that it ran, and back; requests of HTTP with their bodies', async () => {
  const say = await beginSession(`http://127.0.0.1:${sluice.server.ports.get('tools') ?? 0}/mcp`);
  await say('tools/list');
  const rows = await say('tools/call', { name: 'query', arguments: { sql: SELECT } });
  assert.equal(rows.status, 200);
  await say('tools/call', { name: 'query', arguments: { sql: 'DROP TABLE shop.orders' } });
  await fetch(`http://127.0.0.1:${sluice.server.ports.get('api') ?? 0}/v1/orders?dry=1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 1,
      items: [{ sku: 'A-1', count: 3 }],
      note: 'deliver it behind the house, please',
    }),
  });
  const sessionOn = (listener: string) =>
    String(
      sluice.records().find((one) => one['type'] === 'session-start' && one['listener'] === listener)?.[
        'session'
      ],
    );
  const [mcp, http] = [sessionOn('tools'), sessionOn('api')];
  const { page, context, complaints } = await openTab(browser);
  await page.goto(`${url}#/recordings/${mcp}`);
  await page.getByLabel('Name').fill('vera');
  await page.getByLabel('Password').fill('vera-secret');
  await page.getByRole('button', { name: 'Log in' }).click();
  const recorded = async (): Promise<RecordingPage> =>
    JSON.parse(
      String(await page.evaluate(`fetch('/api/v1/sessions/${mcp}').then((answer) => answer.text())`)),
    );
  await page.getByRole('heading', { name: 'Recording' }).waitFor();
  await until(
    async () => (await recorded()).statements.filter(({ sql }) => sql.length > 0).length === 2,
    'the index to have the SQL',
  );
  await page.reload();
  const call = page.locator('.statements > li').filter({ hasText: 'SELECT id, email' });
  await call.waitFor();
  assert.match(String(await call.getByLabel('request').textContent()), /^tools\/call query/);
  assert.equal(await call.getByLabel('arguments').textContent(), JSON.stringify({ sql: SELECT }));
  assert.match(
    String(await call.getByLabel('answer').first().textContent()),
    /"jsonrpc": "2\.0",[\s\S]*"result"/,
  );
  await page.locator('.badge.bad', { hasText: 'deny' }).waitFor();
  await screenshot(page, 'recording-mcp-light');
  assert.deepEqual(await seriousFindings(page), []);
  await call.getByRole('link', { name: /^SQL 1 of session/ }).click();
  const statement = page.locator('.statements > li.now').filter({ hasText: 'FROM shop.customers' });
  await statement.waitFor();
  assert.doesNotMatch(page.url(), new RegExp(mcp));
  await screenshot(page, 'recording-story-light');
  await statement.getByRole('link', { name: /^tools\/call query \(\d+\)$/ }).click();
  await page.locator('.statements > li.now').filter({ hasText: '"sql"' }).waitFor();
  assert.match(page.url(), new RegExp(`${mcp}/\\d+$`));
  await page.goto(`${url}#/recordings/${http}`);
  const request = page.locator('.statements > li').filter({ hasText: 'POST /v1/orders' });
  await request.waitFor();
  assert.match(String(await request.getByLabel('body').textContent()), /^{\n {2}"id": 1,\n {2}"items": \[\n/);
  await request.getByText(/^\d+ /).first().waitFor();
  await screenshot(page, 'recording-http-light');
  assert.deepEqual(await seriousFindings(page), []);
  const place = `http://127.0.0.1:${sluice.server.ports.get('api') ?? 0}/v1/orders/7?why=1`;
  const refused = await fetch(place, {
    method: 'DELETE',
    headers: { 'content-type': 'application/json', 'x-sluice-reason': 'ticket 4711' },
    body: JSON.stringify({
      refund: true,
      amount: 12.5,
      note: 'the customer has called about it twice, and then wrote',
    }),
  });
  assert.equal(refused.status, 403);
  await page.goto(`${url}#/approvals`);
  const waiting = page
    .locator('.inbox a')
    .filter({ hasText: 'sends DELETE /v1/orders/7?why=1 {"refund":true' });
  await waiting.click();
  await page.getByRole('heading', { name: /asks for this/ }).waitFor();
  const asked = page.locator('.detail');
  assert.match(
    String(await asked.getByLabel('request').textContent()),
    /^sends DELETE \/v1\/orders\/7\?why=1/,
  );
  assert.match(String(await asked.getByLabel('body').textContent()), /"amount": 12\.5,\n/);
  assert.doesNotMatch(String(await asked.textContent()), /no table|statement/);
  await screenshot(page, 'approval-http-light');
  assert.deepEqual(await seriousFindings(page), []);
  assert.deepEqual(complaints, []);
  await context.close();
  const told = await run(['replay', mcp, sluice.journalDirectory]);
  assert.match(told.out, /tools\/call query\n(?:.*\n)*? +arguments \{"sql":"SELECT id, email/);
  const sent = await run(['replay', http, sluice.journalDirectory]);
  assert.match(sent.out, /POST \/v1\/orders\?dry=1\n(?:.*\n)*? +body \{"id":1,"items"/);
});
