/**
 * An instance of Sluice's in a process of its own, as far as the store goes. `state-child.ts URL TASK`, of which each
 * prints a line of JSON:
 *     lease N     N leases at once, of 7 out of 1000, which it does not settle; then it stays
 *     take N      tries N times at once to use the approval of digest `raced`
 *     vote NAME   votes for every pending request, then ends
 *     watch       prints `watching`, then `called` for each call back about revocations
 */
import { openStore, yes } from './state-stores.ts';

const [url = '', task, argument = '0'] = process.argv.slice(2);
const store = openStore(url);
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const times = <Result>(run: () => Promise<Result>) =>
  Promise.all(Array.from({ length: Number(argument) }, () => run()));
/** Until it is killed. */
const stay = () => setInterval(() => {}, 60_000);

await store.now();
if (task === 'lease') {
  const key = { rule: 'r', subject: 'user:agent', unit: 'rows', windowMs: 3_600_000 } as const;
  const leases = await times(() => store.ledger.lease(key, 7, 1000, String(process.pid)));
  print({ granted: leases.reduce((sum, { granted }) => sum + granted, 0) });
  stay();
} else if (task === 'take') {
  const taken = await times(() => store.approvals.take('raced', 'agent'));
  print({ taken: taken.flatMap((approval) => (approval === null ? [] : [approval.id])) });
  await store.close();
} else if (task === 'vote') {
  const pending = await store.approvals.list({ state: 'pending', limit: 100 });
  const outcomes = await Promise.all(pending.map(({ id }) => store.approvals.vote(id, yes(argument))));
  print({ counted: outcomes.filter(({ outcome }) => outcome === 'counted').length });
  await store.close();
} else if (task === 'watch') {
  store.watch('revocations', () => print('called'));
  print('watching');
  stay();
}
