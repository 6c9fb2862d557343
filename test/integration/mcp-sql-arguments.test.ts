import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ReadGrounds } from '../../src/cli/grounds.ts';
import { readPolicy, worldOf } from '../../src/cli/policy-files.ts';
import { tryOne } from '../../src/cli/trial.ts';
import { loadConfig } from '../../src/config/load.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { startMysql } from '../../src/demo/mysql-server.ts';
import { createMysqlShop } from '../../src/demo/mysql-shop.ts';
import { startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { sluice } from '../support/command-line.ts';
import { ask } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream, tool } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const POLICY = `default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy] }, then: deny, message: "nothing is dropped here" }
  - { name: bounded, when: { unbounded: true, listeners: [shop] }, then: deny, message: "add a LIMIT" }
  - { name: tool-rule, when: { tools: [forbidden] }, then: deny }
`;

function listenerFor(server: McpUpstream, more = ''): string {
  return `{ name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: "${server.url}", auth: [trust], sql: { listener: shop${more} } }`;
}

async function call(sluice: Sluice, name: string, given: JsonObject): Promise<string> {
  const { message } = await ask(`http://127.0.0.1:${sluice.server.ports.get('tools')}/mcp`, 'tools/call', {
    name,
    arguments: given,
  });
  const result = message?.['result'];
  assert.ok(result !== undefined && isObject(result), JSON.stringify(message));
  return JSON.stringify(result);
}

test('SQL in arguments is judged by the rules on SQL, with the catalog of the listener in front of Postgres', async () => {
  const postgres = await startPostgres();
  after(() => postgres.stop());
  await createShop((database) => postgres.url(database));
  const server = await startMcpUpstream();
  after(() => server.close());
  server.tools = ['query', 'run_sql_transaction', 'mine', 'echo'].map((name) => tool(name));
  const more = ', arguments: [{ tool: "mi*", argument: /deep/*/text }]';
  const sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: POLICY,
    listeners: [listenerFor(server, more)],
  });
  after(() => sluice.stop());
  const told = await explaining(sluice);
  const passes = async (name: string, given: JsonObject) => {
    const before = server.calls.length;
    assert.match(await call(sluice, name, given), /done/);
    assert.equal(server.calls.length, before + 1);
    assert.equal((await told(name, given)).verdict, 'allow', name);
  };
  const denied = async (name: string, given: JsonObject, why: RegExp) => {
    const before = server.calls.length;
    const answer = await call(sluice, name, given);
    assert.match(answer, /"isError":true/);
    assert.match(answer, why);
    assert.equal(server.calls.length, before);
    const { verdict, message } = await told(name, given);
    assert.equal(verdict, 'deny', name);
    assert.ok(answer.includes(JSON.stringify(message).slice(1, -1)), `${answer}: ${message}`);
  };
  await passes('query', { sql: 'SELECT id FROM shop.orders LIMIT 5' });
  await denied('query', { sql: 'COMMIT; DROP TABLE shop.orders' }, /no-destruction.*nothing is dropped here/);
  await denied('query', { SQL: 'drop table shop.orders' }, /no-destruction/);
  await denied('query', { query: 'DROP TABLE shop.orders' }, /no-destruction/);
  await denied('query', { sql: 'SELECT 1', query: 'DROP TABLE shop.orders' }, /no-destruction/);
  await denied('query', { sql: 'SELECT * FROM shop.orders' }, /add a LIMIT/);
  await denied('query', { sql: 'SELEC nothing' }, /sluice\/unreadable|syntax error/);
  await denied('query', { sql: { text: 'SELECT 1' } }, /has to be SQL text/);
  await denied(
    'run_sql_transaction',
    { sqlStatements: ['SELECT 1', 'TRUNCATE shop.orders'] },
    /no-destruction/,
  );
  await passes('run_sql_transaction', { sqlStatements: ['SELECT 1', 'SELECT 2'] });
  // Under which search path it will run is not known here; it is no table of the server's own for that.
  await passes('query', { sql: 'CREATE TEMP TABLE mine AS SELECT 1 AS a' });
  await passes('query', { sql: 'INSERT INTO mine VALUES (2)' });
  await passes('query', { sql: 'SELECT 1 AS a INTO TEMP other' });
  await denied(
    'query',
    { sql: 'UPDATE pg_class SET relname = relname WHERE oid = 1' },
    /server-administration/,
  );
  await denied('mine', { deep: [{ text: 'SELECT 1' }, { text: 'DROP SCHEMA shop' }] }, /no-destruction/);
  await passes('echo', { sql: 'DROP TABLE shop.orders' });
  const denials = sluice.records().filter(({ type }) => type === 'denied');
  const drop = denials.find(({ parameters }) => JSON.stringify(parameters).includes('COMMIT; DROP'));
  assert.equal(drop?.['rule'], 'no-destruction');
  assert.equal(drop?.['via'], 'mcp');
  const mcp = drop?.['mcp'];
  assert.ok(mcp !== undefined && isObject(mcp));
  assert.deepEqual([mcp['method'], mcp['name'], typeof mcp['id']], ['tools/call', 'query', 'string']);
  await triedAgain(sluice);
});

/** What is said of calls that nobody makes: it has to be what the listener says of them. */
async function explaining(sluice: Sluice) {
  const loaded = loadConfig(sluice.configFile, {});
  const ground = {
    config: loaded.config,
    grounds: new ReadGrounds(loaded, {}),
    pins: { list: async () => [] },
    policy: readPolicy(sluice.policyFile, worldOf(loaded.config, [])),
  };
  return (name: string, given: JsonObject) =>
    tryOne(
      {
        listener: 'tools',
        call: { kind: 'tool', name, arguments: { ...given } },
        user: 'anyone',
        groups: [],
        parameters: [],
      },
      ground,
    );
}

/** The calls that the journal has, by the policy that judged them and by another one. */
async function triedAgain(own: Sluice): Promise<void> {
  const tried = async (policy: string) => {
    const file = join(own.directory, 'tried.yaml');
    writeFileSync(file, policy);
    return await sluice(['try', '--policy', file, '--config', own.configFile, '--json']);
  };
  const same = await tried(POLICY);
  assert.deepEqual([same.code, same.error, JSON.parse(same.out).changes], [0, '', []]);
  assert.ok(JSON.parse(same.out).statements >= 12);
  const other = await tried(
    `default: allow\nrules: [ { name: no-echo, when: { tools: [echo] }, then: deny }, { name: short, when: { tools: [run_sql_transaction] }, then: { limit: { bytes: 20 } } } ]\n`,
  );
  const changes: { text: string; before: { rule: string }; after: { outcome: string; rule: string } }[] =
    JSON.parse(other.out).changes;
  const found = (text: string) => changes.find((change) => change.text.startsWith(text));
  assert.equal(other.code, 1);
  assert.deepEqual(
    [
      found('tools/call echo')?.after.rule,
      found('tools/call run_sql_transaction {"sqlStatements":["SELECT 1","SELECT 2"]}')?.after,
    ],
    ['no-echo', { outcome: 'cut', rule: 'short', message: '122 B came, and 20 B may' }],
  );
  assert.equal(found('tools/call query {"sql":"COMMIT; DROP TABLE shop.orders"}')?.after.outcome, 'allow');
}

test('SQL in arguments is judged as MariaDB reads it', async () => {
  const mariadb = await startMysql({ flavour: 'mariadb', settings: {} });
  after(() => mariadb.stop());
  await createMysqlShop(mariadb.url);
  const server = await startMcpUpstream();
  after(() => server.close());
  server.tools = [tool('mysql_query')];
  const sluice = await startSluice({
    upstream: mariadb.url('shop'),
    policy: POLICY,
    listeners: [listenerFor(server)],
  });
  after(() => sluice.stop());
  for (const [sql, said] of [
    ['SELECT id FROM orders LIMIT 5', /done/],
    ['SELECT id FROM `orders` WHERE id = 1 LIMIT 1', /done/],
    ['SELECT 1; DROP TABLE orders', /no-destruction/],
    ['/*M!100000 DROP TABLE orders */', /no-destruction|denied/],
    ['SELECT * FROM orders', /add a LIMIT/],
    ['SELEKT 1', /denied|syntax/],
  ] as const) {
    const before = server.calls.length;
    assert.match(await call(sluice, 'mysql_query', { sql }), said, sql);
    assert.equal(server.calls.length, before + (said.source === 'done' ? 1 : 0), sql);
  }
});

test('a listener that takes no SQL is no place for SQL', async () => {
  const server = await startMcpUpstream();
  after(() => server.close());
  await assert.rejects(
    startSluice({ upstream: 'http://127.0.0.1:1', listeners: [listenerFor(server)] }),
    /"shop" takes no SQL/,
  );
});
