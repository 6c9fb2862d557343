import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { judgeBench } from '../../support/mcp-judge.ts';

test('rules name methods of MCP: of clients, and of what servers ask in either era', async () => {
  const bench = judgeBench({
    policy: `default: deny
rules:
  - { name: asks, when: { calls: [elicitation/create, "prompts/*"] }, then: allow }
  - { name: no-get, when: { calls: [PROMPTS/GET] }, then: deny }
  - { name: tools, when: { tools: ["*"] }, then: allow }
`,
  });
  after(() => bench.close());
  const client = bench.session();
  const asked = (id: number, method: string) =>
    client.told(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{}}`);
  assert.doesNotMatch(await asked(1, 'elicitation/create'), /to server/);
  assert.match(await asked(2, 'sampling/createMessage'), /^to server: .*no rule allows sampling/);
  client.answers = { 'prompts/list': '{"prompts":[{"name":"p"}]}' };
  assert.match(await client.ask('prompts/get', { name: 'p' }), /rule \\"no-get\\"/);
  // A denied method denies what a list of it offers as well.
  assert.match(await client.ask('prompts/list'), /"prompts":\[\]/);
  client.answers = { 'tools/list': '{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}' };
  for (const [method, isAsked] of [
    ['elicitation/create', true],
    ['sampling/createMessage', false],
  ] as const) {
    client.answers = {
      ...client.answers,
      'tools/call': `{"resultType":"input_required","inputRequests":{"a":{"method":"${method}","params":{}}}}`,
    };
    const shown = await client.ask('tools/call', { name: 't', arguments: {} });
    assert.equal(shown.includes('inputRequests'), isAsked, shown);
  }
});
