/** A result that has reached a bound which people may lift or its budgets may raise, and rows that are kept back until it is decided on. */
import { Accumulator } from '../../src/bytes/index.ts';
import { type LimitDuty, waitsForBudgets } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { ApprovalSubject, PausedResult } from '../../src/core/gate.ts';
import { cut } from './cut.ts';
import { denialError, failureError } from './deny.ts';
import type { Link } from './link.ts';
import { dutyAt, lift } from './plan.ts';
import type { Results, Run } from './replies.ts';

interface Paused {
  readonly results: Results;
  readonly run: Run;
  readonly subject: ApprovalSubject;
  readonly result: PausedResult;
  /** The sequence id of the row that is due. */
  readonly due: number;
}

/** What has asked its budgets for more. */
interface Waiting {
  readonly run: Run;
  readonly unit: 'rows' | 'bytes';
  readonly needed: number;
  readonly results: Results;
  readonly due: number;
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
  reached(results: Results, run: Run, unit: 'rows' | 'bytes', due: number, needed: number): void {
    if (run.cutBy !== null) return;
    if (waitsForBudgets(run, unit))
      this.#spend({ results, run, unit, due, needed: unit === 'rows' ? 1 : needed });
    else this.#overDuty(results, run, unit, dutyAt(run, unit), due);
  }

  /** False: nothing is known yet. */
  #spend(waiting: Waiting): boolean {
    const link = this.#link;
    const { results, run, unit, needed, due } = waiting;
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
        this.#overDuty(results, run, unit, answer.duty, due);
        break;
      case 'refused':
        this.#cut(results, run, unit, due);
        run.cutBy = answer.denial.rule;
        run.failAs = denialError(answer.denial);
        break;
      case 'failed':
        this.#cut(results, run, unit, due);
        run.failAs = failureError(answer.error);
        break;
    }
    return !this.isPaused;
  }

  #overDuty(results: Results, run: Run, unit: 'rows' | 'bytes', duty: LimitDuty | null, due: number): void {
    const { number, facts, decision, counted, subject } = run;
    const { rows, bytes } = counted;
    if (duty?.approval == null || subject === null || facts === null || decision === null) {
      this.#cut(results, run, unit, due);
      return;
    }
    this.#paused = { results, run, due, subject, result: { number, facts, decision, duty, rows, bytes } };
    this.#link.paused = true;
    this.#masking.flush();
    this.ask();
  }

  /** Asks again. False while nobody has decided: the client cannot be told that it waits. */
  ask(): boolean {
    if (this.#waiting !== null) return this.#spend(this.#waiting);
    const paused = this.#paused;
    if (paused === null) return false;
    const link = this.#link;
    const { results, run, result, subject, due } = paused;
    const { duty } = result;
    const answer = link.gate.approveResult(result, subject);
    if (answer.answer === 'pending') return false;
    this.#paused = null;
    link.paused = false;
    // The time that people took does not count against the statement.
    link.askedMs = link.engine.now();
    if (answer.answer === 'granted') {
      if (isBudget(run, duty)) {
        link.gate.spending.lift(run, duty.rule);
        return true;
      }
      this.kept.give();
      lift(run, duty);
      return true;
    }
    this.#cut(results, run, duty.unit, due);
    if (answer.answer === 'failed') run.failAs = failureError(answer.error);
    else if (answer.denial.native) run.failAs = denialError(answer.denial);
    else run.cutWhy = answer.denial.message;
    return true;
  }

  /** Bytes on their way to the client. Where there is no room to keep them, false: nothing of the result is seen. */
  send(bytes: Buffer, from: number, to: number): boolean {
    const { reply } = this.#link;
    if (!this.kept.isKeeping) this.#link.send(bytes, from, to);
    else if (!this.kept.add(bytes, from, to)) {
      const run = this.#link.currentRun();
      if (reply?.of !== 'results' || run === null) return false;
      this.#cut(reply, run, 'bytes', 0);
      run.failAs = failureError(new ProxyError('held-memory'));
      return false;
    }
    return true;
  }

  #cut(results: Results, run: Run, unit: 'rows' | 'bytes', due: number): void {
    const { kept } = this;
    // What is being masked still goes to the client, in as many packets as it came: unless nothing has left yet.
    const sequence = run.keeps ? kept.sequence : due + this.#link.shift;
    if (run.keeps) {
      this.#masking.close();
      kept.forget();
    }
    cut(this.#link, results, run, unit, sequence);
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
  /** What the client is to get in the place of the first of them. */
  sequence = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** Rows follow, the first with the sequence id `due` of the server's. */
  begin(isKeeping: boolean, due: number): void {
    this.isKeeping = isKeeping;
    if (isKeeping && this.#rows.length === 0) this.sequence = (due + this.#link.shift) & 0xff;
  }

  /** False where there is no memory left for them. */
  add(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#link.engine.hold(to - from)) return false;
    this.#rows.append(bytes, from, to);
    return true;
  }

  /** The result is whole and within its bounds, or approved: they may be seen. */
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
