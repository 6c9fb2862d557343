/**
 * Statements that people have to approve. This protocol cannot tell a client that it is held, so unless a rule says how
 * long it waits it gets an error with the id at once, and the same statement runs once it is approved.
 */
import type { Decision, JudgedStatement } from '../../src/core/decision.ts';
import type { ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { type Approved, approvalKey, chargeFor, HOLD, UNASKED, type Unapproved } from '../sql/approvals.ts';
import type { Outcome } from '../sql/refusals.ts';
import { BLOCK, type Link } from './link.ts';
import { type Command, deny, fail } from './refusals.ts';
import type { Cursor } from './statements.ts';

/** More rows of a result are read under the yes to it, while the policy is the same. */
export function isCovered(cursor: Cursor, decision: Decision): boolean {
  return decision.verdict !== 'approve' || cursor.approvedUnder === approvalKey(decision);
}

/** `judged`: those that need approval. */
export function approve(link: Link, judged: readonly JudgedStatement[], subject: ApprovalSubject): Approved {
  if (judged.length === 0) return UNASKED;
  const answer = link.gate.approve(judged, subject, false);
  switch (answer.answer) {
    case 'granted':
      return { approved: 'granted', approvals: answer.approvals };
    case 'pending':
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

export function unapproved(
  link: Link,
  approved: Unapproved,
  command: Command,
  clearance: Clearance,
  statement: StatementEntry,
): Outcome {
  switch (approved.approved) {
    case 'hold':
      return 'hold';
    case 'failed':
      return fail(link, approved.error, command);
    case 'refused':
      return deny(link, approved.denial, command, clearance, statement);
  }
}
