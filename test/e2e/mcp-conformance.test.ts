/** Scenarios of the official suite about what stands between client and server; all of it: npm run test:conformance. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Everything, startEverything } from '../support/mcp-everything.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);
const run = promisify(execFile);

let server: Everything;
let sluice: Sluice;

before(async () => {
  server = await startEverything();
  sluice = await startSluice({ upstream: server.url, protocol: 'mcp' });
});

after(async () => {
  await sluice.stop();
  await server.close();
});

const SCENARIOS = [
  ['2025-11-25', 'dns-rebinding-protection'],
  ['2025-11-25', 'server-session-lifecycle'],
  ['2025-11-25', 'server-sse-polling'],
  ['2026-07-28', 'http-header-validation'],
  ['2026-07-28', 'http-custom-header-server-validation'],
  ['2026-07-28', 'tasks-capability-negotiation'],
  ['2026-07-28', 'tasks-mrtr-input'],
  ['2026-07-28', 'tasks-request-headers'],
] as const;

for (const [revision, scenario] of SCENARIOS)
  test(`the suite's ${scenario} of ${revision} passes through Sluice`, async () => {
    const url = `http://127.0.0.1:${sluice.port}/mcp`;
    // By force: those of extensions belong to no revision.
    const args = ['server', '--url', url, '--spec-version', revision, '--force', '--scenario', scenario];
    // Ends with another status where a check fails.
    const { stdout } = await run(process.execPath, [SUITE, ...args], { timeout: 30_000 });
    assert.match(stdout, /[1-9]\d*\/\d+|passed/i);
    assert.doesNotMatch(stdout, /SKIPPED/);
  });
