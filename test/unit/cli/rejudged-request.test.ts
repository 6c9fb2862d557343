import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rejudge, type Rejudgement } from '../../../src/cli/rejudge.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';

const POLICY = `default: allow
rules:
  - { name: no-refunds, when: { paths: ["/refunds/**"], methods: [POST] }, then: deny }
  - { name: large, when: { body: { /amount: { over: 100 } } }, then: deny }
  - { name: often, when: { tools: [often] }, then: { rate: { statements: 5, every: 1m } } }
  - { name: mail, when: { tools: [send_mail] }, then: { approve: { by: [dba] } } }
`;

const START = {
  type: 'session-start',
  session: 's1',
  principal: 'agent',
  groups: [],
  listener: 'api',
  client: null,
};

async function rejudged(...records: readonly JsonObject[]): Promise<Rejudgement> {
  const { policy } = loadPolicy('policy.yaml', POLICY);
  const rejudge = new Rejudge({
    statements: () => null,
    requests: () => ({ policy, listener: null, sql: null, pinOf: async () => null }),
  });
  await rejudge.add(START);
  for (const [n, record] of records.entries())
    await rejudge.add({
      type: 'statement',
      session: 's1',
      number: n + 1,
      at: '2026-03-01T00:00:00Z',
      ...record,
    });
  return rejudge.result;
}

const http = (text: string, ...parameters: readonly (string | JsonObject)[]): JsonObject => ({
  via: 'http',
  text,
  parameters: [...parameters],
});
const tool = (name: string): JsonObject => ({
  via: 'mcp',
  text: `tools/call ${name}`,
  mcp: { method: 'tools/call', name },
});

test('a recorded HTTP request is judged again by its path, its header fields and its body', async () => {
  const { statements, unchanged, changes } = await rejudged(
    http('GET /refunds/1'),
    http('POST /refunds/1?x=1\ncontent-type: application/json\n# reason: none', '{"amount":5}'),
    http('POST /orders\ncontent-type: application/json', '{"amount":500}'),
    http('POST /orders\ncontent-type: text/plain\n(a body that is not recorded)'),
  );
  assert.deepEqual([statements, unchanged], [4, 1]);
  assert.deepEqual(changes.map(({ text, after }) => [text, after.outcome, after.rule]).toSorted(), [
    ['POST /orders {"amount":500}', 'deny', 'large'],
    ['POST /orders', 'deny', 'large'],
    ['POST /refunds/1?x=1 {"amount":5}', 'deny', 'no-refunds'],
  ]);
});

test('what depends on a body that the journal hides is counted and not judged', async () => {
  const hidden = { masked: true, bytes: 12 };
  const { statements, unchanged, changes, skipped } = await rejudged(
    http('POST /orders\ncontent-type: application/json', hidden),
    http('POST /refunds/1\ncontent-type: application/json', hidden),
  );
  assert.deepEqual([statements, unchanged, changes.map(({ after }) => after.rule)], [1, 0, ['no-refunds']]);
  assert.deepEqual([...skipped], [['the journal has not the arguments or the body that it depends on', 1]]);
});

test('what a rate, people or Sluice itself refused does not come out otherwise for being judged again', async () => {
  const denied = (name: string, rule: string, message: string): JsonObject => ({
    ...tool(name),
    type: 'denied',
    rule,
    message,
  });
  const { statements, unchanged, changes, skipped } = await rejudged(
    denied('often', 'often', 'rule "often" lets 5 statements through in 1 min'),
    denied('send_mail', 'mail', 'needs approval abcd-efgh by rule "mail": run the same statement again'),
    denied('read', 'sluice/pins', 'denied by rule "sluice/pins": it has changed'),
    denied('read', 'gone', 'denied by rule "gone"'),
    { via: 'mcp', text: 'tools/list', mcp: { method: 'tools/list' } },
    { via: 'mcp', text: 'tasks/get', mcp: { method: 'tasks/get' } },
  );
  assert.deepEqual([statements, unchanged], [4, 3]);
  assert.deepEqual(
    changes.map(({ before, after }) => [before.rule, after.outcome]),
    [['gone', 'allow']],
  );
  assert.deepEqual([...skipped.values()], [1, 1]);
});
