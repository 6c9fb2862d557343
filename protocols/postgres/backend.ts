/**
 * From the server's bytes to messages and on to the client. Rows and COPY data are counted by their headers and
 * stream through; everything else is small, is read whole, and is held against what the server owes.
 */
import { Accumulator, MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { RowLane } from '../sql/row-lane.ts';
import { failMasking } from './cut.ts';
import { frameSize, HEADER_BYTES } from './frame.ts';
import type { Link } from './link.ts';
import type { GiveOut, RowMasker } from './masked-rows.ts';
import { MASKED_ROW_BYTES_MAX, type RunMasking } from './masking.ts';
import { BACKEND } from './messages.ts';
import { RowBounds } from './paused-rows.ts';
import type { Run } from './replies.ts';
import { Responses } from './responses.ts';
import { LaneDataRows } from './row-lane.ts';
import { RowCounter } from './rows.ts';

/** Messages that are read whole: errors and notices may quote a statement or a value, but not a table. */
const CONTROL_BYTES_MAX = 8 * 1024 * 1024;

export class Backend {
  readonly #link: Link;
  readonly #responses: Responses;
  readonly #counter = new RowCounter();
  /** The head of a message that is not complete yet. */
  readonly #partial = new Accumulator();
  /** How much is still to come of a row that was begun, and whether it passes. */
  #left = 0;
  #leftPasses = true;
  /** Whose masked rows have been given out in the event that is being dealt with. */
  #begun: RowMasker | null = null;
  readonly #giveOut: GiveOut;
  /** Rows that are masked by worker threads, and what has come behind them and waits for them. */
  #lane: RowLane | null = null;
  readonly #behind = new Accumulator();
  readonly #later: (step: () => void) => void;
  readonly #bounds: RowBounds;

  /** `later` runs a step that the server's bytes did not bring about. */
  constructor(link: Link, later: (step: () => void) => void) {
    this.#later = later;
    this.#link = link;
    this.#responses = new Responses(link);
    this.#bounds = new RowBounds(link, {
      flush: () => this.#lane?.flush(),
      close: () => this.#closeLane(),
    });
    this.#giveOut = (bytes, start, end) => this.#pass(bytes, start, end);
  }

  /** The client has got a part of a message. */
  get isInsideMessage(): boolean {
    return this.#left > 0 && this.#leftPasses && !this.#bounds.kept.isKeeping;
  }

  receive(bytes: Buffer, start: number, end: number): void {
    this.#begun = null;
    let at = start;
    while (at < end) {
      if (this.#behind.length > 0 || this.#bounds.isPaused) {
        this.#behind.append(bytes, at, end);
        break;
      }
      if (this.#left > 0) at = this.#rest(bytes, at, end);
      else if (this.#partial.length > 0) at = this.#complete(bytes, at, end);
      else if (end - at < HEADER_BYTES) {
        this.#partial.append(bytes, at, end);
        return;
      } else at = this.#frame(bytes, at, end);
    }
    this.#holdOrRead();
  }

  /** The server is not read from while rows wait to be masked, or something waits for them. */
  #holdOrRead(): void {
    const lane = this.#lane;
    if (this.#bounds.isPaused) this.#link.engine.upstream.pause();
    if (lane === null || this.#bounds.isPaused) return;
    if (lane.isFull || this.#behind.length > 0) this.#link.engine.upstream.pause();
    else this.#link.engine.upstream.resume();
  }

  /** Rows that are being masked belong to nobody any more. */
  close(): void {
    this.#closeLane();
    this.#bounds.kept.forget();
  }

  #closeLane(): void {
    this.#lane?.close();
    this.#lane = null;
  }

  /** Somebody may have decided on a result that is paused. */
  wake(): void {
    if (!this.#bounds.ask()) return;
    this.#link.engine.upstream.resume();
    const behind = this.#behind.takeAll();
    this.receive(behind, 0, behind.length);
  }

  /** More of a row whose header has been counted. */
  #rest(bytes: Buffer, at: number, end: number): number {
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    if (!this.#leftPasses) return to;
    this.#link.lookThrough(bytes, at, to);
    this.#pass(bytes, at, to);
    return to;
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (this.#bounds.kept.isKeeping) {
      if (!this.#bounds.keep(bytes, from, to)) this.#leftPasses = false;
    } else this.#link.send(bytes, from, to);
  }

  /** A frame whose header is here. Gives where the next one begins. */
  #frame(bytes: Buffer, at: number, end: number): number {
    const tag = bytes[at] ?? 0;
    if (this.#isRow(tag)) return this.#rows(bytes, at, end, tag);
    const size = frameSize(bytes, at);
    checkSize(size, false);
    if (end - at < size) {
      this.#partial.append(bytes, at, end);
      return end;
    }
    this.#message(bytes, at, at + size);
    return at + size;
  }

  /** A row or COPY data of a statement's; a question of Sluice's own has rows too, which are read. */
  #isRow(tag: number): boolean {
    if (tag !== BACKEND.DataRow && tag !== BACKEND.CopyData) return false;
    const of = this.#link.replies.first()?.of;
    return of === 'query' || of === 'execute';
  }

  #rows(bytes: Buffer, at: number, end: number, tag: number): number {
    const link = this.#link;
    if (!this.#responses.rowsPass()) {
      const next = at + frameSize(bytes, at);
      this.#left = Math.max(0, next - end);
      this.#leftPasses = false;
      return Math.min(next, end);
    }
    const run = link.currentRun();
    if (run === null) throw new MalformedBytes('a row of no statement');
    this.#bounds.kept.isKeeping = run.keeps;
    if (run.masking.masking !== 'none') return this.#maskedRows(bytes, at, end, tag, run);
    const stop = this.#counter.count(bytes, at, end, tag, run.counted, run.limit);
    const to = this.#counter.at;
    this.#leftPasses = true;
    link.lookThrough(bytes, at, to);
    this.#pass(bytes, at, to);
    this.#left = this.#counter.left;
    if (stop === 'rows' || stop === 'bytes') this.#bounds.reached(run, stop, this.#counter.next);
    return to;
  }

  /** Rows or COPY data with their cells masked, on to the client. */
  #mask(bytes: Buffer, start: number, end: number, tag: number, run: Run, rows: number): void {
    const { masking } = run;
    switch (masking.masking) {
      case 'rows':
        if (tag !== BACKEND.DataRow) break;
        if (this.#begun !== masking.rows) masking.rows.begin();
        this.#begun = masking.rows;
        this.#lane ??= this.#laneFor(masking, run, rows, end - start);
        if (this.#lane === null) masking.rows.rewrite(bytes, start, end, this.#giveOut);
        else this.#lane.push(bytes, start, end);
        return;
      case 'copy':
        if (tag !== BACKEND.CopyData) break;
        this.#link.toClient(masking.copy.rewriteFrames(bytes, start, end));
        return;
      case 'none':
      case 'undescribed':
        break;
    }
    throw new ProxyError('invariant', { detail: 'rows whose masks are not known' });
  }

  /** A large result of costly masks goes on in worker threads, so that other sessions do not wait for it. */
  #laneFor(
    masking: Extract<RunMasking, { masking: 'rows' }>,
    run: Run,
    rows: number,
    bytes: number,
  ): RowLane | null {
    const { of } = masking;
    const { openLane } = of;
    if (openLane === null || !of.goesToWorkers(rows, bytes)) return null;
    return new RowLane(new LaneDataRows(of.cells), openLane, {
      giveOut: this.#giveOut,
      congested: () => this.#link.engine.downstream.congested,
      progressed: () => this.#later(() => this.#progressed()),
      failed: () =>
        this.#later(() => {
          this.#lane = null;
          failMasking(this.#link, run);
          this.#progressed();
        }),
    });
  }

  #progressed(): void {
    if (this.#bounds.isPaused) return;
    const lane = this.#lane;
    if ((lane === null || !lane.isBusy) && this.#behind.length > 0) {
      this.#lane = null;
      const behind = this.#behind.takeAll();
      this.#link.engine.upstream.resume();
      this.receive(behind, 0, behind.length);
      return;
    }
    if (lane === null) this.#link.engine.upstream.resume();
    else this.#holdOrRead();
  }

  /** More of a message of which only the head has been here. */
  #complete(bytes: Buffer, at: number, end: number): number {
    const partial = this.#partial;
    let to = at;
    if (partial.length < HEADER_BYTES) {
      to = Math.min(end, at + HEADER_BYTES - partial.length);
      partial.append(bytes, at, to);
      if (partial.length < HEADER_BYTES) return to;
      const held = partial.view();
      const tag = held[0] ?? 0;
      if (this.#isRow(tag) && !this.#isHeldWhole()) {
        // A row streams from its header on.
        const header = partial.takeAll();
        this.#rowAlone(header, HEADER_BYTES, tag);
        return to;
      }
    }
    const held = partial.view();
    const tag = held[0] ?? 0;
    const size = frameSize(held, 0);
    const isRow = this.#isRow(tag);
    checkSize(size, isRow);
    const more = Math.min(end, to + size - partial.length);
    partial.append(bytes, to, more);
    if (partial.length < size) return more;
    const frame = partial.takeAll();
    if (isRow) this.#rowAlone(frame, size, tag);
    else this.#message(frame, 0, size);
    return more;
  }

  /** A row, or its header, by itself. At a limit it is cut and then dropped, goes on as more is granted, or waits. */
  #rowAlone(bytes: Buffer, end: number, tag: number): void {
    while (this.#rows(bytes, 0, end, tag) === 0) {
      if (!this.#bounds.isPaused) continue;
      this.#behind.append(bytes, 0, end);
      return;
    }
  }

  /** Rows that are masked are read whole. */
  #isHeldWhole(): boolean {
    if (!this.#responses.rowsPass()) return false;
    const masking = this.#link.currentRun()?.masking.masking ?? 'none';
    return masking !== 'none';
  }

  /** Rows in which cells are masked: as many whole ones as are here. The head of the next is kept. */
  #maskedRows(bytes: Buffer, at: number, end: number, tag: number, run: Run): number {
    let to = at;
    let size = 0;
    while (end - to >= HEADER_BYTES && bytes[to] === tag) {
      size = frameSize(bytes, to);
      checkSize(size, true);
      if (size > end - to) break;
      to += size;
    }
    if (to === at) {
      this.#partial.append(bytes, at, end);
      return end;
    }
    const before = run.counted.rows;
    const stop = this.#counter.count(bytes, at, to, tag, run.counted, run.limit);
    const counted = this.#counter.at;
    this.#link.lookThrough(bytes, at, counted);
    if (counted > at) this.#mask(bytes, at, counted, tag, run, run.counted.rows - before);
    if (stop === 'rows' || stop === 'bytes') this.#bounds.reached(run, stop, this.#counter.next);
    return counted;
  }

  #message(bytes: Buffer, from: number, to: number): void {
    if (this.#lane?.isBusy === true) {
      this.#lane.flush();
      this.#behind.append(bytes, from, to);
      return;
    }
    this.#lane = null;
    // The result is whole, and within its bounds.
    if (this.#bounds.kept.isKeeping && !ASIDE.has(bytes[from] ?? 0)) this.#bounds.kept.give();
    const sight = this.#responses.message(bytes[from] ?? 0, bytes, from + HEADER_BYTES, to);
    if (sight === 'pass') this.#pass(bytes, from, to);
    this.#link.payDebts();
  }
}

/** They may come amid the rows of a result. */
const ASIDE: ReadonlySet<number> = new Set([
  BACKEND.NoticeResponse,
  BACKEND.ParameterStatus,
  BACKEND.NotificationResponse,
]);

function checkSize(size: number, isRow: boolean): void {
  if (isRow && size > MASKED_ROW_BYTES_MAX)
    throw new ProxyError('masked-row-too-large', { detail: `${size} bytes` });
  if (!isRow && size > CONTROL_BYTES_MAX) throw new MalformedBytes(`a control message of ${size} bytes`);
}
