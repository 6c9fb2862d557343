/** What each message of the server's means in the command phase, held against the queue of expected replies. */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { cutError } from './cut.ts';
import { readCommandTag, readParameterStatus, readReadyForQuery } from './decode.ts';
import { POISON_SQL } from './deny.ts';
import { parseMessage } from './encode.ts';
import { serverError, toldOrScrubbed } from './failures.ts';
import { BLOCK, type Link, runOf } from './link.ts';
import { describeCopy, describeRows, scrub } from './masking.ts';
import { BACKEND, STATUS_IDLE } from './messages.ts';
import { checkSetting, takeAnswer } from './probe.ts';
import type { Expectation, Sight } from './replies.ts';
import { finish, revokeRun, succeed, unexpected } from './run-ends.ts';
import { withoutPayload } from './scrub.ts';
import { movesNamesIn } from './unsettled.ts';

const NOTHING = Buffer.alloc(0);
const POISON = parseMessage('sluice_cut', POISON_SQL);

export class Responses {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Whether rows that arrive now are the client's: not those of a cut result, nor of a question of Sluice's own. */
  rowsPass(): boolean {
    const first = this.#link.replies.first();
    if (first?.of === 'query' && first.failed) return false;
    const run = runOf(first);
    if (run === null) throw unexpected('a row', first);
    return run.cutBy === null;
  }

  message(tag: number, bytes: Buffer, start: number, end: number): Sight {
    const link = this.#link;
    const first = link.replies.first();
    switch (tag) {
      case BACKEND.ParameterStatus: {
        const { name, value } = readParameterStatus(bytes, start, end);
        checkSetting(name, value);
        return 'pass';
      }
      case BACKEND.NoticeResponse:
        return toldOrScrubbed(link, scrub(runOf(first), link.maskDuties, false, bytes, start, end));
      case BACKEND.NotificationResponse:
        return toldOrScrubbed(link, link.gate.hasMasks ? withoutPayload(bytes, start, end) : null);
      case BACKEND.ReadyForQuery:
        return this.#ready(first, readReadyForQuery(bytes, start, end));
      case BACKEND.ErrorResponse:
        return serverError(link, first, bytes, start, end);
      case BACKEND.CommandComplete:
        return this.#complete(first, readCommandTag(bytes, start, end));
      case BACKEND.EmptyQueryResponse:
        return this.#complete(first, '');
      case BACKEND.PortalSuspended:
        return this.#suspended(first);
      case BACKEND.RowDescription:
      case BACKEND.NoData:
        return this.#described(first, tag, bytes, start, end);
      case BACKEND.ParameterDescription:
        if (first?.of !== 'describe-statement') throw unexpected('ParameterDescription', first);
        first.parameters = true;
        return 'pass';
      case BACKEND.ParseComplete:
        return this.#confirmed(first, 'parse');
      case BACKEND.BindComplete:
        return this.#confirmed(first, 'bind');
      case BACKEND.CloseComplete:
        return this.#confirmed(first, 'close');
      case BACKEND.CopyInResponse:
      case BACKEND.CopyOutResponse:
        return this.#copyBegins(first, tag, bytes, start, end);
      case BACKEND.CopyDone:
        if (runOf(first) === null) throw unexpected('CopyDone', first);
        return this.#copyEnds(first);
      case BACKEND.DataRow:
        takeAnswer(link, bytes, start, end);
        return 'drop';
      default:
        throw new ProxyError('upstream-malformed', { detail: `a message of type ${tag} at this point` });
    }
  }

  #ready(first: Expectation | null, status: number): Sight {
    const link = this.#link;
    link.status = status;
    const sight: Sight = first?.of === 'probe-alone' ? 'drop' : 'pass';
    switch (first?.of) {
      case 'query':
        if (first.change !== null) link.names.confirm(first.change);
        for (const run of first.runs.slice(first.current)) revokeRun(link, run);
        // Only now is it known whether the statements of this text stand.
        if (first.cut !== null) link.toClient(cutError(first.cut, first.undone ? [] : first.runs));
        break;
      case 'poison-query':
        if (!first.failed) throw unexpected('ReadyForQuery', first);
        break;
      case 'sync':
      case 'probe-alone':
        break;
      default:
        throw unexpected('ReadyForQuery', first);
    }
    link.replies.shift();
    link.settleCopy();
    if (link.replies.size === 0) {
      link.transactionMoved = false;
      if (status === STATUS_IDLE) {
        link.unsynced = false;
        link.executedSinceSync = false;
      }
    }
    if (status === STATUS_IDLE) this.#transactionEnded(first?.of === 'probe-alone');
    return sight;
  }

  #transactionEnded(byProbe: boolean): void {
    const link = this.#link;
    link.names.endTransaction();
    link.maskDuties = null;
    if (link.readingMoved && !byProbe) {
      link.readingMoved = false;
      link.readingStale = true;
      link.block(BLOCK.replies);
    }
    if (!link.replies.some(movesNamesIn)) link.setNamesMoved(false);
    if (link.definitionsMoved) {
      link.definitionsMoved = false;
      link.gate.definitionsChanged();
    }
  }

  #complete(first: Expectation | null, tag: string): Sight {
    const link = this.#link;
    switch (first?.of) {
      case 'query': {
        const run = first.runs[first.current];
        if (first.failed) return 'drop';
        if (run === undefined) return 'pass';
        first.current++;
        succeed(link, run, tag);
        if (run.cutBy === null) return 'pass';
        first.failed = true;
        first.cut = run;
        return 'drop';
      }
      case 'execute': {
        const { run } = first;
        link.replies.shift();
        succeed(link, run, tag);
        if (run.cutBy === null) return 'pass';
        link.toClient(cutError(run, [run]));
        this.#failRestOfPipeline();
        return 'drop';
      }
      case 'probe-alone':
        return 'drop';
      case 'probe-pipeline':
        return 'drop';
      default:
        throw unexpected('CommandComplete', first);
    }
  }

  /** A cut result completed before it was cancelled: what the client sends next in this pipeline must not run. */
  #failRestOfPipeline(): void {
    const link = this.#link;
    if (link.replies.size > 0) return;
    link.skipping = true;
    link.toServer(POISON);
    link.replies.push({ of: 'poison', error: NOTHING, native: 'none', turn: link.turn, change: null });
  }

  #suspended(first: Expectation | null): Sight {
    if (first?.of !== 'execute') throw unexpected('PortalSuspended', first);
    const { run } = first;
    const link = this.#link;
    link.replies.shift();
    finish(link, run, 'suspended', null);
    if (run.cutBy === null) return 'pass';
    link.toClient(cutError(run, []));
    this.#failRestOfPipeline();
    return 'drop';
  }

  #described(first: Expectation | null, tag: number, bytes: Buffer, start: number, end: number): Sight {
    switch (first?.of) {
      case 'describe-portal':
      case 'describe-statement':
        if (first.of === 'describe-statement' && !first.parameters) throw unexpected('RowDescription', first);
        this.#link.replies.shift();
        if (tag === BACKEND.RowDescription) this.#link.tape?.describe(first.facts, bytes, start, end);
        return 'pass';
      case 'query':
        return this.#resultBegins(first, tag, bytes, start, end);
      case 'describe-masked':
        this.#link.replies.shift();
        if (tag === BACKEND.RowDescription) describeRows(this.#link, first.run, bytes, start, end);
        if (tag === BACKEND.RowDescription) this.#link.tape?.describe(first.run.facts, bytes, start, end);
        return 'drop';
      case 'probe-alone':
      case 'probe-pipeline':
        return 'drop';
      default:
        throw unexpected('RowDescription', first);
    }
  }

  #resultBegins(
    first: Extract<Expectation, { of: 'query' }>,
    tag: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Sight {
    if (tag === BACKEND.NoData) throw unexpected('NoData', first);
    if (first.failed) return 'drop';
    const run = first.runs[first.current];
    if (run !== undefined) describeRows(this.#link, run, bytes, start, end);
    return 'pass';
  }

  #copyEnds(first: Expectation | null): Sight {
    const run = runOf(first);
    if (run === null) throw unexpected('CopyDone', first);
    if (run.masking.masking === 'copy' && !run.masking.copy.isComplete) {
      throw new MalformedBytes('COPY data that ends within a row');
    }
    return this.rowsPass() ? 'pass' : 'drop';
  }

  #confirmed(first: Expectation | null, of: 'parse' | 'bind' | 'close'): Sight {
    const link = this.#link;
    if (first?.of === 'probe-alone') return 'drop';
    if (first?.of === 'probe-pipeline') {
      // What was left under its name is closed first, its portal and its statement last.
      if (of === 'close' && ++first.closed === 3) link.replies.shift();
      return 'drop';
    }
    if (first?.of !== of) throw unexpected(`${of} complete`, first);
    link.replies.shift();
    if (first.change !== null) link.names.confirm(first.change);
    return 'pass';
  }

  #copyBegins(first: Expectation | null, tag: number, bytes: Buffer, start: number, end: number): Sight {
    const run = runOf(first);
    const link = this.#link;
    const wanted = tag === BACKEND.CopyInResponse ? 'copy-in' : 'copy-out';
    if (run === null || run.facts?.act.act !== wanted) {
      throw new ProxyError('upstream-malformed', {
        detail: `${wanted} where the statement was read as none`,
      });
    }
    if (wanted === 'copy-in') {
      link.copyIn = true;
      link.unblock(BLOCK.copy);
    } else describeCopy(link, run, bytes, start, end);
    return 'pass';
  }
}
