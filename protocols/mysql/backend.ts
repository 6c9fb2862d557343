/**
 * From the server's bytes to packets and on to the client. Rows are counted by their headers and stream through;
 * everything else is small, is read whole, and is held against what the server owes.
 */
import { MalformedBytes } from '../../src/bytes/index.ts';
import type { ResultLimit } from '../../src/core/decision.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { RowLane } from '../sql/row-lane.ts';
import { failMasking } from './cut.ts';
import { LargeRows } from './large-rows.ts';
import type { Link } from './link.ts';
import type { GiveOut, RowMasker } from './masked-rows.ts';
import { describeRows, MASKED_ROW_BYTES_MAX } from './masking.ts';
import { HEADER_BYTES, PACKET_PAYLOAD_MAX, type PacketReader } from './packet.ts';
import { RowBounds } from './paused-rows.ts';
import type { Results, Run } from './replies.ts';
import { Responses } from './responses.ts';
import { LanePackets } from './row-lane.ts';
import { isRow, overLimit, RowCounter, renumbered } from './rows.ts';

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
  readonly #large: LargeRows;
  readonly #later: (step: () => void) => void;
  readonly #bounds: RowBounds;

  /** `later` runs a step that the server's bytes did not bring about. */
  constructor(link: Link, later: (step: () => void) => void) {
    this.#link = link;
    this.#reader = link.server;
    this.#later = later;
    this.#responses = new Responses(link);
    this.#bounds = new RowBounds(link, {
      flush: () => this.#lane?.flush(),
      close: () => this.#closeLane(),
    });
    this.#giveOut = (bytes, start, end, grown) => {
      this.#pass(bytes, start, end);
      link.shift += grown;
    };
    this.#large = new LargeRows(link, this.#bounds, this.#giveOut);
  }

  /** The client has got a part of a packet. */
  get isInsideMessage(): boolean {
    return this.#reader.isInsidePayload && this.#passes && !this.#bounds.isKeeping;
  }

  /** What the client is to get next, in the middle of a reply. */
  get clientSequence(): number {
    const { reply, shift } = this.#link;
    if (reply === null) return 0;
    if (reply.of === 'results' && reply.over !== null) return reply.overSequence;
    return this.#bounds.keptSequence ?? (this.#reader.due + shift) & 0xff;
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
    const { upstream } = this.#link.engine;
    if (this.#bounds.isPaused || (this.#lane !== null && (this.#lane.isFull || this.#waits)))
      upstream.pause();
    else if (this.#lane !== null) upstream.resume();
  }

  /** Rows that are being masked belong to nobody any more. */
  close(): void {
    this.#closeLane();
    this.#bounds.forget();
    this.#large.clear();
  }

  #closeLane(): void {
    this.#lane?.close();
    this.#lane = null;
  }

  /** Somebody may have decided on a result that is paused. */
  wake(): void {
    if (!this.#bounds.ask()) return;
    this.#link.engine.upstream.resume();
    this.#pump();
    this.#reader.keep();
    this.#holdOrRead();
  }

  #pump(): void {
    const reader = this.#reader;
    while (!this.#waits && !this.#bounds.isPaused) {
      if (this.#large.isWaiting) this.#large.again();
      else if (reader.rest()) {
        this.#rest();
      } else if (!reader.head() || !this.#packet()) return;
    }
  }

  /** More of a packet that streams. */
  #rest(): void {
    const { bytes, start, end } = this.#reader;
    if (!this.#passes) return;
    this.#link.lookThrough(bytes, start, end);
    this.#send(bytes, start, end);
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
    this.#bounds.give();
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
    this.#bounds.begin(run.keeps, reader.due);
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
    // Before they count as taken: an error would stand in the place of the first of them.
    this.#link.lookThrough(bytes, start, counter.at);
    if (counter.at > start) reader.taken(counter.at, counter.left, counter.due);
    if (counter.at > start && isPlain) {
      this.#passes = true;
      this.#pass(bytes, start, counter.at);
    } else if (counter.at > start) this.#mask(bytes, start, counter.at, results, run, counted.rows - before);
    if (stop === 'rows' || stop === 'bytes')
      this.#bounds.reached(results, run, stop, counter.due, counter.next);
    else if (counter.at === start) return this.#oneRow(results, run, limit);
    return true;
  }

  /** Whether the next row would go over; then the result ends there, or pauses. */
  #isOver(results: Results, run: Run, size: number, limit: ResultLimit, due: number): boolean {
    const over = overLimit(run.counted, size, limit);
    if (over !== null) this.#bounds.reached(results, run, over, due, size);
    return over !== null;
  }

  /** A row of one packet, of which a part may be here. */
  #oneRow(results: Results, run: Run, limit: ResultLimit): boolean {
    const reader = this.#reader;
    const size = HEADER_BYTES + reader.length;
    if (this.#isOver(results, run, size, limit, reader.due)) return true;
    if (run.masking.masking === 'none') {
      reader.part();
      this.#passes = true;
      this.#link.lookThrough(reader.bytes, reader.start, reader.end);
      this.#pass(reader.bytes, reader.start, reader.end);
    } else {
      if (reader.whole(MASKED_ROW_BYTES_MAX) !== 'whole') return false;
      this.#link.lookThrough(reader.bytes, reader.start, reader.end);
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
    if (this.#isOver(results, run, size, limit, reader.due)) return true;
    if (masking.masking === 'none' && limit.bytes === null) {
      counted.rows++;
      counted.bytes += size;
      this.#passes = true;
      reader.part();
      this.#link.lookThrough(reader.bytes, reader.start, reader.end);
      this.#pass(reader.bytes, reader.start, reader.end);
      return true;
    }
    if (this.#laneIsBusy()) return false;
    return this.#large.read(reader, results, run);
  }

  #rowGoesOn(): boolean {
    const reader = this.#reader;
    const run = this.#link.currentRun();
    if (this.#passes && run !== null) run.counted.bytes += HEADER_BYTES + reader.length;
    reader.part();
    if (this.#passes) {
      this.#link.lookThrough(reader.bytes, reader.start, reader.end);
      this.#pass(reader.bytes, reader.start, reader.end);
    }
    return true;
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
    const packets = new LanePackets(of.cells, fields);
    return new RowLane(packets, openLane, {
      giveOut: (rows, start, end) => this.#giveOut(rows, start, end, packets.grown),
      congested: () => this.#link.engine.downstream.congested,
      progressed: () => this.#later(() => this.#progressed()),
      failed: (oldest) =>
        this.#later(() => {
          this.#lane = null;
          failMasking(this.#link, results, run, (oldest[3] ?? 0) + this.#link.shift);
          this.#progressed();
        }),
    });
  }

  #progressed(): void {
    if (this.#bounds.isPaused) return;
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
    if (shift === 0) this.#send(bytes, from, to);
    else this.#send(renumbered(bytes, from, to, shift), 0, to - from);
  }

  #send(bytes: Buffer, from: number, to: number): void {
    if (!this.#bounds.send(bytes, from, to)) this.#passes = false;
  }
}
