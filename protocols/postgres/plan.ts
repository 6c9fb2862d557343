/** From what was resolved to a run: what it counts, what it may go over, which names it changes. */

import { type Decision, NO_LIMIT, untilBudgets } from '../../src/core/decision.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalSubject } from '../../src/core/gate.ts';
import type { StatementNumber } from '../../src/core/ids.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { approvalKey } from '../sql/approvals.ts';
import { keepsRows, limitOf } from '../sql/run.ts';
import { kept } from './approvals.ts';
import type { Link } from './link.ts';
import { maskingOf, NO_MASKING } from './masking.ts';
import type { NameChange, Portal, PreparedStatement } from './names.ts';
import type { Run } from './replies.ts';
import { isNamed, type Resolved } from './resolve.ts';

export type Runs = Extract<Resolved, { resolved: 'runs' }>;

/** One statement about to be sent. */
export interface Plan {
  readonly facts: StatementFacts;
  readonly resolved: Runs;
  readonly changes: readonly NameChange[];
}

const NO_CHANGES: readonly NameChange[] = [];

/** The decision of Parse holds for Bind, unless a parameter has a say in it. */
export function settledDecision(statement: PreparedStatement): Decision | null {
  const { facts, clearance, index } = statement;
  if (facts === null || facts.bound.kind === 'parameter' || isNamed(facts)) return null;
  const judged = clearance.statements[index];
  return judged?.facts === facts ? judged.decision : null;
}

/** Whether the result may go over a limit, so that nothing may be sent behind it before it is known. */
export function mayOverrun(resolved: Runs): boolean {
  const { limit, budgets } = resolved.decision.obligations;
  if (limit.rows === null && limit.bytes === null && budgets.length === 0) return false;
  const { bound } = resolved.facts;
  if (bound.kind === 'none') return false;
  if (budgets.length > 0) return true;
  if (limit.bytes !== null || limit.rows === null) return true;
  const rowsMax = bound.kind === 'rows' ? bound.max : resolved.rowsMax;
  return rowsMax === null || resolved.counted.rows + rowsMax > limit.rows;
}

/** The text is kept only where the statement's errors are held against it. */
export function runOfPlan(
  plan: Plan,
  number: StatementNumber,
  startedMs: number,
  subject: ApprovalSubject,
): Run {
  const { counted, decision } = plan.resolved;
  const { masks, limits, budgets } = decision.obligations;
  const bounds = limitOf(decision, counted);
  const { text } = subject;
  return {
    number,
    facts: plan.facts,
    decision,
    counted,
    startedMs,
    rowsBefore: counted.rows,
    bytesBefore: counted.bytes,
    bounds,
    limit: untilBudgets(bounds, budgets, counted),
    keeps: keepsRows(decision, counted),
    subject: limits.length + budgets.length > 0 ? kept(decision, subject) : null,
    cutBy: null,
    cutWhy: null,
    failAs: null,
    text: masks === null ? null : Buffer.from(text),
    masking: maskingOf(masks),
    formats: null,
    changes: plan.changes,
  };
}

/** The run of an empty statement. */
export function emptyRun(number: StatementNumber | null, startedMs: number): Run {
  return {
    number,
    facts: null,
    decision: null,
    counted: { rows: 0, bytes: 0 },
    startedMs,
    rowsBefore: 0,
    bytesBefore: 0,
    bounds: NO_LIMIT,
    limit: NO_LIMIT,
    keeps: false,
    subject: null,
    cutBy: null,
    cutWhy: null,
    failAs: null,
    text: null,
    masking: NO_MASKING,
    formats: null,
    changes: NO_CHANGES,
  };
}

/** The changes of names that a statement makes when it completes. */
export function changesOf(
  link: Link,
  clearance: Clearance,
  facts: StatementFacts,
  resolved: Runs,
  subject: ApprovalSubject,
  index: number,
): readonly NameChange[] {
  const { text } = subject;
  const { act } = facts;
  switch (act.act) {
    case 'prepare': {
      const own = {
        text: Buffer.from(text),
        clearance,
        index,
        facts: act.inner,
        stamp: link.gate.stamp,
        parameterTypes: [],
      };
      return [{ change: 'set-statement', name: act.name, statement: own }];
    }
    case 'deallocate':
      return [
        act.name === null ? { change: 'drop-statements' } : { change: 'drop-statement', name: act.name },
      ];
    case 'declare': {
      const cursor: Portal = {
        text: Buffer.from(text),
        facts,
        decision: resolved.decision,
        stamp: link.gate.stamp,
        rowsMax: resolved.rowsMax,
        number: null,
        holdable: act.holdable,
        counted: { rows: 0, bytes: 0 },
        formats: [],
        approvedUnder: approvalKey(resolved.decision),
        subject: kept(resolved.decision, subject),
      };
      return [{ change: 'set-portal', name: act.name, portal: cursor }];
    }
    case 'close':
      return [act.name === null ? { change: 'drop-portals' } : { change: 'drop-portal', name: act.name }];
    case 'discard-all':
      return [{ change: 'drop-all' }];
    default:
      return NO_CHANGES;
  }
}
