/** A policy that nobody uses yet, tried on what the journal has: how much of it, and how it is told. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DryRun, DryRunOutcome } from '../admin/dry-run-wire.ts';
import type { RecordedSession } from '../admin/wire.ts';
import { sqlListenersOf } from '../config/schema.ts';
import type { JsonObject } from '../core/json.ts';
import { formatProblem } from '../core/problem.ts';
import type { IndexThread } from '../recordings/index-thread.ts';
import { sessionQuery } from './admin-recordings.ts';
import type { Judging } from './explanation.ts';
import type { Grounds } from './grounds.ts';
import { type KnownWorld, type LocatedPolicy, policyProblems } from './policy-files.ts';
import { Rejudge } from './rejudge.ts';
import { requestPremisesOf } from './request-premises.ts';

/** More is judged in several runs, or by `sluice try`. */
const STATEMENTS_MAX = 5_000;
const PAGE_STATEMENTS = 200;
const CHANGES_MAX = 50;
/** Characters of a statement's text. */
const TEXT_MAX = 500;

export interface DryRunGround {
  readonly config: Parameters<typeof sqlListenersOf>[0];
  readonly grounds: Grounds;
  readonly index: Pick<IndexThread, 'sessions' | 'records'>;
  world(): KnownWorld;
}

/** Throws what `grounds` and `index` throw. The event loop gets its turns between records. */
export async function dryRun(
  order: DryRun,
  policy: LocatedPolicy,
  { config, grounds, index, world }: DryRunGround,
): Promise<DryRunOutcome> {
  const page = await index.sessions(sessionQuery(order, order.sessions));
  const judgings = new Map<string, Judging>();
  for (const name of new Set(page.sessions.map(({ listener }) => listener))) {
    const found = sqlListenersOf(config).find(({ listener }) => listener.name === name);
    if (found !== undefined && name !== null)
      judgings.set(name, { ground: await grounds.of(found.listener), policy });
  }
  const rejudge = new Rejudge({
    statements: (name) => judgings.get(name) ?? null,
    requests: (name) => requestPremisesOf(name, config, policy.policy, (behind) => grounds.of(behind)),
  });
  let statements = 0;
  // In the order in which they came.
  for (const session of page.sessions.toReversed()) {
    await rejudge.add(beginningOf(session));
    for (let from: number | null = 0; from !== null && statements < STATEMENTS_MAX; ) {
      const records = await index.records(session.id, from, PAGE_STATEMENTS);
      for (const record of records?.records ?? []) {
        await rejudge.add(record);
        await nextTurn();
        if (record['type'] === 'statement' || record['type'] === 'denied') statements++;
      }
      from = records?.nextNumber ?? null;
    }
  }
  return toldOf(rejudge, {
    policy: policy.policy.version,
    problems: policyProblems(policy.source, world()).map(formatProblem),
    whole: page.next === null && statements < STATEMENTS_MAX,
  });
}

/** The record with which a session begins stands on another page than its statements may. */
function beginningOf({ id, user, groups, listener, client, at }: RecordedSession): JsonObject {
  return { type: 'session-start', session: id, principal: user, groups: [...groups], listener, client, at };
}

function toldOf(
  { result }: Rejudge,
  about: Pick<DryRunOutcome, 'policy' | 'problems' | 'whole'>,
): DryRunOutcome {
  return {
    ...about,
    sessions: result.sessions,
    statements: result.statements,
    unchanged: result.unchanged,
    changed: result.changes.length,
    changes: result.changes.slice(0, CHANGES_MAX).map((change) => ({ ...change, text: cut(change.text) })),
    skipped: Object.fromEntries(result.skipped),
  };
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}
