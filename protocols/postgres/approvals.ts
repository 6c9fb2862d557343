/**
 * Statements that people have to approve: held before anything of them is sent, the client told by a notice. What came
 * before is answered first, so that nobody is asked about what a failed pipeline or transaction would skip.
 */
import type { ApprovalDuty, Decision, Denial, JudgedStatement } from '../../src/core/decision.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalNotice, ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import type { Refused, refuseQuery } from './deny.ts';
import { errorResponse, failureResponse } from './encode.ts';
import { BLOCK, type Link } from './link.ts';
import type { Portal } from './names.ts';
import type { Runs } from './plan.ts';
import { type Outcome, refusedBy, throwIfFinal } from './refusals.ts';

export type Approved =
  | { readonly approved: 'granted'; readonly approvals: readonly string[] }
  | { readonly approved: 'hold' }
  | { readonly approved: 'refused'; readonly refused: Refused; readonly denial: Denial | null };

const NONE: Approved = { approved: 'granted', approvals: [] };
const HOLD: Approved = { approved: 'hold' };

/** Whether it runs only when somebody has approved it. What gives a text a name runs nothing. */
function needsApproval(facts: StatementFacts | null, decision: Decision | null): boolean {
  return decision?.verdict === 'approve' && facts?.act.act !== 'prepare';
}

/** A portal that was approved when it was bound runs under that, while the policy is the same. */
function isCovered(portal: Portal | null, decision: Decision): boolean {
  return portal !== null && decision.verdict === 'approve' && portal.approvedUnder === approvalKey(decision);
}

/** What a yes to this decision was a yes to; null where nobody had to be asked. */
export function approvalKey({ verdict, policyVersion, obligations }: Decision): string | null {
  if (verdict !== 'approve') return null;
  return [policyVersion, ...obligations.approvals.map(({ rule }) => rule)].join('\n');
}

export function isToBeApproved(facts: StatementFacts | null, { decision, portal }: Runs): boolean {
  return needsApproval(facts, decision) && !isCovered(portal, decision);
}

/** More of the same result is read under the same approval. */
export function markApproved({ decision, portal }: Runs): void {
  if (portal !== null) portal.approvedUnder = approvalKey(decision) ?? portal.approvedUnder;
}

export function withApprovals(statement: StatementEntry, approvals: readonly string[]): StatementEntry {
  return approvals.length === 0 ? statement : { ...statement, approvals };
}

export function unapproved(
  link: Link,
  approved: Exclude<Approved, { approved: 'granted' }>,
  clearance: Clearance,
  statement: StatementEntry,
  refuse: typeof refuseQuery,
): Outcome {
  if (approved.approved === 'hold') return 'hold';
  const { denial, refused } = approved;
  if (denial !== null) link.gate.refuse(denial, clearance.journalMembers, statement);
  refuse(link, refused);
  return 'drop';
}

/** `judged`: those that need approval. `subject` null: its values are not known any more. */
export function approve(
  link: Link,
  judged: readonly JudgedStatement[],
  subject: ApprovalSubject | null,
): Approved {
  if (judged.length === 0) return NONE;
  if (link.replies.size > 0) {
    link.block(BLOCK.replies);
    return HOLD;
  }
  if (subject === null)
    return { approved: 'refused', refused: refusedBy(BOUND_BEFORE), denial: BOUND_BEFORE };
  const answer = link.gate.approve(judged, subject, true);
  switch (answer.answer) {
    case 'granted':
      return { approved: 'granted', approvals: answer.approvals };
    case 'pending':
      for (const notice of answer.notices) link.toClient(noticeOf(notice));
      link.block(BLOCK.approval);
      return HOLD;
    case 'refused':
      return { approved: 'refused', refused: refusedBy(answer.denial), denial: answer.denial };
    case 'failed':
      throwIfFinal(answer.error);
      return {
        approved: 'refused',
        refused: { error: failureResponse(answer.error), native: 'none' },
        denial: null,
      };
  }
}

/** Budgets and rates: asked before people are. */
export function charge(link: Link, judged: readonly JudgedStatement[]): Approved {
  if (!judged.some(hasDues)) return NONE;
  const answer = link.gate.spending.charge(judged);
  switch (answer.answer) {
    case 'granted':
      return NONE;
    case 'pending':
      link.block(BLOCK.answer);
      return HOLD;
    case 'refused':
      return { approved: 'refused', refused: refusedBy(answer.denial), denial: answer.denial };
    case 'failed':
      throwIfFinal(answer.error);
      return {
        approved: 'refused',
        refused: { error: failureResponse(answer.error), native: 'none' },
        denial: null,
      };
  }
}

function hasDues({ facts, decision }: JudgedStatement): boolean {
  const { budgets, rates } = decision.obligations;
  return budgets.length + rates.length > 0 && facts.act.act !== 'prepare';
}

export function noticeOf({ message, detail, hint }: ApprovalNotice): Buffer {
  return errorResponse({ severity: 'NOTICE', sqlstate: '00000', message, detail, hint, position: null });
}

/** A statement's text and values in bytes of their own, for as long as people may be asked about its rows. */
export function kept(decision: Decision | null, subject: ApprovalSubject): ApprovalSubject | null {
  if (decision === null) return null;
  const { approvals, limits, budgets } = decision.obligations;
  const mayAsk = ({ approval }: { readonly approval: ApprovalDuty | null }) => approval !== null;
  return approvals.length > 0 || limits.some(mayAsk) || budgets.some(mayAsk) ? copyOf(subject) : null;
}

export function copyOf(subject: ApprovalSubject): ApprovalSubject {
  return {
    ...subject,
    text: Buffer.from(subject.text),
    runs: subject.runs === null ? null : Buffer.from(subject.runs),
    parameters: subject.parameters.map(({ bytes, binary }) => ({
      bytes: bytes === null ? null : Buffer.from(bytes),
      binary,
    })),
  };
}

/** A text without values. */
export function subjectOf(text: Buffer, runs: Buffer | null = null): ApprovalSubject {
  return { text, runs, parameters: NOTHING, types: NOTHING, hidesParameters: false };
}

const NOTHING: readonly never[] = [];

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
