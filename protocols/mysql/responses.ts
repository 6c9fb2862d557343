/**
 * What each packet of the server's means in the command phase, rows apart: a state machine per command. The same first
 * byte means an OK, an EOF, a request for a file or a number of columns by where in its reply the server is.
 */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { CAPABILITY, STATUS } from './capabilities.ts';
import { tellCut } from './cut.ts';
import { type Eof, type Ok, readEof, readErr, readOk } from './decode.ts';
import { readColumn, readColumnCount, readPrepareOk } from './describe.ts';
import { type ErrFields, errPacket, okPacket } from './encode.ts';
import type { Link } from './link.ts';
import { describeRows, wantsFields } from './masking.ts';
import { writeHeader } from './packet.ts';
import { followState } from './reading.ts';
import type { Reply, Results, Run, Sight } from './replies.ts';
import { fail, succeed, unexpected } from './run-ends.ts';
import { okToScrub, scrubError } from './scrub.ts';

const OK = 0x00;
const LOCAL_INFILE = 0xfb;
const END = 0xfe;
const ERR = 0xff;
/** ER_QUERY_INTERRUPTED */
const INTERRUPTED = 1317;
/** The server ends the session: shutdown, an operator's KILL, idleness. */
const FAREWELLS: ReadonlySet<number> = new Set([1053, 1152, 1159, 1161, 1927, 3169, 4031]);
const NOTHING = Buffer.alloc(0);

export class Responses {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  /** `bytes[start, end)` is the payload of a packet in which no row is; `first` its first byte, -1 where it is empty. */
  packet(first: number, bytes: Buffer, start: number, end: number): Sight {
    const { reply } = this.#link;
    switch (reply?.of) {
      case undefined:
        return this.#unasked(first, bytes, start, end);
      case 'results':
        return this.#results(reply, first, bytes, start, end);
      case 'prepare':
        return this.#prepared(reply, first, bytes, start, end);
      case 'plain':
        return this.#plain(reply, first, bytes, start, end);
      case 'own':
        return this.#own(reply, first, bytes, start, end);
    }
  }

  /** Between commands a server says only why it ends the session. */
  #unasked(first: number, bytes: Buffer, start: number, end: number): Sight {
    if (first !== ERR) throw unexpected(`packet ${first}`, null);
    readErr(bytes, start + 1, end);
    this.#link.serverEnds = true;
    return 'pass';
  }

  #results(results: Results, first: number, bytes: Buffer, start: number, end: number): Sight {
    if (first === ERR) return this.#failed(results, bytes, start + 1, end);
    switch (results.stage) {
      case 'first':
        return this.#begins(results, first, bytes, start, end);
      case 'columns':
        return this.#column(results, bytes, start, end);
      case 'columns-end':
        return this.#columnsEnd(results, this.#eof(first, bytes, start, end, results));
      case 'rows':
        return this.#rowsEnd(results, first, bytes, start, end);
    }
  }

  #begins(results: Results, first: number, bytes: Buffer, start: number, end: number): Sight {
    if (first === OK) {
      const ok = this.#readOk(bytes, start, end);
      this.#resultEnds(results, ok.status, ok.affected, false);
      return this.#okSight(results, ok, false);
    }
    if (first === LOCAL_INFILE) return this.#fileAsked();
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
  #fileAsked(): Sight {
    const link = this.#link;
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
    results.stage = 'rows';
    // With a cursor, the rows wait to be fetched; this was all.
    if (results.cursor !== null && (eof.status & STATUS.CURSOR_EXISTS) !== 0)
      this.#resultEnds(results, eof.status, 0n, true);
    return this.#sight(results);
  }

  #rowsEnd(results: Results, first: number, bytes: Buffer, start: number, end: number): Sight {
    if (!this.#link.deprecatesEof) {
      const eof = this.#eof(first, bytes, start, end, results);
      this.#resultEnds(results, eof.status, 0n, true);
      return this.#sight(results);
    }
    if (first !== END) throw unexpected(`packet ${first}`, results);
    const ok = this.#readOk(bytes, start, end);
    this.#resultEnds(results, ok.status, 0n, true);
    return this.#okSight(results, ok, true);
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
    if (results.over === null) return;
    link.ask('absorb');
    tellCut(link, results, true);
  }

  #keepCursor(results: Results, run: Run, status: number): void {
    const { cursor: statement } = results;
    if (statement === null || run.facts === null || run.decision === null) return;
    if ((status & STATUS.LAST_ROW_SENT) !== 0) statement.cursor = null;
    else if (!results.isFetch && (status & STATUS.CURSOR_EXISTS) !== 0) {
      const { facts, decision, rowsMax, number, counted, masking } = run;
      const fields = results.fields ?? [];
      const { stamp } = this.#link.gate;
      statement.cursor = { facts, decision, rowsMax, number, counted, masking, fields, stamp };
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
    const told = run.failAs ?? scrubError(err, run.decision?.obligations.masks ?? null, run.text);
    if (run.failAs !== null && err.errno !== INTERRUPTED) link.ask('absorb');
    return this.#told(told);
  }

  #prepared(
    reply: Extract<Reply, { of: 'prepare' }>,
    first: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Sight {
    const link = this.#link;
    if (reply.left === null) {
      if (first === ERR) {
        const duties = reply.judged.clearance.statements[0]?.decision.obligations.masks ?? null;
        const told = scrubError(readErr(bytes, start + 1, end), duties, reply.judged.text);
        link.replied();
        return this.#told(told);
      }
      if (first !== OK) throw unexpected(`packet ${first}`, reply);
      const { id, columns, parameters } = readPrepareOk(bytes, start + 1, end);
      const { judged } = reply;
      link.statements.add({ id, judged, parameters, types: null, longData: new Map(), cursor: null });
      reply.left = { parameters, columns };
      if (parameters === 0 && columns === 0) link.replied();
      return 'pass';
    }
    this.#definition(reply, reply.left, first, bytes, start, end);
    return 'pass';
  }

  /** Definitions of parameters, then of columns, each behind the last with an EOF packet where there are such. */
  #definition(
    reply: Extract<Reply, { of: 'prepare' }>,
    left: { parameters: number; columns: number },
    first: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const link = this.#link;
    const of = left.parameters !== 0 ? 'parameters' : 'columns';
    if (left[of] > 0) {
      left[of]--;
      if (left[of] === 0 && !link.deprecatesEof) left[of] = EOF_DUE;
    } else {
      const eof = this.#eof(first, bytes, start, end, reply);
      link.status = eof.status;
      left[of] = 0;
    }
    if (left.parameters === 0 && left.columns === 0) link.replied();
  }

  #plain(
    reply: Extract<Reply, { of: 'plain' }>,
    first: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Sight {
    const link = this.#link;
    link.replied();
    if (first === ERR) {
      readErr(bytes, start + 1, end);
      return 'pass';
    }
    if (first !== OK) throw unexpected(`packet ${first}`, reply);
    const ok = this.#readOk(bytes, start, end);
    link.status = ok.status;
    const { command } = reply;
    switch (command.command) {
      case 'ping':
        break;
      case 'reset-statement':
        command.statement.longData.clear();
        command.statement.cursor = null;
        break;
      case 'reset-connection':
        link.statements.clear();
        link.warnings = null;
        link.ask('prepare');
        break;
    }
    return this.#okSight(null, ok, false);
  }

  #own(
    reply: Extract<Reply, { of: 'own' }>,
    first: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Sight {
    const link = this.#link;
    link.replied();
    if (first === OK) {
      const ok = this.#readOk(bytes, start, end);
      link.status = ok.status;
    } else if (first !== ERR) throw unexpected(`packet ${first}`, reply);
    else if (reply.question === 'prepare') {
      const { errno } = readErr(bytes, start + 1, end);
      throw new ProxyError('upstream-malformed', {
        detail: `the session cannot be followed: error ${errno}`,
      });
    }
    return 'drop';
  }

  #eof(first: number, bytes: Buffer, start: number, end: number, reply: Reply): Eof {
    if (first !== END) throw unexpected(`packet ${first}`, reply);
    return readEof(bytes, start + 1, end);
  }

  #readOk(bytes: Buffer, start: number, end: number): Ok {
    const ok = readOk(bytes, start + 1, end, this.#link.serverCapabilities);
    const told = followState(this.#link, ok);
    const run = this.#link.currentRun();
    // It may have changed how texts are read, and says nothing of it: then everything is asked for.
    if (!told && run?.facts?.changesReading === true && run.severalResults) this.#link.ask('prepare');
    return ok;
  }

  #run(results: Results): Run {
    const run = results.runs[results.current];
    if (run === undefined) throw new MalformedBytes('a result of no statement');
    return run;
  }

  #sight(results: Results): Sight {
    return results.over === null ? 'pass' : 'drop';
  }

  /** An OK packet on to the client: in the form that it knows, and without what it may not see. */
  #okSight(results: Results | null, ok: Ok, endsResult: boolean): Sight {
    if (results !== null && results.over !== null) return 'drop';
    const { capabilities } = this.#link;
    const tracks = (capabilities & CAPABILITY.SESSION_TRACK) !== 0;
    const run = results?.runs[Math.min(results.current, results.runs.length - 1)];
    const scrubs = run === undefined ? null : okToScrub(ok, run);
    const hides = scrubs !== null && (scrubs.info || scrubs.insertId);
    if (!hides && (tracks || (ok.info.length === 0 && ok.sessionState.length === 0))) return 'pass';
    const packet = okPacket(
      {
        affected: ok.affected,
        insertId: scrubs?.insertId === true ? 0 : ok.insertId,
        status: tracks ? ok.status : ok.status & ~STATUS.SESSION_STATE_CHANGED,
        warnings: ok.warnings,
        info: scrubs?.info === true ? NOTHING : ok.info,
        sessionState: tracks && ok.sessionState.length > 0 ? ok.sessionState : null,
        endsResult,
      },
      capabilities,
      this.#sequence,
    );
    this.#link.toClient(packet);
    return 'drop';
  }

  #told(replacement: ErrFields | null): Sight {
    if (replacement === null) return 'pass';
    this.#link.toClient(errPacket(replacement, this.#sequence));
    return 'drop';
  }

  /** Of the packet at hand, as the client counts. */
  get #sequence(): number {
    return (this.#link.server.sequence + this.#link.shift) & 0xff;
  }
}

/** All definitions are there, and the EOF packet behind them is not. */
const EOF_DUE = -1;
