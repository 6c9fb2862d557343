/** A headless Chromium for tests of the console, with what it complains about. */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium-headless-shell';
/** Where screenshots go, for people to look at; none are made where it is not set. */
const SCREENSHOTS = process.env['SLUICE_SCREENSHOTS'];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export function launchBrowser(): Promise<Browser> {
  // Tests run as root in containers, where Chromium's own sandbox cannot start.
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu'] });
}

export type Look = 'light' | 'dark' | 'phone';

export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, of the page's own rules, and requests that failed. */
  readonly complaints: readonly string[];
}

export async function openTab(browser: Browser, look: Look = 'light'): Promise<Tab> {
  const context = await browser.newContext({
    viewport: look === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 860 },
    colorScheme: look === 'dark' ? 'dark' : 'light',
    ...(look === 'phone' ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  return { page, context, complaints };
}

export interface AxeFinding {
  readonly id: string;
  readonly impact: string | null;
  readonly where: readonly string[];
}

/** What axe finds serious or critical on the page as it is now. */
export async function seriousFindings(page: Page): Promise<readonly AxeFinding[]> {
  // The page's rules forbid scripts that it did not bring, except to the protocol by which the browser is driven.
  const { readFileSync } = await import('node:fs');
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const json = await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then((report) => JSON.stringify(report.violations.map(
      ({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ html, failureSummary }) => html.slice(0, 120) + ' ' + failureSummary) }))))`,
  );
  const found: readonly AxeFinding[] = JSON.parse(String(json));
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
}

export async function screenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
