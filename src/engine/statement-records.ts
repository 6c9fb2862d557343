/** What one session's statements leave in the journal: that they were let pass or refused, and how they came out. */
import type { Denial } from '../core/decision.ts';
import type { RunResult, StatementEntry } from '../core/gate.ts';
import { type SessionId, type StatementNumber, statementNumber } from '../core/ids.ts';
import type { Clearance } from '../core/judgement.ts';
import type { Meter } from '../core/meter.ts';
import type { SessionCause } from './causes.ts';
import { touchesRelations } from './entry-needs.ts';
import { deniedMembers, entryMembers, resultMembers } from './records.ts';
import type { SessionAlerts } from './session-alerts.ts';

export interface RecordSink {
  readonly meter: Meter;
  /** Adds a record: `now` ones are written before this turn's bytes leave, others soon. */
  record(type: string, members: string, when: 'now' | 'soon'): void;
  /** Adds a statement's result, as the text of a JSON object; it is written soon. */
  recordResult(result: string): void;
}

export class StatementRecords {
  readonly #session: SessionId;
  readonly #sink: RecordSink;
  readonly #alerts: SessionAlerts | null;
  readonly #cause: SessionCause | null;
  #numbers = 0;
  /** A Parse that passes and is not in the journal yet: its number is the last one given. */
  #parse: { readonly clearance: Clearance; readonly entry: StatementEntry } | null = null;
  statements = 0;
  denied = 0;

  constructor(
    session: SessionId,
    sink: RecordSink,
    alerts: SessionAlerts | null,
    cause: SessionCause | null = null,
  ) {
    this.#session = session;
    this.#alerts = alerts;
    this.#cause = cause;
    this.#sink = sink;
  }

  admit(clearance: Clearance, entry: StatementEntry): StatementNumber {
    if (entry.via === 'parse') {
      this.recordParse();
      this.#parse = { clearance, entry };
      return statementNumber(++this.#numbers);
    }
    const parse = this.#parse;
    // A Bind in the same turn has all that the Parse before it would put into a record of its own.
    if (parse !== null && entry.via === 'bind' && entry.text === parse.entry.text) {
      this.#parse = null;
      this.#numbers--;
    } else this.recordParse();
    this.statements++;
    this.#sink.meter.allowed++;
    if (isMasked(clearance)) this.#sink.meter.masked++;
    this.#alerts?.admitted(clearance);
    if (this.#cause?.isUnexplained === true && touchesRelations(clearance.statements))
      this.#alerts?.unexplained(entry.text);
    const number = statementNumber(++this.#numbers);
    this.#recordAdmitted('statement', number, clearance, entry);
    return number;
  }

  /** Records a Parse that no Bind has followed yet; before the turn ends, since its bytes leave then. */
  recordParse(): void {
    const parse = this.#parse;
    if (parse === null) return;
    this.#parse = null;
    this.#recordAdmitted('parse', statementNumber(this.#numbers), parse.clearance, parse.entry);
  }

  #recordAdmitted(type: string, number: StatementNumber, clearance: Clearance, entry: StatementEntry): void {
    const members = clearance.journalMembers === '' ? '' : `,${clearance.journalMembers}`;
    this.#record(type, `"number":${number},${entryMembers(entry)}${members}${this.#behind(entry)}`, 'now');
  }

  refuse(denial: Denial, journalMembers: string, entry: StatementEntry, policyVersion: string): void {
    this.recordParse();
    this.statements++;
    this.denied++;
    this.#sink.meter.denied++;
    this.#alerts?.denied(denial);
    if (this.#cause?.isUnexplained === true) this.#alerts?.unexplained(entry.text);
    const number = ++this.#numbers;
    const judged = deniedMembers(journalMembers, denial, policyVersion);
    this.#record(
      'denied',
      `"number":${number},${entryMembers(entry)},${judged},"sqlstate":"${denial.sqlstate}","message":${JSON.stringify(denial.message)}${this.#behind(entry)}`,
      'now',
    );
  }

  finish(number: StatementNumber, result: RunResult): void {
    const { meter } = this.#sink;
    meter.rows += result.rows;
    meter.bytes += result.bytes;
    if (result.cutBy !== null) meter.cuts++;
    this.#alerts?.finished(result);
    this.#sink.recordResult(`{"session":"${this.#session}","number":${number},${resultMembers(result)}}`);
  }

  #behind({ text }: StatementEntry): string {
    return this.#cause === null ? '' : this.#cause.statementMember(text);
  }

  #record(type: string, members: string, when: 'now' | 'soon'): void {
    this.#sink.record(type, `"session":"${this.#session}",${members}`, when);
  }
}

function isMasked({ statements }: Clearance): boolean {
  for (const { decision } of statements) if (decision.obligations.masks !== null) return true;
  return false;
}
