/** Every method of the shared state, on both stores alike, and again by another instance after a restart. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApprovalIdTaken, type BudgetKey, type StateStore, StoreUnavailable } from '../../src/state/store.ts';
import {
  no,
  openStore,
  postgresGround,
  requestFor,
  type StateGround,
  sqliteGround,
  yes,
} from '../support/state-stores.ts';

const HOUR_MS = 3_600_000;
const ROWS: BudgetKey = { rule: 'hourly', subject: 'user:agent', unit: 'rows', windowMs: HOUR_MS };

for (const make of [async () => sqliteGround(), () => postgresGround()]) {
  describe(make.toString().includes('sqlite') ? 'sqlite' : 'postgres', () => {
    let ground: StateGround;
    let url: string;
    let store: StateStore;
    /** How far the store's clock is ahead. */
    let ahead = 0;
    const open = () => openStore(url, { clock: (own) => own + ahead });
    before(async () => {
      ground = await make();
      url = await ground.fresh();
      store = open();
    });
    after(async () => {
      await store.close();
      await ground.stop();
    });
    const restart = async () => {
      await store.close();
      store = open();
    };

    test('promise 7: whoever has no access any more has not agreed, neither before the last vote nor after it', async () => {
      const { id } = await store.approvals.create(
        await requestFor(store, { digest: 'left', principal: 'agent', approvers: 2 }),
      );
      const revoke = async (subject: string) => {
        const at = await store.now();
        await store.revocations.put({ kind: 'principal', subject, reason: null, by: 'ops', at, until: null });
      };
      const votes = async (by: string) => {
        const outcome = await store.approvals.vote(id, yes(by));
        return outcome.outcome === 'counted' ? outcome.approval.state : outcome.why;
      };
      assert.equal(await votes('ann'), 'pending');
      await revoke('Ann');
      assert.equal(await votes('bob'), 'pending');
      assert.equal(await votes('cyd'), 'approved');
      await revoke('cyd');
      assert.equal(await store.approvals.take('left', 'agent'), null);
      assert.equal((await store.approvals.get(id))?.state, 'cancelled');
      const again = await store.approvals.create(
        await requestFor(store, { digest: 'left', principal: 'agent' }),
      );
      const refused = await store.approvals.vote(again.id, yes('cyd'));
      assert.deepEqual(refused, { outcome: 'refused', why: 'not-allowed' });
      await store.approvals.vote(again.id, yes('bob'));
      assert.equal((await store.approvals.take('left', 'agent'))?.id, again.id);
      for (const name of ['Ann', 'cyd']) await store.revocations.lift('principal', name, 'ops', null);
    });

    test('a request is kept as it was made, through a restart', async () => {
      const request = await requestFor(store, { reason: 'ticket 4711', approvers: 2, by: ['dba', 'leads'] });
      const made = await store.approvals.create(request);
      const whole = {
        ...request,
        state: 'pending',
        votes: [],
        settledAt: null,
        openUntil: request.expiresAt,
        uses: 0,
      };
      assert.deepEqual(made, whole);
      await restart();
      assert.deepEqual(await store.approvals.get(request.id), whole);
      await assert.rejects(store.approvals.create(request), ApprovalIdTaken);
      assert.equal(await store.approvals.get('nobody'), null);
    });

    test('promise 7: it takes as many distinct people as asked for, and none of them the requester', async () => {
      const { id } = await store.approvals.create(
        await requestFor(store, { approvers: 2, digest: 'n-of-m' }),
      );
      const refused = async (vote: ReturnType<typeof yes>) => {
        const outcome = await store.approvals.vote(id, vote);
        return outcome.outcome === 'refused' ? outcome.why : outcome.approval.state;
      };
      assert.equal(await refused(yes('agent')), 'own');
      assert.equal(await refused(yes('eve', ['interns'])), 'not-allowed');
      assert.equal(await refused(yes('ann')), 'pending');
      assert.equal(await refused(yes('ann', ['dba', 'leads'])), 'twice');
      await restart();
      assert.equal(await store.approvals.take('n-of-m', 'agent'), null);
      assert.equal(await refused(yes('bob')), 'approved');
      assert.equal(await refused(yes('cyd')), 'settled');
      const unknown = await store.approvals.vote('nobody', yes('ann'));
      assert.deepEqual(unknown, { outcome: 'refused', why: 'unknown' });
      const approval = await store.approvals.get(id);
      assert.deepEqual(
        approval?.votes.map(({ by, groups, verdict }) => [by, groups, verdict]),
        [
          ['ann', ['dba'], 'approve'],
          ['bob', ['dba'], 'approve'],
        ],
      );
      assert.equal(await store.approvals.take('n-of-m', 'somebody'), null);
      assert.equal(await store.approvals.take('another', 'agent'), null);
      assert.equal((await store.approvals.take('n-of-m', 'agent'))?.state, 'used');
      assert.equal(await store.approvals.take('n-of-m', 'agent'), null);
    });

    test('one deny settles it', async () => {
      const { id } = await store.approvals.create(
        await requestFor(store, { approvers: 3, digest: 'denied' }),
      );
      await store.approvals.vote(id, yes('ann'));
      const outcome = await store.approvals.vote(id, no('bob'));
      assert.ok(outcome.outcome === 'counted');
      assert.equal(outcome.approval.state, 'denied');
      assert.equal(outcome.approval.votes[1]?.reason, 'not today');
      assert.equal(await store.approvals.take('denied', 'agent'), null);
    });

    test('promise 7: what has expired is not decided and does not serve', async () => {
      const late = await store.approvals.create(await requestFor(store, { digest: 'late' }));
      const unused = await store.approvals.create(await requestFor(store, { digest: 'unused' }));
      await store.approvals.vote(unused.id, yes('ann'));
      assert.deepEqual(await store.approvals.expire(), []);
      ahead += 900_001;
      assert.equal(await store.approvals.take('unused', 'agent'), null);
      assert.deepEqual(await store.approvals.vote(late.id, yes('ann')), {
        outcome: 'refused',
        why: 'expired',
      });
      assert.equal((await store.approvals.get(late.id))?.state, 'expired');
      const settled = await store.approvals.expire();
      assert.ok(settled.some(({ id, state }) => id === unused.id && state === 'expired'));
      assert.ok(!settled.some(({ id }) => id === late.id));
      assert.deepEqual(await store.approvals.expire(), []);
    });

    test('with a window it serves again and again, until then', async () => {
      const { id } = await store.approvals.create(
        await requestFor(store, { digest: 'window', windowMs: HOUR_MS }),
      );
      await store.approvals.vote(id, yes('ann'));
      for (const uses of [1, 2, 3]) {
        assert.equal((await store.approvals.take('window', 'agent'))?.uses, uses);
        ahead += 1_000_000;
      }
      ahead += HOUR_MS;
      assert.equal(await store.approvals.take('window', 'agent'), null);
      assert.deepEqual(
        (await store.approvals.expire()).filter((one) => one.id === id).map(({ state }) => state),
        ['used'],
      );
    });

    test('a client that leaves cancels its request, unless it has served', async () => {
      const { id } = await store.approvals.create(await requestFor(store, { digest: 'gone' }));
      await store.approvals.vote(id, yes('ann'));
      assert.equal((await store.approvals.cancel(id))?.state, 'cancelled');
      assert.equal(await store.approvals.cancel(id), null);
      assert.equal(await store.approvals.take('gone', 'agent'), null);
      const vote = await store.approvals.vote(id, yes('bob'));
      assert.deepEqual(vote, { outcome: 'refused', why: 'settled' });
    });

    test('lists by state, principal and digest, the newest first', async () => {
      ahead += 1000;
      const made = [];
      for (let n = 0; n < 3; n++) {
        const now = (await store.now()) + n;
        made.push(
          await store.approvals.create(await requestFor(store, { principal: 'lister', createdAt: now })),
        );
      }
      await store.approvals.vote(made[0]!.id, yes('ann'));
      const list = async (filter: Omit<Parameters<typeof store.approvals.list>[0], 'limit'>, limit = 10) =>
        (await store.approvals.list({ ...filter, limit })).map(({ id, votes }) => [id, votes.length]);
      const [first, second, third] = made.map(({ id }) => id);
      assert.deepEqual(await list({ principal: 'lister' }), [
        [third, 0],
        [second, 0],
        [first, 1],
      ]);
      assert.deepEqual(await list({ principal: 'lister', state: 'approved' }), [[first, 1]]);
      assert.deepEqual(await list({ principal: 'lister', digest: 'd1', state: 'pending' }, 1), [[third, 0]]);
      assert.deepEqual(await list({ digest: 'none' }), []);
    });

    test('promise 5: a lease tells what counts, what others hold and when there is more; the list has all of it', async () => {
      const key: BudgetKey = { rule: 'told', subject: 'user:agent', unit: 'rows', windowMs: HOUR_MS };
      const one = await store.ledger.lease(key, 30, 100, 'one');
      assert.deepEqual([one.counted, one.elsewhere, one.refillsInMs], [30, 0, null]);
      const two = await store.ledger.lease(key, 70, 100, 'two');
      assert.deepEqual([two.counted, two.elsewhere, two.left], [100, 30, 0]);
      await store.ledger.settle(two.id, 70);
      const three = await store.ledger.lease(key, 1, 100, 'three');
      assert.deepEqual([three.granted, three.counted, three.elsewhere], [0, 100, 30]);
      assert.ok(
        three.refillsInMs !== null && three.refillsInMs <= HOUR_MS + 120_000,
        String(three.refillsInMs),
      );
      const listed = (await store.ledger.list()).filter(({ rule }) => rule === 'told');
      assert.deepEqual(listed, [{ ...key, counted: 100, leased: 30 }]);
    });

    test('alerts are kept as they were raised, the newest first, and told to who watches', async () => {
      let changes = 0;
      const unwatch = store.watch('alerts', () => changes++);
      const event = {
        id: 'a1',
        at: 0,
        alert: 'probing',
        on: 'denials',
        principal: 'ünï',
        listener: 'shop',
        session: null,
        message: 'm',
        quarantinedUntil: 5,
      } as const;
      await store.alerts.put(event);
      await store.alerts.put(event);
      await store.alerts.put({ ...event, id: 'a2' });
      unwatch();
      const found = await store.alerts.list({ limit: 10 });
      assert.deepEqual(found.map(({ id }) => id).toSorted(), ['a1', 'a2']);
      // At the store's own time.
      assert.ok(found.every(({ at }) => at > 1_000_000));
      assert.deepEqual({ ...found.find(({ id }) => id === 'a1'), at: 0 }, event);
      assert.equal((await store.alerts.list({ limit: 1 })).length, 1);
      assert.deepEqual(await store.alerts.list({ since: (await store.now()) + 60_000, limit: 10 }), []);
      assert.ok(changes >= 2);
    });

    test('promise 5: a budget over a sliding window, with leases', async () => {
      const lease = (wanted: number, max = 100) => store.ledger.lease(ROWS, wanted, max, 'one');
      const first = await lease(60);
      assert.deepEqual([first.granted, first.left], [60, 40]);
      const second = await lease(60);
      assert.deepEqual([second.granted, second.left], [40, 0]);
      assert.equal((await lease(1)).granted, 0);
      assert.equal(await store.ledger.spent(ROWS), 100);
      await restart();
      await store.ledger.settle(first.id, 10);
      await store.ledger.settle(first.id, 10);
      assert.equal(await store.ledger.spent(ROWS), 50);
      assert.equal((await lease(1, 50)).granted, 0);
      assert.equal(await store.ledger.spent({ ...ROWS, subject: 'user:other' }), 0);
      assert.equal(await store.ledger.spent({ ...ROWS, unit: 'bytes' }), 0);
      // More than granted counts too: the last row may have been larger than what was left.
      await store.ledger.settle(second.id, 45);
      assert.equal(await store.ledger.spent(ROWS), 55);
      await store.ledger.settle('no-such-lease', 5);
    });

    test('what was spent counts for the window, and at most a 60th more', async () => {
      const key = { ...ROWS, subject: 'user:slider' };
      const { id } = await store.ledger.lease(key, 10, 100, 'one');
      await store.ledger.settle(id, 10);
      ahead += HOUR_MS - 5000;
      assert.equal(await store.ledger.spent(key), 10);
      ahead += 5000 + HOUR_MS / 60;
      assert.equal(await store.ledger.spent(key), 0);
    });

    test('a lease that nobody settles counts in full until the window has passed over its end', async () => {
      const key = { ...ROWS, subject: 'user:killed' };
      const lease = await store.ledger.lease(key, 10, 10, 'one');
      ahead += lease.lastsMs + 1;
      assert.equal((await store.ledger.lease(key, 10, 10, 'two')).granted, 0);
      ahead += HOUR_MS - 1000;
      assert.equal((await store.ledger.lease(key, 10, 10, 'two')).granted, 0);
      ahead += 1000;
      assert.equal((await store.ledger.lease(key, 10, 10, 'two')).granted, 10);
      const late = await store.ledger.lease({ ...key, subject: 'user:late' }, 10, 10, 'one');
      ahead += late.lastsMs + 60_000;
      await store.ledger.settle(late.id, 3);
      assert.equal(await store.ledger.spent({ ...key, subject: 'user:late' }), 3);
    });

    test('credentials are found by their hash until they expire', async () => {
      const now = await store.now();
      const credential = {
        id: 'c1',
        hash: 'aa',
        principal: 'agent',
        groups: ['agents'],
        bound: { listener: 'shop' },
        verifiers: { scram: 'SCRAM-SHA-256$…' },
        mintedBy: 'dana',
        createdAt: now,
        expiresAt: now + 60_000,
      };
      await store.credentials.put(credential);
      await store.credentials.put({ ...credential, id: 'c2', hash: 'bb' });
      await restart();
      assert.deepEqual(await store.credentials.find('aa'), credential);
      assert.equal(await store.credentials.find('a'), null);
      const second = { ...credential, id: 'c2', hash: 'bb' };
      const third = { ...credential, id: 'c3', hash: 'cc', principal: 'bob', createdAt: now - 1 };
      await store.credentials.put(third);
      assert.deepEqual(await store.credentials.list({ principal: 'agent', limit: 9 }), [credential, second]);
      assert.deepEqual(await store.credentials.list({ principal: null, limit: 9 }), [
        credential,
        second,
        third,
      ]);
      assert.deepEqual(await store.credentials.list({ principal: null, limit: 1 }), [credential]);
      assert.deepEqual(await store.credentials.remove('c2'), second);
      assert.equal(await store.credentials.remove('c2'), null);
      assert.equal(await store.credentials.find('bb'), null);
      const salt = await store.credentials.salt();
      assert.match(salt, /^[0-9a-f]{64}$/);
      await restart();
      assert.equal(await store.credentials.salt(), salt);
      ahead += 60_000;
      assert.deepEqual(await store.credentials.list({ principal: null, limit: 9 }), []);
      assert.equal(await store.credentials.find('aa'), null);
    });

    test('revocations hold until they are lifted or over', async () => {
      const at = await store.now();
      const gone = { kind: 'principal', subject: 'eve', reason: 'left', by: 'ann', at, until: null } as const;
      const hot = { ...gone, kind: 'quarantine', subject: 'agent', at: at + 1, until: at + 60_000 } as const;
      await store.revocations.put(hot);
      await store.revocations.put({ ...gone, reason: null });
      await store.revocations.put(gone);
      await restart();
      assert.deepEqual(await store.revocations.current(), [gone, hot]);
      ahead += 60_000;
      assert.deepEqual(await store.revocations.current(), [gone]);
      assert.equal(await store.revocations.lift('principal', 'eve', 'bob', 'a mistake'), true);
      assert.equal(await store.revocations.lift('principal', 'eve', 'bob', null), false);
      assert.equal(await store.revocations.lift('principal', 'nobody', 'bob', null), false);
      assert.equal(
        await store.revocations.lift('quarantine', 'agent', 'bob', null),
        false,
        'it is over already',
      );
      assert.deepEqual(await store.revocations.current(), []);
      const [lifted, ...more] = await store.revocations.lifted();
      assert.deepEqual(more, []);
      assert.deepEqual(
        { ...lifted, liftedAt: 0 },
        { ...gone, liftedAt: 0, liftedBy: 'bob', liftedReason: 'a mistake' },
      );
      await store.revocations.put(gone);
      assert.deepEqual(await store.revocations.current(), [gone]);
      assert.deepEqual(await store.revocations.lifted(), []);
    });

    test('only the first sighting is the first', async () => {
      assert.equal(await store.sightings.first('masked-table', 'agent shop.customers'), true);
      await restart();
      assert.equal(await store.sightings.first('masked-table', 'agent shop.customers'), false);
      assert.equal(await store.sightings.first('masked-table', 'agent shop.orders'), true);
    });

    test('a character that Postgres has not, and text of other tongues', async () => {
      const request = await requestFor(store, { reason: 'why \0 not', session: '\u{1f600}' });
      const made = await store.approvals.create(request);
      assert.equal(made.session, '\u{1f600}');
      assert.match(made.reason ?? '', /^why . not$/u);
    });

    test('a store that is closed says so', async () => {
      const other = open();
      await other.now();
      await other.close();
      await assert.rejects(other.now(), StoreUnavailable);
    });
  });
}
