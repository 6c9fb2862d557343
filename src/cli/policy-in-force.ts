/** The policy file of a running Sluice: what is put in force is recorded, and what cannot be is told. */
import { formatProblem, type Problem } from '../core/problem.ts';
import type { Shared } from './listeners.ts';
import { type KnownWorld, type PolicyWatch, watchPolicy } from './policy-files.ts';

/** Puts what the file becomes in force, for as long as it is good. */
export function keepPolicy(shared: Shared, file: string, world: () => KnownWorld): PolicyWatch {
  const { policy, log } = shared;
  const take = (next: typeof policy.current) => {
    if (next.version === policy.current.version) return;
    policy.replace(next);
    recordPolicy(shared, file);
    log.info({ version: next.version }, 'a new policy is in force');
  };
  const report = (problems: readonly Problem[]) => {
    for (const problem of problems) log.error(formatProblem(problem));
    log.error('the policy file is not used; the policy in force stays');
  };
  return watchPolicy(file, world, take, report);
}

export function recordPolicy(shared: Shared, file: string): void {
  const { policy, journal, turn } = shared;
  journal.append('policy', `"file":${JSON.stringify(file)},"version":"${policy.current.version}"`);
  turn.wantFlush();
}
