/**
 * Takes down what the client gets to see of results, packet by packet, on its way to the client: after masking and
 * whatever else is done to it. Where nothing is recorded, nothing is copied or decoded.
 */
import { Accumulator } from '../../src/bytes/index.ts';
import type { SqlGate } from '../../src/core/gate.ts';
import type { MysqlResultField } from '../../src/core/masks.ts';
import {
  RECORDED_FRAME_BYTES_MAX,
  type ResponseCell,
  type ResponseRecorder,
} from '../../src/core/responses.ts';
import { ERR, OK } from './answers.ts';
import { binaryCell, textCell } from './cell-text.ts';
import { readErr } from './decode.ts';
import { readColumn, readColumnCount } from './describe.ts';
import { HEADER_BYTES, PACKET_PAYLOAD_MAX } from './packet.ts';
import type { Reply, Results, Run } from './replies.ts';
import { NULL_AT, RowCells } from './row-cells.ts';
import { isRow } from './rows.ts';

/** What the client is to get next. */
type Stage = 'first' | 'columns' | 'columns-end' | 'rows';

/** A request for a file of the client's, which an OK or an error follows. */
const LOCAL_INFILE = 0xfb;

interface Recorded {
  readonly run: Run;
  readonly recorder: ResponseRecorder;
  /** Its statement has ended; the packet that says so to the client follows. */
  ended: boolean;
}

export class ResponseTape {
  readonly #gate: SqlGate;
  readonly #deprecatesEof: boolean;
  #results: Results | null = null;
  #stage: Stage = 'first';
  #columnsLeft = 0;
  #fields: MysqlResultField[] = [];
  #cells: RowCells | null = null;
  #now: Recorded | null = null;
  /** The run that was last looked at and is not recorded. */
  #passed: Run | null = null;
  /** A packet that is not complete yet, or how much of one is passed over. */
  readonly #partial = new Accumulator();
  #over = 0;
  /** The next packet goes on with a payload that is passed over. */
  #goesOn = false;

  constructor(gate: SqlGate, deprecatesEof: boolean) {
    this.#gate = gate;
    this.#deprecatesEof = deprecatesEof;
  }

  /** `bytes[start, end)` are on their way to the client, while `reply` is under way. */
  sent(reply: Reply | null, bytes: Buffer, start: number, end: number): void {
    if (reply !== null) this.#follow(reply);
    if (this.#results === null) return;
    const run = reply === null ? undefined : this.#results.runs[this.#results.current];
    if (this.#now === null && run !== undefined) this.#begin(run);
    // Also what is not recorded is followed: where in the reply the next result begins is told by nothing else.
    let at = start;
    while (at < end) {
      if (this.#over > 0) {
        const some = Math.min(this.#over, end - at);
        this.#over -= some;
        at += some;
      } else at = this.#packet(bytes, at, end);
    }
    // This was the last packet of the reply: what else the client is told belongs to no statement.
    if (reply === null) this.#leave();
  }

  /** The run has ended; the packet that tells the client is yet to come. */
  ended(run: Run, reply: Reply | null): void {
    if (reply !== null) this.#follow(reply);
    if (this.#now !== null && this.#now.run !== run) this.#close(true);
    if (this.#now === null) this.#begin(run);
    if (this.#now !== null) this.#now.ended = true;
  }

  /** The session is over. */
  stop(): void {
    this.#close(false);
  }

  #leave(): void {
    this.#close(true);
    this.#results = null;
  }

  #follow(reply: Reply): void {
    if (reply === this.#results) return;
    this.#leave();
    const results = reply.of === 'results' ? reply : null;
    this.#results = results;
    if (results === null) return;
    this.#stage = 'first';
    this.#partial.clear();
    this.#over = 0;
    this.#goesOn = false;
    const fetched = results.isFetch ? (results.cursor?.cursor?.fields ?? null) : null;
    if (fetched === null) return;
    this.#fields = [...fetched];
    this.#rowsFollow();
  }

  #begin(run: Run): void {
    if (run === this.#passed) return;
    const recorder = this.#gate.recordResponse(run.number, run.decision);
    if (recorder === null) this.#passed = run;
    else this.#now = { run, recorder, ended: false };
    if (this.#stage === 'rows') this.#tellColumns();
  }

  #close(whole: boolean): void {
    const now = this.#now;
    this.#now = null;
    if (now === null) return;
    this.#passed = now.run;
    now.recorder.end(whole);
  }

  #packet(bytes: Buffer, at: number, end: number): number {
    const partial = this.#partial;
    if (partial.length === 0 && end - at >= HEADER_BYTES) {
      const size = HEADER_BYTES + bytes.readUIntLE(at, 3);
      if (this.#passesOver(size)) {
        this.#over = size;
        return at;
      }
      if (end - at >= size) {
        this.#payload(bytes, at + HEADER_BYTES, at + size);
        return at + size;
      }
    }
    let to = at;
    if (partial.length < HEADER_BYTES) {
      to = Math.min(end, at + HEADER_BYTES - partial.length);
      partial.append(bytes, at, to);
      if (partial.length < HEADER_BYTES) return to;
    }
    const size = HEADER_BYTES + partial.view().readUIntLE(0, 3);
    if (partial.length === HEADER_BYTES && this.#passesOver(size)) {
      this.#over = size - HEADER_BYTES;
      partial.clear();
      return to;
    }
    const more = Math.min(end, to + size - partial.length);
    partial.append(bytes, to, more);
    if (partial.length === size) this.#payload(partial.takeAll(), HEADER_BYTES, size);
    return more;
  }

  /** Rows that are too large, in one packet or several, are counted and not looked at. */
  #passesOver(size: number): boolean {
    if (this.#stage !== 'rows') return false;
    const isFirst = !this.#goesOn;
    const isLarge = size > RECORDED_FRAME_BYTES_MAX;
    if (isFirst && !isLarge) return false;
    this.#goesOn = size === HEADER_BYTES + PACKET_PAYLOAD_MAX;
    if (isFirst) this.#now?.recorder.skipped(size);
    return true;
  }

  #payload(bytes: Buffer, start: number, end: number): void {
    const first = start < end ? (bytes[start] ?? -1) : -1;
    const binary = this.#results?.binary === true;
    if (this.#stage === 'rows' && isRow(first, end - start, binary)) {
      this.#row(bytes, start, end);
      return;
    }
    if (first === ERR) {
      const { sqlstate, message } = readErr(bytes, start + 1, end);
      const text = message.toString();
      this.#now?.recorder.message({ kind: 'error', sqlstate, text });
      this.#resultEnds();
      return;
    }
    switch (this.#stage) {
      case 'first':
        if (first === OK) this.#resultEnds();
        else if (first !== LOCAL_INFILE) {
          this.#columnsLeft = readColumnCount(bytes, start, end);
          this.#fields = [];
          this.#stage = 'columns';
        }
        return;
      case 'columns':
        this.#fields.push(readColumn(bytes, start, end, binary));
        if (--this.#columnsLeft > 0) return;
        if (this.#deprecatesEof) this.#rowsFollow();
        else this.#stage = 'columns-end';
        return;
      case 'columns-end':
        this.#rowsFollow();
        if (this.#now?.ended === true) this.#resultEnds();
        return;
      case 'rows':
        this.#resultEnds();
        return;
    }
  }

  #rowsFollow(): void {
    this.#stage = 'rows';
    this.#cells = null;
    this.#tellColumns();
  }

  #tellColumns(): void {
    this.#now?.recorder.columns(this.#fields.map(({ name }) => name));
  }

  #resultEnds(): void {
    this.#stage = 'first';
    if (this.#now?.ended === true) this.#close(true);
  }

  #row(bytes: Buffer, start: number, end: number): void {
    const recorder = this.#now?.recorder;
    if (recorder === undefined) return;
    const size = end - start + HEADER_BYTES;
    if (!recorder.wantsRows) {
      recorder.skipped(size);
      return;
    }
    this.#cells ??= new RowCells(this.#fields);
    const rows = this.#cells;
    rows.read(bytes, start, end);
    const cells = this.#fields.map((field, n): ResponseCell => {
      const from = rows.values[n] ?? NULL_AT;
      if (from === NULL_AT) return null;
      const value = bytes.subarray(from, rows.starts[n + 1]);
      return rows.binary ? binaryCell(value, field) : textCell(value);
    });
    recorder.row(cells, size);
  }
}
