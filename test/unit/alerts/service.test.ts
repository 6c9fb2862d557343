/** Alerts are counted and people kept out, whatever else is being counted at the time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alerts } from '../../../src/alerts/index.ts';
import type { AlertDuty } from '../../../src/core/alerts.ts';
import { openStore, sqliteGround } from '../../support/state-stores.ts';

const DENIALS: AlertDuty = {
  name: 'probing',
  on: 'denials',
  after: 3000,
  windowMs: 600_000,
  rows: null,
  bytes: null,
  values: [],
  cut: false,
  quarantineMs: 60_000,
};
const CANARY: AlertDuty = {
  ...DENIALS,
  name: 'honey',
  on: 'canary',
  windowMs: null,
  quarantineMs: 86_400_000,
};

test('whoever floods one alert keeps nobody, and not themselves, from being kept out by another', async () => {
  const ground = sqliteGround();
  const store = openStore(await ground.fresh());
  const raised: string[] = [];
  const alerts = new Alerts({
    store,
    instance: 'one',
    record: () => {},
    announce: ({ alert, principal }) => raised.push(`${alert} ${principal}`),
    log: (message, error) => assert.fail(`${message}: ${error.message}`),
    clock: () => Date.now(),
  });
  const of = (principal: string) => ({ principal, listener: 'shop', session: 's', message: 'no' });
  for (let n = 0; n < 2999; n++) alerts.note(DENIALS, of('mallory'));
  alerts.note(CANARY, of('eve'));
  alerts.note(CANARY, of('mallory'));
  alerts.note(DENIALS, of('mallory'));
  await alerts.close();
  assert.deepEqual(raised.sort(), ['honey eve', 'honey mallory', 'probing mallory']);
  const now = await store.now();
  const kept = await store.revocations.current();
  assert.deepEqual(kept.map(({ subject }) => subject).sort(), ['eve', 'mallory']);
  // The quarantine of a minute has not shortened that of a day.
  for (const { until } of kept) assert.ok((until ?? 0) > now + 80_000_000);
  assert.equal(await store.revocations.lift('quarantine', 'mallory', 'dana', null), true);
  alerts.note({ ...CANARY, quarantineMs: 1000 }, of('mallory'));
  await alerts.close();
  const [again] = (await store.revocations.current()).filter(({ subject }) => subject === 'mallory');
  assert.ok((again?.until ?? 0) < now + 60_000, 'after a release it is as long as the next alert says');
  await store.close();
  await ground.stop();
});
