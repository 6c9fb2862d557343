/** Statements that people have to approve, or that budgets and rates have to let run: what is asked, and of what. */
import type { ApprovalDuty, Decision, Denial, JudgedStatement } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import type { ApprovalSubject, SqlGate, StatementEntry } from '../../src/core/gate.ts';

/** `granted`: it may run; `approvals` are ids, for its record. `hold`: the message is kept, and asked about again. */
export type Approved =
  | { readonly approved: 'granted'; readonly approvals: readonly string[] }
  | { readonly approved: 'hold' }
  | { readonly approved: 'refused'; readonly denial: Denial }
  | { readonly approved: 'failed'; readonly error: ProxyError };

export type Unapproved = Exclude<Approved, { readonly approved: 'granted' }>;

export const UNASKED: Approved = { approved: 'granted', approvals: [] };
export const HOLD: Approved = { approved: 'hold' };

/** Budgets and rates: asked before people are. */
export function chargeFor(gate: SqlGate, judged: readonly JudgedStatement[]): Approved {
  if (!judged.some(hasDues)) return UNASKED;
  const answer = gate.spending.charge(judged);
  switch (answer.answer) {
    case 'granted':
      return UNASKED;
    case 'pending':
      return HOLD;
    case 'refused':
      return { approved: 'refused', denial: answer.denial };
    case 'failed':
      return { approved: 'failed', error: answer.error };
  }
}

function hasDues({ facts, decision }: JudgedStatement): boolean {
  const { budgets, rates } = decision.obligations;
  return budgets.length + rates.length > 0 && facts.act.act !== 'prepare';
}

/** Whether it runs only when somebody has approved it. What gives a text a name runs nothing. */
export function needsApproval({ facts, decision }: JudgedStatement): boolean {
  return decision.verdict === 'approve' && facts.act.act !== 'prepare';
}

/** What a yes to this decision was a yes to; null where nobody had to be asked. */
export function approvalKey({ verdict, policyVersion, obligations }: Decision): string | null {
  if (verdict !== 'approve') return null;
  return [policyVersion, ...obligations.approvals.map(({ rule }) => rule)].join('\n');
}

export function withApprovals(statement: StatementEntry, approvals: readonly string[]): StatementEntry {
  return approvals.length === 0 ? statement : { ...statement, approvals };
}

const SEPARATOR = Buffer.from(';\n');
const NOTHING: readonly never[] = [];

/**
 * The texts that a text's names stand for, as people read them: each begins on a line of its own, so that a comment
 * does not reach into the next. Null: nothing runs by a name.
 */
export function joinedTexts(texts: readonly (Buffer | null)[]): Buffer | null {
  const named = texts.filter((text) => text !== null);
  return named.length === 0 ? null : Buffer.concat(named.flatMap((text) => [text, SEPARATOR]).slice(0, -1));
}

/** A text without values. */
export function subjectOf(text: Buffer, runs: Buffer | null = null): ApprovalSubject {
  return { text, runs, parameters: NOTHING, types: NOTHING, hidesParameters: false };
}

/** Text and values in bytes of their own, for as long as people may be asked about rows; null where nobody is. */
export function keptForRows(decision: Decision, subject: ApprovalSubject): ApprovalSubject | null {
  const { limits, budgets } = decision.obligations;
  const mayAsk = ({ approval }: { readonly approval: ApprovalDuty | null }) => approval !== null;
  return limits.some(mayAsk) || budgets.some(mayAsk) ? copyOf(subject) : null;
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
