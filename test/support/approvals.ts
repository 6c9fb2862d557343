/** Deciding in tests: requests of a Sluice that runs in this process, and people who vote on them. */
import assert from 'node:assert/strict';
import type { ApprovalView } from '../../src/approvals/index.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { VoteOutcome } from '../../src/state/store.ts';
import type { Sluice } from './sluice.ts';
import { until } from './until.ts';

/** The newest request in a state, once there is one. */
export async function requestIn(
  sluice: Sluice,
  state: ApprovalView['state'] = 'pending',
  where: (view: ApprovalView) => boolean = () => true,
): Promise<ApprovalView> {
  let found: ApprovalView | undefined;
  await until(async () => {
    found = (await sluice.server.desk.approvals.list({ state, limit: 50 })).find(where);
    return found !== undefined;
  }, `a request that is ${state}`);
  assert.ok(found !== undefined);
  return found;
}

export function voteOn(
  sluice: Sluice,
  id: string,
  verdict: 'approve' | 'deny',
  {
    by = 'dana',
    aliases = [] as readonly string[],
    groups = ['dba'] as readonly string[],
    reason = null as string | null,
  } = {},
): Promise<VoteOutcome> {
  return sluice.server.desk.approvals.vote(id, { by, aliases, groups, verdict, reason, channel: 'test' });
}

/** Votes on the request that is open, and gives it. */
export async function decide(
  sluice: Sluice,
  verdict: 'approve' | 'deny',
  {
    where = () => true,
    ...voter
  }: {
    by?: string;
    groups?: readonly string[];
    reason?: string | null;
    where?: (view: ApprovalView) => boolean;
  } = {},
): Promise<ApprovalView> {
  const request = await requestIn(sluice, 'pending', where);
  const outcome = await voteOn(sluice, request.id, verdict, voter);
  assert.equal(outcome.outcome, 'counted', JSON.stringify(outcome));
  return request;
}

/** Records about a request, once the last of them is there. */
export async function recordsOf(
  sluice: Sluice,
  id: string,
  last = 'approval',
): Promise<readonly JsonObject[]> {
  const about = () =>
    sluice
      .records()
      .filter(
        ({ approval, approvals }) => approval === id || (Array.isArray(approvals) && approvals.includes(id)),
      );
  await until(() => about().some(({ type }) => type === last), `a record of type ${last} about ${id}`);
  return about();
}
