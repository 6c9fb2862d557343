/**
 * The official conformance suite of MCP, directly and through Sluice: `n test/conformance/run.ts [server|bridge|client]
 * [2025-11-25|2026-07-28]`. Every scenario that passes directly has to pass through Sluice; the figures are printed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isArray, isObject, parseJson } from '../../src/core/json.ts';
import { startEverything } from '../support/mcp-everything.ts';
import { startSluice } from '../support/sluice.ts';

const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
type Revision = (typeof REVISIONS)[number];

const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);
const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url));
const LIMIT_MS = 10 * 60_000;

interface Tally {
  passed: number;
  failed: number;
}

/** By scenario. */
type Results = ReadonlyMap<string, Tally>;

async function suite(args: readonly string[]): Promise<Results> {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-conformance-'));
  try {
    const child = spawn(process.execPath, [SUITE, ...args, '-o', directory], {
      stdio: 'ignore',
      timeout: LIMIT_MS,
    });
    await new Promise((resolve) => child.once('exit', resolve));
    return resultsIn(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The suite leaves `…SCENARIO-TIME/checks.json`. */
function resultsIn(directory: string): Results {
  const results = new Map<string, Tally>();
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((one) => one.endsWith('checks.json'))) {
    const name = file.replace(/\/checks\.json$/, '').replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, '');
    const checks = parseJson(readFileSync(join(directory, file), 'utf8'));
    const tally = { passed: 0, failed: 0 };
    for (const check of checks !== undefined && isArray(checks) ? checks : []) {
      const status = isObject(check) ? check['status'] : '';
      if (status === 'SUCCESS') tally.passed++;
      if (status === 'FAILURE') tally.failed++;
    }
    results.set(name, tally);
  }
  return results;
}

/** `eras`: of the server through Sluice; directly it has both. */
async function serverLeg(
  revision: Revision,
  eras: readonly ('legacy' | 'modern')[] = ['legacy', 'modern'],
): Promise<readonly [Results, Results]> {
  const both = await startEverything();
  const server = await startEverything({ eras });
  const sluice = await startSluice({ upstream: server.url, protocol: 'mcp' });
  try {
    const args = ['server', '--requirements', revision, '--url'];
    const direct = await suite([...args, both.url]);
    return [direct, await suite([...args, `http://127.0.0.1:${sluice.port}/mcp`])];
  } finally {
    await sluice.stop();
    await both.close();
    await server.close();
  }
}

/** What the other era does not have: names for what a server asks, streams that are taken up again, tasks of SEP-2663. */
const NOT_BRIDGED: ReadonlySet<string> = new Set([
  'server-input-required-result-basic-elicitation',
  'server-server-sse-polling',
]);

/** The client's era is that of the revision, and the server knows only the other one. */
async function bridged(revision: Revision): Promise<readonly [Results, Results]> {
  const [direct, through] = await serverLeg(revision, [revision === '2026-07-28' ? 'legacy' : 'modern']);
  const isBridged = (name: string) => !NOT_BRIDGED.has(name) && !name.startsWith('server-tasks-');
  return [new Map([...direct].filter(([name]) => isBridged(name))), through];
}

/** Logins are between a client and whoever is in front of it: those scenarios would be about Sluice alone. */
const CLIENT_SCENARIOS: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': [
    'initialize',
    'tools_call',
    'elicitation-sep1034-client-defaults',
    'sse-retry',
    'json-schema-2020-12-preservation',
  ],
  '2026-07-28': [
    'tools_call',
    'request-metadata',
    'sep-2322-client-request-state',
    'http-standard-headers',
    'http-custom-headers',
    'http-invalid-tool-headers',
    'json-schema-ref-no-deref',
    'json-schema-2020-12-preservation',
  ],
};

async function clientLeg(revision: Revision): Promise<readonly [Results, Results]> {
  const command = `${process.execPath} ${CLIENT}`;
  const direct = new Map<string, Tally>();
  const through = new Map<string, Tally>();
  // One by one: the suite would start them all at once.
  for (const scenario of CLIENT_SCENARIOS[revision]) {
    const args = ['client', '--spec-version', revision, '--scenario', scenario, '--command'];
    for (const result of (await suite([...args, command])).values()) direct.set(scenario, result);
    for (const result of (await suite([...args, `${command} --through`])).values())
      through.set(scenario, result);
  }
  return [direct, through];
}

/** Scenarios that pass directly and not through Sluice. */
function compare(
  leg: string,
  revision: Revision,
  [direct, through]: readonly [Results, Results],
): readonly string[] {
  const passes = ({ passed, failed }: Tally = { passed: 0, failed: 1 }) => failed === 0 && passed > 0;
  const counted = (results: Results) => [...results.values()].filter((one) => passes(one)).length;
  const lost = [...direct].filter(([name, tally]) => passes(tally) && !passes(through.get(name)));
  process.stdout.write(
    `${leg} ${revision}: ${counted(direct)} of ${direct.size} scenarios pass directly, ${counted(through)} through Sluice\n`,
  );
  for (const [name, { passed, failed }] of direct) {
    const { passed: here, failed: there } = through.get(name) ?? { passed: 0, failed: 0 };
    if (failed > 0 || there > 0)
      process.stdout.write(
        `  ${name}: ${passed}/${passed + failed} directly, ${here}/${here + there} through\n`,
      );
  }
  return lost.map(([name]) => `${leg} ${revision} ${name}`);
}

const LEGS = ['server', 'bridge', 'client'];
const asked = process.argv.slice(2);
const wants = (word: string, all: readonly string[]) =>
  !asked.some((one) => all.includes(one)) || asked.includes(word);
const lost: string[] = [];
for (const revision of REVISIONS.filter((one) => wants(one, REVISIONS))) {
  if (wants('server', LEGS)) lost.push(...compare('server', revision, await serverLeg(revision)));
  if (wants('bridge', LEGS)) lost.push(...compare('bridge', revision, await bridged(revision)));
  if (wants('client', LEGS)) lost.push(...compare('client', revision, await clientLeg(revision)));
}
for (const name of lost) process.stdout.write(`lost: ${name}\n`);
process.exit(lost.length === 0 ? 0 : 1);
