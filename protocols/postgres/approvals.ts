/**
 * Statements that people have to approve: held before anything of them is sent, the client told by a notice. What came
 * before is answered first, so that nobody is asked about what a failed pipeline or transaction would skip.
 */
import type { Decision, Denial, JudgedStatement } from '../../src/core/decision.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalNotice, ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import {
  type Approved,
  approvalKey,
  chargeFor,
  copyOf,
  HOLD,
  keptForRows,
  needsApproval,
  UNASKED,
  type Unapproved,
} from '../sql/approvals.ts';
import { type Outcome, throwIfFinal } from '../sql/refusals.ts';
import type { refuseQuery } from './deny.ts';
import { errorResponse, failureResponse } from './encode.ts';
import { BLOCK, type Link } from './link.ts';
import type { Portal } from './names.ts';
import type { Runs } from './plan.ts';
import { refusedBy } from './refusals.ts';

/** A portal that was approved when it was bound runs under that, while the policy is the same. */
function isCovered(portal: Portal | null, decision: Decision): boolean {
  return portal !== null && decision.verdict === 'approve' && portal.approvedUnder === approvalKey(decision);
}

/** `facts`: of the statement as it stands, which may be one that runs another by its name. */
export function isToBeApproved(facts: StatementFacts, { decision, portal }: Runs): boolean {
  return needsApproval({ facts, decision }) && !isCovered(portal, decision);
}

/** More of the same result is read under the same approval. */
export function markApproved({ decision, portal }: Runs): void {
  if (portal !== null) portal.approvedUnder = approvalKey(decision) ?? portal.approvedUnder;
}

export function unapproved(
  link: Link,
  approved: Unapproved,
  clearance: Clearance,
  statement: StatementEntry,
  refuse: typeof refuseQuery,
): Outcome {
  switch (approved.approved) {
    case 'hold':
      return 'hold';
    case 'failed':
      throwIfFinal(approved.error);
      refuse(link, { error: failureResponse(approved.error), native: 'none' });
      return 'drop';
    case 'refused':
      link.gate.refuse(approved.denial, clearance.journalMembers, statement);
      refuse(link, refusedBy(approved.denial));
      return 'drop';
  }
}

/** `judged`: those that need approval. `subject` null: its values are not known any more. */
export function approve(
  link: Link,
  judged: readonly JudgedStatement[],
  subject: ApprovalSubject | null,
): Approved {
  if (judged.length === 0) return UNASKED;
  if (link.replies.size > 0) {
    link.block(BLOCK.replies);
    return HOLD;
  }
  if (subject === null) return { approved: 'refused', denial: BOUND_BEFORE };
  const answer = link.gate.approve(judged, subject, true);
  switch (answer.answer) {
    case 'granted':
      return { approved: 'granted', approvals: answer.approvals };
    case 'pending':
      for (const notice of answer.notices) link.toClient(noticeOf(notice));
      link.block(BLOCK.approval);
      return HOLD;
    case 'refused':
      return { approved: 'refused', denial: answer.denial };
    case 'failed':
      return { approved: 'failed', error: answer.error };
  }
}

/** Budgets and rates: asked before people are. */
export function charge(link: Link, judged: readonly JudgedStatement[]): Approved {
  const charged = chargeFor(link.gate, judged);
  if (charged.approved === 'hold') link.block(BLOCK.answer);
  return charged;
}

export function noticeOf({ message, detail, hint }: ApprovalNotice): Buffer {
  return errorResponse({ severity: 'NOTICE', sqlstate: '00000', message, detail, hint, position: null });
}

/** A portal is asked about when it is bound, and when it runs under another policy: its values are kept for both. */
export function kept(decision: Decision, subject: ApprovalSubject): ApprovalSubject | null {
  return decision.obligations.approvals.length > 0 ? copyOf(subject) : keptForRows(decision, subject);
}

const RULE = 'sluice/bound-before';
const BOUND_BEFORE: Denial = {
  sqlstate: '42501',
  message: `denied by rule "${RULE}": the policy has changed since the portal was bound`,
  detail: null,
  hint: 'Bind it again.',
  position: null,
  rule: RULE,
  native: false,
};
