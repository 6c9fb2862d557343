/**
 * What each packet of a result means, rows apart. The same first byte is an OK, a request for a file or a number of
 * columns by where in the result the server is.
 */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { approvalKey } from '../sql/approvals.ts';
import { END, ERR, eofOf, eofSight, OK, okOf, okSight, told } from './answers.ts';
import { STATUS } from './capabilities.ts';
import { tellCut } from './cut.ts';
import { type Eof, readErr } from './decode.ts';
import { readColumn, readColumnCount } from './describe.ts';
import { BLOCK, type Link } from './link.ts';
import { describeRows, wantsFields } from './masking.ts';
import { writeHeader } from './packet.ts';
import type { Results, Run, Sight } from './replies.ts';
import { fail, succeed, unexpected } from './run-ends.ts';
import { scrubError } from './scrub.ts';

const LOCAL_INFILE = 0xfb;
/** ER_QUERY_INTERRUPTED */
const INTERRUPTED = 1317;
/** The server ends the session: shutdown, an operator's KILL, idleness. */
const FAREWELLS: ReadonlySet<number> = new Set([1053, 1152, 1159, 1161, 1927, 3169, 4031]);

export class ResultResponses {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  packet(results: Results, first: number, bytes: Buffer, start: number, end: number): Sight {
    if (first === ERR) return this.#failed(results, bytes, start + 1, end);
    switch (results.stage) {
      case 'first':
        return this.#begins(results, first, bytes, start, end);
      case 'file':
        if (first !== OK) throw unexpected(`packet ${first}`, results);
        return this.#begins(results, first, bytes, start, end);
      case 'columns':
        return this.#column(results, bytes, start, end);
      case 'columns-end':
        return this.#columnsEnd(results, eofOf(first, bytes, start, end, results));
      case 'rows':
        return this.#rowsEnd(results, first, bytes, start, end);
    }
  }

  #begins(results: Results, first: number, bytes: Buffer, start: number, end: number): Sight {
    if (first === OK) {
      const ok = okOf(this.#link, bytes, start, end);
      const run = this.#run(results);
      this.#resultEnds(results, ok.status, ok.affected, false);
      return okSight(this.#link, results, run, ok, false);
    }
    if (first === LOCAL_INFILE) return this.#fileAsked(results);
    const run = this.#run(results);
    results.columnsLeft = readColumnCount(bytes, start, end);
    results.stage = 'columns';
    results.fields = wantsFields(this.#link, results, run) ? [] : null;
    return this.#sight(results);
  }

  /**
   * The server wants a file of the client's. It gets an empty one, of which its answer tells; the client, which never
   * hears of the request, gets that answer in its place.
   */
  #fileAsked(results: Results): Sight {
    const link = this.#link;
    results.stage = 'file';
    const empty = Buffer.alloc(4);
    writeHeader(empty, 0, 0, link.server.due);
    link.engine.upstream.send(empty, 0, empty.length);
    link.server.due = (link.server.due + 1) & 0xff;
    link.shift -= 2;
    return 'drop';
  }

  #column(results: Results, bytes: Buffer, start: number, end: number): Sight {
    results.fields?.push(readColumn(bytes, start, end, results.binary));
    if (--results.columnsLeft === 0) {
      results.stage = this.#link.deprecatesEof ? 'rows' : 'columns-end';
      this.#described(results);
    }
    return this.#sight(results);
  }

  #described(results: Results): void {
    if (results.fields === null) return;
    const run = this.#run(results);
    const isOwn = !run.severalResults && results.resultsOfRun === 0;
    describeRows(this.#link, run, results.fields, isOwn);
  }

  #columnsEnd(results: Results, eof: Eof): Sight {
    this.#link.status = eof.status;
    const run = this.#run(results);
    results.stage = 'rows';
    // With a cursor, the rows wait to be fetched; this was all.
    if (results.cursor !== null && (eof.status & STATUS.CURSOR_EXISTS) !== 0)
      this.#resultEnds(results, eof.status, 0n, true);
    return this.#sight(results) === 'pass' ? eofSight(this.#link, run, eof) : 'drop';
  }

  #rowsEnd(results: Results, first: number, bytes: Buffer, start: number, end: number): Sight {
    if (!this.#link.deprecatesEof) {
      const eof = eofOf(first, bytes, start, end, results);
      const run = this.#run(results);
      this.#resultEnds(results, eof.status, 0n, true);
      return this.#sight(results) === 'pass' ? eofSight(this.#link, run, eof) : 'drop';
    }
    if (first !== END) throw unexpected(`packet ${first}`, results);
    const ok = okOf(this.#link, bytes, start, end);
    const run = this.#run(results);
    this.#resultEnds(results, ok.status, 0n, true);
    return okSight(this.#link, results, run, ok, true);
  }

  /** `isRows`: the rows of a result have ended; else the statement has ended without any. */
  #resultEnds(results: Results, status: number, affected: bigint, isRows: boolean): void {
    const link = this.#link;
    link.status = status;
    const run = this.#run(results);
    const more = (status & STATUS.MORE_RESULTS) !== 0;
    if (isRows) this.#keepCursor(results, run, status);
    results.stage = 'first';
    results.fields = null;
    const runEnds = !run.severalResults || !isRows || !more;
    const isLast = results.current + 1 >= results.runs.length;
    if (!runEnds || (more && isLast)) {
      results.resultsOfRun++;
      return;
    }
    succeed(link, run, affected);
    if (more) {
      results.current++;
      results.resultsOfRun = 0;
      return;
    }
    link.replied();
    if ((link.blocks & BLOCK.cut) !== 0) link.ask('absorb');
    if (results.over !== null) tellCut(link, results, true);
  }

  #keepCursor(results: Results, run: Run, status: number): void {
    const { cursor: statement } = results;
    if (statement === null || run.facts === null || run.decision === null) return;
    if ((status & STATUS.LAST_ROW_SENT) !== 0) statement.cursor = null;
    else if (!results.isFetch && (status & STATUS.CURSOR_EXISTS) !== 0) {
      const { facts, decision, rowsMax, number, counted, masking, subject } = run;
      const approvedUnder = approvalKey(decision);
      const fields = results.fields ?? [];
      const { stamp } = this.#link.gate;
      statement.cursor = {
        facts,
        decision,
        rowsMax,
        number,
        counted,
        masking,
        fields,
        stamp,
        approvedUnder,
        subject,
      };
    }
  }

  #failed(results: Results, bytes: Buffer, start: number, end: number): Sight {
    const link = this.#link;
    const err = readErr(bytes, start, end);
    if (FAREWELLS.has(err.errno)) link.serverEnds = true;
    const run = this.#run(results);
    fail(link, results, err.sqlstate);
    link.replied();
    if (results.over !== null) {
      if (err.errno !== INTERRUPTED) link.ask('absorb');
      tellCut(link, results, false);
      return 'drop';
    }
    const replacement = run.failAs ?? scrubError(err, run.decision?.obligations.masks ?? null, run.text);
    if ((link.blocks & BLOCK.cut) !== 0 && err.errno !== INTERRUPTED) link.ask('absorb');
    return told(this.#link, replacement);
  }

  #run(results: Results): Run {
    const run = results.runs[results.current];
    if (run === undefined) throw new MalformedBytes('a result of no statement');
    return run;
  }

  #sight(results: Results): Sight {
    return results.over === null ? 'pass' : 'drop';
  }
}
