/** What decisions ask of people, put as questions: one for each rule, about all statements of a message together. */
import { type ApprovalAsk, type Question, reasonIn, reasonMissing } from '../approvals/index.ts';
import type { ApprovalDuty, JudgedStatement, LimitDuty } from '../core/decision.ts';
import { effectsOf } from '../core/effects.ts';
import { ProxyError } from '../core/errors.ts';
import type { StatementFacts } from '../core/facts.ts';
import type { ApprovalAnswer, ApprovalSubject, PausedResult } from '../core/gate.ts';
import type { SessionId } from '../core/ids.ts';
import { aliasesOf } from '../core/person.ts';
import type { SessionContext } from '../core/principal.ts';
import { ApprovalWait } from './approval-wait.ts';
import type { SqlDomain } from './sql-domain.ts';

export class StatementApprovals {
  readonly #domain: SqlDomain;
  readonly #session: SessionId;
  readonly #context: SessionContext;
  readonly #wake: () => void;
  #wait: ApprovalWait | null = null;
  /** As the session is known to read names and texts. */
  path: readonly string[] | null = null;
  mode: string | null = null;

  constructor(domain: SqlDomain, session: SessionId, context: SessionContext, wake: () => void) {
    this.#domain = domain;
    this.#session = session;
    this.#context = context;
    this.#wake = wake;
  }

  ask(judged: readonly JudgedStatement[], subject: ApprovalSubject, canTell: boolean): ApprovalAnswer {
    const duties = dutiesOf(judged);
    const unsaid =
      reasonIn(subject.text) === null ? duties.find(({ needsReason }) => needsReason) : undefined;
    if (unsaid !== undefined) return { answer: 'refused', denial: reasonMissing(unsaid) };
    const facts = judged.map((one) => one.facts);
    const version = judged[0]?.decision.policyVersion ?? '';
    const asks = duties.map((duty) => this.#ask(duty, version, facts, subject, null));
    return this.#put(asks, waitOf(duties, canTell));
  }

  askForResult(paused: PausedResult, subject: ApprovalSubject): ApprovalAnswer {
    const { duty, decision, facts, number, rows, bytes } = paused;
    if (duty.approval === null) return { answer: 'failed', error: new ProxyError('invariant') };
    const result = { number, rows, bytes, session: this.#session, ...boundOf(duty) };
    const ask = this.#ask(duty.approval, decision.policyVersion, [facts], subject, result);
    // A result that has begun can only wait.
    return this.#put([ask], null);
  }

  #put(asks: readonly ApprovalAsk[], waitMs: number | null): ApprovalAnswer {
    const { approvals, clock } = this.#domain;
    if (approvals === null) return { answer: 'failed', error: new ProxyError('approvals-unavailable') };
    this.#wait ??= new ApprovalWait(approvals, this.#wake, clock);
    const questions: readonly Question[] = asks.map((ask) => approvals.question(ask, this.#session));
    return this.#wait.ask(questions, waitMs);
  }

  #ask(
    duty: ApprovalDuty,
    policyVersion: string,
    facts: readonly StatementFacts[],
    subject: ApprovalSubject,
    result: ApprovalAsk['result'],
  ): ApprovalAsk {
    const { principal, proof, listener } = this.#context;
    const { path, mode } = this;
    return {
      principal,
      aliases: proof === undefined ? [] : aliasesOf({ principal, proof }),
      listener,
      upstream: this.#domain.upstream,
      path,
      mode,
      policyVersion,
      duty,
      statement: {
        ...subject,
        kinds: facts.map(({ kind }) => kind),
        effects: [...new Set(facts.flatMap(({ effects }) => effectsOf(effects)))],
        tables: [...new Set(facts.flatMap(tablesOf))],
      },
      request: null,
      shownBody: null,
      result,
    };
  }

  withdraw(): void {
    this.#wait?.withdraw();
  }

  drop(): void {
    if (this.#wait?.isActive === true) this.#wait.drop();
  }
}

/** Each rule's once, however many statements of the message it is about. */
function dutiesOf(judged: readonly JudgedStatement[]): readonly ApprovalDuty[] {
  const byRule = new Map<string, ApprovalDuty>();
  for (const { decision } of judged)
    for (const duty of decision.obligations.approvals) byRule.set(duty.rule, duty);
  return [...byRule.values()];
}

/** The shortest wait that a rule gives; without one, to the end where the client can be told, and not at all elsewhere. */
function waitOf(duties: readonly ApprovalDuty[], canTell: boolean): number | null {
  const given = duties.flatMap(({ waitMs }) => (waitMs === null ? [] : [waitMs]));
  if (given.length > 0) return Math.min(...given);
  return canTell ? null : 0;
}

function boundOf({ unit, max, hold }: LimitDuty) {
  return { unit, max, held: hold };
}

function tablesOf({ relations }: StatementFacts): readonly string[] {
  return relations.map((use) => (use.schema === null ? use.name : `${use.schema}.${use.name}`));
}
