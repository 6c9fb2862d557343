/** Old rows leave the store, and nothing that still counts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stateDatabase } from '../../src/cli/state-store.ts';
import { parseStateUrl } from '../../src/config/state-url.ts';
import { numberAt } from '../../src/state/database.ts';
import { keepHouse } from '../../src/state/housekeeping.ts';
import { sharedState } from '../../src/state/shared-state.ts';
import { postgresGround, requestFor, type StateGround, sqliteGround, yes } from '../support/state-stores.ts';

const DAY_MS = 86_400_000;
const TABLES = ['approvals', 'votes', 'leases', 'spent', 'budgets', 'credentials', 'revocations'] as const;

for (const make of [async () => sqliteGround(), () => postgresGround()]) {
  describe(make.toString().includes('sqlite') ? 'sqlite' : 'postgres', () => {
    let ground: StateGround;
    before(async () => {
      ground = await make();
    });
    after(() => ground.stop());

    test('what is over is removed, what holds is kept', async () => {
      let ahead = 0;
      const database = stateDatabase(parseStateUrl(await ground.fresh()), '/', {
        clock: (own) => own + ahead,
      });
      const store = sharedState(database);
      const counts = () =>
        database.read(async (transaction) => {
          const all: Record<string, number> = {};
          for (const table of TABLES) {
            const [row] = await transaction.all(`SELECT count(*) AS n FROM sluice.${table}`);
            all[table] = numberAt(row ?? {}, 'n');
          }
          return all;
        });
      const now = await store.now();
      const request = await store.approvals.create(await requestFor(store));
      await store.approvals.vote(request.id, yes('ann'));
      await store.approvals.take('d1', 'agent');
      await store.approvals.create(await requestFor(store, { withinMs: 400 * DAY_MS }));
      const key = { rule: 'r', subject: 'user:a', unit: 'rows', windowMs: 3_600_000 } as const;
      const { id } = await store.ledger.lease(key, 5, 10, 'one');
      await store.ledger.settle(id, 5);
      await store.ledger.lease(key, 5, 10, 'one');
      const whose = { principal: 'a', groups: [], bound: null, verifiers: null, mintedBy: 'dana' };
      const credential = { ...whose, createdAt: now, expiresAt: now + 1000 };
      await store.credentials.put({ ...credential, id: 'c', hash: 'h' });
      const gone = { reason: null, by: 'ann', at: now };
      await store.revocations.put({ ...gone, kind: 'quarantine', subject: 'a', until: now + 1000 });
      await store.revocations.put({ ...gone, kind: 'principal', subject: 'b', until: null });
      const before = await counts();
      assert.equal(await keepHouse(database), 0);
      assert.deepEqual(await counts(), before);
      ahead = 2 * DAY_MS;
      // A bucket, a lease, the budget, the credential and the quarantine.
      assert.equal(await keepHouse(database), 5);
      assert.deepEqual(await counts(), {
        approvals: 2,
        votes: 1,
        leases: 0,
        spent: 0,
        budgets: 0,
        credentials: 0,
        revocations: 1,
      });
      ahead = 31 * DAY_MS;
      assert.equal(await keepHouse(database), 1);
      const left = await counts();
      assert.deepEqual([left['approvals'], left['votes'], left['revocations']], [1, 0, 1]);
      assert.equal((await store.ledger.lease(key, 5, 10, 'one')).granted, 5);
      await store.close();
    });

    test('more than one slice is removed in one go', async () => {
      const database = stateDatabase(parseStateUrl(await ground.fresh()), '/');
      const store = sharedState(database);
      await database.write(async (transaction) => {
        for (let n = 0; n < 1200; n++) {
          await transaction.all(
            'INSERT INTO sluice.spent (key, counts_until, amount) VALUES ($1, $2, 1)',
            `k${n}`,
            n,
          );
        }
      });
      assert.equal(await keepHouse(database), 1200);
      await store.close();
    });
  });
}
