/** Commands on prepared statements, by the server's ids: an id that Sluice does not know does not exist. */
import { ProxyError } from '../../src/core/errors.ts';
import type { ApprovalSubject, StatementEntry } from '../../src/core/gate.ts';
import { needsApproval, withApprovals } from '../sql/approvals.ts';
import { entry, native, type Outcome } from '../sql/refusals.ts';
import { approve, charge, isCovered, unapproved } from './approvals.ts';
import { unknownStatement } from './deny.ts';
import type { Link } from './link.ts';
import { integerParameter, isTextParameter, readExecution, readStatementId } from './parameters.ts';
import { planOf, resultsOf, runOf, runOfCursor } from './plan.ts';
import { type Command, deny, fail, unresolved } from './refusals.ts';
import { resolve, upToDate, wantsText } from './resolve.ts';
import { run } from './run-command.ts';
import type { LongData, Prepared } from './statements.ts';

const CURSOR_READ_ONLY = 1;
/** As the protocol has it in front of each type's number. */
const UNSIGNED = 0x8000;
/** Command, statement id and parameter. */
const LONG_DATA_HEAD_BYTES = 7;
/** https://mariadb.com/kb/en/com_stmt_execute/: -1 is the statement that was prepared last. */
const LAST_PREPARED = 0xffff_ffff;
const WRONG_ARGUMENTS = native('22023', 'Incorrect arguments to mysqld_stmt_execute');

export class Executions {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  execute(command: Command): Outcome {
    const link = this.#link;
    const id = readStatementId(command.bytes, command.start, command.end);
    const prepared = this.#named(command, id);
    if (prepared === null) return this.#missing(command, id, 'mysqld_stmt_execute');
    if (!link.gate.canRecord) return fail(this.#link, new ProxyError('journal-unavailable'), command);
    const current = upToDate(link, prepared.judged);
    const execution = readExecution(
      command.bytes,
      command.start,
      command.end,
      prepared.parameters,
      prepared.types,
      (n) => joined(prepared, n),
    );
    const statement: StatementEntry = {
      via: 'execute',
      text: prepared.judged.text,
      parameters: execution?.parameters ?? [],
      hidesParameters: prepared.judged.clearance.hidesParameters,
    };
    if (current.resolved !== 'judged')
      return unresolved(this.#link, current, command, prepared.judged.clearance, statement);
    prepared.judged = current.judged;
    const { facts, clearance, text } = current.judged;
    if (execution === null || execution.flags > CURSOR_READ_ONLY || isTooLong(prepared))
      return deny(this.#link, WRONG_ARGUMENTS, command, clearance, statement);
    prepared.types = execution.types;
    const boundValue = (index: number) =>
      integerParameter(execution.parameters[index - 1], execution.types[index - 1]);
    const judged = facts?.bound.kind === 'parameter' ? undefined : clearance.statements[0];
    const settled = judged?.facts === facts ? (judged?.decision ?? null) : null;
    const resolved = facts === null ? null : resolve(link, facts, settled, boundValue, 1);
    if (resolved !== null && resolved.resolved !== 'runs')
      return unresolved(this.#link, resolved, command, clearance, statement);
    const otherThanText =
      resolved === null ? null : wantsText(resolved.decision, (n) => isTextParameter(execution, n));
    if (otherThanText !== null) return deny(link, otherThanText, command, clearance, statement);
    const plan = facts === null || resolved === null ? null : planOf(link, facts, resolved, clearance, text);
    const subject: ApprovalSubject = {
      text,
      runs: resolved?.runs ?? null,
      parameters: execution.parameters,
      types: execution.types.map(({ type, unsigned }) => (unsigned ? type | UNSIGNED : type)),
      hidesParameters: clearance.hidesParameters,
    };
    const charged = charge(link, plan === null ? [] : [plan]);
    if (charged.approved !== 'granted') return unapproved(link, charged, command, clearance, statement);
    const needing = plan !== null && needsApproval(plan) ? [plan] : [];
    const approved = approve(link, needing, subject);
    if (approved.approved !== 'granted') return unapproved(link, approved, command, clearance, statement);
    const number = link.gate.admit(
      clearance,
      withApprovals({ ...statement, hidesParameters: clearance.hidesParameters }, approved.approvals),
    );
    // The server closes the cursor that is open, and forgets the long data with the execution.
    prepared.cursor = null;
    this.forgetLongData(prepared);
    const cursor = execution.flags === CURSOR_READ_ONLY ? prepared : null;
    return run(link, command, [runOf(link, plan, number, subject)], true, cursor);
  }

  fetch(command: Command): Outcome {
    const link = this.#link;
    const id = readStatementId(command.bytes, command.start, command.end);
    const prepared = link.statements.byId(id);
    if (prepared === null) return this.#missing(command, id, 'mysqld_stmt_fetch');
    const { cursor } = prepared;
    if (cursor === null)
      return deny(this.#link, native('34000', `The statement (${id}) has no open cursor.`), command);
    if (!link.gate.canRecord) return fail(this.#link, new ProxyError('journal-unavailable'), command);
    const current = upToDate(link, prepared.judged);
    const statement = entry('execute', prepared.judged.text);
    if (current.resolved !== 'judged')
      return unresolved(this.#link, current, command, prepared.judged.clearance, statement);
    if (cursor.stamp !== link.gate.stamp || current.judged !== prepared.judged) {
      prepared.judged = current.judged;
      const decision = link.gate.decide(cursor.facts, cursor.rowsMax, 1);
      if (decision.verdict === 'deny' || !isCovered(cursor, decision))
        return deny(this.#link, link.gate.denialOf(decision, cursor.facts), command);
      cursor.decision = decision;
      cursor.stamp = link.gate.stamp;
      cursor.masking = { masking: 'undescribed' };
    }
    const run = runOfCursor(link, prepared, cursor);
    link.expect(resultsOf(link, [run], true, prepared, true), command.last);
    return 'pass';
  }

  /** Has no answer. A value for a statement that does not exist goes nowhere, as at the server. */
  sendLongData(command: Command): Outcome {
    const { bytes, start, end } = command;
    if (end - start < LONG_DATA_HEAD_BYTES) return 'drop';
    const prepared = this.#named(command, readStatementId(bytes, start, end));
    const n = bytes.readUInt16LE(start + 5);
    if (prepared === null || n >= prepared.parameters) return 'drop';
    const data = prepared.longData.get(n) ?? { pieces: [], bytes: 0, isTooLong: false };
    prepared.longData.set(n, data);
    const size = end - start - LONG_DATA_HEAD_BYTES;
    const sum = [...prepared.longData.values()].reduce((all, one) => all + one.bytes, size);
    if (data.isTooLong || sum > this.#link.settings.messageBytesMax || !this.#link.engine.hold(size)) {
      data.isTooLong = true;
      return 'drop';
    }
    data.bytes += size;
    data.pieces.push(Buffer.from(bytes.subarray(start + LONG_DATA_HEAD_BYTES, end)));
    return 'pass';
  }

  forgetAll(): void {
    for (const prepared of this.#link.statements.all()) this.forgetLongData(prepared);
  }

  forgetLongData(prepared: Prepared): void {
    for (const { bytes } of prepared.longData.values()) this.#link.engine.release(bytes);
    prepared.longData.clear();
  }

  /** Has no answer either. */
  closeStatement(command: Command): Outcome {
    const id = readStatementId(command.bytes, command.start, command.end);
    const prepared = this.#link.statements.byId(id);
    if (prepared === null) return 'drop';
    this.forgetLongData(prepared);
    this.#link.statements.remove(id);
    return 'pass';
  }

  resetStatement(command: Command): Outcome {
    const link = this.#link;
    const id = readStatementId(command.bytes, command.start, command.end);
    const statement = link.statements.byId(id);
    if (statement === null) return this.#missing(command, id, 'mysqld_stmt_reset');
    this.forgetLongData(statement);
    const { turn } = link;
    link.expect({ of: 'plain', command: { command: 'reset-statement', statement }, turn }, command.last);
    return 'pass';
  }

  /**
   * The statement behind an id. MariaDB's clients send the execution together with what prepares its statement; the
   * server gets the id that this has, since what it prepared last may be another where Sluice refused one.
   */
  #named({ bytes, start }: Command, id: number): Prepared | null {
    const { flavour, statements } = this.#link;
    if (flavour !== 'mariadb' || id !== LAST_PREPARED) return statements.byId(id);
    if (statements.last !== null) bytes.writeUInt32LE(statements.last.id, start + 1);
    return statements.last;
  }

  #missing(command: Command, id: number, handler: string): Outcome {
    return deny(this.#link, unknownStatement(String(id), handler), command);
  }
}

/** What came ahead for a parameter, in one piece; null where nothing did. */
function joined(prepared: Prepared, n: number): Buffer | null {
  const data: LongData | undefined = prepared.longData.get(n);
  return data === undefined ? null : Buffer.concat(data.pieces);
}

function isTooLong(prepared: Prepared): boolean {
  return [...prepared.longData.values()].some((data) => data.isTooLong);
}
