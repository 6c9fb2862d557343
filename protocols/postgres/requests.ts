/** What each message of the client's means in the command phase, and whether it passes. One method per message. */
import type { Denial } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import {
  type Approved,
  approvalKey,
  approve,
  copyOf,
  isCovered,
  kept,
  needsApproval,
  subjectOf,
} from './approvals.ts';
import { readBind, readEmpty, readExecute, readNamedObject, readParse, readQuery } from './decode.ts';
import { refuseExtended, refuseQuery } from './deny.ts';
import { denialResponse, failureResponse } from './encode.ts';
import { Following } from './following.ts';
import { BLOCK, type Link } from './link.ts';
import { askForDescription, needsDescription } from './masking.ts';
import type { NameChange, Portal } from './names.ts';
import { changesOf, emptyRun, type Plan, type Runs, runOfPlan, settledDecision } from './plan.ts';
import { entry, type Outcome, refusedBy, SYNTAX_ERROR, throwIfFinal, unresolved } from './refusals.ts';
import {
  decisionOf,
  integerParameter,
  isNamed,
  missing,
  type Resolved,
  resolve,
  upToDate,
} from './resolve.ts';
import { movesNames, unsettled } from './unsettled.ts';

export class Requests {
  readonly #link: Link;
  readonly #following: Following;

  constructor(link: Link) {
    this.#link = link;
    this.#following = new Following(link);
  }

  query(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const text = readQuery(bytes, start, end);
    const answer = link.gate.judge(bytes, text.start, text.end);
    switch (answer.outcome) {
      case 'pending':
        link.block(BLOCK.answer);
        return 'hold';
      case 'failed':
        throwIfFinal(answer.error);
        refuseQuery(link, { error: failureResponse(answer.error), native: 'none' });
        return 'drop';
      case 'denied':
        link.gate.refuse(
          answer.denial,
          answer.journalMembers,
          entry('query', bytes.subarray(text.start, text.end)),
        );
        refuseQuery(link, refusedBy(answer.denial));
        return 'drop';
      case 'clear':
        return this.#clearQuery(answer, bytes.subarray(text.start, text.end));
    }
  }

  #clearQuery(clearance: Clearance, text: Buffer): Outcome {
    const link = this.#link;
    const plans: Plan[] = [];
    const announced: NameChange[] = [];
    for (const [index, { facts, decision }] of clearance.statements.entries()) {
      // A statement without names of its own runs as it was judged.
      const held = plans.some((plan) => movesNames(plan.facts)) ? unsettled(link, facts, true) : null;
      const resolved: Resolved =
        held !== null && held !== 'later'
          ? { resolved: 'denied', denial: held }
          : resolve(link, facts, isNamed(facts) ? null : decision, () => null, clearance.statements.length);
      if (resolved.resolved !== 'runs') {
        for (const change of announced) link.names.revoke(change);
        return unresolved(link, resolved, clearance, entry('query', text), refuseQuery);
      }
      const changes = changesOf(link, clearance, facts, resolved, subjectOf(text), index);
      const plan = { facts, resolved, changes };
      for (const change of plan.changes) link.names.announce(change);
      announced.push(...plan.changes);
      plans.push(plan);
    }
    if (
      link.names.size > link.settings.namesMax &&
      announced.some(({ change }) => change.startsWith('set-'))
    ) {
      for (const change of announced) link.names.revoke(change);
      refuseQuery(link, { error: failureResponse(new ProxyError('too-many-names')), native: 'none' });
      return 'drop';
    }
    const approved = this.#approveQuery(plans, text);
    if (approved.approved !== 'granted') {
      for (const change of announced) link.names.revoke(change);
      return this.#unapproved(approved, clearance, entry('query', text), refuseQuery);
    }
    const number = link.gate.admit(clearance, withApprovals(entry('query', text), approved.approvals));
    for (const { resolved } of plans) markApproved(resolved);
    const runs = plans.map((plan) =>
      runOfPlan(
        plan,
        number,
        link.engine.now(),
        plan.resolved.portal?.subject ?? subjectOf(text, plan.resolved.runs),
      ),
    );
    for (const plan of plans) this.#following.follow(plan.facts, plan.resolved);
    // A simple Query does away with the unnamed statement, whatever comes of it.
    const change: NameChange = { change: 'drop-statement', name: '' };
    link.names.announce(change);
    // Amid messages without Sync, a Query does not end their implicit transaction: only Sync does.
    link.replies.push({
      of: 'query',
      runs,
      current: 0,
      failed: false,
      cut: null,
      undone: false,
      turn: link.turn,
      change,
    });
    link.names.beginSection();
    return 'pass';
  }

  /** All of a text together, since it runs together. */
  #approveQuery(plans: readonly Plan[], text: Buffer): Approved {
    const needing = plans.filter(({ facts, resolved }) => isToBeApproved(facts, resolved));
    if (needing.length === 0) return NOTHING_TO_APPROVE;
    const named = needing.flatMap(({ resolved }) => (resolved.runs === null ? [] : [resolved.runs]));
    const runs = named.length === 0 ? null : Buffer.concat(named.flatMap((one) => [one, SEPARATOR]));
    const judged = needing.map(({ resolved }) => ({ facts: resolved.facts, decision: resolved.decision }));
    return approve(this.#link, judged, subjectOf(text, runs));
  }

  #unapproved(
    approved: Exclude<Approved, { approved: 'granted' }>,
    clearance: Clearance,
    statement: StatementEntry,
    refuse: typeof refuseQuery,
  ): Outcome {
    if (approved.approved === 'hold') return 'hold';
    const { denial, refused } = approved;
    if (denial !== null) this.#link.gate.refuse(denial, clearance.journalMembers, statement);
    refuse(this.#link, refused);
    return 'drop';
  }

  parse(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const message = readParse(bytes, start, end);
    if (message.name !== '' && link.names.size >= link.settings.namesMax)
      return this.#refuseWith(new ProxyError('too-many-names'));
    const answer = link.gate.judge(bytes, message.text.start, message.text.end);
    if (answer.outcome === 'pending') {
      link.block(BLOCK.answer);
      return 'hold';
    }
    if (answer.outcome === 'failed') return this.#refuseWith(answer.error);
    const text = Buffer.from(bytes.subarray(message.text.start, message.text.end));
    const statement = entry('parse', text);
    if (answer.outcome === 'denied')
      return this.#refuseParse(answer.denial, answer.journalMembers, statement, message.name);
    if (answer.statements.length > 1)
      return this.#refuseParse(MULTIPLE_COMMANDS, answer.journalMembers, statement, message.name);
    link.gate.admit(answer, statement);
    const facts = answer.statements[0]?.facts ?? null;
    const { name, parameterTypes } = message;
    const prepared = { text, clearance: answer, index: 0, facts, stamp: link.gate.stamp, parameterTypes };
    const change: NameChange = { change: 'set-statement', name, statement: prepared };
    link.names.announce(change);
    link.replies.push({ of: 'parse', change, turn: link.turn });
    link.unsynced = true;
    return 'pass';
  }

  bind(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const message = readBind(bytes, start, end);
    if (!link.gate.canRecord) return this.#refuseWith(new ProxyError('journal-unavailable'));
    if (message.portal !== '' && link.names.size >= link.settings.namesMax)
      return this.#refuseWith(new ProxyError('too-many-names'));
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
    const subject: ApprovalSubject = {
      text: named.text,
      runs: null,
      parameters: message.parameters,
      types: parameterTypes,
      hidesParameters: statement.hidesParameters,
    };
    const needing =
      resolved !== null && isToBeApproved(facts, resolved)
        ? [{ facts: resolved.facts, decision: resolved.decision }]
        : [];
    const approved = approve(link, needing, subject);
    if (approved.approved !== 'granted')
      return this.#unapproved(approved, clearance, statement, refuseExtended);
    const portal: Portal = {
      text: named.text,
      facts,
      decision: resolved?.decision ?? null,
      stamp: link.gate.stamp,
      rowsMax: resolved?.rowsMax ?? null,
      number: link.gate.admit(clearance, withApprovals(statement, approved.approvals)),
      holdable: false,
      counted: resolved?.counted ?? { rows: 0, bytes: 0 },
      approvedUnder: needing[0] === undefined ? null : approvalKey(needing[0].decision),
      subject: facts !== null && isNamed(facts) ? copyOf(subject) : kept(resolved?.decision ?? null, subject),
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
    if (!link.gate.canRecord) return this.#refuseWith(new ProxyError('journal-unavailable'));
    if (link.isUncertain('portal', name)) return this.#awaitReplies();
    const portal = link.names.portal(name);
    if (portal === null) {
      return this.#refuseMissing(
        missing('34000', `portal "${name}" does not exist`),
        entry('execute', EMPTY),
      );
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
      const approved = this.#approvePortal(portal, facts, { ...resolved, portal: read });
      if (approved.approved !== 'granted')
        return this.#unapproved(approved, NO_CLEARANCE, entry('execute', portal.text), refuseExtended);
      approvals = approved.approvals;
      if (needsApproval(facts, resolved.decision)) markApproved({ ...resolved, portal: read });
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
    if (!isToBeApproved(facts, resolved)) return NOTHING_TO_APPROVE;
    const judged = [{ facts: resolved.facts, decision: resolved.decision }];
    const { subject } = portal;
    const runs = isNamed(facts) ? resolved.runs : null;
    return approve(this.#link, judged, subject === null ? null : { ...subject, runs });
  }

  describe(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const { kind } = readNamedObject(bytes, start, end, 'Describe');
    if (kind === 'portal') link.replies.push({ of: 'describe-portal', turn: link.turn });
    else link.replies.push({ of: 'describe-statement', parameters: false, turn: link.turn });
    link.unsynced = true;
    return 'pass';
  }

  close(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const { kind, name } = readNamedObject(bytes, start, end, 'Close');
    const change: NameChange = { change: kind === 'portal' ? 'drop-portal' : 'drop-statement', name };
    link.names.announce(change);
    link.replies.push({ of: 'close', change, turn: link.turn });
    link.unsynced = true;
    return 'pass';
  }

  sync(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    readEmpty(bytes, start, end, 'Sync');
    link.skipping = false;
    // The end of an implicit transaction undoes SET LOCAL.
    if (link.readingMoved) {
      link.readingStale = true;
      link.block(BLOCK.replies);
    }
    link.replies.push({ of: 'sync', turn: link.turn });
    link.names.beginSection();
    link.unsynced = false;
    link.executedSinceSync = false;
    return 'pass';
  }

  flush(bytes: Buffer, start: number, end: number): Outcome {
    readEmpty(bytes, start, end, 'Flush');
    return this.#link.skipping ? 'drop' : 'pass';
  }

  functionCall(): Outcome {
    if (this.#link.skipping) return 'drop';
    refuseQuery(this.#link, { error: failureResponse(new ProxyError('function-call')), native: 'none' });
    return 'drop';
  }

  #awaitReplies(): Outcome {
    this.#link.block(BLOCK.replies);
    return 'hold';
  }

  #refuseWith(error: ProxyError): Outcome {
    throwIfFinal(error);
    refuseExtended(this.#link, { error: failureResponse(error), native: 'none' });
    return 'drop';
  }

  /** The server looks names in messages up before anything else, as it reads a text. */
  #refuseMissing(denial: Denial, statement: StatementEntry): Outcome {
    this.#link.gate.refuse(denial, '', statement);
    refuseExtended(this.#link, { error: denialResponse(denial), native: 'text' });
    return 'drop';
  }

  /** The server does away with the unnamed statement before it reads the text of the next. */
  #refuseParse(denial: Denial, journalMembers: string, statement: StatementEntry, name: string): Outcome {
    this.#link.gate.refuse(denial, journalMembers, statement);
    refuseExtended(this.#link, refusedBy(denial), name === '' ? { change: 'drop-statement', name } : null);
    return 'drop';
  }
}

const EMPTY = Buffer.alloc(0);
const SEPARATOR = Buffer.from(';\n');
const NOTHING_TO_APPROVE: Approved = { approved: 'granted', approvals: [] };

function isToBeApproved(facts: StatementFacts | null, { decision, portal }: Runs): boolean {
  return needsApproval(facts, decision) && !isCovered(portal, decision);
}

/** More of the same result is read under the same approval. */
function markApproved({ decision, portal }: Runs): void {
  if (portal !== null) portal.approvedUnder = approvalKey(decision) ?? portal.approvedUnder;
}

function withApprovals(statement: StatementEntry, approvals: readonly string[]): StatementEntry {
  return approvals.length === 0 ? statement : { ...statement, approvals };
}

const NO_CLEARANCE: Clearance = {
  outcome: 'clear',
  statements: [],
  journalMembers: '',
  hidesParameters: false,
};

const MULTIPLE_COMMANDS: Denial = missing(
  SYNTAX_ERROR,
  'cannot insert multiple commands into a prepared statement',
);

function missingStatement(name: string): Denial {
  return missing(
    '26000',
    name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`,
  );
}
