/** Rows of answers of HTTP: what counts as one, what becomes of more, and budgets of them; and lists that Sluice asks for itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isObject, type JsonObject, parseJson } from '../../src/core/json.ts';
import { requestIn, voteOn } from '../support/approvals.ts';
import { ok, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { beginSession } from '../support/mcp-http.ts';
import { startMcpUpstream, tool } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const POLICY = `
default: allow
rules:
  - { name: few, when: { paths: ["/few/**"] }, then: { limit: { rows: 3 } } }
  - { name: cut, when: { paths: ["/cut/**"] }, then: { limit: { rows: 3, over: truncate } } }
  - { name: orders, when: { paths: ["/orders"] }, then: { limit: { rows: 3, items: "$.data.orders[*]", over: truncate } } }
  - { name: asks, when: { paths: ["/asks"] }, then: { limit: { rows: 3, over: approve, by: [dba], within: 1m } } }
  - { name: budget, when: { paths: ["/spent"] }, then: { budget: { window: 1h, rows: 10 } } }
`;

let api: RawUpstream;
let sluice: Sluice;

before(async () => {
  api = await startRawUpstream();
  sluice = await startSluice({ upstream: `http://127.0.0.1:${api.port}`, policy: POLICY });
});

after(async () => {
  await sluice.stop();
  await api.close();
});

interface Got {
  readonly status: number;
  readonly body: string;
  readonly truncated: string | null;
}

/** The answer to a path, where the upstream sends that. `body` of one that broke off: what had come. */
async function get(path: string, type: string, body: string): Promise<Got> {
  api.answer = () => ok({ 'content-type': type }, body);
  const headers = { authorization: `Basic ${Buffer.from('agent:').toString('base64')}` };
  const response = await fetch(`http://127.0.0.1:${sluice.port}${path}`, { headers });
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  } catch {
    text += '(broken off)';
  }
  return { status: response.status, body: text, truncated: response.headers.get('sluice-truncated') };
}

const JSON_TYPE = 'application/json';
const items = (n: number) => Array.from({ length: n }, (_, id) => ({ id, tags: ['a', 'b'] }));
const csv = (n: number) =>
  `id,name\r\n${Array.from({ length: n }, (_, id) => `${id},"a ""quoted""\nname"\r\n`).join('')}`;

test('promise 5: rows of JSON and CSV count, wherever the list stands; more of them are not shown', async () => {
  for (const [type, within, over] of [
    [JSON_TYPE, JSON.stringify(items(3)), JSON.stringify(items(4))],
    [JSON_TYPE, JSON.stringify({ data: { list: items(3) } }), JSON.stringify({ data: { list: items(4) } })],
    [JSON_TYPE, '{"a":{"x":{},"y":{},"z":{}}}', '{"a":{"w":{},"x":{},"y":{},"z":{}}}'],
    ['application/vnd.api+json', '{"data":[]}', JSON.stringify([{ data: items(40) }])],
    ['text/csv; charset=utf-8', csv(3), csv(4)],
    ['text/csv; header=absent', '1,2\n3,4\n', csv(4)],
    ['text/plain', 'some words, and more words', JSON.stringify(items(4))],
  ] as const) {
    const passed = await get('/few/x', type, within);
    assert.deepEqual([passed.status, passed.body, passed.truncated], [200, within, null], type);
    const refused = await get('/few/x', type, over);
    assert.equal(refused.status, 429, over);
    assert.match(refused.body, /longer than rule \\"few\\" allows \(3 items\)/);
  }
  await until(() => JSON.stringify(sluice.records()).includes('"tag":"200","rows":3'), 'rows in the journal');
});

test('promise 5: lines and events count as they stream; a list in one of them counts by its items', async () => {
  const lines = items(5).map((item) => `${JSON.stringify(item)}\n`);
  const streamed = await get('/few/lines', 'application/x-ndjson', lines.join(''));
  assert.deepEqual(streamed.body, `${lines.slice(0, 3).join('')}(broken off)`);
  const within = await get('/few/lines', 'application/x-ndjson', lines.slice(0, 3).join(''));
  assert.equal(within.body, lines.slice(0, 3).join(''));
  const list = `${JSON.stringify(items(4))}\n`;
  assert.equal((await get('/few/lines', 'application/x-ndjson', list)).status, 429);
  const events = `data: ${JSON.stringify(items(2))}\n\ndata: ${JSON.stringify(items(2))}\n\n`;
  const told = await get('/few/events', 'text/event-stream', events);
  assert.match(told.body, /^data: \[.*\]\n\nevent: error\ndata: .*longer than rule/);
});

test('what has rows that nobody can count is not shown where they are limited; what is no data passes', async () => {
  const xml = await get('/few/x', 'application/xml', '<a><b/><b/><b/><b/></a>');
  assert.deepEqual([xml.status, /cannot-count/.test(xml.body)], [502, true]);
  assert.equal((await get('/few/x', 'application/octet-stream', 'rows')).status, 502);
  assert.equal((await get('/few/x', JSON_TYPE, '{"a":1,"a":2}')).status, 502);
  assert.equal((await get('/few/x', 'image/png', 'pixels')).body, 'pixels');
  assert.equal((await get('/few/x', 'text/html', '<p>1,2\n3,4\n5,6\n7,8\n9,10</p>')).status, 200);
  assert.equal((await get('/free', 'application/xml', '<a/>')).body, '<a/>');
});

test('over: truncate leaves the first rows, valid and marked, and the journal names the rule', async () => {
  const cut = await get('/cut/x', JSON_TYPE, `{ "data": ${JSON.stringify(items(10))}, "n": 1.0 }`);
  assert.deepEqual(cut, {
    status: 200,
    body: `{ "data": ${JSON.stringify(items(3))}, "n": 1.0 }`,
    truncated: 'rule="cut"; shown=3; of=10',
  });
  const table = await get('/cut/x', 'text/csv', csv(10));
  assert.deepEqual([table.body, table.truncated], [csv(3), 'rule="cut"; shown=3; of=10']);
  const whole = await get('/cut/x', JSON_TYPE, JSON.stringify(items(2)));
  assert.deepEqual([whole.body, whole.truncated], [JSON.stringify(items(2)), null]);
  await until(
    () => JSON.stringify(sluice.records()).includes('"truncatedBy":"cut"'),
    'the rule in the journal',
  );
});

test('items says what counts: nothing beside it, and any other shape by its longest list', async () => {
  const document = (orders: number, notes: number) =>
    JSON.stringify({ data: { orders: items(orders), notes: items(notes) } });
  assert.equal((await get('/orders', JSON_TYPE, document(3, 50))).body, document(3, 50));
  const cut = await get('/orders', JSON_TYPE, document(7, 5));
  assert.deepEqual([cut.body, cut.truncated], [document(3, 5), 'rule="orders"; shown=3; of=7']);
  const other = await get('/orders', JSON_TYPE, JSON.stringify({ errors: items(9) }));
  assert.equal(other.body, JSON.stringify({ errors: items(3) }));
});

test('over: approve holds an answer with more rows until people have agreed', async () => {
  const body = JSON.stringify(items(9));
  const held = get('/asks', JSON_TYPE, body);
  const { id } = await requestIn(sluice);
  await voteOn(sluice, id, 'approve');
  assert.equal((await held).body, body);
});

test('promise 5: a budget of rows counts rows of answers, over connections', async () => {
  const six = JSON.stringify(items(6));
  assert.equal((await get('/spent', JSON_TYPE, six)).status, 200);
  const spent = await get('/spent', JSON_TYPE, six);
  assert.equal(spent.status, 429);
  assert.match(spent.body, /budget/);
  assert.equal((await get('/spent', JSON_TYPE, JSON.stringify(items(3)))).status, 200);
});

test('promise 13: calls of what a server does not list have it asked for its list once in a while, not for each', async () => {
  const upstream = await startMcpUpstream();
  const mcp = await startSluice({ upstream: upstream.url, protocol: 'mcp' });
  try {
    const lists = () =>
      upstream.raw.got.filter(({ body }) => body.includes('"tools/list"') && body.includes('sluice-')).length;
    const call = await beginSession(`http://127.0.0.1:${mcp.port}/mcp`);
    const callMany = async () => {
      const many = Array.from({ length: 20 }, (_, n) =>
        call('tools/call', { name: `none_${n}`, arguments: {} }),
      );
      for (const { body } of await Promise.all(many)) assert.match(body, /Unknown tool/);
    };
    await callMany();
    // What is seen for the first time is pinned, which is a reason to look once more.
    await call('tools/call', { name: 'none', arguments: {} });
    const asked = lists();
    assert.ok(asked <= 2, `${asked} times`);
    await callMany();
    assert.equal(lists(), asked);
    const codeOf = (message: JsonObject | null) =>
      isObject(message?.['error']) ? message['error']['code'] : null;
    assert.equal(codeOf((await call('tools/call', { name: 'late', arguments: {} })).message), -32602);
    // The server has more to offer, and says so on the stream of another answer.
    upstream.tools = [...upstream.tools, tool('late')];
    const { answer } = upstream.raw;
    upstream.raw.answer = (got) => {
      const body = got.body.toString();
      if (!body.includes('"name":"read_row"')) return answer(got);
      const sent = parseJson(body);
      const id = isObject(sent) ? sent['id'] : null;
      const messages = [
        { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
        { jsonrpc: '2.0', id, result: { content: [] } },
      ];
      const events = messages.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
      return ok({ 'content-type': 'text/event-stream' }, events);
    };
    await call('tools/call', { name: 'read_row', arguments: {} });
    assert.match((await call('tools/call', { name: 'late', arguments: {} })).body, /late done/);
    assert.equal(lists(), asked + 1);
    // Another session may be offered something else.
    const before = lists();
    const other = await beginSession(`http://127.0.0.1:${mcp.port}/mcp`);
    await other('tools/call', { name: 'none', arguments: {} });
    assert.equal(lists(), before + 1);
  } finally {
    await mcp.stop();
    await upstream.close();
  }
});
