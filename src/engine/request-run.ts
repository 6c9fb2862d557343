/** One request on its way: budgets, approvals, the journal, and what its answer may send. */
import type { Question } from '../approvals/index.ts';
import {
  type ApprovalDuty,
  type Denial,
  type LimitDuty,
  type ResultLimit,
  tightestOf,
  untilBudgets,
  waitsForBudgets,
} from '../core/decision.ts';
import { ProxyError } from '../core/errors.ts';
import type { SpendingRun } from '../core/gate.ts';
import type { StatementNumber } from '../core/ids.ts';
import type { RequestDecision, RequestFacts } from '../core/requests.ts';
import { type AnswerRecord, answerRecord } from './answer-record.ts';
import { ApprovalWait } from './approval-wait.ts';
import { requestQuestion } from './request-question.ts';
import {
  changedPolicy,
  limitDenial,
  requestDenial,
  requestEntry,
  requestMembers,
  waitOf,
} from './request-records.ts';
import type { RequestSession } from './request-session.ts';
import { type Cleared, type RequestText, WAITS, type Waiting } from './request-text.ts';
import { SessionSpending } from './spending.ts';
import { recorded } from './turn-end.ts';

const NO_TEXT: RequestText = { via: 'http', text: Buffer.alloc(0), body: null };
const UNBOUNDED = { bound: { kind: 'unbounded' } } as const;

export class RequestRun implements SpendingRun {
  readonly facts = null;
  readonly decision: RequestDecision;
  readonly counted = { rows: 0, bytes: 0 };
  /** Takes down the answer as the client gets it, once the request may go; null: it is not recorded. */
  record: AnswerRecord | null = null;
  bounds: ResultLimit;
  limit: ResultLimit;
  /** Bounds that people have not lifted. */
  #limits: readonly LimitDuty[];
  readonly #session: RequestSession;
  readonly #request: RequestFacts;
  #text: RequestText = NO_TEXT;
  readonly #hidesBody: boolean;
  /** Both are made when they are needed: few requests are counted or wait, and every one would pay for their maps. */
  #spends: SessionSpending | null = null;
  #waits: ApprovalWait | null = null;
  readonly #startedMs: number;
  #number: StatementNumber | null = null;
  #finished = false;
  #gone = false;
  #onWake: (() => void) | null = null;

  /** `decision`: what was decided on it where rules alone do not. */
  constructor(session: RequestSession, request: RequestFacts, decision?: RequestDecision) {
    this.#session = session;
    this.#request = request;
    const { domain } = session;
    this.decision = decision ?? session.judge(request);
    const { limit, limits, budgets } = this.decision.obligations;
    this.bounds = limit;
    this.#limits = limits;
    this.limit = untilBudgets(limit, budgets, this.counted);
    // What is masked when it comes out may be what is asked for by.
    this.#hidesBody = domain.policy.current.masks.length > 0;
    this.#startedMs = domain.now();
    session.running++;
  }

  get #spending(): SessionSpending {
    if (this.#spends !== null) return this.#spends;
    const { domain, context } = this.#session;
    const made = new SessionSpending(domain.spendings, context, domain.upstream, () => this.#wake());
    if (this.#gone) made.close();
    this.#spends = made;
    return made;
  }

  get #wait(): ApprovalWait | null {
    const { approvals, clock } = this.#session.domain;
    if (approvals !== null) this.#waits ??= new ApprovalWait(approvals, () => this.#wake(), clock);
    return this.#waits;
  }

  #wake(): void {
    const onWake = this.#onWake;
    this.#onWake = null;
    onWake?.();
  }

  #woken(): Promise<void> {
    if (this.#gone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onWake = resolve;
    });
  }

  /** The client is gone: nothing is waited for any more. */
  abandon(): void {
    this.#gone = true;
    this.#waits?.drop();
    this.#spends?.close();
    this.#wake();
  }

  /**
   * Whether it may go upstream now: it is judged, counted, approved and in the journal. What denies it is in the journal
   * too.
   */
  async clear(text: RequestText, waiting: Waiting = WAITS): Promise<Cleared> {
    this.#text = text;
    const { journal } = this.#session.domain;
    if (!journal.healthy && !journal.tryRecover())
      return { cleared: 'failed', error: new ProxyError('journal-unavailable') };
    const { decision } = this;
    if (decision.verdict === 'deny') return this.#denied(requestDenial(decision, this.#request));
    const { budgets, rates } = decision.obligations;
    const charged = budgets.length + rates.length === 0 ? null : await this.#charge();
    if (charged !== null) return charged;
    let approvals: readonly string[] | null = null;
    if (decision.obligations.approvals.length > 0) {
      const asked = await this.#approve(
        decision.obligations.approvals.map((duty) => this.#question(duty, null)),
        waiting.holds ? waitOf(decision.obligations.approvals) : 0,
        waiting,
      );
      if ('cleared' in asked) return asked;
      approvals = asked.approvals;
    }
    if (this.#gone) return { cleared: 'failed', error: new ProxyError('protocol-violation') };
    // It may have waited for hours: a policy that has come since decides anew.
    if (this.#session.domain.policy.current.version !== decision.policyVersion)
      return this.#denied(changedPolicy(decision.rule ?? 'default'));
    return this.#admit(approvals);
  }

  /** Something else than rules on requests is against it, such as those on SQL that it carries. */
  refuse(text: RequestText, denial: Denial): Denial {
    this.#text = text;
    return this.#denied(denial).denial;
  }

  async #charge(): Promise<Cleared | null> {
    for (;;) {
      const answer = this.#spending.charge([{ facts: UNBOUNDED, decision: this.decision }]);
      if (answer.answer === 'granted') return null;
      if (answer.answer === 'refused') return this.#denied(answer.denial);
      if (answer.answer === 'failed') return { cleared: 'failed', error: answer.error };
      await this.#woken();
      if (this.#gone) return { cleared: 'failed', error: new ProxyError('protocol-violation') };
    }
  }

  #question(duty: ApprovalDuty, limit: LimitDuty | null): Question | Denial {
    const { policyVersion } = this.decision;
    const asked = { facts: this.#request, text: this.#text, hidesBody: this.#hidesBody, policyVersion };
    const answer = limit === null ? null : { limit, number: this.#number ?? 0, ...this.counted };
    return requestQuestion(this.#session, duty, asked, answer);
  }

  async #approve(
    questions: readonly (Question | Denial)[],
    waitMs: number | null,
    waiting: Waiting,
  ): Promise<{ readonly approvals: readonly string[] } | Exclude<Cleared, { readonly cleared: 'runs' }>> {
    const wait = this.#wait;
    if (wait === null) return { cleared: 'failed', error: new ProxyError('approvals-unavailable') };
    const asked: Question[] = [];
    for (const question of questions) {
      if ('sqlstate' in question) return this.#denied(question);
      asked.push(question);
    }
    this.#session.held++;
    try {
      for (;;) {
        const answer = wait.ask(asked, waitMs);
        if (answer.answer === 'granted') return { approvals: answer.approvals };
        if (answer.answer === 'refused') return this.#denied(answer.denial);
        if (answer.answer === 'failed') return { cleared: 'failed', error: answer.error };
        for (const notice of answer.notices) waiting.told(notice);
        await this.#woken();
        if (this.#gone) return { cleared: 'failed', error: new ProxyError('protocol-violation') };
      }
    } finally {
      this.#session.held--;
    }
  }

  #denied(denial: Denial): { readonly cleared: 'denied'; readonly denial: Denial } {
    if (this.#number === null) {
      const members = this.#members();
      this.#session.records.refuse(
        denial,
        members,
        requestEntry(this.#text, this.#hidesBody, null),
        this.decision.policyVersion,
      );
    }
    return { cleared: 'denied', denial };
  }

  #members(): string {
    const { members } = this.#text;
    const judged = requestMembers(this.#request, this.decision);
    return members === undefined ? judged : `${judged},${members}`;
  }

  /** In the journal before it goes upstream (promise 8). */
  async #admit(approvals: readonly string[] | null): Promise<Cleared> {
    const { records, domain } = this.#session;
    const journalMembers = this.#members();
    this.#number = records.admit(
      { outcome: 'clear', statements: [], journalMembers, hidesParameters: this.#hidesBody },
      requestEntry(this.#text, this.#hidesBody, approvals),
    );
    this.record = answerRecord(domain, this.#session.id, this.#number, this.decision.obligations.record);
    this.#session.calls.begin(this.#number, this.#request, this.#text);
    if (this.decision.response !== null) domain.meter.masked++;
    if (await recorded(domain)) return { cleared: 'runs' };
    return { cleared: 'failed', error: new ProxyError('journal-unavailable') };
  }

  /**
   * Whether the answer may send so many more rows and bytes; counts them where it may. Null: it may. Known at once unless
   * a bound is reached.
   */
  take(rows: number, bytes: number): Promise<Denial | null> | null {
    return this.#takes(rows, bytes) ? null : this.#takeMore(rows, bytes);
  }

  #takes(rows: number, bytes: number): boolean {
    if (this.#overBy(rows, bytes) !== null) return false;
    this.counted.rows += rows;
    this.counted.bytes += bytes;
    this.#session.rows += rows;
    this.#session.bytes += bytes;
    return true;
  }

  async #takeMore(rows: number, bytes: number): Promise<Denial | null> {
    for (;;) {
      if (this.#takes(rows, bytes)) return null;
      const unit = this.#overBy(rows, bytes);
      if (unit === null) continue;
      const duty = waitsForBudgets(this, unit)
        ? await this.#spend(unit, unit === 'rows' ? rows : bytes)
        : this.#limits.find((one) => one.unit === unit && one.rule === this.bounds[`${unit}Rule`]);
      if (duty === null) continue;
      if (duty === undefined) throw new ProxyError('invariant');
      if ('sqlstate' in duty) return duty;
      const denial = await this.#lift(duty);
      if (denial !== null) return denial;
    }
  }

  #overBy(rows: number, bytes: number): 'rows' | 'bytes' | null {
    const { limit, counted } = this;
    if (limit.rows !== null && counted.rows + rows > limit.rows) return 'rows';
    return limit.bytes !== null && counted.bytes + bytes > limit.bytes ? 'bytes' : null;
  }

  async #spend(unit: 'rows' | 'bytes', needed: number): Promise<LimitDuty | Denial | null> {
    for (;;) {
      const answer = this.#spending.spend(this, unit, needed);
      switch (answer.answer) {
        case 'granted':
          return null;
        case 'over':
          return answer.duty;
        case 'refused':
          return answer.denial;
        case 'failed':
          throw answer.error;
        case 'pending':
          await this.#woken();
          if (this.#gone) throw new ProxyError('protocol-violation');
      }
    }
  }

  /** Asks people whether the answer may go on. Null: it may. */
  async #lift(duty: LimitDuty): Promise<Denial | null> {
    if (duty.approval === null) return limitDenial(duty);
    const asked = await this.#approve([this.#question(duty.approval, duty)], null, WAITS);
    if ('cleared' in asked) {
      if (asked.cleared === 'failed') throw asked.error;
      return asked.denial;
    }
    if (this.#limits.includes(duty)) {
      this.#limits = this.#limits.filter((one) => one !== duty);
      this.bounds = tightestOf(this.#limits);
      this.limit = untilBudgets(this.bounds, this.decision.obligations.budgets, this.counted);
    } else this.#spending.lift(this, duty.rule);
    return null;
  }

  /** `tag`: how it came out, such as `200`; null where it failed. */
  finish(tag: string | null, cutBy: string | null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.abandon();
    this.#session.running--;
    if (this.#number === null) return;
    this.record?.end(false);
    this.#session.calls.end(this.#number);
    const ms = this.#session.domain.now() - this.#startedMs;
    const { rows, bytes } = this.counted;
    this.#session.records.finish(this.#number, { tag, sqlstate: null, rows, bytes, ms, cutBy });
  }
}
