import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallFacts } from '../../src/core/requests.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../src/json/index.ts';
import { TaskOwners } from '../../src/transport/mcp/task-owners.ts';

function callWith(text: string): CallFacts {
  const bytes = Buffer.from(text);
  const document = scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: bytes.length });
  assert.ok(!isRefused(document));
  const rest = { about: 'mcp', method: 'tools/call', tool: 'query', resource: null, prompt: null } as const;
  return { ...rest, arguments: { kind: 'json', document, node: 0 } };
}

test('a task is known by who began it, with the arguments of its call', () => {
  const owners = new TaskOwners();
  owners.began('ann', 't', callWith('{"table":"small"}'));
  const { arguments: given } = owners.callOf('ann', 't') ?? callWith('{}');
  assert.ok(given.kind === 'json');
  assert.equal(given.document.bytes(given.node).toString(), '{"table":"small"}');
  assert.equal(owners.callOf('bob', 't'), null);
});

test('promise 9: what is kept of tasks has bounds: the oldest are forgotten, the newest is known', () => {
  const owners = new TaskOwners();
  const large = callWith(JSON.stringify({ text: 'x'.repeat(1 << 20) }));
  for (let n = 0; n < 40; n++) owners.began('ann', `t${n}`, large);
  assert.equal(owners.callOf('ann', 't0'), null);
  assert.notEqual(owners.callOf('ann', 't39'), null);
  // The same one again takes no more room.
  for (let n = 0; n < 100; n++) owners.began('ann', 't39', large);
  assert.notEqual(owners.callOf('ann', 't38'), null);
});
