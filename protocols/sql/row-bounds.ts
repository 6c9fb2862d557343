/** A result that has reached a bound which people may lift or its budgets may raise: it goes on, pauses, or ends there. */
import { type Denial, type LimitDuty, waitsForBudgets } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { ApprovalNotice, ApprovalSubject, PausedResult, SqlGate } from '../../src/core/gate.ts';
import type { KeptRows } from './kept-rows.ts';
import { dutyAt, lift, type SentRun } from './run.ts';

type Unit = 'rows' | 'bytes';

/** Ends the result where it is, as its protocol does. */
export type Cut = (unit: Unit) => void;

/** What a protocol does of itself. `Failure`: an error as it has it. */
export interface BoundsWire<Failure> {
  denied(denial: Denial): Failure;
  failed(error: ProxyError): Failure;
  /** People are asked: the client is told, where it can be. */
  told(notices: readonly ApprovalNotice[]): void;
  /** It was decided on: the time that people took does not count against the statement. */
  decided(): void;
}

/** The rows that a worker masks: they come out first, or are forgotten. */
export interface MaskingRows {
  flush(): void;
  close(): void;
}

interface BoundsLink {
  readonly gate: SqlGate;
  paused: boolean;
}

interface Paused<Failure> {
  readonly run: SentRun<Failure>;
  readonly cut: Cut;
  readonly subject: ApprovalSubject;
  readonly result: PausedResult;
}

/** What has asked its budgets for more. */
interface Waiting<Failure> {
  readonly run: SentRun<Failure>;
  readonly cut: Cut;
  readonly unit: Unit;
  readonly needed: number;
}

export class RowBounds<Failure> {
  readonly #link: BoundsLink;
  readonly #wire: BoundsWire<Failure>;
  readonly #masking: MaskingRows;
  readonly #kept: KeptRows;
  #paused: Paused<Failure> | null = null;
  #waiting: Waiting<Failure> | null = null;

  constructor(link: BoundsLink, wire: BoundsWire<Failure>, masking: MaskingRows, kept: KeptRows) {
    this.#link = link;
    this.#wire = wire;
    this.#masking = masking;
    this.#kept = kept;
  }

  /** Nothing more of the server's is looked at until somebody has decided, or a budget has more. */
  get isPaused(): boolean {
    return this.#paused !== null || this.#waiting !== null;
  }

  /**
   * A result has reached a bound: it goes on within its budgets, pauses until somebody has decided on it, or ends there.
   * `needed`: bytes of the row that comes next.
   */
  reached(run: SentRun<Failure>, unit: Unit, needed: number, cut: Cut): void {
    if (run.cutBy !== null) return;
    if (waitsForBudgets(run, unit)) this.#spend({ run, cut, unit, needed: unit === 'rows' ? 1 : needed });
    else this.#overDuty(run, unit, dutyAt(run, unit), cut);
  }

  /** There is no memory to keep more of its rows in: nothing of the result is seen. */
  noRoom(run: SentRun<Failure>, cut: Cut): void {
    this.#cut(run, 'bytes', cut);
    run.failAs = this.#wire.failed(new ProxyError('held-memory'));
  }

  /** False: nothing is known yet. */
  #spend(waiting: Waiting<Failure>): boolean {
    const { run, unit, needed, cut } = waiting;
    const answer = this.#link.gate.spending.spend(run, unit, needed);
    const isPending = answer.answer === 'pending';
    this.#waiting = isPending ? waiting : null;
    this.#link.paused = isPending;
    switch (answer.answer) {
      case 'pending':
        this.#masking.flush();
        break;
      case 'granted':
        break;
      case 'over':
        this.#overDuty(run, unit, answer.duty, cut);
        break;
      case 'refused':
        this.#cut(run, unit, cut);
        run.cutBy = answer.denial.rule;
        run.failAs = this.#wire.denied(answer.denial);
        break;
      case 'failed':
        this.#cut(run, unit, cut);
        run.failAs = this.#wire.failed(answer.error);
        break;
    }
    return !this.isPaused;
  }

  #overDuty(run: SentRun<Failure>, unit: Unit, duty: LimitDuty | null, cut: Cut): void {
    const { number, facts, decision, counted, subject } = run;
    const { rows, bytes } = counted;
    if (
      duty?.approval == null ||
      subject === null ||
      number === null ||
      facts === null ||
      decision === null
    ) {
      this.#cut(run, unit, cut);
      return;
    }
    this.#paused = { run, cut, subject, result: { number, facts, decision, duty, rows, bytes } };
    this.#link.paused = true;
    this.#masking.flush();
    this.ask();
  }

  /** Asks again. False while nobody has decided. */
  ask(): boolean {
    if (this.#waiting !== null) return this.#spend(this.#waiting);
    const paused = this.#paused;
    if (paused === null) return false;
    const { gate } = this.#link;
    const { run, result, subject, cut } = paused;
    const { duty } = result;
    const answer = gate.approveResult(result, subject);
    if (answer.answer === 'pending') {
      this.#wire.told(answer.notices);
      return false;
    }
    this.#paused = null;
    this.#link.paused = false;
    this.#wire.decided();
    if (answer.answer === 'granted') {
      if (isBudget(run, duty)) {
        gate.spending.lift(run, duty.rule);
        return true;
      }
      this.#kept.give();
      lift(run, duty);
      return true;
    }
    this.#cut(run, duty.unit, cut);
    if (answer.answer === 'failed') run.failAs = this.#wire.failed(answer.error);
    else if (answer.denial.native) run.failAs = this.#wire.denied(answer.denial);
    else run.cutWhy = answer.denial.message;
    return true;
  }

  #cut(run: SentRun<Failure>, unit: Unit, cut: Cut): void {
    if (run.keeps) {
      this.#masking.close();
      this.#kept.forget();
    }
    cut(unit);
  }
}

/** Bounds stand in the decision; what a budget makes of itself does not. */
function isBudget({ decision }: SentRun<unknown>, duty: LimitDuty): boolean {
  return decision?.obligations.limits.includes(duty) === false;
}
