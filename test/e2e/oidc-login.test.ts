/** The console's login by way of a real issuer on another site, in a real browser with its own ideas of cookies. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { launchBrowser, openTab, screenshot, seriousFindings } from '../support/browser.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, CONSOLE, TestIssuer } from '../support/test-issuer.ts';

let issuer: TestIssuer;
let postgres: PostgresServer;
let sluice: Sluice;
let browser: Browser;
/** By another name than the issuer's, so that a browser takes them for two sites. */
let url: string;

before(async () => {
  [issuer, postgres, browser] = await Promise.all([TestIssuer.start(), startPostgres(), launchBrowser()]);
  sluice = await startSluice({
    upstream: postgres.url('postgres'),
    auth: ['oidc'],
    oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}", scope: openid profile, console: { client_id: ${CONSOLE.id}, client_secret: ${CONSOLE.secret} } }`,
    config: 'admin: { listen: "127.0.0.1:0", roles: { viewer: [dev], approver: [dba], admin: [ops] } }',
  });
  url = (sluice.server.adminUrl ?? '').replace('127.0.0.1', 'localhost');
});

after(async () => {
  await browser?.close();
  await sluice?.stop();
  await postgres?.stop();
  await issuer?.stop();
});

test('one click leads to the issuer and back, logged in; logging out leads to the page with the link', async () => {
  issuer.person = { sub: 'ada', groups: ['dba'] };
  const { page, context, complaints } = await openTab(browser);
  await page.goto(url);
  const link = page.getByRole('link', { name: 'Log in with your organization' });
  await link.waitFor();
  await screenshot(page, 'login-organization');
  assert.deepEqual(await seriousFindings(page), []);
  await link.click();
  await page.getByRole('heading', { name: 'Live sessions' }).waitFor();
  assert.equal(page.url(), `${url}`);
  await page.getByText('ada').first().waitFor();
  const names = (await context.cookies(url)).map(({ name, sameSite, httpOnly }) => [
    name,
    sameSite,
    httpOnly,
  ]);
  assert.deepEqual(names, [['sluice', 'Strict', true]]);
  assert.deepEqual(complaints, []);
  await page.getByRole('button', { name: 'Log out' }).click();
  await link.waitFor();
  await context.close();
});

test('who was sent to a page of the console is there after the login', async () => {
  issuer.person = { sub: 'ada', groups: ['dba'] };
  const { page, context, complaints } = await openTab(browser);
  await page.goto(`${url}#/policy`);
  await page.getByRole('link', { name: 'Log in with your organization' }).click();
  await page.getByRole('heading', { name: 'Try a statement' }).waitFor();
  assert.equal(page.url(), `${url}#/policy`);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('who has no role reads that, on a page that leads back', async () => {
  issuer.person = { sub: 'guest', groups: ['guests'] };
  const { page, context } = await openTab(browser, 'phone');
  await page.goto(url);
  await page.getByRole('link', { name: 'Log in with your organization' }).click();
  await page.getByText('None of your groups has a role').waitFor();
  await screenshot(page, 'login-refused-phone');
  assert.deepEqual(await seriousFindings(page), []);
  await page.getByRole('link', { name: 'Back to the console' }).click();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  await context.close();
});
