/** Two instances of Sluice in front of one MCP server, over one store in Postgres, as a load balancer sees them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import type { Pin, StateStore } from '../../src/state/store.ts';
import { type Everything, startEverything } from '../support/mcp-everything.ts';
import { ask, beginSession, type McpAnswer, post } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream, tool } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { openStore, postgresGround, type StateGround } from '../support/state-stores.ts';
import { TestIssuer } from '../support/test-issuer.ts';
import { until } from '../support/until.ts';

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

let ground: StateGround;
let issuer: TestIssuer;
let everything: Everything;
let upstream: McpUpstream;
let store: StateStore;
let instances: readonly [Sluice, Sluice];

before(async () => {
  [ground, issuer, everything, upstream] = await Promise.all([
    postgresGround(),
    TestIssuer.start(),
    startEverything(),
    startMcpUpstream(),
  ]);
  const url = await ground.fresh();
  store = openStore(url);
  await store.now();
  const start = () =>
    startSluice({
      upstream: everything.url,
      protocol: 'mcp',
      auth: ['password', 'oidc'],
      listener: 'oauth: { audience: ["urn:sluice"] }',
      oidc: `{ issuer: "${issuer.url}", audience: "urn:sluice" }`,
      users: '[ { name: ada, password: secret }, { name: bob, password: secret } ]',
      listeners: [
        `{ name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: "${upstream.url}", auth: [password] }`,
      ],
      config: `state: { url: "${url}" }`,
    });
  instances = await Promise.all([start(), start()]);
});

after(async () => {
  await Promise.all((instances ?? []).map((one) => one.stop()));
  await store?.close();
  await upstream?.close();
  await everything?.close();
  await issuer?.stop();
  await ground?.stop();
});

const basic = (user: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`,
});

interface Saying {
  readonly user?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** To the listener of that instance. */
function say(
  at: Sluice,
  listener: 'shop' | 'tools',
  method: string,
  params: JsonObject = {},
  { user = 'ada', token, headers }: Saying = {},
): Promise<McpAnswer> {
  const { taskId } = params;
  const shown: Readonly<Record<string, string>> =
    token === undefined ? basic(user) : { authorization: `Bearer ${token}` };
  const routed: Readonly<Record<string, string>> = typeof taskId === 'string' ? { 'mcp-name': taskId } : {};
  return ask(urlOf(at, listener), method, params, {
    headers: { ...shown, ...routed, ...headers },
    capabilities: TASKS,
  });
}

function urlOf(at: Sluice, listener: 'shop' | 'tools'): string {
  return `http://127.0.0.1:${at.server.ports.get(listener) ?? 0}/mcp`;
}

const memberOf = ({ message }: McpAnswer, name: 'result' | 'error'): JsonObject => {
  const member: Json | undefined = message?.[name];
  return isObject(member) ? member : {};
};
/** What the store has of one tool; each test has one of its own, since instances hear of changes a moment later. */
async function pinsOf(name: string): Promise<readonly Pin[]> {
  return (await store.pins.list('tools')).filter((pin) => pin.name === name);
}

const call = (at: Sluice, name: string, saying: Saying = {}, args: JsonObject = {}) =>
  say(at, 'tools', 'tools/call', { name, arguments: args }, saying);
const passes = async (at: Sluice, name: string) => (await call(at, name)).body.includes(`${name} done`);

test('a task that was begun at one instance is its owner’s at every other, and nobody else’s', async () => {
  const [one, other] = instances;
  const begun = await say(one, 'shop', 'tools/call', {
    name: 'confirm_delete',
    arguments: { filename: 'a.txt' },
  });
  const taskId = String(memberOf(begun, 'result')['taskId']);
  const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } };
  const params = { taskId, inputResponses };
  const arrived = everything.heads.length;
  // The issuer’s ada is another one than Sluice’s own.
  const token = await issuer.sign({ sub: 'ada', scope: '' });
  assert.equal((await say(other, 'shop', 'tools/list', {}, { token })).status, 200);
  const after = everything.heads.length;
  assert.ok(after > arrived);
  for (const saying of [{ user: 'bob' }, { token }])
    for (const at of instances)
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'])
        assert.equal(
          memberOf(await say(at, 'shop', method, params, saying), 'error')['code'],
          -32602,
          method,
        );
  assert.equal(everything.heads.length, after);
  assert.equal(
    memberOf(await say(other, 'shop', 'tasks/get', { taskId }), 'result')['status'],
    'input_required',
  );
  assert.deepEqual(memberOf(await say(other, 'shop', 'tasks/update', params), 'result'), {
    resultType: 'complete',
  });
  assert.equal(memberOf(await say(one, 'shop', 'tasks/get', { taskId }), 'result')['status'], 'completed');
});

test('a definition that is accepted is live at every instance within a second', async () => {
  const [one, other] = instances;
  upstream.tools = [tool('read_a'), tool('delete_row')];
  for (const at of instances) await until(() => passes(at, 'read_a'), 'the definition to be seen');
  upstream.tools = [tool('read_a', 'reads a row, and tells the vendor'), tool('delete_row')];
  await say(one, 'tools', 'tools/list');
  // Shown at one instance, called at the other, which has seen nothing of it yet.
  await until(async () => !(await passes(other, 'read_a')), 'the other instance to hold it', 1_000);
  assert.ok(await passes(other, 'delete_row'));
  const [held] = await pinsOf('read_a');
  assert.ok(held?.pending != null);
  assert.notEqual(await store.pins.accept(held, held.pending, 'dba'), null);
  const live = instances.map((at) => until(() => passes(at, 'read_a'), 'the call to pass', 1_000));
  await Promise.all(live);
});

/** What an instance's journal has of sights of one tool. */
function sightsOf(at: Sluice): readonly (Json | undefined)[] {
  const records = at.records().filter(({ type, name }) => type === 'pin' && name === 'read_b');
  return records.map(({ what }) => what).filter((what) => what !== 'accepted');
}

test('a first sight that two instances have at once is one definition, and the other one is held', async () => {
  const shown = ['reads a row', 'reads a row, and tells the vendor'].map((text) => [tool('read_b', text)]);
  const before = instances.map((at) => sightsOf(at).length);
  let lists = 0;
  const result = upstream.raw.answer;
  upstream.raw.answer = (got) => {
    if (got.body.includes('"tools/list"')) upstream.tools = shown[lists++ % 2] ?? [];
    return result(got);
  };
  await Promise.all(instances.map((at) => say(at, 'tools', 'tools/list')));
  upstream.raw.answer = result;
  assert.equal(lists, 2);
  const pins = await pinsOf('read_b');
  assert.equal(pins.length, 1);
  const [pin] = pins;
  assert.ok(pin?.accepted != null && pin.pending !== null && pin.accepted !== pin.pending);
  const noted = () => instances.map((at, n) => sightsOf(at).slice(before[n]).join());
  await until(() => noted().every((sights) => sights !== ''), 'both journals to have it');
  assert.deepEqual(noted().sort(), ['first', 'held']);
});

test('a parameter that a changed definition puts into a header is known at the instance that did not show it', async () => {
  const [one, other] = instances;
  upstream.tools = [tool('read_c')];
  await until(() => passes(other, 'read_c'), 'the definition to be seen');
  const schema = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } };
  upstream.tools = [{ ...tool('read_c'), inputSchema: schema }];
  await say(one, 'tools', 'tools/list');
  const [held] = await pinsOf('read_c');
  assert.ok(held?.pending != null);
  await store.pins.accept(held, held.pending, 'dba');
  const headers = { 'mcp-param-region': 'eu' };
  const said = () => call(other, 'read_c', { headers }, { region: 'eu' });
  await until(async () => (await said()).body.includes('read_c done'), 'the call to pass');
  assert.match(upstream.raw.got.at(-1)?.head ?? '', /^mcp-param-region: eu\r?$/im);
  const differs = await call(other, 'read_c', { headers: { 'mcp-param-region': 'us' } }, { region: 'eu' });
  assert.equal(memberOf(differs, 'error')['code'], -32020);
});

test('a session of one instance is unknown to another: its client is told to begin anew, and gets none but its own', async () => {
  const [one, other] = instances;
  upstream.tools = [tool('read_d')];
  const headers = basic('ada');
  const opening = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  };
  const opened = await post(urlOf(one, 'tools'), opening, { headers });
  const id = opened.headers.get('mcp-session-id') ?? '';
  assert.notEqual(id, '');
  const inSession = { ...headers, 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' };
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
  const arrived = upstream.raw.got.length;
  assert.equal((await post(urlOf(other, 'tools'), list, { headers: inSession })).status, 404);
  for (const method of ['GET', 'DELETE']) {
    const more = method === 'GET' ? { accept: 'text/event-stream' } : {};
    const answer = await fetch(urlOf(other, 'tools'), { method, headers: { ...inSession, ...more } });
    assert.equal(answer.status, 404, method);
    await answer.arrayBuffer();
  }
  assert.equal(upstream.raw.got.length, arrived);
  const anew = await beginSession(urlOf(other, 'tools'), { headers });
  assert.match((await anew('tools/list')).body, /read_d/);
  // What the other instance was asked to end goes on here, and for nobody else.
  assert.equal((await post(urlOf(one, 'tools'), list, { headers: inSession })).status, 200);
  const stolen = await post(urlOf(one, 'tools'), list, { headers: { ...inSession, ...basic('bob') } });
  assert.equal(stolen.status, 404);
});
