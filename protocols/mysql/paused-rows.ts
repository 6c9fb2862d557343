/** A result that has reached a bound which people may lift, and rows that are kept back until it is decided on. */
import { Accumulator } from '../../src/bytes/index.ts';
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

  constructor(link: Link, masking: Masking) {
    this.#link = link;
    this.#masking = masking;
    this.kept = new KeptRows(link);
  }

  /** Nothing more of the server's is looked at until somebody has decided. */
  get isPaused(): boolean {
    return this.#paused !== null;
  }

  /** A result has reached a bound: it ends there, or pauses until somebody has decided on it. */
  reached(results: Results, run: Run, unit: 'rows' | 'bytes', due: number): void {
    if (run.cutBy !== null) return;
    const duty = dutyAt(run, unit);
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
    const { engine, reply } = this.#link;
    if (!this.kept.isKeeping) engine.downstream.send(bytes, from, to);
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
