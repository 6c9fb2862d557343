/** What each message of the client's means in the command phase, and whether it passes. One method per message. */
import type { Denial } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { type Approved, joinedTexts, subjectOf, withApprovals } from '../sql/approvals.ts';
import { entry, native, type Outcome, throwIfFinal } from '../sql/refusals.ts';
import { approve, charge, isToBeApproved, markApproved, unapproved } from './approvals.ts';
import { readEmpty, readNamedObject, readParse, readQuery } from './decode.ts';
import { refuseExtended, refuseQuery } from './deny.ts';
import { failureResponse } from './encode.ts';
import { Following } from './following.ts';
import { BLOCK, type Link } from './link.ts';
import type { NameChange } from './names.ts';
import { changesOf, type Plan, type Runs, runOfPlan } from './plan.ts';
import { Portals } from './portals.ts';
import { refusedBy, refuseWith, SYNTAX_ERROR, unresolved } from './refusals.ts';
import { isNamed, type Resolved, resolve } from './resolve.ts';
import { movesNames, unsettled } from './unsettled.ts';

export class Requests {
  readonly #link: Link;
  readonly #following: Following;
  readonly portals: Portals;

  constructor(link: Link) {
    this.#link = link;
    this.#following = new Following(link);
    this.portals = new Portals(link, this.#following);
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
    const subject = subjectOf(text);
    let asks = false;
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
      const changes = changesOf(link, clearance, facts, resolved, subject, index);
      const plan = { facts, resolved, changes };
      if (resolved.decision.verdict === 'approve') asks = true;
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
    let statement = entry('query', text);
    const charged = charge(
      link,
      plans.map(({ resolved }) => resolved),
    );
    if (charged.approved !== 'granted') {
      for (const change of announced) link.names.revoke(change);
      return unapproved(link, charged, clearance, statement, refuseQuery);
    }
    if (asks) {
      const approved = this.#approveQuery(plans, text);
      if (approved.approved !== 'granted') {
        for (const change of announced) link.names.revoke(change);
        return unapproved(link, approved, clearance, statement, refuseQuery);
      }
      statement = withApprovals(statement, approved.approvals);
      for (const { resolved } of plans) markApproved(resolved);
    }
    const number = link.gate.admit(clearance, statement);
    const runs = plans.map((plan) =>
      runOfPlan(plan, number, link.engine.now(), subjectOfRun(plan.resolved, subject)),
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
    const runs = joinedTexts(needing.map(({ resolved }) => resolved.runs));
    const judged = needing.map(({ resolved }) => ({ facts: resolved.facts, decision: resolved.decision }));
    return approve(this.#link, judged, subjectOf(text, runs));
  }

  parse(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const message = readParse(bytes, start, end);
    if (message.name !== '' && link.names.size >= link.settings.namesMax)
      return refuseWith(link, new ProxyError('too-many-names'));
    const answer = link.gate.judge(bytes, message.text.start, message.text.end);
    if (answer.outcome === 'pending') {
      link.block(BLOCK.answer);
      return 'hold';
    }
    if (answer.outcome === 'failed') return refuseWith(link, answer.error);
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

  describe(bytes: Buffer, start: number, end: number): Outcome {
    const link = this.#link;
    if (link.skipping) return 'drop';
    const { kind, name } = readNamedObject(bytes, start, end, 'Describe');
    const named = kind === 'portal' ? link.names.portal(name) : link.names.statement(name);
    const facts = named?.facts ?? null;
    if (kind === 'portal') link.replies.push({ of: 'describe-portal', facts, turn: link.turn });
    else link.replies.push({ of: 'describe-statement', facts, parameters: false, turn: link.turn });
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

  /** The server does away with the unnamed statement before it reads the text of the next. */
  #refuseParse(denial: Denial, journalMembers: string, statement: StatementEntry, name: string): Outcome {
    this.#link.gate.refuse(denial, journalMembers, statement);
    refuseExtended(this.#link, refusedBy(denial), name === '' ? { change: 'drop-statement', name } : null);
    return 'drop';
  }
}

/** What a name stands for is a part of what people are asked about. */
function subjectOfRun({ portal, runs }: Runs, subject: ApprovalSubject): ApprovalSubject {
  if (portal !== null && portal.subject !== null) return portal.subject;
  return runs === null ? subject : { ...subject, runs };
}

const MULTIPLE_COMMANDS: Denial = native(
  SYNTAX_ERROR,
  'cannot insert multiple commands into a prepared statement',
);
