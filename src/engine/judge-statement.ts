/**
 * Policy's word on one statement: the pure part of the gate, without session, journal or cache. `sluice explain`
 * and policy tests ask it as well, so that what they say is what the gate does.
 */
import type { Decision, Denial, JudgedStatement } from '../core/decision.ts';
import type { StatementFacts } from '../core/facts.ts';
import type { Judgement } from '../core/judgement.ts';
import type { Policy, PolicyContext } from '../policy/policy.ts';
import { denialFrom, unsafeSettingOf } from './denials.ts';
import { judgementMembers } from './records.ts';

export interface StatementJudgement {
  readonly decision: Decision;
  /** What the client is told; null where the statement passes. */
  readonly denial: Denial | null;
}

/**
 * Judges a statement as its text comes. A LIMIT that is a parameter counts as met: that is decided when its value
 * is bound, by `decideBound`.
 */
export function judgeStatement(
  policy: Policy,
  context: PolicyContext,
  facts: StatementFacts,
  batchSize: number,
): StatementJudgement {
  const { bound } = facts;
  const rowsMax = bound.kind === 'rows' ? bound.max : bound.kind === 'parameter' ? 0 : null;
  const decision = policy.decide(context, { facts, rowsMax, batchSize });
  const unsafe = unsafeSettingOf(facts);
  if (unsafe === null && decision.verdict !== 'deny') return { decision, denial: null };
  const denial = unsafe ?? denialFrom(decision, facts);
  return { decision: { ...decision, verdict: 'deny', rule: denial.rule }, denial };
}

/** All statements of a text: one that is denied denies them all. */
export function judgeAll(
  policy: Policy,
  context: PolicyContext,
  statements: readonly StatementFacts[],
): Judgement {
  const judged: JudgedStatement[] = [];
  for (const facts of statements) {
    const { decision, denial } = judgeStatement(policy, context, facts, statements.length);
    if (denial !== null) {
      const journalMembers = judgementMembers([...judged, { facts, decision }], decision);
      return { outcome: 'denied', denial, journalMembers };
    }
    judged.push({ facts, decision });
  }
  const hidesParameters = statements.some((facts) => policy.everyMask.touches(facts));
  return {
    outcome: 'clear',
    statements: judged,
    journalMembers: judgementMembers(judged, null),
    hidesParameters,
  };
}

/** Decides again when the statement runs. `rowsMax`: the value of the parameter that bounds it; null if none. */
export function decideBound(
  policy: Policy,
  context: PolicyContext,
  facts: StatementFacts,
  rowsMax: number | null,
  batchSize: number,
): Decision {
  const { bound } = facts;
  return policy.decide(context, {
    facts,
    rowsMax: bound.kind === 'rows' ? bound.max : rowsMax,
    batchSize,
  });
}
