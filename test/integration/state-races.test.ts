/** Shared state under contention: several connections, several processes, an instance that is killed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BudgetKey, StateStore } from '../../src/state/store.ts';
import { type RunningProcess, startProcess } from '../support/process.ts';
import {
  no,
  openStore,
  postgresGround,
  requestFor,
  type StateGround,
  sqliteGround,
  yes,
} from '../support/state-stores.ts';
import { until } from '../support/until.ts';

const CHILD = fileURLToPath(new URL('../support/state-child.ts', import.meta.url));
const KEY: BudgetKey = { rule: 'r', subject: 'user:agent', unit: 'rows', windowMs: 3_600_000 };

function child(url: string, ...task: readonly string[]): RunningProcess {
  return startProcess(process.execPath, [CHILD, url, ...task]);
}

function isNumbers(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null;
}

async function numberFrom(running: RunningProcess, name: string): Promise<number> {
  const [line] = await running.printed(/^\{.*\}$/m);
  const value: unknown = JSON.parse(line);
  assert.ok(isNumbers(value));
  return value[name] ?? Number.NaN;
}

for (const make of [async () => sqliteGround(), () => postgresGround()]) {
  describe(make.toString().includes('sqlite') ? 'sqlite' : 'postgres', () => {
    let ground: StateGround;
    let url: string;
    let one: StateStore;
    let two: StateStore;
    before(async () => {
      ground = await make();
    });
    after(() => ground.stop());
    const instances = async (run: () => Promise<void>) => {
      url = await ground.fresh();
      [one, two] = [openStore(url), openStore(url)];
      try {
        await run();
      } finally {
        await Promise.all([one.close(), two.close()]);
      }
    };

    test('two instances that start at once migrate once', () =>
      instances(async () => {
        const stores = [one, two, ...Array.from({ length: 4 }, () => openStore(url))];
        await Promise.all(stores.map((store) => store.now()));
        await Promise.all(stores.slice(2).map((store) => store.close()));
        assert.deepEqual(await one.approvals.list({ limit: 1 }), []);
      }));

    test('promise 5: fifty leases at once from two instances never give more than there is', () =>
      instances(async () => {
        const leases = await Promise.all(
          Array.from({ length: 50 }, (_, n) =>
            (n % 2 === 0 ? one : two).ledger.lease(KEY, 30, 1000, `i${n}`),
          ),
        );
        const granted = leases.reduce((sum, lease) => sum + lease.granted, 0);
        assert.equal(granted, 1000);
        assert.equal(await two.ledger.spent(KEY), 1000);
        // Settled from both sides at once, with new leases in between.
        const full = leases.filter((lease) => lease.granted === 30).slice(0, 20);
        const again = full.map(async (lease, n) => {
          const store = n % 2 === 0 ? two : one;
          await Promise.all([store.ledger.settle(lease.id, 10), one.ledger.settle(lease.id, 10)]);
          return (await store.ledger.lease(KEY, 5, 1000, 'again')).granted;
        });
        const more = (await Promise.all(again)).reduce((sum, amount) => sum + amount, 0);
        assert.equal(await one.ledger.spent(KEY), 1000 - 20 * 20 + more);
        assert.equal(more, 100);
      }));

    test('promise 7: many instances take one approval once', () =>
      instances(async () => {
        const { id } = await one.approvals.create(await requestFor(one));
        await one.approvals.vote(id, yes('ann'));
        const taken = await Promise.all(
          Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : two).approvals.take('d1', 'agent')),
        );
        assert.equal(taken.filter((approval) => approval !== null).length, 1);
        assert.equal((await two.approvals.get(id))?.uses, 1);
      }));

    test('promise 7: three approvals of one digest serve three times, whoever asks at once', () =>
      instances(async () => {
        for (let n = 0; n < 3; n++) {
          const { id } = await one.approvals.create(await requestFor(one));
          await one.approvals.vote(id, yes('ann'));
        }
        const taken = await Promise.all(
          Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? one : two).approvals.take('d1', 'agent')),
        );
        assert.equal(new Set(taken.flatMap((approval) => approval?.id ?? [])).size, 3);
        assert.equal(taken.filter((approval) => approval !== null).length, 3);
      }));

    test('promise 7: votes at once count each person once, and settle it once', () =>
      instances(async () => {
        const { id } = await one.approvals.create(await requestFor(one, { approvers: 3 }));
        const outcomes = await Promise.all(
          ['ann', 'bob', 'ann', 'cyd', 'bob', 'dee', 'eve', 'ann'].map((by, n) =>
            (n % 2 === 0 ? one : two).approvals.vote(id, yes(by)),
          ),
        );
        assert.equal(outcomes.filter(({ outcome }) => outcome === 'counted').length, 3);
        const approval = await one.approvals.get(id);
        assert.equal(approval?.state, 'approved');
        assert.equal(new Set(approval?.votes.map(({ by }) => by)).size, 3);
      }));

    test('promise 7: a yes and a no at once leave one of the two, and it serves accordingly', () =>
      instances(async () => {
        for (let n = 0; n < 10; n++) {
          const digest = `both-${n}`;
          const { id } = await one.approvals.create(await requestFor(one, { digest }));
          await Promise.all([one.approvals.vote(id, yes('ann')), two.approvals.vote(id, no('bob'))]);
          const approval = await one.approvals.get(id);
          assert.equal(approval?.votes.length, 1);
          assert.equal(approval?.state, approval?.votes[0]?.verdict === 'approve' ? 'approved' : 'denied');
          const taken = await two.approvals.take(digest, 'agent');
          assert.equal(taken !== null, approval?.state === 'approved');
        }
      }));

    test('promise 7: a vote against the expiry: never both', () =>
      instances(async () => {
        let ahead = 0;
        const late = openStore(url, { clock: (own) => own + ahead });
        for (let n = 0; n < 10; n++) {
          const { id, expiresAt } = await one.approvals.create(await requestFor(late));
          ahead += Math.max(0, expiresAt - (await late.now())) + 1;
          const [vote, settled] = await Promise.all([
            two.approvals.vote(id, yes('ann')),
            late.approvals.expire(),
          ]);
          const state = (await one.approvals.get(id))?.state;
          const byExpiry = settled.some((approval) => approval.id === id);
          assert.equal(state, byExpiry ? 'expired' : 'approved');
          // A vote that came first was counted; the expiry took away what nobody has used.
          if (!byExpiry) assert.equal(vote.outcome, 'counted');
          ahead = 0;
        }
        await late.close();
      }));

    test('promise 5: two processes and one of them killed -9: its leases stay spent', () =>
      instances(async () => {
        const children = [child(url, 'lease', '100'), child(url, 'lease', '100')];
        const granted = await Promise.all(children.map((running) => numberFrom(running, 'granted')));
        assert.equal((granted[0] ?? 0) + (granted[1] ?? 0), 1000);
        for (const running of children) running.child.kill('SIGKILL');
        await Promise.all(children.map(({ ended }) => ended));
        assert.equal(await one.ledger.spent(KEY), 1000);
        assert.equal((await two.ledger.lease(KEY, 1, 1000, 'two')).granted, 0);
        const after = openStore(url, { clock: (own) => own + 31_000 });
        assert.equal((await after.ledger.lease(KEY, 1, 1000, 'two')).granted, 0);
        await after.close();
      }));

    test('promise 7: two processes vote and take at once', () =>
      instances(async () => {
        const { id } = await one.approvals.create(await requestFor(one, { approvers: 2, digest: 'raced' }));
        const voters = ['ann', 'bob', 'cyd'].map((name) => child(url, 'vote', name));
        const counted = await Promise.all(voters.map((running) => numberFrom(running, 'counted')));
        assert.equal(
          counted.reduce((sum, number) => sum + number, 0),
          2,
        );
        const takers = [child(url, 'take', '20'), child(url, 'take', '20')];
        const lines = await Promise.all(takers.map(async (running) => (await running.printed(/\{.*\}/))[0]));
        assert.deepEqual(new Set(lines), new Set(['{"taken":[]}', `{"taken":["${id}"]}`]));
      }));

    test('promise 12: another process hears of a revocation within a second', () =>
      instances(async () => {
        const watcher = child(url, 'watch');
        await watcher.printed(/watching/);
        let heardHere = 0;
        let heardByTwo = 0;
        one.watch('revocations', () => heardHere++);
        const end = two.watch('revocations', () => heardByTwo++);
        await until(async () => {
          const at = await one.now();
          await one.revocations.put({
            kind: 'principal',
            subject: 'eve',
            reason: null,
            by: 'ann',
            at,
            until: null,
          });
          return heardByTwo > 0 && watcher.output().includes('called');
        }, 'the watchers to be listening');
        for (let n = 0; n < 5; n++) {
          const before = [heardHere, heardByTwo, watcher.output().length] as const;
          const since = performance.now();
          await one.revocations.put({
            kind: 'session',
            subject: `s${n}`,
            reason: null,
            by: 'ann',
            at: await one.now(),
            until: null,
          });
          assert.ok(heardHere > before[0]);
          await until(
            () => heardByTwo > before[1] && watcher.output().length > before[2],
            'all to hear of it',
            1000,
          );
          assert.ok(performance.now() - since < 1000);
        }
        end();
        const heard = heardByTwo;
        await one.revocations.lift('principal', 'eve', 'ann', null);
        await until(() => watcher.output().length > 0, 'the child');
        assert.equal(heardByTwo, heard);
        watcher.child.kill('SIGKILL');
        await watcher.ended;
      }));
  });
}
