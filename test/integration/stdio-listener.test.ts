/** Programs behind a listener of MCP: one for each session, with logins of that session's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as Database } from 'pg';
import pino from 'pino';
import { type RunningServer, startServer } from '../../src/cli/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { ProblemsError } from '../../src/core/problem.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { recordsIn } from '../../src/journal/read.ts';
import { ask, beginSession } from '../support/mcp-http.ts';
import { until } from '../support/until.ts';

const PROGRAM = new URL('../support/mcp-sql-program.ts', import.meta.url).pathname;
const POLICY = `
default: allow
rules:
  - { name: no-drop, when: { effects: [destroy] }, then: deny, message: tables are dropped by migrations }
masks:
  - { columns: [shop.customers.email], with: redact }
`;

let postgres: PostgresServer;
let directory: string;
let server: RunningServer;
let url: string;
const command = () => JSON.stringify([process.execPath, PROGRAM]);

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  directory = mkdtempSync(join(tmpdir(), 'sluice-programs-'));
  writeFileSync(join(directory, 'policy.yaml'), POLICY);
  server = await startServer(loaded('password, session'), pino({ level: 'silent' }), null);
  url = `http://127.0.0.1:${server.ports.get('tools')}/mcp`;
});

after(async () => {
  await server.stop();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** `auth`: of the listener in front of the database. */
function loaded(auth: string) {
  const file = join(directory, 'sluice.yaml');
  const lines = [
    'listeners:',
    `  - { name: shop, protocol: postgres, listen: "127.0.0.1:0", upstream: "${postgres.url('shop')}", auth: [${auth}] }`,
    `  - { name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: { command: ${command()}, dsn: { listener: shop } }, auth: [trust] }`,
    useless('missing', ['/nowhere/at/all', '--token', 't0ps3cret']),
    useless('ending', [process.execPath, '-e', 'console.error("no database"); process.exit(3)', 't0ps3cret']),
    'identity: { users: [ { name: agent, groups: [agents], password: agent-pa55 } ] }',
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
    'drain: 1s',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return loadConfig(file, {});
}

/** A listener in front of a program that is no server. */
function useless(name: string, program: readonly string[]): string {
  const upstream = `{ command: ${JSON.stringify(program)}, environment: { TOKEN: t0ps3cret } }`;
  return `  - { name: ${name}, protocol: mcp, listen: "127.0.0.1:0", upstream: ${upstream}, auth: [trust] }`;
}

function records(): readonly JsonObject[] {
  return [...recordsIn(join(directory, 'journal'))];
}

function withText(text: string): JsonObject | undefined {
  return records().find((record) => record['type'] === 'statement' && record['text'] === text);
}

async function connected(name: string): Promise<Client> {
  const client = new Client({ name, version: '1' });
  // Of its declared types, one that is optional is not that of the interface.
  const transport: unknown = new StreamableHTTPClientTransport(new URL(url));
  await client.connect(Object(transport));
  return client;
}

test('each session has a program and a login of its own, and its SQL says whose it is', async () => {
  const clients = await Promise.all([connected('one'), connected('two')]);
  const texts = await Promise.all(
    clients.map(async (client, n) => {
      const sql = `SELECT email, ${n} AS n FROM shop.customers LIMIT 1`;
      const rows = await client.callTool({ name: 'query', arguments: { sql } });
      assert.doesNotMatch(JSON.stringify(rows), /@/);
      return JSON.stringify(await client.callTool({ name: 'told', arguments: {} }));
    }),
  );
  const logins = texts.map((text) => /slc_[\w-]+/.exec(text)?.[0]);
  assert.ok(logins[0] !== undefined && logins[0] !== logins[1]);
  for (const text of texts) assert.doesNotMatch(text, /agent-pa55/);
  for (const [n, agent] of ['one/1', 'two/1'].entries()) {
    const cause = JSON.stringify(withText(`SELECT email, ${n} AS n FROM shop.customers LIMIT 1`)?.['cause']);
    assert.match(cause, new RegExp(`"agent":"${agent}","by":"credential","calls":\\[{[^]*"about":"query"`));
  }
  const denied = await clients[0]?.callTool({
    name: 'query',
    arguments: { sql: 'COMMIT; DROP TABLE shop.orders' },
  });
  assert.match(JSON.stringify(denied), /denied by rule .+no-drop.+: tables are dropped by migrations/);
  const database = new Database({ connectionString: postgres.url('shop') });
  await database.connect();
  assert.ok(((await database.query('SELECT FROM shop.orders')).rowCount ?? 0) > 0);
  await database.end();
  for (const client of clients) await client.close();
});

test('promise 12: the logins of a session end with it', async () => {
  const client = await connected('short');
  const text = JSON.stringify(await client.callTool({ name: 'told', arguments: {} }));
  const dsn = /postgres:[^"\\]+/.exec(text)?.[0] ?? '';
  const open = async () =>
    (await server.state.credentials.list({ principal: 'anonymous', limit: 10 })).length;
  const before = await open();
  const own = new Database({ connectionString: dsn });
  await own.connect();
  const cut = new Promise((resolve) => own.on('error', resolve));
  const session = [...server.sessions.briefs()].find(({ application }) => application === 'short/1');
  assert.ok(session !== undefined);
  server.sessions.matching(({ id }) => id === session.id)[0]?.drain();
  await cut;
  await until(async () => (await open()) === before - 1, 'the login to be removed');
  await assert.rejects(new Database({ connectionString: dsn }).connect());
  await client.close();
});

test('modern clients are served by the same program, across the eras', async () => {
  const sql = 'SELECT 7 AS modern';
  const { message } = await ask(url, 'tools/call', { name: 'query', arguments: { sql } });
  assert.match(JSON.stringify(message), /7/);
  assert.match(JSON.stringify(withText(sql)?.['cause']), /"about":"query"/);
});

test('a program that cannot be started, or ends at once, is told at once, by its name and without its arguments', async () => {
  const why = {
    missing:
      /"error":\{"code":-32603,"message":"the program \\"\/nowhere\/at\/all\\" cannot be started: there is no such/,
    ending: /"error":\{"code":-32603,"message":"the program \\"[^"]*node[^"]*\\" has ended with exit code 3"/,
  };
  for (const [name, message] of Object.entries(why)) {
    const at = `http://127.0.0.1:${server.ports.get(name)}/mcp`;
    const begunMs = performance.now();
    await assert.rejects(beginSession(at), message);
    const { body } = await ask(at, 'tools/list', {});
    assert.match(body, message);
    assert.ok(!body.includes('t0ps3cret'));
    const tookMs = performance.now() - begunMs;
    assert.ok(tookMs < 9_000, `${name} took ${tookMs} ms: less than any deadline`);
  }
});

test('a listener that takes no session credentials is none that a program can be told of', () => {
  assert.throws(
    () => loaded('password'),
    (error) => error instanceof ProblemsError && /add session to its auth/.test(error.message),
  );
});
