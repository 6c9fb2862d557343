/**
 * Takes down what the client gets to see of results, frame by frame, on its way to the client: after masking and
 * whatever else is done to it. Where nothing is recorded, nothing is copied or decoded.
 */
import { Accumulator } from '../../src/bytes/index.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { SqlGate } from '../../src/core/gate.ts';
import {
  RECORDED_FRAME_BYTES_MAX,
  type ResponseCell,
  type ResponseRecorder,
} from '../../src/core/responses.ts';
import { cellOf } from './cell-text.ts';
import { readErrorResponse } from './decode.ts';
import { readRowDescription } from './describe.ts';
import { frameSize, HEADER_BYTES, int16At, int32At } from './frame.ts';
import { BACKEND } from './messages.ts';
import type { Run } from './replies.ts';

const BINARY = 1;

interface Column {
  readonly name: string;
  readonly typeOid: number;
  readonly binary: boolean;
}

interface Recorded {
  readonly run: Run;
  readonly recorder: ResponseRecorder;
  columns: readonly Column[] | null;
  /** Its statement has ended; the message that says so to the client follows. */
  ended: boolean;
}

export class ResponseTape {
  readonly #gate: SqlGate;
  #now: Recorded | null = null;
  /** The run that was last looked at and is not recorded. */
  #passed: Run | null = null;
  /** A frame that is not complete yet, or how much of one is passed over. */
  readonly #partial = new Accumulator();
  #over = 0;
  /** Columns as a Describe has told them: rows of Execute come without. */
  readonly #described = new WeakMap<StatementFacts, readonly Column[]>();

  constructor(gate: SqlGate) {
    this.#gate = gate;
  }

  /** What a statement or portal returns, told outside of its run. */
  describe(facts: StatementFacts | null, bytes: Buffer, start: number, end: number): void {
    if (facts !== null && this.#gate.recordsResponses)
      this.#described.set(facts, columnsOf(bytes, start, end));
  }

  /** `bytes[start, end)` are on their way to the client, while `run` answers. */
  sent(run: Run | null, bytes: Buffer, start: number, end: number): void {
    if (run !== null && this.#now === null) this.#begin(run);
    if (this.#now !== null) this.#read(bytes, start, end);
  }

  /** The run has ended; the message that tells the client is yet to come. */
  ended(run: Run): void {
    if (this.#now !== null && this.#now.run !== run) this.#close(true);
    if (this.#now === null) this.#begin(run);
    if (this.#now !== null) this.#now.ended = true;
  }

  /** The session is over. */
  stop(): void {
    this.#close(false);
  }

  #begin(run: Run): void {
    if (run === this.#passed || run.number === null) return;
    const recorder = this.#gate.recordResponse(run.number, run.decision);
    if (recorder === null) {
      this.#passed = run;
      return;
    }
    this.#now = { run, recorder, columns: null, ended: false };
  }

  #close(whole: boolean): void {
    const now = this.#now;
    this.#now = null;
    this.#partial.clear();
    this.#over = 0;
    if (now === null) return;
    this.#passed = now.run;
    now.recorder.end(whole);
  }

  #read(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.#now !== null) {
      if (this.#over > 0) {
        const some = Math.min(this.#over, end - at);
        this.#over -= some;
        at += some;
      } else if (this.#partial.length > 0) at = this.#complete(bytes, at, end);
      else if (end - at < HEADER_BYTES) {
        this.#partial.append(bytes, at, end);
        return;
      } else at = this.#frameAt(this.#now, bytes, at, end);
    }
  }

  #frameAt(now: Recorded, bytes: Buffer, at: number, end: number): number {
    const size = frameSize(bytes, at);
    if (this.#passesOver(now, bytes[at] ?? 0, size)) this.#over = size;
    else if (end - at < size) {
      this.#partial.append(bytes, at, end);
      return end;
    } else {
      this.#frame(now, bytes, at, at + size);
      return at + size;
    }
    return at;
  }

  #complete(bytes: Buffer, at: number, end: number): number {
    const partial = this.#partial;
    let to = at;
    if (partial.length < HEADER_BYTES) {
      to = Math.min(end, at + HEADER_BYTES - partial.length);
      partial.append(bytes, at, to);
      if (partial.length < HEADER_BYTES) return to;
    }
    const head = partial.view();
    const size = frameSize(head, 0);
    const now = this.#now;
    if (now === null) return end;
    if (partial.length === HEADER_BYTES && this.#passesOver(now, head[0] ?? 0, size)) {
      this.#over = size - HEADER_BYTES;
      partial.clear();
      return to;
    }
    const more = Math.min(end, to + size - partial.length);
    partial.append(bytes, to, more);
    if (partial.length === size) this.#frame(now, partial.takeAll(), 0, size);
    return more;
  }

  /** Rows beyond the bounds, and frames that are too large, are counted and not looked at. */
  #passesOver({ recorder }: Recorded, tag: number, size: number): boolean {
    const isData = tag === BACKEND.DataRow || tag === BACKEND.CopyData;
    if (size <= RECORDED_FRAME_BYTES_MAX && (!isData || recorder.wantsRows)) return false;
    if (isData) recorder.skipped(size);
    return true;
  }

  #frame(now: Recorded, bytes: Buffer, start: number, end: number): void {
    const body = start + HEADER_BYTES;
    switch (bytes[start]) {
      case BACKEND.RowDescription:
        now.columns = columnsOf(bytes, body, end);
        now.recorder.columns(now.columns.map(({ name }) => name));
        return;
      case BACKEND.DataRow:
        this.#row(now, bytes, body, end);
        return;
      case BACKEND.CopyData:
        now.recorder.copied(bytes.subarray(body, end));
        return;
      case BACKEND.NoticeResponse:
        now.recorder.message({ kind: 'notice', ...messageOf(bytes, body, end) });
        return;
      case BACKEND.ErrorResponse:
        now.recorder.message({ kind: 'error', ...messageOf(bytes, body, end) });
        this.#close(true);
        return;
      case BACKEND.CommandComplete:
      case BACKEND.EmptyQueryResponse:
      case BACKEND.PortalSuspended:
      case BACKEND.ReadyForQuery:
        if (now.ended) this.#close(true);
        return;
      default:
        return;
    }
  }

  #row(now: Recorded, bytes: Buffer, start: number, end: number): void {
    const { facts, formats } = now.run;
    const count = int16At(bytes, start);
    if (now.columns === null) {
      const described = facts === null ? undefined : this.#described.get(facts);
      now.columns = described?.length === count ? described : [];
      if (now.columns.length > 0) now.recorder.columns(now.columns.map(({ name }) => name));
    }
    const cells: ResponseCell[] = [];
    let at = start + 2;
    for (let n = 0; n < count; n++) {
      const length = int32At(bytes, at);
      at += 4;
      const column = now.columns[n];
      const format = formats === null ? undefined : formats.length === 1 ? formats[0] : formats[n];
      const binary = format === undefined ? (column?.binary ?? false) : format === BINARY;
      cells.push(length < 0 ? null : cellOf(bytes, at, at + length, binary, column?.typeOid ?? 0));
      at += Math.max(0, length);
    }
    now.recorder.row(cells, end - start + HEADER_BYTES);
  }
}

function columnsOf(bytes: Buffer, start: number, end: number): readonly Column[] {
  return readRowDescription(bytes, start, end).map(({ name, typeOid, binary }) => ({
    name,
    typeOid,
    binary,
  }));
}

function messageOf(bytes: Buffer, start: number, end: number): { sqlstate: string; text: string } {
  const { sqlstate, message } = readErrorResponse(bytes, start, end);
  return { sqlstate, text: message };
}
