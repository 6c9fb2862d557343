/** Bind and Execute: a prepared statement with its values, and what runs when it does. */
import type { Denial } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { type Approved, approvalKey, copyOf, subjectOf, withApprovals } from '../sql/approvals.ts';
import { entry, native, type Outcome } from '../sql/refusals.ts';
import { approve, charge, isToBeApproved, kept, markApproved, unapproved } from './approvals.ts';
import { readBind, readExecute } from './decode.ts';
import { refuseExtended } from './deny.ts';
import { denialResponse } from './encode.ts';
import type { Following } from './following.ts';
import { BLOCK, type Link } from './link.ts';
import { askForDescription, needsDescription } from './masking.ts';
import type { NameChange, Portal } from './names.ts';
import { changesOf, emptyRun, type Plan, type Runs, runOfPlan, settledDecision } from './plan.ts';
import { refuseWith, unresolved } from './refusals.ts';
import { decisionOf, integerParameter, isNamed, resolve, upToDate } from './resolve.ts';

export class Portals {
  readonly #link: Link;
  readonly #following: Following;

  constructor(link: Link, following: Following) {
    this.#link = link;
    this.#following = following;
  }

  bind(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const message = readBind(bytes, start, end);
    if (!link.gate.canRecord) return refuseWith(link, new ProxyError('journal-unavailable'));
    if (message.portal !== '' && link.names.size >= link.settings.namesMax)
      return refuseWith(link, new ProxyError('too-many-names'));
    if (link.isUncertain('statement', message.statement)) return this.#awaitReplies();
    const named = link.names.statement(message.statement);
    if (named === null) return this.#refuseMissing(missingStatement(message.statement), entry('bind', EMPTY));
    const current = upToDate(link, named);
    const statement: StatementEntry = {
      via: 'bind',
      text: named.text,
      parameters: message.parameters,
      hidesParameters: named.clearance.hidesParameters,
    };
    if (current.resolved !== 'statement')
      return unresolved(link, current, named.clearance, statement, refuseExtended);
    const { facts, clearance, parameterTypes } = current.statement;
    const boundValue = (index: number) =>
      integerParameter(message.parameters[index - 1], parameterTypes[index - 1] ?? 0);
    // What runs by a name is looked up when it runs, as the server does.
    const resolved =
      facts === null || isNamed(facts)
        ? null
        : resolve(link, facts, settledDecision(current.statement), boundValue, 1);
    if (resolved !== null && resolved.resolved !== 'runs') {
      return unresolved(link, resolved, clearance, statement, refuseExtended);
    }
    const decision = resolved?.decision ?? null;
    const subject: ApprovalSubject | null =
      decision !== null &&
      decision.verdict === 'allow' &&
      decision.obligations.limits.length + decision.obligations.budgets.length === 0
        ? null
        : { ...statement, runs: null, types: parameterTypes };
    let admitted = statement;
    const charged = resolved === null ? null : charge(link, [resolved]);
    if (charged !== null && charged.approved !== 'granted')
      return unapproved(link, charged, clearance, statement, refuseExtended);
    if (facts !== null && resolved !== null && subject !== null && isToBeApproved(facts, resolved)) {
      const approved = approve(link, [resolved], subject);
      if (approved.approved !== 'granted')
        return unapproved(link, approved, clearance, statement, refuseExtended);
      admitted = withApprovals(statement, approved.approvals);
    }
    const portal: Portal = {
      text: named.text,
      facts,
      decision,
      stamp: link.gate.stamp,
      rowsMax: resolved?.rowsMax ?? null,
      number: link.gate.admit(clearance, admitted),
      holdable: false,
      counted: resolved?.counted ?? { rows: 0, bytes: 0 },
      formats: message.resultFormats,
      approvedUnder: decision === null ? null : approvalKey(decision),
      // What runs by a name is decided on when it runs.
      subject: subject === null ? null : decision === null ? copyOf(subject) : kept(decision, subject),
    };
    const change: NameChange = { change: 'set-portal', name: message.portal, portal };
    link.names.announce(change);
    link.replies.push({ of: 'bind', change, turn: link.turn });
    link.unsynced = true;
    return 'pass';
  }

  execute(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const name = readExecute(bytes, start, end);
    if (!link.gate.canRecord) return refuseWith(link, new ProxyError('journal-unavailable'));
    if (link.isUncertain('portal', name)) return this.#awaitReplies();
    const portal = link.names.portal(name);
    if (portal === null) {
      return this.#refuseMissing(native('34000', `portal "${name}" does not exist`), entry('execute', EMPTY));
    }
    const { facts } = portal;
    let plan: Plan | null = null;
    let approvals: readonly string[] = [];
    if (facts !== null) {
      const own = isNamed(facts) ? null : decisionOf(link, portal);
      const resolved = resolve(link, facts, own, () => portal.rowsMax, 1);
      if (resolved.resolved !== 'runs') {
        return unresolved(link, resolved, NO_CLEARANCE, entry('execute', portal.text), refuseExtended);
      }
      const read = isNamed(facts) ? resolved.portal : portal;
      // What does not run by a name was charged when it was bound.
      const charged = isNamed(facts) ? charge(link, [resolved]) : null;
      if (charged !== null && charged.approved !== 'granted')
        return unapproved(link, charged, NO_CLEARANCE, entry('execute', portal.text), refuseExtended);
      const approved = this.#approvePortal(portal, facts, { ...resolved, portal: read });
      if (approved.approved !== 'granted')
        return unapproved(link, approved, NO_CLEARANCE, entry('execute', portal.text), refuseExtended);
      approvals = approved.approvals;
      if (approvals.length > 0) markApproved({ ...resolved, portal: read });
      const counted = isNamed(facts) ? resolved.counted : portal.counted;
      const subject = portal.subject ?? subjectOf(portal.text);
      const changes = changesOf(link, NO_CLEARANCE, facts, resolved, subject, 0);
      plan = { facts, resolved: { ...resolved, counted }, changes };
    }
    // A cursor that SQL declared has no Bind of its own; what is approved now has a record that says so.
    const number =
      approvals.length === 0 && portal.number !== null
        ? portal.number
        : link.gate.admit(NO_CLEARANCE, withApprovals(entry('execute', portal.text), approvals));
    const run =
      plan === null
        ? emptyRun(number, link.engine.now())
        : runOfPlan(plan, number, link.engine.now(), portal.subject ?? subjectOf(portal.text));
    run.formats = portal.formats;
    if (needsDescription(link, run)) askForDescription(link, name, run);
    for (const change of run.changes) link.names.announce(change);
    link.replies.push({ of: 'execute', run, turn: link.turn });
    link.unsynced = true;
    link.executedSinceSync = true;
    if (plan !== null) this.#following.follow(plan.facts, plan.resolved);
    return 'pass';
  }

  /** What was bound under another policy, and what is only named, is asked about when it runs. */
  #approvePortal(portal: Portal, facts: StatementFacts, resolved: Runs): Approved {
    const judged = isToBeApproved(facts, resolved)
      ? [{ facts: resolved.facts, decision: resolved.decision }]
      : [];
    const { subject } = portal;
    const runs = isNamed(facts) ? resolved.runs : null;
    return approve(this.#link, judged, subject === null ? null : { ...subject, runs });
  }

  #awaitReplies(): Outcome {
    this.#link.block(BLOCK.replies);
    return 'hold';
  }

  /** The server looks names in messages up before anything else, as it reads a text. */
  #refuseMissing(denial: Denial, statement: StatementEntry): Outcome {
    this.#link.gate.refuse(denial, '', statement);
    refuseExtended(this.#link, { error: denialResponse(denial), native: 'text' });
    return 'drop';
  }
}

const EMPTY = Buffer.alloc(0);
const NO_CLEARANCE: Clearance = {
  outcome: 'clear',
  statements: [],
  journalMembers: '',
  hidesParameters: false,
};

function missingStatement(name: string): Denial {
  return native(
    '26000',
    name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`,
  );
}
