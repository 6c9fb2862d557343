/**
 * What each packet of the server's means in the command phase, rows apart: a state machine per command. The same first
 * byte means an OK, an EOF, a request for a file or a number of columns by where in its reply the server is.
 */
import { ProxyError } from '../../src/core/errors.ts';
import { ERR, eofOf, OK, okOf, okSight, told } from './answers.ts';
import { readErr } from './decode.ts';
import { readPrepareOk } from './describe.ts';
import type { Link } from './link.ts';
import type { Reply, Sight } from './replies.ts';
import { ResultResponses } from './result-responses.ts';
import { unexpected } from './run-ends.ts';
import { scrubError } from './scrub.ts';

export class Responses {
  readonly #link: Link;
  readonly #results: ResultResponses;

  constructor(link: Link) {
    this.#link = link;
    this.#results = new ResultResponses(link);
  }

  /** `bytes[start, end)` is the payload of a packet in which no row is; `first` its first byte, -1 where it is empty. */
  packet(first: number, bytes: Buffer, start: number, end: number): Sight {
    const { reply } = this.#link;
    switch (reply?.of) {
      case undefined:
        return this.#unasked(first, bytes, start, end);
      case 'results':
        return this.#results.packet(reply, first, bytes, start, end);
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
        const replacement = scrubError(readErr(bytes, start + 1, end), duties, reply.judged.text);
        link.replied();
        return told(this.#link, replacement);
      }
      if (first !== OK) throw unexpected(`packet ${first}`, reply);
      if (end - start < PREPARED_BYTES_MIN) return this.#answeredAtOnce(bytes, start, end);
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

  /** MariaDB answers a HELP of which it finds nothing as soon as it is prepared, and makes no statement of it. */
  #answeredAtOnce(bytes: Buffer, start: number, end: number): Sight {
    const link = this.#link;
    const ok = okOf(link, bytes, start, end);
    link.status = ok.status;
    link.replied();
    return okSight(link, null, null, ok, false);
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
      const eof = eofOf(first, bytes, start, end, reply);
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
    const ok = okOf(this.#link, bytes, start, end);
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
        if (link.flavour === 'mysql') link.collation = null; // MariaDB keeps what was agreed at the login.
        link.ask('prepare');
        break;
    }
    return okSight(this.#link, null, null, ok, false);
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
      const ok = okOf(this.#link, bytes, start, end);
      link.status = ok.status;
    } else if (first !== ERR) throw unexpected(`packet ${first}`, reply);
    else if (reply.question !== 'absorb' && reply.question !== 'forget-warnings') {
      const { errno } = readErr(bytes, start + 1, end);
      throw new ProxyError('upstream-malformed', {
        detail: `error ${errno} where Sluice sets the session up`,
      });
    }
    return 'drop';
  }
}

/** All definitions are there, and the EOF packet behind them is not. */
/** A statement's id and its numbers of columns and parameters. */
const PREPARED_BYTES_MIN = 10;

const EOF_DUE = -1;
