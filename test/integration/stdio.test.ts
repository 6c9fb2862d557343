/** sluice stdio, and programs behind a listener: one policy and one story for the tool call and the SQL behind it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Client as Database } from 'pg';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { recordsIn } from '../../src/journal/read.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { sluice } from '../support/command-line.ts';
import { until } from '../support/until.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const PROGRAM = new URL('../support/mcp-sql-program.ts', import.meta.url).pathname;
const PASSWORD = 'upstream-pa55';
const POLICY = `
default: allow
rules:
  - { name: no-drop, when: { effects: [destroy] }, then: deny, message: tables are dropped by migrations }
  - { name: no-tool, when: { tools: [forbidden] }, then: deny, message: this tool is not for agents }
masks:
  - { columns: [shop.customers.email], with: redact }
alerts:
  - { name: stray, on: unexplained }
`;

let postgres: PostgresServer;
let directory: string;
/** One that most tests share. */
let shared: Session;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  directory = mkdtempSync(join(tmpdir(), 'sluice-stdio-'));
  mkdirSync(join(directory, 'journal'));
  writeFileSync(join(directory, 'policy.yaml'), POLICY);
  const lines = [
    'listeners:',
    `  - { name: shop, protocol: postgres, listen: "127.0.0.1:0", upstream: "\${SHOP_URL}", auth: [password] }`,
    `identity: { users: [ { name: agent, groups: [agents], password: "agent-pa55" } ] }`,
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
  ];
  writeFileSync(join(directory, 'sluice.yaml'), `${lines.join('\n')}\n`);
  shared = await openStdio([], [postgres.url('shop')]);
});

after(async () => {
  await shared.client.close();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Session {
  readonly client: Client;
  /** What went to standard error so far. */
  errors(): string;
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<string>;
}

/** A client of the SDK at `sluice stdio`. */
async function openStdio(options: readonly string[], program: readonly string[]): Promise<Session> {
  const config = ['--config', join(directory, 'sluice.yaml'), '--as', 'agent'];
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, 'stdio', ...config, ...options, '--', process.execPath, PROGRAM, ...program],
    env: {
      PATH: process.env['PATH'] ?? '',
      SHOP_URL: postgres.url('shop'),
      SLUICE_SECRET: PASSWORD,
    },
    stderr: 'pipe',
  });
  let errors = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const client = new Client({ name: 'claude-code', version: '2.1' });
  await client.connect(transport).catch((error: unknown) => {
    throw new Error(`not connected: ${errors}`, { cause: error });
  });
  return {
    client,
    errors: () => errors,
    async call(tool, args) {
      return JSON.stringify(await client.callTool({ name: tool, arguments: { ...args } }));
    },
  };
}

/** Records of every session of sluice stdio so far. */
function records(): readonly JsonObject[] {
  const root = join(directory, 'journal', 'stdio');
  return readdirSync(root).flatMap((name) => [...recordsIn(join(root, name))]);
}

function inside(value: Json | undefined, ...path: readonly (string | number)[]): Json | null {
  let at: Json = value ?? null;
  for (const step of path) at = isObject(at) || Array.isArray(at) ? (Reflect.get(at, step) ?? null) : null;
  return at;
}

test('one story: masked, denied in words, and every statement names the agent and the call behind it', async () => {
  const { call, errors } = shared;
  const rows = await call('query', { sql: 'SELECT id, email FROM shop.customers ORDER BY id LIMIT 1' });
  assert.match(rows, /email/);
  assert.doesNotMatch(rows, /@/);
  const denied = await call('query', { sql: 'COMMIT; DROP TABLE shop.customers' });
  assert.match(denied, /denied by rule .+no-drop.+: tables are dropped by migrations/);
  assert.match(denied, /"isError":true/);
  const database = new Database({ connectionString: postgres.url('shop') });
  await database.connect();
  assert.ok(((await database.query('SELECT FROM shop.customers')).rowCount ?? 0) > 0);
  await database.end();
  await call('told', {});
  await until(() => errors().includes('leads to'), 'standard error to be logged');
  assert.match(errors(), /leads to postgres:\/\/agent:\[hidden\]@127\.0\.0\.1:\d+\/shop/);

  const all = records();
  const start = all.find(
    ({ type, application }) => type === 'session-start' && application === 'claude-code 2.1',
  );
  const session = start?.['session'];
  assert.equal(start?.['principal'], 'agent');
  const sql = all.find(
    ({ text, type }) => type === 'statement' && String(text).startsWith('SELECT id, email'),
  );
  assert.deepEqual(inside(sql?.['cause'], 'calls', 0, 'about'), 'query');
  assert.equal(inside(sql?.['cause'], 'session'), session);
  assert.equal(inside(sql?.['cause'], 'agent'), 'claude-code 2.1');
  const number = inside(sql?.['cause'], 'calls', 0, 'number');
  const tool = all.find(
    (one) => one['session'] === session && one['number'] === number && one['type'] === 'statement',
  );
  assert.match(String(tool?.['text']), /^tools\/call query/);
  assert.equal(inside(tool?.['mcp'], 'id'), inside(sql?.['cause'], 'calls', 0, 'request'));
  // What this server's arguments are is not known here: the SQL is denied where it arrives.
  const refused = all.find(({ type, rule }) => type === 'denied' && rule === 'no-drop');
  assert.equal(inside(refused?.['cause'], 'calls', 0, 'about'), 'query');
  assert.equal(
    all.some(({ type }) => type === 'alert'),
    false,
  );
});

test('several at once are all named; a trace tells which', async () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { client } = shared;
  const called = (sql: string, traceparent?: string) =>
    client.callTool({
      name: 'slow',
      arguments: { sql },
      ...(traceparent === undefined ? {} : { _meta: { traceparent } }),
    });
  await Promise.all([
    called("SELECT 'plain' AS which"),
    called(`SELECT 'traced' AS which /*traceparent='${parent}'*/`, parent),
  ]);
  const calls = (which: string) =>
    records().find(
      ({ text, type }) => type === 'statement' && String(text).includes(`'${which}' AS which`),
    )?.['cause'];
  assert.equal(inside(calls('traced'), 'by'), 'trace');
  assert.equal(JSON.stringify(inside(calls('traced'), 'calls')).match(/"number"/g)?.length, 1);
  assert.equal(inside(calls('plain'), 'by'), 'credential');
  assert.equal(inside(calls('plain'), 'calls', 0, 'about'), 'slow');
});

test('rules on tools hold', async () => {
  const { client, call } = shared;
  assert.match(await call('forbidden', {}), /denied by rule .+no-tool.+: this tool is not for agents/);
  assert.equal((await client.listTools()).tools.length, 4);
});

test('a statement that no tool call explains is an alert', async () => {
  await shared.call('stray', { sql: 'SELECT count(*) FROM shop.orders' });
  await until(() => records().some(({ type, alert }) => type === 'alert' && alert === 'stray'), 'the alert');
  const raised = records().find(({ type }) => type === 'alert');
  assert.match(String(raised?.['message']), /no tool call explains: SELECT count\(\*\) FROM shop\.orders/);
  const stray = records().find(
    ({ text, type }) => type === 'statement' && String(text).includes('shop.orders'),
  );
  assert.deepEqual(inside(stray?.['cause'], 'calls'), []);
  assert.equal(inside(stray?.['cause'], 'after', 'about'), 'stray');
});

test('promise 11: the program has no secret of the upstream, and its login serves nobody once it is gone', async () => {
  const { client, call } = await openStdio(['--dsn', 'shop'], []);
  const answer = await client.callTool({ name: 'told', arguments: {} });
  const text = String(inside(parseJson(JSON.stringify(answer)), 'content', 0, 'text'));
  assert.doesNotMatch(text, /SHOP_URL|upstream-pa55/);
  assert.ok(!text.includes(postgres.url('shop')));
  const url = String(inside(parseJson(text), 'url'));
  assert.match(url, /^postgres:\/\/agent:slc_[\w-]+@127\.0\.0\.1:\d+\/shop$/);
  // Where it is known which database a server uses, the SQL of known tools is judged before the server is called.
  assert.match(await call('query', { sql: 'DROP TABLE shop.customers' }), /The SQL was not run/);
  await client.close();
  await assert.rejects(new Database({ connectionString: url }).connect());
});

test('sessions of one configuration stand beside each other, and each journal verifies', async () => {
  assert.match(await shared.call('query', { sql: 'SELECT 1 AS n' }), /1/);
  await shared.client.close();
  const root = join(directory, 'journal', 'stdio');
  assert.deepEqual(readdirSync(root).sort(), ['1', '2']);
  for (const name of readdirSync(root))
    await until(() => !existsSync(join(root, name, 'journal.lock')), 'the journal to be closed');
  for (const name of readdirSync(root)) assert.deepEqual(verifyJournal(join(root, name), {}).problems, []);
});

test('replay shows the SQL under each call, and the call of each statement', async () => {
  const journal = join(directory, 'journal', 'stdio', '1');
  const first = [...recordsIn(journal)].find(({ protocol }) => protocol === 'mcp/stdio');
  const session = String(first?.['session']);
  const calls = await sluice(['replay', session, journal]);
  assert.match(calls.out, /tools\/call query\n(?:.*\n)*?.*SQL 1 of session \w+: SELECT id, email/);
  assert.match(calls.out, /SQL \d+ of session \w+: COMMIT; DROP TABLE shop\.customers \(denied\)/);
  const own = /SQL 1 of session (\w+)/.exec(calls.out)?.[1] ?? '';
  const statements = await sluice(['replay', own, journal]);
  assert.match(
    statements.out,
    new RegExp(
      `SELECT id, email.*\\n +for tools/call query \\(\\d+\\) of session ${session}, claude-code 2.1`,
    ),
  );
  assert.match(statements.out, /no request was under way, after tools\/call stray/);
  assert.match((await sluice(['sessions', journal])).out, /works for/);
});
