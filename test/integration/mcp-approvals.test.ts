/** Calls of MCP that wait for people, for clients of every kind: nobody has to hold a socket open meanwhile. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ProxyError } from '../../src/core/errors.ts';
import { isArray, isObject, type Json, type JsonObject, parseJson } from '../../src/core/json.ts';
import { decide, requestIn, voteOn } from '../support/approvals.ts';
import { sluice as command } from '../support/command-line.ts';
import { ask, beginSession, type McpAnswer, post } from '../support/mcp-http.ts';
import { type McpUpstream, startMcpUpstream, tool } from '../support/mcp-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const POLICY = `
default: allow
rules:
  - { name: deletes, when: { tools: ["delete_*"] }, then: { approve: { by: [dba], within: 10m } } }
  - { name: drops, when: { tools: ["drop_*"] }, then: { approve: { by: [dba], within: 10m, wait: 20s } } }
`;
const PLACE = 'https://console.example/approvals';
const PAGES = { elicitation: { url: {} } };

let upstream: McpUpstream;
let sluice: Sluice;
let url: string;

before(async () => {
  upstream = await startMcpUpstream();
  upstream.capabilities = { tasks: { cancel: {}, list: {}, requests: { tools: { call: {} } } } };
  upstream.tools = [tool('delete_row'), tool('drop_table'), tool('read_row')];
  sluice = await startSluice({
    upstream: upstream.url,
    protocol: 'mcp',
    policy: POLICY,
    config: `approvals: { url: "${PLACE}" }`,
  });
  url = `http://127.0.0.1:${sluice.port}/mcp`;
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

beforeEach(() => {
  upstream.result = (name) => ({ content: [{ type: 'text', text: `${name} done` }] });
});

function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let found = value;
  for (const step of path)
    found =
      typeof step === 'number'
        ? isArray(found)
          ? found[step]
          : undefined
        : isObject(found)
          ? found[step]
          : undefined;
  return found;
}

function resultOf({ message, body }: McpAnswer): JsonObject {
  const result = at(message ?? undefined, 'result');
  assert.ok(isObject(result), body);
  return result;
}

function textOf(answer: McpAnswer): string {
  return String(at(resultOf(answer), 'content', 0, 'text'));
}

/** Each test has a row of its own, so that no approval of another's is there. */
let rows = 0;
function row(): { readonly name: string; readonly arguments: JsonObject } {
  return { name: 'delete_row', arguments: { id: ++rows } };
}

function sent(call: { readonly arguments: JsonObject }): number {
  return upstream.calls.filter((one) => at(one, 'arguments', 'id') === call.arguments['id']).length;
}

test('a client that can do nothing else is told the id and the place, and the same call runs once after a yes', async () => {
  const inSession = await beginSession(url);
  const call = row();
  const told = await inSession('tools/call', call);
  const { id } = await requestIn(sluice);
  assert.equal(resultOf(told)['isError'], true);
  assert.match(
    textOf(told),
    new RegExp(`waits for approval ${id} at ${PLACE}/${id}; send the same call again`),
  );
  assert.equal(at(resultOf(told), '_meta', 'dev.sluice/refusal', 'approval', 'id'), id);
  assert.equal(sent(call), 0);
  await voteOn(sluice, id, 'approve');
  // Another call is another question.
  const other = await inSession('tools/call', { ...call, arguments: { ...call.arguments, all: true } });
  assert.equal(resultOf(other)['isError'], true);
  await decide(sluice, 'deny');
  assert.equal(textOf(await inSession('tools/call', call)), 'delete_row done');
  assert.equal(resultOf(await inSession('tools/call', call))['isError'], true);
  assert.equal(sent(call), 1);
  await decide(sluice, 'deny');
});

test('people see the tool and all of its arguments, on the command line and by the API', async () => {
  const inSession = await beginSession(url);
  const call = row();
  const note = 'x'.repeat(3000);
  await inSession('tools/call', { ...call, arguments: { ...call.arguments, note } });
  const { id } = await requestIn(sluice);
  const listed = await command(['approvals', '--config', sluice.configFile]);
  assert.match(listed.out, /\n\S+ .*calls the tool delete_row \{"id":/);
  const shown = await command(['approvals', 'show', id, '--config', sluice.configFile]);
  assert.match(shown.out, /\n {2}│ calls the tool delete_row\n {2}│ # definition: sha256:[0-9a-f]{64}\n/);
  assert.ok(shown.out.includes(note));
  assert.doesNotMatch(shown.out, /\$1 =|no table|statement/);
  const json = parseJson(
    (await command(['approvals', 'show', id, '--config', sluice.configFile, '--json'])).out,
  );
  assert.equal(at(json, 'request', 'words'), 'calls the tool delete_row');
  assert.deepEqual(parseJson(String(at(json, 'request', 'body'))), { ...call.arguments, note });
  await decide(sluice, 'deny');
});

test('promise 4: arguments that may hold masked values are not shown to approvers, others are, without what detectors find', async () => {
  const masks = `masks:
  - { columns: [shop.customers.ssn], with: redact }
  - { json: ["$..card"], with: redact }
  - { detect: [email], with: redact }
`;
  const own = await startSluice({ upstream: upstream.url, protocol: 'mcp', policy: `${POLICY}${masks}` });
  try {
    const inSession = await beginSession(`http://127.0.0.1:${own.port}/mcp`);
    const bodyOf = async (args: JsonObject) => {
      await inSession('tools/call', { name: 'delete_row', arguments: args });
      const { id, shown } = await requestIn(own);
      await voteOn(own, id, 'deny');
      return at(shown, 'parameters', 0);
    };
    assert.equal(await bodyOf({ id: 3, to: 'row' }), '{"id":3,"to":"row"}');
    const mail = String(await bodyOf({ id: 3, to: 'ann@example.com' }));
    assert.match(mail, /"id":3/);
    assert.doesNotMatch(mail, /ann@example/);
    for (const args of [
      { sql: 'delete from t where SSN = $1', params: ['078-05-1120'] },
      { where: { '\u0063ard': '4111' } },
      { column: 'c%61rd', value: '4111' },
    ])
      assert.equal(at(await bodyOf(args), 'masked'), true, JSON.stringify(args));
    assert.doesNotMatch(JSON.stringify(own.records()), /078-05|4111|ann@example/);
  } finally {
    await own.stop();
  }
});

test('promise 7: an approval covers the definition of the tool as it was reviewed', async () => {
  const inSession = await beginSession(url);
  const call = row();
  await inSession('tools/call', call);
  const asked = await requestIn(sluice);
  assert.match(String(at(asked.shown, 'text')), /definition.*[0-9a-f]{64}/);
  await decide(sluice, 'deny');
});

test('2025-11-25: a call that asks for a task gets one, and is carried out after the yes', async () => {
  const inSession = await beginSession(url);
  const call = row();
  const begun = resultOf(await inSession('tools/call', { ...call, task: { ttl: 60_000 } }));
  const asked = await requestIn(sluice);
  const task = at(begun, 'task');
  const taskId = String(at(task, 'taskId'));
  assert.equal(at(task, 'status'), 'working');
  assert.equal(at(task, 'ttl'), 60_000);
  assert.match(String(at(task, 'statusMessage')), new RegExp(asked.id));
  const waiting = resultOf(await inSession('tasks/get', { taskId }));
  assert.equal(waiting['status'], 'working');
  // It may be asked for at once, and comes when it is there.
  const result = inSession('tasks/result', { taskId });
  assert.equal(sent(call), 0);
  await voteOn(sluice, asked.id, 'approve');
  const done = await result;
  assert.equal(textOf(done), 'delete_row done');
  assert.deepEqual(at(resultOf(done), '_meta', 'io.modelcontextprotocol/related-task'), { taskId });
  assert.equal(resultOf(await inSession('tasks/get', { taskId }))['status'], 'completed');
  assert.equal(textOf(await inSession('tasks/result', { taskId })), 'delete_row done');
  assert.equal(sent(call), 1);
  const record = sluice.records().find((one) => one['type'] === 'statement' && isArray(one['approvals']));
  assert.deepEqual(
    sluice
      .records()
      .filter((one) => isArray(one['approvals']) && one['approvals'].includes(asked.id))
      .map(({ type }) => type),
    ['statement'],
  );
  assert.ok(record !== undefined);
});

test('2025-11-25: a server that makes a task of the approved call is asked for its result', async () => {
  upstream.result = () => ({ task: { taskId: 'at-the-server', status: 'working', ttl: null } });
  const answer = upstream.raw.answer;
  upstream.raw.answer = (got) => {
    const body = got.body.toString();
    if (!body.includes('"tasks/result"')) return answer(got);
    assert.match(body, /at-the-server/);
    const id = /"id":("[^"]*"|\d+)/.exec(body)?.[1] ?? 'null';
    const meta = '"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"at-the-server"}}';
    const text = `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"late"}],${meta}}}`;
    return Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
  };
  const inSession = await beginSession(url);
  const begun = resultOf(await inSession('tools/call', { ...row(), task: {} }));
  const taskId = String(at(begun, 'task', 'taskId'));
  await decide(sluice, 'approve');
  const done = await inSession('tasks/result', { taskId });
  assert.equal(textOf(done), 'late');
  assert.ok(!done.body.includes('at-the-server'));
  upstream.raw.answer = answer;
});

test('2025-11-25: a no, and a client that cancels, end the task', async () => {
  const inSession = await beginSession(url);
  const refused = row();
  const first = resultOf(await inSession('tools/call', { ...refused, task: {} }));
  const taskId = String(at(first, 'task', 'taskId'));
  await decide(sluice, 'deny', { reason: 'not today' });
  await until(
    async () => resultOf(await inSession('tasks/get', { taskId }))['status'] === 'failed',
    'the task to fail',
  );
  const told = await inSession('tasks/result', { taskId });
  assert.equal(resultOf(told)['isError'], true);
  assert.match(textOf(told), /denied by dana: not today/);
  const given = row();
  const second = resultOf(await inSession('tools/call', { ...given, task: {} }));
  const asked = await requestIn(sluice);
  const cancelled = await inSession('tasks/cancel', { taskId: String(at(second, 'task', 'taskId')) });
  assert.equal(resultOf(cancelled)['status'], 'cancelled');
  await requestIn(sluice, 'cancelled', ({ id }) => id === asked.id);
  const again = await inSession('tasks/cancel', { taskId: String(at(second, 'task', 'taskId')) });
  assert.equal(at(again.message ?? undefined, 'error', 'code'), -32602);
  assert.equal(sent(refused) + sent(given), 0);
});

test('2025-11-25: where the server makes no tasks, a call that asks for one is a call like any other', async () => {
  const { capabilities } = upstream;
  upstream.capabilities = {};
  const inSession = await beginSession(url);
  upstream.capabilities = capabilities;
  const told = await inSession('tools/call', { ...row(), task: {} });
  assert.equal(resultOf(told)['isError'], true);
  assert.equal(at(resultOf(told), 'task'), undefined);
  await decide(sluice, 'deny');
});

test('a task is nobody else’s, and ends with its session', async () => {
  const inSession = await beginSession(url);
  const begun = resultOf(await inSession('tools/call', { ...row(), task: {} }));
  const taskId = String(at(begun, 'task', 'taskId'));
  const asked = await requestIn(sluice);
  const other = await beginSession(url);
  assert.ok((await other('tasks/get', { taskId })).message?.['error'] !== undefined);
  for (const { id } of sluice.server.sessions.matching(() => true))
    sluice.server.sessions.terminate(id, new ProxyError('session-revoked'));
  await requestIn(sluice, 'cancelled', ({ id }) => id === asked.id);
});

test('2026-07-28: a client that opens pages is asked to open one, and comes again with the state', async () => {
  const call = row();
  const first = resultOf(await ask(url, 'tools/call', call, { capabilities: PAGES }));
  const asked = await requestIn(sluice);
  assert.equal(first['resultType'], 'input_required');
  const page = at(first, 'inputRequests', 'dev.sluice/approval');
  assert.equal(at(page, 'method'), 'elicitation/create');
  assert.equal(at(page, 'params', 'mode'), 'url');
  assert.equal(at(page, 'params', 'url'), `${PLACE}/${asked.id}`);
  const requestState = String(first['requestState']);
  const back = { inputResponses: { 'dev.sluice/approval': { action: 'accept' } }, requestState };
  // It is held for a moment: people decide while it is there.
  const again = ask(url, 'tools/call', { ...call, ...back }, { capabilities: PAGES });
  await voteOn(sluice, asked.id, 'approve');
  const done = await again;
  assert.equal(textOf(done), 'delete_row done');
  assert.equal(sent(call), 1);
  const wire = upstream.raw.got.map(({ body }) => body.toString()).join('\n');
  assert.ok(!wire.includes('requestState') && !wire.includes('inputResponses'));
  // Once: the state is no second key.
  const replay = resultOf(await ask(url, 'tools/call', { ...call, ...back }, { capabilities: PAGES }));
  assert.equal(replay['resultType'], 'input_required');
  assert.equal(sent(call), 1);
  await decide(sluice, 'deny');
});

test('2026-07-28: a state is for its call alone, and for as it was given', async () => {
  const call = row();
  const first = resultOf(await ask(url, 'tools/call', call, { capabilities: PAGES }));
  const asked = await requestIn(sluice);
  const requestState = String(first['requestState']);
  const cases: readonly JsonObject[] = [
    { ...row(), requestState },
    { ...call, name: 'drop_table', requestState },
    { ...call, requestState: `${requestState}x` },
    { ...call, requestState: requestState.replace(asked.id, 'aaaa-bbbb') },
  ];
  for (const params of cases) {
    const answer = await ask(url, 'tools/call', params, { capabilities: PAGES });
    assert.equal(at(answer.message ?? undefined, 'error', 'code'), -32602, answer.body);
  }
  const declined = await ask(
    url,
    'tools/call',
    { ...call, requestState, inputResponses: { 'dev.sluice/approval': { action: 'decline' } } },
    { capabilities: PAGES },
  );
  assert.equal(resultOf(declined)['isError'], true);
  await requestIn(sluice, 'cancelled', ({ id }) => id === asked.id);
  assert.equal(sent(call), 0);
});

test('2026-07-28: who opens no pages is told the id and the place', async () => {
  const call = row();
  const told = await ask(url, 'tools/call', call);
  assert.match(textOf(told), new RegExp(`at ${PLACE}/`));
  assert.equal(resultOf(told)['isError'], true);
  await decide(sluice, 'approve');
  assert.equal(textOf(await ask(url, 'tools/call', call)), 'delete_row done');
});

test('promise 7: answers to what the server asks are another call to agree to, and its own state stays', async () => {
  const call = row();
  upstream.result = (_name, params) =>
    params['requestState'] === 'of-the-server'
      ? { content: [{ type: 'text', text: JSON.stringify(params['inputResponses']) }] }
      : {
          resultType: 'input_required',
          requestState: 'of-the-server',
          inputRequests: {
            why: {
              method: 'elicitation/create',
              params: { mode: 'form', message: 'why?', requestedSchema: { type: 'object', properties: {} } },
            },
          },
        };
  const capabilities = { elicitation: { form: {} } };
  await ask(url, 'tools/call', call, { capabilities });
  await decide(sluice, 'approve');
  const asked = resultOf(await ask(url, 'tools/call', call, { capabilities }));
  assert.equal(asked['resultType'], 'input_required');
  const requestState = String(asked['requestState']);
  const inputResponses = { why: { action: 'accept', content: { reason: 'because' } } };
  const again = { ...call, inputResponses, requestState };
  const told = await ask(url, 'tools/call', again, { capabilities });
  assert.equal(resultOf(told)['isError'], true, told.body);
  const request = await decide(sluice, 'approve');
  assert.match(JSON.stringify(request.shown), /because/);
  const done = await ask(url, 'tools/call', again, { capabilities });
  assert.equal(textOf(done), JSON.stringify(inputResponses));
});

test('whoever is held is told for whom by progress, and gets the answer on the same stream', async () => {
  const call = { name: 'drop_table', arguments: { id: ++rows }, _meta: { progressToken: 'p1' } };
  const held = ask(url, 'tools/call', call);
  const asked = await decide(sluice, 'approve');
  const answer = await held;
  assert.equal(textOf(answer), 'drop_table done');
  const [progress] = answer.messages;
  assert.equal(at(progress, 'method'), 'notifications/progress');
  assert.equal(at(progress, 'params', 'progressToken'), 'p1');
  assert.match(String(at(progress, 'params', 'message')), new RegExp(`${asked.id}.*one person of dba`));
});

test('whoever leaves while it is held takes the question back', async () => {
  const abort = new AbortController();
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'drop_table',
      arguments: { id: ++rows },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  };
  const leaving = fetch(url, {
    method: 'POST',
    signal: abort.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'drop_table',
    },
    body: JSON.stringify(message),
  }).catch(() => null);
  const asked = await requestIn(sluice);
  abort.abort();
  await leaving;
  await requestIn(sluice, 'cancelled', ({ id }) => id === asked.id);
});

test('a call that needs a yes is not sent as a notification', async () => {
  const before = upstream.raw.got.length;
  const answer = await post(url, { jsonrpc: '2.0', method: 'tools/call', params: row() });
  assert.ok(answer.status === 202 || answer.status === 400, String(answer.status));
  assert.equal(upstream.raw.got.length, before);
});
