/**
 * From the server's bytes to packets and on to the client. Rows are counted by their headers and stream through;
 * everything else is small, is read whole, and is held against what the server owes.
 */
import { Accumulator, ByteSink, MalformedBytes } from '../../src/bytes/index.ts';
import type { LimitDuty, ResultLimit } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { cut, failMasking } from './cut.ts';
import { denialError, failureError } from './deny.ts';
import type { Link } from './link.ts';
import type { GiveOut, RowMasker } from './masked-rows.ts';
import { describeRows, MASKED_ROW_BYTES_MAX } from './masking.ts';
import { HEADER_BYTES, lengthAt, PACKET_PAYLOAD_MAX, type PacketReader } from './packet.ts';
import { dutyAt, lift } from './plan.ts';
import type { Results, Run } from './replies.ts';
import { Responses } from './responses.ts';
import { RowLane } from './row-lane.ts';
import { writePackets } from './row-splicer.ts';
import { isRow, overLimit, RowCounter } from './rows.ts';

/** Packets that are read whole: errors and definitions may quote a statement or a value, but not a table. */
const CONTROL_BYTES_MAX = 8 * 1024 * 1024;

export class Backend {
  readonly #link: Link;
  readonly #reader: PacketReader;
  readonly #responses: Responses;
  readonly #counter = new RowCounter();
  /** Whether the client gets what is still to come of the row that was begun. */
  #passes = false;
  /** Whose masked rows have been given out in the event that is being dealt with. */
  #begun: RowMasker | null = null;
  readonly #giveOut: GiveOut;
  /** Rows that are masked by worker threads; what comes behind them waits for them. */
  #lane: RowLane | null = null;
  #waits = false;
  readonly #later: (step: () => void) => void;
  /** What waits for people; `due` is the sequence id of the row that is due there. */
  #paused: {
    readonly results: Results;
    readonly run: Run;
    readonly duty: LimitDuty;
    readonly due: number;
  } | null = null;
  /** Whether rows are kept back, those that are, and what the client is to get in the place of the first. */
  #keeps = false;
  readonly #kept = new Accumulator();
  #keptSequence = 0;

  /** `later` runs a step that the server's bytes did not bring about. */
  constructor(link: Link, later: (step: () => void) => void) {
    this.#link = link;
    this.#reader = link.server;
    this.#later = later;
    this.#responses = new Responses(link);
    this.#giveOut = (bytes, start, end, grown) => {
      this.#pass(bytes, start, end);
      link.shift += grown;
    };
  }

  /** The client has got a part of a packet. */
  get isInsideMessage(): boolean {
    return this.#reader.isInsidePayload && this.#passes && !this.#keeps;
  }

  /** What the client is to get next, in the middle of a reply. */
  get clientSequence(): number {
    const { reply, shift } = this.#link;
    if (reply === null) return 0;
    if (reply.of === 'results' && reply.over !== null) return reply.overSequence;
    if (this.#kept.length > 0) return this.#keptSequence;
    return (this.#reader.due + shift) & 0xff;
  }

  receive(bytes: Buffer, start: number, end: number): void {
    this.#begun = null;
    this.#reader.feed(bytes, start, end);
    this.#pump();
    this.#reader.keep();
    this.#holdOrRead();
  }

  /** The server is not read from while rows wait to be masked, or something waits for them. */
  #holdOrRead(): void {
    const lane = this.#lane;
    if (this.#paused !== null) this.#link.engine.upstream.pause();
    if (lane === null || this.#paused !== null) return;
    if (lane.isFull || this.#waits) this.#link.engine.upstream.pause();
    else this.#link.engine.upstream.resume();
  }

  /** Rows that are being masked belong to nobody any more. */
  close(): void {
    this.#lane?.close();
    this.#lane = null;
    this.#forgetKept();
  }

  /** A result has reached a bound: it ends there, or pauses until somebody has decided on it. */
  #over(results: Results, run: Run, unit: 'rows' | 'bytes', due: number): void {
    const duty = dutyAt(run, unit);
    if (duty === null || duty.approval === null || run.subject === null) {
      this.#cut(results, run, unit, due);
      return;
    }
    this.#paused = { results, run, duty, due };
    this.#link.paused = true;
    this.#lane?.flush();
    this.#askPeople();
  }

  #askPeople(): void {
    const paused = this.#paused;
    if (paused === null) return;
    const { results, run, duty, due } = paused;
    const { number, facts, decision, counted, subject } = run;
    if (facts === null || decision === null || subject === null) return;
    const link = this.#link;
    const answer = link.gate.approveResult({ number, facts, decision, duty, ...counted }, subject);
    // The client cannot be told that it waits.
    if (answer.answer === 'pending') return;
    this.#paused = null;
    link.paused = false;
    link.askedMs = link.engine.now();
    if (answer.answer === 'granted') {
      this.#giveKept();
      lift(run, duty);
      return;
    }
    this.#cut(results, run, duty.unit, due);
    if (answer.answer === 'failed') run.failAs = failureError(answer.error);
    else if (answer.denial.native) run.failAs = denialError(answer.denial);
    else run.cutWhy = answer.denial.message;
  }

  /** Somebody may have decided on a result that is paused. */
  wake(): void {
    if (this.#paused === null) return;
    this.#askPeople();
    if (this.#paused !== null) return;
    this.#link.engine.upstream.resume();
    this.#pump();
    this.#reader.keep();
    this.#holdOrRead();
  }

  /** Bytes for the client, or rows that it may not see before the whole result may be seen. */
  #send(bytes: Buffer, from: number, to: number): void {
    const { engine } = this.#link;
    if (!this.#keeps) {
      engine.downstream.send(bytes, from, to);
      return;
    }
    if (!engine.hold(to - from)) throw new ProxyError('held-memory', { detail: 'rows that are kept back' });
    this.#kept.append(bytes, from, to);
  }

  #giveKept(): void {
    this.#keeps = false;
    if (this.#kept.length === 0) return;
    this.#link.engine.release(this.#kept.length);
    this.#link.toClient(this.#kept.takeAll());
  }

  #forgetKept(): void {
    this.#keeps = false;
    this.#link.engine.release(this.#kept.length);
    this.#kept.clear();
  }

  #pump(): void {
    const reader = this.#reader;
    while (!this.#waits && this.#paused === null) {
      if (reader.rest()) {
        if (this.#passes) this.#send(reader.bytes, reader.start, reader.end);
      } else if (!reader.head() || !this.#packet()) return;
    }
  }

  /** The packet whose head is here; false where more of it has to come. */
  #packet(): boolean {
    const reader = this.#reader;
    const { reply } = this.#link;
    if (reader.continues) return this.#rowGoesOn();
    if (reply?.of === 'results' && reply.stage === 'rows' && isRow(reader.first, reader.length, reply.binary))
      return this.#row(reply);
    if (this.#laneIsBusy()) return false;
    const whole = reader.whole(CONTROL_BYTES_MAX);
    if (whole === 'too-large') throw new MalformedBytes(`a control packet of ${reader.length} bytes or more`);
    if (whole === 'more') return false;
    this.#lane = null;
    // The result is whole, and within its bounds.
    if (this.#keeps) this.#giveKept();
    const { bytes, start, end, first } = reader;
    if (this.#responses.packet(start < end ? first : -1, bytes, start, end) === 'pass')
      this.#pass(bytes, start - HEADER_BYTES, end);
    return true;
  }

  /** What comes behind rows that are being masked waits for them. */
  #laneIsBusy(): boolean {
    if (this.#lane?.isBusy !== true) return false;
    this.#lane.flush();
    this.#waits = true;
    return true;
  }

  #row(results: Results): boolean {
    const reader = this.#reader;
    const run = results.runs[results.current];
    if (run === undefined) throw new MalformedBytes('a row of no statement');
    if (results.over !== null) {
      reader.part();
      this.#passes = false;
      return true;
    }
    if (run.masking.masking === 'undescribed') this.#describeAgain(results, run);
    const { limit } = run;
    this.#keeps = run.keeps;
    if (run.keeps && this.#kept.length === 0) this.#keptSequence = (reader.due + this.#link.shift) & 0xff;
    if (reader.length === PACKET_PAYLOAD_MAX) return this.#largeRow(results, run, limit);
    return reader.window() ? this.#rows(results, run, limit) : this.#oneRow(results, run, limit);
  }

  /** A cursor is read from under another policy than it was opened. */
  #describeAgain(results: Results, run: Run): void {
    const cursor = results.isFetch ? (results.cursor?.cursor ?? null) : null;
    if (cursor === null) throw new ProxyError('invariant', { detail: 'rows whose masks are not known' });
    describeRows(this.#link, run, cursor.fields, true);
    cursor.masking = run.masking;
  }

  /** As many rows as the chunk has, of one packet each. */
  #rows(results: Results, run: Run, limit: ResultLimit): boolean {
    const reader = this.#reader;
    const counter = this.#counter;
    const { bytes, start, end } = reader;
    const { counted, masking } = run;
    const isPlain = masking.masking === 'none';
    const before = counted.rows;
    const stop = counter.count(bytes, start, end, reader.due, results.binary, isPlain, counted, limit);
    if (counter.at > start) reader.taken(counter.at, counter.left, counter.due);
    if (counter.at > start && isPlain) {
      this.#passes = true;
      this.#pass(bytes, start, counter.at);
    } else if (counter.at > start) this.#mask(bytes, start, counter.at, results, run, counted.rows - before);
    if (stop === 'rows' || stop === 'bytes') this.#over(results, run, stop, counter.due);
    else if (counter.at === start) return this.#oneRow(results, run, limit);
    return true;
  }

  /** A row of one packet, of which a part may be here. */
  #oneRow(results: Results, run: Run, limit: ResultLimit): boolean {
    const reader = this.#reader;
    const size = HEADER_BYTES + reader.length;
    const over = overLimit(run.counted, size, limit);
    if (over !== null) {
      this.#over(results, run, over, reader.due);
      return true;
    }
    if (run.masking.masking === 'none') {
      reader.part();
      this.#passes = true;
      this.#pass(reader.bytes, reader.start, reader.end);
    } else {
      if (reader.whole(MASKED_ROW_BYTES_MAX) !== 'whole') return false;
      this.#mask(reader.bytes, reader.start - HEADER_BYTES, reader.end, results, run, 1);
    }
    run.counted.rows++;
    run.counted.bytes += size;
    return true;
  }

  /** A row of several packets. It is held only where it may not have to pass, or not as it is. */
  #largeRow(results: Results, run: Run, limit: ResultLimit): boolean {
    const reader = this.#reader;
    const { counted, masking } = run;
    const size = HEADER_BYTES + reader.length;
    const over = overLimit(counted, size, limit);
    if (over !== null) {
      this.#over(results, run, over, reader.due);
      return true;
    }
    if (masking.masking === 'none' && limit.bytes === null) {
      counted.rows++;
      counted.bytes += size;
      this.#passes = true;
      reader.part();
      this.#pass(reader.bytes, reader.start, reader.end);
      return true;
    }
    if (this.#laneIsBusy()) return false;
    return this.#heldRow(results, run, limit);
  }

  #heldRow(results: Results, run: Run, limit: ResultLimit): boolean {
    const reader = this.#reader;
    const { counted, masking } = run;
    const due = reader.due;
    const whole = reader.whole(MASKED_ROW_BYTES_MAX);
    if (whole === 'too-large') throw new ProxyError('masked-row-too-large');
    if (whole === 'more') return false;
    const size = reader.end - reader.start + reader.packets * HEADER_BYTES;
    const over = overLimit(counted, size, limit);
    if (over !== null) {
      this.#over(results, run, over, due);
      return true;
    }
    counted.rows++;
    counted.bytes += size;
    const { bytes, start, end, packets } = reader;
    if (masking.masking === 'rows') {
      masking.rows.rewriteLarge(bytes, start, end, due, packets, this.#giveOut);
      return true;
    }
    const sink = new ByteSink(size);
    writePackets(sink, bytes.subarray(start, end), end - start, due);
    this.#giveOut(sink.bytes, 0, sink.at, 0);
    return true;
  }

  #rowGoesOn(): boolean {
    const reader = this.#reader;
    const run = this.#link.currentRun();
    if (this.#passes && run !== null) run.counted.bytes += HEADER_BYTES + reader.length;
    reader.part();
    if (this.#passes) this.#pass(reader.bytes, reader.start, reader.end);
    return true;
  }

  #cut(results: Results, run: Run, stop: 'rows' | 'bytes', due: number): void {
    if (run.keeps) {
      // Nothing of the result has left.
      const sequence = this.#kept.length > 0 ? this.#keptSequence : due + this.#link.shift;
      this.#lane?.close();
      this.#lane = null;
      this.#forgetKept();
      cut(this.#link, results, run, stop, sequence);
      return;
    }
    // What is being masked still goes to the client; nothing of it makes more packets of its rows than there were.
    cut(this.#link, results, run, stop, due + this.#link.shift);
  }

  /** Rows with their cells masked, on to the client. */
  #mask(bytes: Buffer, start: number, end: number, results: Results, run: Run, rows: number): void {
    const { masking } = run;
    if (masking.masking !== 'rows')
      throw new ProxyError('invariant', { detail: 'rows whose masks are not known' });
    if (this.#begun !== masking.rows) masking.rows.begin();
    this.#begun = masking.rows;
    this.#lane ??= this.#laneFor(results, run, rows, end - start);
    if (this.#lane === null) masking.rows.rewrite(bytes, start, end, this.#giveOut);
    else this.#lane.push(bytes, start, end);
  }

  /** A large result of costly masks goes on in worker threads, so that other sessions do not wait for it. */
  #laneFor(results: Results, run: Run, rows: number, bytes: number): RowLane | null {
    const { masking } = run;
    if (masking.masking !== 'rows') return null;
    const { of, fields } = masking;
    const { openLane } = of;
    if (openLane === null || !of.goesToWorkers(rows, bytes)) return null;
    return new RowLane(of.cells, fields, openLane, {
      giveOut: this.#giveOut,
      congested: () => this.#link.engine.downstream.congested,
      progressed: () => this.#later(() => this.#progressed()),
      failed: (sequence) =>
        this.#later(() => {
          this.#lane = null;
          failMasking(this.#link, results, run, sequence + this.#link.shift);
          this.#progressed();
        }),
    });
  }

  #progressed(): void {
    if (this.#paused !== null) return;
    const lane = this.#lane;
    if ((lane === null || !lane.isBusy) && this.#waits) {
      this.#waits = false;
      this.#lane = null;
      this.#link.engine.upstream.resume();
      this.#pump();
      this.#reader.keep();
      this.#holdOrRead();
      return;
    }
    if (lane === null) this.#link.engine.upstream.resume();
    else this.#holdOrRead();
  }

  /** Packets on to the client, each from its header on, in the client's count. The last one may go on. */
  #pass(bytes: Buffer, from: number, to: number): void {
    const { shift } = this.#link;
    if (shift === 0) {
      this.#send(bytes, from, to);
      return;
    }
    const own = Buffer.from(bytes.subarray(from, to));
    for (let at = 0; at + HEADER_BYTES <= own.length; at += HEADER_BYTES + lengthAt(own, at))
      own[at + 3] = (own[at + 3] ?? 0) + shift;
    this.#send(own, 0, own.length);
  }
}
