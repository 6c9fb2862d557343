/** What each command of the client's means, and whether it passes. One method per command. */
import { ProxyError } from '../../src/core/errors.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { joinedTexts, needsApproval, subjectOf, withApprovals } from '../sql/approvals.ts';
import { entry, native, type Outcome } from '../sql/refusals.ts';
import { approve, charge, unapproved } from './approvals.ts';
import { CAPABILITY } from './capabilities.ts';
import { commandName } from './commands.ts';
import { refusedCommand, UNKNOWN_COMMAND } from './deny.ts';
import { packetOf } from './encode.ts';
import { useText } from './entering.ts';
import type { Link } from './link.ts';
import { batchDenial, planOf, runOf } from './plan.ts';
import { type Command, deny, fail, hold, refuse, unresolved } from './refusals.ts';
import { resolve } from './resolve.ts';
import { run } from './run-command.ts';
import type { JudgedText } from './statements.ts';

const ONE_STATEMENT = native(
  '42601',
  'You have an error in your SQL syntax: several statements in one text are not allowed here',
);

export class Requests {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  query(command: Command): Outcome {
    return this.judged(command, command.bytes.subarray(command.start + 1, command.end));
  }

  /** Another database becomes the current one, as by USE. */
  initDb(command: Command): Outcome {
    const name = command.bytes.toString('utf8', command.start + 1, command.end);
    if (name.includes('\0') || name.includes('�'))
      return deny(this.#link, native('3F000', 'Unknown database'), command);
    return this.judged(command, useText(name));
  }

  kill(command: Command): Outcome {
    if (command.end - command.start !== 5) return this.unknown(command);
    const id = command.bytes.readUInt32LE(command.start + 1);
    return this.judged(command, Buffer.from(`KILL ${id}`));
  }

  /** A command that runs a text. */
  judged(command: Command, text: Buffer): Outcome {
    const { gate } = this.#link;
    const answer = gate.judge(text, 0, text.length);
    switch (answer.outcome) {
      case 'pending':
        return hold(this.#link);
      case 'failed':
        return fail(this.#link, answer.error, command);
      case 'denied':
        gate.refuse(answer.denial, answer.journalMembers, entry('query', text));
        return refuse(this.#link, answer.denial, command);
      case 'clear':
        return this.#run(command, answer, text);
    }
  }

  #run(command: Command, clearance: Clearance, text: Buffer): Outcome {
    const link = this.#link;
    const statement = entry('query', text);
    const { statements } = clearance;
    const denial =
      statements.length > 1 && (link.capabilities & CAPABILITY.MULTI_STATEMENTS) === 0
        ? ONE_STATEMENT
        : batchDenial(link, statements, text);
    if (denial !== null) return deny(this.#link, denial, command, clearance, statement);
    const plans = [];
    for (const { facts, decision } of statements) {
      const own = facts.act.act === 'execute' ? null : decision;
      const resolved = resolve(link, facts, own, () => null, statements.length);
      if (resolved.resolved !== 'runs')
        return unresolved(this.#link, resolved, command, clearance, statement);
      if (
        link.statements.size >= link.settings.namesMax &&
        facts.act.act === 'prepare' &&
        link.statements.byName(facts.act.name) === null
      )
        return fail(this.#link, new ProxyError('too-many-names'), command);
      plans.push(planOf(link, facts, resolved, clearance, text));
    }
    const charged = charge(link, plans);
    if (charged.approved !== 'granted') return unapproved(link, charged, command, clearance, statement);
    const needing = plans.filter(needsApproval);
    const subject = subjectOf(text, joinedTexts(needing.map(({ runs }) => runs)));
    const approved = approve(link, needing, subject);
    if (approved.approved !== 'granted') return unapproved(link, approved, command, clearance, statement);
    const number = link.gate.admit(clearance, withApprovals(statement, approved.approvals));
    const runs =
      plans.length === 0
        ? [runOf(link, null, number, subject)]
        : plans.map((plan) => runOf(link, plan, number, subjectOf(text, plan.runs)));
    return run(link, command, runs, false, null);
  }

  prepare(command: Command): Outcome {
    const link = this.#link;
    const text = Buffer.from(command.bytes.subarray(command.start + 1, command.end));
    link.statements.last = null;
    if (link.statements.size >= link.settings.namesMax)
      return fail(this.#link, new ProxyError('too-many-names'), command);
    const answer = link.gate.judge(text, 0, text.length);
    if (answer.outcome === 'pending') return hold(link);
    if (answer.outcome === 'failed') return fail(this.#link, answer.error, command);
    const statement = entry('parse', text);
    if (answer.outcome === 'denied') {
      link.gate.refuse(answer.denial, answer.journalMembers, statement);
      return refuse(this.#link, answer.denial, command);
    }
    if (answer.statements.length > 1) return deny(this.#link, ONE_STATEMENT, command, answer, statement);
    link.gate.admit(answer, statement);
    const facts = answer.statements[0]?.facts ?? null;
    const judged: JudgedText = {
      text,
      clearance: answer,
      facts,
      stamp: link.gate.stamp,
      reading: link.reading,
    };
    link.expect({ of: 'prepare', judged, left: null, turn: link.turn }, command.last);
    return 'pass';
  }

  ping(command: Command): Outcome {
    const { turn } = this.#link;
    this.#link.expect({ of: 'plain', command: { command: 'ping' }, turn }, command.last);
    return 'pass';
  }

  resetConnection(command: Command): Outcome {
    const { turn } = this.#link;
    this.#link.expect({ of: 'plain', command: { command: 'reset-connection' }, turn }, command.last);
    return 'pass';
  }

  /** The command is on the list, and nobody may send it. */
  refused(command: Command): Outcome {
    const name = commandName(command.bytes[command.start] ?? 0);
    const denial = refusedCommand(name);
    this.#link.gate.refuse(denial, '', entry('query', Buffer.from(name)));
    this.#link.refuse({ ...UNKNOWN_COMMAND, message: denial.message }, command.last);
    return 'drop';
  }

  /** One packet of text. The server's own would tell of others' work. */
  statistics(command: Command): Outcome {
    this.#link.toClient(packetOf(Buffer.from('Threads: 1'), (command.last + 1) & 0xff));
    return 'drop';
  }

  unknown(command: Command): Outcome {
    this.#link.refuse(UNKNOWN_COMMAND, command.last);
    return 'drop';
  }
}
