/**
 * Statements that people have to approve. This protocol cannot tell a client that it is held, so unless a rule says how
 * long it waits it gets an error with the id at once, and the same statement runs once it is approved.
 */
import type { ApprovalDuty, Decision, JudgedStatement } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalAnswer, ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { BLOCK, type Link } from './link.ts';
import { type Command, deny, fail, type Outcome } from './refusals.ts';
import type { Cursor } from './statements.ts';

export type Approved =
  | { readonly approved: 'granted'; readonly approvals: readonly string[] }
  | { readonly approved: 'hold' }
  | Unapproved;

type Unapproved =
  | { readonly approved: 'refused'; readonly by: Extract<ApprovalAnswer, { answer: 'refused' }> }
  | { readonly approved: 'failed'; readonly error: ProxyError };

const NONE: Approved = { approved: 'granted', approvals: [] };

/** Whether it runs only when somebody has approved it. What gives a text a name runs nothing. */
export function needsApproval(facts: StatementFacts, decision: Decision): boolean {
  return decision.verdict === 'approve' && facts.act.act !== 'prepare';
}

/** What a yes to this decision was a yes to; null where nobody had to be asked. */
export function approvalKey({ verdict, policyVersion, obligations }: Decision): string | null {
  if (verdict !== 'approve') return null;
  return [policyVersion, ...obligations.approvals.map(({ rule }) => rule)].join('\n');
}

/** More rows of a result are read under the yes to it, while the policy is the same. */
export function isCovered(cursor: Cursor, decision: Decision): boolean {
  return decision.verdict !== 'approve' || cursor.approvedUnder === approvalKey(decision);
}

/** `judged`: those that need approval. */
export function approve(link: Link, judged: readonly JudgedStatement[], subject: ApprovalSubject): Approved {
  if (judged.length === 0) return NONE;
  const answer = link.gate.approve(judged, subject, false);
  switch (answer.answer) {
    case 'granted':
      return { approved: 'granted', approvals: answer.approvals };
    case 'pending':
      link.block(BLOCK.approval);
      return { approved: 'hold' };
    case 'refused':
      return { approved: 'refused', by: answer };
    case 'failed':
      return { approved: 'failed', error: answer.error };
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
      return { approved: 'hold' };
    case 'refused':
      return { approved: 'refused', by: answer };
    case 'failed':
      return { approved: 'failed', error: answer.error };
  }
}

function hasDues({ facts, decision }: JudgedStatement): boolean {
  const { budgets, rates } = decision.obligations;
  return budgets.length + rates.length > 0 && facts.act.act !== 'prepare';
}

export function unapproved(
  link: Link,
  approved: Exclude<Approved, { approved: 'granted' }>,
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
      return deny(link, approved.by.denial, command, clearance, statement);
  }
}

export function withApprovals(statement: StatementEntry, approvals: readonly string[]): StatementEntry {
  return approvals.length === 0 ? statement : { ...statement, approvals };
}

/** A text without values. */
export function subjectOf(text: Buffer, runs: Buffer | null): ApprovalSubject {
  return { text, runs, parameters: [], types: [], hidesParameters: false };
}

/** Bytes of its own, for as long as people may be asked about its rows; null where nobody is. */
export function kept(decision: Decision, subject: ApprovalSubject): ApprovalSubject | null {
  const { limits, budgets } = decision.obligations;
  const mayAsk = ({ approval }: { readonly approval: ApprovalDuty | null }) => approval !== null;
  if (!limits.some(mayAsk) && !budgets.some(mayAsk)) return null;
  const { text, runs, parameters } = subject;
  return {
    ...subject,
    text: Buffer.from(text),
    runs: runs === null ? null : Buffer.from(runs),
    parameters: parameters.map(({ bytes, binary }) => ({
      bytes: bytes === null ? null : Buffer.from(bytes),
      binary,
    })),
  };
}
