import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { startMysql } from '../../src/demo/mysql-server.ts';
import { createMysqlShop } from '../../src/demo/mysql-shop.ts';
import { startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
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
  const passes = async (name: string, given: JsonObject) => {
    const before = server.calls.length;
    assert.match(await call(sluice, name, given), /done/);
    assert.equal(server.calls.length, before + 1);
  };
  const denied = async (name: string, given: JsonObject, why: RegExp) => {
    const before = server.calls.length;
    const answer = await call(sluice, name, given);
    assert.match(answer, /"isError":true/);
    assert.match(answer, why);
    assert.equal(server.calls.length, before);
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
  await denied('mine', { deep: [{ text: 'SELECT 1' }, { text: 'DROP SCHEMA shop' }] }, /no-destruction/);
  await passes('echo', { sql: 'DROP TABLE shop.orders' });
  const denials = sluice.records().filter(({ type }) => type === 'denied');
  const drop = denials.find(({ parameters }) => JSON.stringify(parameters).includes('COMMIT; DROP'));
  assert.equal(drop?.['rule'], 'no-destruction');
  assert.equal(drop?.['via'], 'mcp');
  const mcp = drop?.['mcp'];
  assert.ok(mcp !== undefined && isObject(mcp));
  assert.deepEqual([mcp['method'], mcp['name'], typeof mcp['id']], ['tools/call', 'query', 'string']);
});

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
