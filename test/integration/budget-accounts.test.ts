/** Accounts of budgets over a real store: who gets what, and what comes back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Account, type Allotment } from '../../src/limits/account.ts';
import type { StateStore } from '../../src/state/store.ts';
import { openStore, type StateGround, sqliteGround } from '../support/state-stores.ts';
import { until } from '../support/until.ts';

let ground: StateGround;
let store: StateStore;
const clock = { ms: 0 };

before(async () => {
  ground = sqliteGround();
  store = openStore(await ground.fresh());
});

after(async () => {
  await store.close();
  await ground.stop();
});

/** A result that takes one after the other. */
class Taker implements Allotment {
  granted = 0;
  used = 0;
  total = 0;

  taken(): void {
    this.used = 0;
  }

  take(account: Account): boolean {
    if (this.used >= this.granted) {
      account.close(this);
      this.used = 0;
      if (account.allot(this, 1, () => {}) !== 'granted') return false;
    }
    this.used++;
    this.total++;
    return true;
  }
}

const keyOf = (rule: string) => ({ rule, subject: 'user:a', unit: 'rows', windowMs: 3_600_000 }) as const;
const newAccount = (rule: string, max: number, instance = 'one') =>
  new Account(keyOf(rule), max, { ledger: store.ledger, instance, now: () => clock.ms });
const settled = async (account: Account) => {
  while (account.available(1, () => {}) === 'wait') await new Promise((resolve) => setImmediate(resolve));
};

test('promise 5: of what is left within an instance everybody gets something, to the last', async () => {
  const account = newAccount('fair', 1000);
  const takers = Array.from({ length: 50 }, () => new Taker());
  let total = 0;
  await settled(account);
  for (let dry = 0; dry < takers.length; ) {
    for (const taker of takers) {
      if (taker.take(account)) {
        total++;
        dry = 0;
      } else dry++;
    }
    await settled(account);
  }
  assert.equal(total, 1000);
  assert.ok(takers.every((taker) => taker.total >= 1));
  assert.equal(
    account.available(1, () => {}),
    'empty',
  );
  await account.settleAll();
  assert.equal(await store.ledger.spent(keyOf('fair')), 1000);
});

test('what is not used comes back when nobody takes any more, and is there for another instance', async () => {
  const account = newAccount('idle', 100);
  const taker = new Taker();
  await settled(account);
  for (let n = 0; n < 10; n++) assert.ok(taker.take(account));
  account.close(taker);
  assert.ok((await store.ledger.spent(keyOf('idle'))) > 10);
  account.tidy();
  clock.ms += 6000;
  account.tidy();
  await until(async () => (await store.ledger.spent(keyOf('idle'))) === 10, 'the rest to come back');
  const other = newAccount('idle', 100, 'two');
  await settled(other);
  const second = new Taker();
  let total = 0;
  for (let goes = true; goes; ) {
    await settled(other);
    goes = second.take(other);
    if (goes) total++;
  }
  assert.equal(total, 90);
  await other.settleAll();
  await account.settleAll();
});

test('promise 5: a slice that is about to end is followed by another, and nothing is lost', async () => {
  const account = newAccount('long', 100_000);
  const taker = new Taker();
  await settled(account);
  for (let n = 0; n < 10; n++) assert.ok(taker.take(account));
  clock.ms += 26_000;
  account.tidy();
  await settled(account);
  await until(
    async () => (await store.ledger.list()).some(({ rule, leased }) => rule === 'long' && leased > 10_000),
    'a second slice',
  );
  account.tidy();
  for (let n = 0; n < 10; n++) assert.ok(taker.take(account));
  account.close(taker);
  await account.settleAll();
  assert.equal(await store.ledger.spent(keyOf('long')), 20);
});
