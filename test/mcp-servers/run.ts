/**
 * MCP servers that people use, behind `sluice stdio` and behind a listener: `npm run test:mcp-servers`. They are
 * installed into .servers/mcp, at the first run, without their install scripts. Postgres is one of our own; with
 * MARIADB_URL or MYSQL_URL in the environment, servers of those are run as well.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as NewClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { startProcess } from '../support/process.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const MAIN = join(ROOT, 'src/main.ts');
const INSTALLED = join(ROOT, '.servers/mcp');
const PACKAGES = [
  '@bytebase/dbhub',
  '@modelcontextprotocol/server-everything',
  '@modelcontextprotocol/server-filesystem',
  '@modelcontextprotocol/server-postgres',
  '@benborla29/mcp-server-mysql',
  'mcp-remote',
];
const POLICY = `
default: allow
rules:
  - { name: no-drop, when: { effects: [destroy] }, then: deny, message: tables are dropped by migrations }
masks:
  - { columns: [shop.customers.email], with: redact }
`;
const MASKED = 'SELECT id, email FROM shop.customers ORDER BY id LIMIT 2';
const DROP = 'COMMIT; DROP TABLE shop.customers';

function installed(program: string): string {
  const path = join(INSTALLED, 'node_modules/.bin', program);
  if (existsSync(path)) return path;
  mkdirSync(INSTALLED, { recursive: true });
  if (!existsSync(join(INSTALLED, 'package.json')))
    writeFileSync(join(INSTALLED, 'package.json'), '{"private":true}\n');
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...PACKAGES], {
    cwd: INSTALLED,
    stdio: 'inherit',
  });
  return path;
}

type Call = (tool: string, args: Readonly<Record<string, unknown>>) => Promise<string>;

interface Case {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  run(call: Call): Promise<void>;
}

function isMasked(text: string): void {
  assert.match(text, /email/);
  assert.doesNotMatch(text, /@/);
}

function isDenied(text: string): void {
  assert.match(text, /no-drop.+tables are dropped by migrations/);
}

function casesOf(postgres: string, files: string): readonly Case[] {
  const cases: Case[] = [
    {
      name: 'server-everything',
      command: [installed('mcp-server-everything')],
      async run(call) {
        assert.match(await call('echo', { message: 'héllo' }), /héllo/);
        assert.match(await call('get-sum', { a: 2, b: 3 }), /5/);
      },
    },
    {
      name: 'server-filesystem',
      command: [installed('mcp-server-filesystem'), files],
      async run(call) {
        await call('write_file', { path: join(files, 'a.txt'), content: 'written' });
        assert.match(await call('read_text_file', { path: join(files, 'a.txt') }), /written/);
      },
    },
    {
      name: 'server-postgres',
      command: [installed('mcp-server-postgres'), postgres],
      async run(call) {
        isMasked(await call('query', { sql: MASKED }));
        isDenied(await call('query', { sql: DROP }));
        assert.match(
          await call('query', { sql: 'SELECT count(*) > 0 AS there FROM shop.customers' }),
          /true/,
        );
      },
    },
    {
      name: 'dbhub on Postgres',
      command: [installed('dbhub'), '--transport', 'stdio', '--dsn', postgres],
      async run(call) {
        isMasked(await call('execute_sql', { sql: MASKED }));
        isDenied(await call('execute_sql', { sql: DROP }));
      },
    },
  ];
  const maria = process.env['MARIADB_URL'];
  if (maria !== undefined)
    cases.push({
      name: 'dbhub on MariaDB',
      command: [installed('dbhub'), '--transport', 'stdio', '--dsn', maria],
      run: async (call) => isDenied(await call('execute_sql', { sql: 'DROP TABLE nothing_of_that_name' })),
    });
  const mysql = process.env['MYSQL_URL'];
  if (mysql !== undefined) {
    const { hostname, port, username, password, pathname } = new URL(mysql);
    cases.push({
      name: 'mcp-server-mysql',
      command: [installed('mcp-server-mysql')],
      environment: {
        MYSQL_HOST: hostname,
        MYSQL_PORT: port,
        MYSQL_USER: username,
        MYSQL_PASS: password,
        MYSQL_DB: pathname.slice(1),
      },
      run: async (call) => assert.match(await call('mysql_query', { sql: 'SELECT 6 * 7 AS answer' }), /42/),
    });
  }
  return cases;
}

const postgres = await startPostgres();
await createShop(postgres.url);
const directory = mkdtempSync(join(tmpdir(), 'sluice-servers-'));
const config = join(directory, 'sluice.yaml');
const files = join(directory, 'files');
mkdirSync(files);
const cases = casesOf(postgres.url('shop'), files);
const quoted = (text: string) => JSON.stringify(text);
const databases = [
  ['shop', 'postgres', postgres.url('shop')],
  ['maria', 'mysql', process.env['MARIADB_URL']],
  ['mysql', 'mysql', process.env['MYSQL_URL']],
].filter(([, , url]) => url !== undefined);
writeFileSync(join(directory, 'policy.yaml'), POLICY);
writeFileSync(
  config,
  [
    'listeners:',
    ...databases.map(
      ([name, protocol, url]) =>
        `  - { name: ${name}, protocol: ${protocol}, listen: "127.0.0.1:0", upstream: ${quoted(url ?? '')}, auth: [session] }`,
    ),
    ...cases.map(
      ({ command, environment }, n) =>
        `  - { name: mcp-${n}, protocol: mcp, listen: "127.0.0.1:0", auth: [trust], upstream: { command: ${JSON.stringify(command)}, environment: ${JSON.stringify(environment ?? {})} } }`,
    ),
    'identity: { users: [ { name: agent } ] }',
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
    '',
  ].join('\n'),
);

function environmentOf({ environment }: Case): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment };
}

async function through(title: string, run: () => Promise<void>): Promise<void> {
  const begun = performance.now();
  await run();
  process.stdout.write(`ok  ${title} (${Math.round(performance.now() - begun)} ms)\n`);
}

/** What the client is told: some servers answer with an error where others have a result that says so. */
function told(answer: Promise<unknown>): Promise<string> {
  return answer.then((result) => JSON.stringify(result), String);
}

/** Through `sluice stdio`, by both generations of the SDK. */
async function byStdio(one: Case, n: number): Promise<void> {
  const args = [
    MAIN,
    'stdio',
    '--config',
    config,
    '--listener',
    `mcp-${n}`,
    '--as',
    'agent',
    '--',
    ...one.command,
  ];
  const order = { command: process.execPath, args, env: environmentOf(one), stderr: 'ignore' as const };
  const info = { name: 'suite', version: '1' };
  const old = new Client(info);
  await old.connect(new StdioClientTransport(order));
  await through(`${one.name}, stdio, SDK 1`, () =>
    one.run((name, given) => told(old.callTool({ name, arguments: { ...given } }))),
  );
  await old.close();
  const recent = new NewClient(info);
  await recent.connect(new NewStdio(order));
  await through(`${one.name}, stdio, SDK 2`, () =>
    one.run((name, given) => told(recent.callTool({ name, arguments: { ...given } }))),
  );
  await recent.close();
}

/** Behind a listener, by mcp-remote: a client of stdio in front of HTTP. */
async function byRemote(one: Case, port: string): Promise<void> {
  const client = new Client({ name: 'suite', version: '1' });
  const args = [`http://127.0.0.1:${port}/mcp`, '--allow-http'];
  const env = { ...environmentOf(one), MCP_REMOTE_CONFIG_DIR: join(directory, 'remote') };
  await client.connect(
    new StdioClientTransport({ command: installed('mcp-remote'), args, env, stderr: 'ignore' }),
  );
  await through(`${one.name}, HTTP, mcp-remote`, () =>
    one.run((name, given) => told(client.callTool({ name, arguments: { ...given } }))),
  );
  await client.close();
}

try {
  for (const [n, one] of cases.entries()) await byStdio(one, n);
  const sluice = startProcess(process.execPath, [MAIN, 'run', '--config', config]);
  try {
    for (const [n, one] of cases.entries()) {
      const [, port = ''] = await sluice.printed(new RegExp(`"listener":"mcp-${n}"[^\\n]*?"port":(\\d+)`));
      await byRemote(one, port);
    }
  } finally {
    sluice.child.kill('SIGTERM');
    await sluice.ended;
  }
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
