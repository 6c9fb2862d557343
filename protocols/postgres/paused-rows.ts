/** A result that has reached a bound which people may lift or its budgets may raise, and rows that are kept back until it is decided on. */
import { Accumulator } from '../../src/bytes/index.ts';
import { type LimitDuty, waitsForBudgets } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { ApprovalSubject, PausedResult } from '../../src/core/gate.ts';
import { noticeOf } from './approvals.ts';
import { cut } from './cut.ts';
import { denialResponse, failureResponse } from './encode.ts';
import type { Link } from './link.ts';
import { dutyAt, lift } from './plan.ts';
import type { Run } from './replies.ts';

interface Paused {
  readonly run: Run;
  readonly subject: ApprovalSubject;
  readonly result: PausedResult;
}

/** What has asked its budgets for more. */
interface Waiting {
  readonly run: Run;
  readonly unit: 'rows' | 'bytes';
  readonly needed: number;
}

/** The rows that a worker masks: they come out first, or are forgotten. */
interface Masking {
  flush(): void;
  close(): void;
}

export class RowBounds {
  readonly #link: Link;
  readonly #masking: Masking;
  readonly kept: KeptRows;
  #paused: Paused | null = null;
  #waiting: Waiting | null = null;

  constructor(link: Link, masking: Masking) {
    this.#link = link;
    this.#masking = masking;
    this.kept = new KeptRows(link);
  }

  /** Nothing more of the server's is looked at until somebody has decided, or a budget has more. */
  get isPaused(): boolean {
    return this.#paused !== null || this.#waiting !== null;
  }

  /**
   * A result has reached a bound: it goes on within its budgets, pauses until somebody has decided on it, or ends there.
   * `needed`: bytes of the row that comes next.
   */
  reached(run: Run, unit: 'rows' | 'bytes', needed: number): void {
    if (run.cutBy !== null) return;
    if (waitsForBudgets(run, unit)) this.#spend({ run, unit, needed: unit === 'rows' ? 1 : needed });
    else this.#overDuty(run, unit, dutyAt(run, unit));
  }

  /** False: nothing is known yet. */
  #spend(waiting: Waiting): boolean {
    const link = this.#link;
    const { run, unit, needed } = waiting;
    const answer = link.gate.spending.spend(run, unit, needed);
    const isPending = answer.answer === 'pending';
    this.#waiting = isPending ? waiting : null;
    link.paused = isPending;
    switch (answer.answer) {
      case 'pending':
        this.#masking.flush();
        break;
      case 'granted':
        break;
      case 'over':
        this.#overDuty(run, unit, answer.duty);
        break;
      case 'refused':
        this.#cut(run, unit);
        run.cutBy = answer.denial.rule;
        run.failAs = denialResponse(answer.denial);
        break;
      case 'failed':
        this.#cut(run, unit);
        run.failAs = failureResponse(answer.error);
        break;
    }
    return !this.isPaused;
  }

  #overDuty(run: Run, unit: 'rows' | 'bytes', duty: LimitDuty | null): void {
    const { number, facts, decision, counted, subject } = run;
    const { rows, bytes } = counted;
    if (
      duty?.approval == null ||
      subject === null ||
      number === null ||
      facts === null ||
      decision === null
    ) {
      this.#cut(run, unit);
      return;
    }
    this.#paused = { run, subject, result: { number, facts, decision, duty, rows, bytes } };
    this.#link.paused = true;
    this.#masking.flush();
    this.ask();
  }

  /** Asks again. False while nobody has decided. */
  ask(): boolean {
    if (this.#waiting !== null) return this.#spend(this.#waiting);
    const paused = this.#paused;
    if (paused === null) return false;
    const link = this.#link;
    const { run, result, subject } = paused;
    const { duty } = result;
    const answer = link.gate.approveResult(result, subject);
    if (answer.answer === 'pending') {
      for (const notice of answer.notices) link.toClient(noticeOf(notice));
      return false;
    }
    this.#paused = null;
    link.paused = false;
    // The time that people took does not count against the statement.
    link.runEndedMs = link.engine.now();
    if (answer.answer === 'granted') {
      if (isBudget(run, duty)) {
        link.gate.spending.lift(run, duty.rule);
        return true;
      }
      this.kept.give();
      lift(run, duty);
      return true;
    }
    this.#cut(run, duty.unit);
    if (answer.answer === 'failed') run.failAs = failureResponse(answer.error);
    else if (answer.denial.native) run.failAs = denialResponse(answer.denial);
    else run.cutWhy = answer.denial.message;
    return true;
  }

  /** A row on its way to where rows are kept; where there is no room, false: nothing of the result is seen. */
  keep(bytes: Buffer, from: number, to: number): boolean {
    if (this.kept.add(bytes, from, to)) return true;
    const run = this.#link.currentRun();
    if (run === null) return false;
    this.#cut(run, 'bytes');
    run.failAs = failureResponse(new ProxyError('held-memory'));
    return false;
  }

  #cut(run: Run, unit: 'rows' | 'bytes'): void {
    if (run.keeps) {
      this.#masking.close();
      this.kept.forget();
    }
    cut(this.#link, run, unit);
  }
}

/** Bounds stand in the decision; what a budget makes of itself does not. */
function isBudget({ decision }: Run, duty: LimitDuty): boolean {
  return decision?.obligations.limits.includes(duty) === false;
}

/** Rows that the client may not see before the whole result may be seen. */
export class KeptRows {
  readonly #link: Link;
  readonly #rows = new Accumulator();
  isKeeping = false;

  constructor(link: Link) {
    this.#link = link;
  }

  /** False where there is no memory left for them. */
  add(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#link.engine.hold(to - from)) return false;
    this.#rows.append(bytes, from, to);
    return true;
  }

  /** They may be seen. */
  give(): void {
    this.isKeeping = false;
    if (this.#rows.length === 0) return;
    this.#link.engine.release(this.#rows.length);
    this.#link.toClient(this.#rows.takeAll());
  }

  forget(): void {
    this.isKeeping = false;
    this.#link.engine.release(this.#rows.length);
    this.#rows.clear();
  }
}
