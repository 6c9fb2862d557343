/** What a start makes of requests that the process before left pending. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Approvals } from '../../../src/approvals/index.ts';
import { openStore, requestFor, sqliteGround } from '../../support/state-stores.ts';
import { until } from '../../support/until.ts';

test('after a kill, a paused result is nobody’s any more; a statement may still be approved and run again', async () => {
  const ground = sqliteGround();
  const url = await ground.fresh();
  const store = openStore(url);
  const now = await store.now();
  const request = async (id: string, instance: string, kind: 'statement' | 'result') =>
    await store.approvals.create(await requestFor(store, { id, instance, kind, createdAt: now - 1000 }));
  await request('dead-rows', 'one', 'result');
  await request('live-rows', 'two', 'result');
  await request('held-text', 'one', 'statement');
  const records: string[] = [];
  const approvals = new Approvals({
    store,
    instance: 'one',
    record: (type, members) => records.push(`${type} ${members}`),
    urlOf: () => null,
    announce: () => {},
    log: (message, error) => assert.fail(`${message}: ${error.message}`),
  });
  await until(
    async () => (await store.approvals.get('dead-rows'))?.state === 'cancelled',
    'its cancellation',
  );
  assert.equal((await store.approvals.get('live-rows'))?.state, 'pending');
  assert.equal((await store.approvals.get('held-text'))?.state, 'pending');
  assert.match(records.join('\n'), /^approval .*"dead-rows".*"cancelled"/);
  await approvals.close();
  await store.close();
  await ground.stop();
});
