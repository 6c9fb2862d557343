import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApprovalStates, type StateOf } from '../../../src/transport/mcp/approval-state.ts';

const CALL: StateOf = {
  principal: 'ada',
  method: 'tools/call',
  name: 'delete_row',
  arguments: Buffer.from('{"id":1}'),
};
const NOW = 1_700_000_000_000;

test('a state is for one principal, one call and a while', () => {
  const states = new ApprovalStates('shared');
  const state = states.make(['ab2c-d3ef', 'gh4j-k5mn'], CALL, NOW + 1000);
  assert.deepEqual(states.read(state, CALL, NOW), { ids: ['ab2c-d3ef', 'gh4j-k5mn'] });
  // Whoever shares the secret can read it: another instance.
  assert.deepEqual(new ApprovalStates('shared').read(state, CALL, NOW), { ids: ['ab2c-d3ef', 'gh4j-k5mn'] });
  for (const other of [
    { ...CALL, principal: 'eve' },
    { ...CALL, method: 'prompts/get' },
    { ...CALL, name: 'delete_table' },
    { ...CALL, arguments: Buffer.from('{"id":2}') },
    { ...CALL, arguments: null },
  ])
    assert.equal(states.read(state, other, NOW), 'invalid');
  assert.equal(states.read(state, CALL, NOW + 1000), 'invalid');
  for (const changed of [
    `${state}.x`,
    state.slice(0, -1),
    state.replace('ab2c', 'ab2d'),
    state.replace('+', '.'),
  ])
    assert.equal(states.read(changed, CALL, NOW), 'invalid', changed);
});

test('what somebody else has made is not looked at', () => {
  const states = new ApprovalStates('shared');
  assert.equal(states.read('opaque', CALL, NOW), 'foreign');
  assert.equal(states.read(new ApprovalStates('other').make(['a'], CALL, NOW + 1), CALL, NOW), 'foreign');
});
