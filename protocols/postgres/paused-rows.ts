/** A result that has reached a bound which people may lift, and rows that are kept back until it is decided on. */
import { Accumulator } from '../../src/bytes/index.ts';
import type { LimitDuty } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { ApprovalAnswer, PausedResult } from '../../src/core/gate.ts';
import { noticeOf } from './approvals.ts';
import { denialResponse, failureResponse } from './encode.ts';
import type { Link } from './link.ts';
import { dutyAt } from './plan.ts';
import type { Run } from './replies.ts';

export interface Pause {
  readonly run: Run;
  readonly duty: LimitDuty;
  /** Null while nobody has decided. */
  ask(): Decided | null;
}

type Decided = Exclude<ApprovalAnswer, { answer: 'pending' }>;

/** Null where nobody may lift the bound: the result is cut there. */
export function pauseAt(link: Link, run: Run, unit: 'rows' | 'bytes'): Pause | null {
  const duty = dutyAt(run, unit);
  const { number, facts, decision, counted, subject } = run;
  if (duty === null || duty.approval === null || subject === null) return null;
  if (number === null || facts === null || decision === null) return null;
  link.paused = true;
  const paused: PausedResult = { number, facts, decision, duty, rows: counted.rows, bytes: counted.bytes };
  return {
    run,
    duty,
    ask() {
      const answer = link.gate.approveResult(paused, subject);
      if (answer.answer === 'pending') {
        for (const notice of answer.notices) link.toClient(noticeOf(notice));
        return null;
      }
      link.paused = false;
      // The time that people took does not count against the statement.
      link.runEndedMs = link.engine.now();
      return answer;
    },
  };
}

/** What the client reads at the end of a result that was not let go on. */
export function tellWhy(run: Run, answer: Exclude<Decided, { answer: 'granted' }>): void {
  if (answer.answer === 'failed') run.failAs = failureResponse(answer.error);
  else if (answer.denial.native) run.failAs = denialResponse(answer.denial);
  else run.cutWhy = answer.denial.message;
}

/** Rows that the client may not see before the whole result may be seen. */
export class KeptRows {
  readonly #link: Link;
  readonly #rows = new Accumulator();
  isKeeping = false;

  constructor(link: Link) {
    this.#link = link;
  }

  add(bytes: Buffer, from: number, to: number): void {
    if (!this.#link.engine.hold(to - from))
      throw new ProxyError('held-memory', { detail: 'rows that are kept back' });
    this.#rows.append(bytes, from, to);
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
