/** Whose a task is, with the store that instances share and without it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityKey } from '../../../src/core/principal.ts';
import type { CallFacts } from '../../../src/core/requests.ts';
import { TaskOwners } from '../../../src/engine/task-owners.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../../src/json/index.ts';
import { type StateStore, StoreUnavailable } from '../../../src/state/store.ts';
import { openStore } from '../../support/state-stores.ts';

function callWith(text: string): CallFacts {
  const bytes = Buffer.from(text);
  const document = scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: bytes.length });
  assert.ok(!isRefused(document));
  const rest = { about: 'mcp', method: 'tools/call', tool: 'query', resource: null, prompt: null } as const;
  return { ...rest, arguments: { kind: 'json', document, node: 0 } };
}

const down: Pick<StateStore, 'tasks'> = {
  tasks: {
    put: () => Promise.reject(new StoreUnavailable('down')),
    find: () => Promise.reject(new StoreUnavailable('down')),
  },
};

function ownersOf(
  store: Pick<StateStore, 'tasks'>,
  missed: (error: Error) => void = assert.ifError,
): TaskOwners {
  return new TaskOwners({ listener: 'tools', store, missed });
}

/** Bytes of the arguments of a task's call, as far as this instance can say. */
async function argumentsOf(owners: TaskOwners, owner: string, task: string): Promise<string | null> {
  await owners.recall(owner, [task]);
  const call = owners.callOf(owner, task);
  if (call === null) return null;
  const { arguments: given } = call;
  return given.kind === 'json' ? given.document.bytes(given.node).toString() : given.kind;
}

test('a task is known by who began it, with the arguments of its call, at every instance and after a start', async () => {
  const store = openStore('sqlite::memory:');
  const [one, other] = [ownersOf(store), ownersOf(store)];
  await one.began('ann', 't', callWith('{"table":"small"}'), null);
  await one.began('ann', 'bare', { ...callWith('{}'), arguments: { kind: 'none' } }, 60_000);
  await one.began('ann', 'long', callWith(JSON.stringify({ text: 'x'.repeat(70_000) })), null);
  for (const owners of [one, other]) {
    assert.equal(await argumentsOf(owners, 'ann', 't'), '{"table":"small"}');
    assert.equal(await argumentsOf(owners, 'ann', 'bare'), 'none');
    assert.equal(await argumentsOf(owners, 'bob', 't'), null);
    assert.equal(await argumentsOf(owners, 'ann', 'u'), null);
  }
  // What is too long to be kept may say anything: rules that ask for it match.
  assert.equal(await argumentsOf(other, 'ann', 'long'), 'unread');
  assert.equal(other.callOf('ann', 't')?.tool, 'query');
  const elsewhere = new TaskOwners({ listener: 'others', store, missed: assert.ifError });
  assert.equal(await argumentsOf(elsewhere, 'ann', 't'), null);
  await store.close();
});

test('one name of two issuers is two principals', () => {
  const principal = { name: 'ann', groups: [] };
  const proof = { via: 'oidc', expiresAtMs: null, credential: null, subject: '1' } as const;
  const keys = ['https://a.example', 'https://b.example', null].map((issuer) =>
    identityKey({ principal, proof: { ...proof, issuer } }),
  );
  assert.equal(new Set(keys).size, 3);
});

test('an instance that cannot use the store says so, and knows what began at it', async () => {
  const missed: string[] = [];
  const [one, other] = [ownersOf(down, ({ message }) => missed.push(message)), ownersOf(down, () => {})];
  await one.began('ann', 't', callWith('{}'), null);
  assert.deepEqual(missed, ['down']);
  assert.equal(await argumentsOf(one, 'ann', 't'), '{}');
  assert.equal(await argumentsOf(other, 'ann', 't'), null);
});

test('promise 9: what is at hand of tasks has bounds: the oldest are forgotten, the newest is known', async () => {
  const owners = ownersOf(down, () => {});
  const large = callWith(JSON.stringify({ text: 'x'.repeat(1 << 20) }));
  for (let n = 0; n < 40; n++) await owners.began('ann', `t${n}`, large, null);
  assert.equal(owners.callOf('ann', 't0'), null);
  assert.notEqual(owners.callOf('ann', 't39'), null);
  // The same one again takes no more room.
  for (let n = 0; n < 100; n++) await owners.began('ann', 't39', large, null);
  assert.notEqual(owners.callOf('ann', 't38'), null);
});

test('promise 9: of one owner the store keeps the newest tasks alone, and none beyond its time', async () => {
  let now = 1_700_000_000_000;
  const store = openStore('sqlite::memory:', { clock: () => now++ });
  const key = { listener: 'tools', owner: 'ann' };
  const begun = (task: string, keptMs = 3_600_000) =>
    store.tasks.put({ ...key, task, tool: 'query', arguments: null }, keptMs, 3);
  await store.tasks.put({ ...key, owner: 'bob', task: 't0', tool: 'query', arguments: null }, 3_600_000, 3);
  for (let n = 0; n < 5; n++) await begun(`t${n}`);
  await begun('t3');
  const known = await Promise.all([0, 1, 2, 3, 4].map((n) => store.tasks.find({ ...key, task: `t${n}` })));
  assert.deepEqual(
    known.map((task) => task?.task ?? null),
    [null, null, 't2', 't3', 't4'],
  );
  assert.notEqual(await store.tasks.find({ ...key, owner: 'bob', task: 't0' }), null);
  now += 3_600_000;
  assert.equal(await store.tasks.find({ ...key, task: 't4' }), null);
  await store.close();
});
